/**
 * Which shards of which stream a query's tokens are of.
 */
import { EngineError } from "../../base/errors.ts";
import { suggestName } from "../../base/suggest-name.ts";
import { type Token, unnamed } from "../../protocol/token.ts";
import type { ViewQuery } from "../../protocol/view-query.ts";
import type { JobFacts, StagePartitions } from "../coordinator/coordinator-rpc.ts";

/**
 * Returns the tokens by the generation of their stream. Throws QUERY_INVALID for one of a stream that the
 * job does not read, of a shard that the stream does not have (`details.unknownShard`), or that does not say
 * of which of several it is.
 */
export function tokensOfSources(
  { tokens }: Pick<ViewQuery, "tokens">,
  facts: JobFacts,
): ReadonlyMap<number, Token> {
  const sources = sourcesOf(facts);
  const names = sources.map(({ stream }) => stream);
  const found = new Map<number, Token>();
  for (const [name, token] of Object.entries(tokens)) {
    const isOnly = name === unnamed && sources.length === 1;
    const source = sources.find(({ stream }) => isOnly || stream === name);
    if (!source) throw invalid(name === unnamed ? unsaidOf(names) : unknown(name, names));
    const shard = Object.keys(token).find((each) => Number(each) >= source.ranges.length);
    if (shard !== undefined) {
      const message = `found shard ${shard}, but stream "${source.stream}" has ${source.ranges.length}.`;
      throw invalid(message, { unknownShard: Number(shard) });
    }
    found.set(source.generation, { ...found.get(source.generation), ...token });
  }
  return found;
}

/** The stages that nothing sends to. */
function sourcesOf(facts: JobFacts): readonly StagePartitions[] {
  const sentTo = new Set(facts.before.map(({ to }) => to));
  const sources = [...facts.before, facts].filter(({ generation }) => !sentTo.has(generation));
  return [...new Map(sources.map((source) => [source.generation, source])).values()];
}

function unsaidOf([first = "", ...others]: readonly string[]): string {
  const all = [first, ...others].map((name) => `"${name}"`).join(", ");
  return `found one of no stream, but the job reads ${all}; say of which, such as ${first}:0:17.`;
}

function unknown(name: string, names: readonly string[]): string {
  return `found stream "${name}", but the job reads ${names.join(", ")}${suggestName(name, names) || "."}`;
}

function invalid(what: string, details?: { readonly unknownShard: number }): EngineError {
  return new EngineError("QUERY_INVALID", { message: `token: ${what}`, ...(details && { details }) });
}
