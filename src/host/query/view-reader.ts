/**
 * Reads a view: one key from the partition that owns it, everything else from all of them, merged.
 *
 * The answer is not a consistent cut. It says for each shard how far the rows reflect it (offset and
 * watermark). A query with a token waits, on each shard, until the view has come so far.
 */
import { EngineError, type ErrorBody } from "../../base/errors.ts";
import { suggestName } from "../../base/suggest-name.ts";
import type { RpcResult, ScanPosition, ViewPage, ViewScan } from "../../engine/partition-types.ts";
import type { OutputColumn } from "../../engine/plan/task-plan.ts";
import type { EvaluationContext } from "../../interpreter/scalar-function.ts";
import type { Row } from "../../interpreter/values/sql-value.ts";
import type { ViewAnswer } from "../../protocol/answers.ts";
import type { Token } from "../../protocol/token.ts";
import type { ViewQuery } from "../../protocol/view-query.ts";
import { formatWatermark } from "../../protocol/watermark-text.ts";
import type { PartialQuery } from "../../sql/batch/divide.ts";
import type { JobFacts, StagePartitions } from "../coordinator/coordinator-rpc.ts";
import type { Ask, FactsCache } from "../facts-cache.ts";
import type { AwaitedOffset, PartitionRpc } from "../partition/partition-rpc.ts";
import { callShard } from "../shards.ts";
import { decodeCursor, encodeCursor } from "./cursor.ts";
import { type EvaluationPorts, evaluateOverView } from "./evaluate-on-partitions.ts";
import { type MergedPage, mergePages } from "./merge-pages.ts";
import { readKey } from "./read-key.ts";
import { tokensOfSources } from "./tokens-of-sources.ts";

/** Time for reading and for the way, on top of what a query may wait for its token. */
const readTimeoutMs = 10_000;

export interface ViewPorts extends EvaluationPorts {
  readonly facts: FactsCache<JobFacts>;
  readonly askFacts: Ask<JobFacts>;
}

export interface TypedView {
  readonly answer: ViewAnswer;
  readonly outputs: readonly OutputColumn[];
}

interface ShardPage {
  readonly shard: number;
  readonly page: ViewPage;
}

export class ViewReader {
  readonly #ports: ViewPorts;

  constructor(ports: ViewPorts) {
    this.#ports = ports;
  }

  async read(view: string, query: ViewQuery): Promise<RpcResult<ViewAnswer>> {
    const read = await this.readTyped(view, query);
    return read.ok ? { ok: true, value: read.value.answer } : read;
  }

  /** The answer with the types of its columns. */
  readTyped(view: string, query: ViewQuery): Promise<RpcResult<TypedView>> {
    return this.#withFacts(view, (facts) => this.#readOnce(facts, query));
  }

  /** The rows of a part of a query of SQL over a view: see `evaluate-on-partitions.ts`. */
  evaluate(
    view: string,
    query: PartialQuery,
    context: EvaluationContext,
  ): Promise<RpcResult<readonly Row[]>> {
    return this.#withFacts(view, (facts) => evaluateOverView(this.#ports, facts, query, context));
  }

  async #withFacts<Value>(
    view: string,
    read: (facts: JobFacts) => Promise<RpcResult<Value>>,
  ): Promise<RpcResult<Value>> {
    const { facts, askFacts } = this.#ports;
    return await facts.answer(view, askFacts, isOutdated, read);
  }

  async #readOnce(facts: JobFacts, query: ViewQuery): Promise<RpcResult<TypedView>> {
    const given = tokensOfSources(query, facts);
    const key = query.key === undefined ? undefined : readKey(facts.plan, query.key, facts.ranges);
    const scan = scanOf(facts, query, key);
    const deadlineAt = this.#ports.clock.now() + query.timeoutMs;
    const token = await this.#tokenOfView(facts, given, deadlineAt);
    if (!token.ok) return token;
    const all = facts.ranges.map((_, shard) => shard);
    const asked = key?.shard === undefined ? all : [key.shard];
    const answers = await Promise.all(
      asked.map((shard) => {
        const minOffset = token.value[shard];
        const wait = minOffset === undefined ? undefined : this.#awaited(minOffset, deadlineAt);
        return this.#call(facts, shard, wait?.timeoutMs ?? 0, (rpc) =>
          rpc.queryView(facts.job, facts.run, scan, wait),
        );
      }),
    );
    const pages: ShardPage[] = [];
    for (const [index, answer] of answers.entries()) {
      if (!answer.ok) return answer;
      pages.push({ shard: asked[index] ?? 0, page: answer.value });
    }
    const merged = mergePages(
      pages.map(({ page }) => page),
      scan,
    );
    const answer = answerOf(facts, query, pages, merged);
    return { ok: true, value: { answer, outputs: facts.plan.outputs } };
  }

  /**
   * Follows tokens of sources, by generation, through the stages: what that of the view must have applied.
   */
  async #tokenOfView(
    { job, run, before, generation }: JobFacts,
    given: ReadonlyMap<number, Token>,
    deadlineAt: number,
  ): Promise<RpcResult<Token>> {
    const tokens = new Map(given);
    for (const stage of before) {
      const token = tokens.get(stage.generation) ?? {};
      const timeoutMs = this.#leftUntil(deadlineAt);
      const answers = await Promise.all(
        Object.entries(token).map(([shard, offset]) =>
          this.#call(stage, Number(shard), timeoutMs, (rpc) =>
            rpc.tokenBehind(job, run, offset, stage.to, timeoutMs, this.#ports.clock.now()),
          ),
        ),
      );
      const next: Record<string, number> = { ...tokens.get(stage.to) };
      for (const answer of answers) {
        if (!answer.ok) return answer;
        for (const [shard, offset] of answer.value.entries())
          next[shard] = Math.max(next[shard] ?? 0, offset);
      }
      tokens.set(stage.to, next);
    }
    return { ok: true, value: tokens.get(generation) ?? {} };
  }

  #call<Value>(
    { stream, generation }: StagePartitions,
    shard: number,
    waitMs: number,
    call: (rpc: PartitionRpc) => Promise<RpcResult<Value>>,
  ): Promise<RpcResult<Value>> {
    const { clock, shards } = this.#ports;
    const address = { stream, generation, shard };
    return callShard(clock, readTimeoutMs + waitMs, address, () => call(shards.open(address)));
  }

  #awaited(minOffset: number, deadlineAt: number): AwaitedOffset {
    return { minOffset, timeoutMs: this.#leftUntil(deadlineAt), sentAt: this.#ports.clock.now() };
  }

  #leftUntil(deadlineAt: number): number {
    return Math.max(0, deadlineAt - this.#ports.clock.now());
  }
}

/** The partition knows no such run: the job was deleted, and perhaps made again. Or a shard was split. */
export function isOutdated({ code, details }: ErrorBody): boolean {
  if (code === "QUERY_INVALID") return details?.unknownShard !== undefined;
  return code === "VIEW_NOT_FOUND" || code === "JOB_NOT_FOUND" || code === "MAP_STALE";
}

function scanOf({ plan, run, mapVersion }: JobFacts, query: ViewQuery, key: ViewScan["key"]): ViewScan {
  const { windowFrom, windowTo, newestFirst, limit, top, cursor } = query;
  const outputs = plan.outputs.map(({ name }) => name);
  if (top && !outputs.includes(top.output)) {
    const suggestion = suggestName(top.output, outputs);
    const message = `top: found "${top.output}", expected one of ${outputs.join(", ")}${suggestion}`;
    throw new EngineError("QUERY_INVALID", { message, details: { outputs } });
  }
  if (!plan.window && (windowFrom !== undefined || windowTo !== undefined)) {
    const message = "from, to: found a window range, but the job has no window.";
    throw new EngineError("QUERY_INVALID", { message });
  }
  return {
    mapVersion,
    ...(key && { key: { bytes: key.bytes, nulls: key.nulls } }),
    ...(windowFrom !== undefined && { windowFrom }),
    ...(windowTo !== undefined && { windowTo }),
    newestFirst,
    limit,
    ...(top && { top }),
    ...(cursor !== undefined && { after: positionOf(cursor, run, newestFirst) }),
  };
}

function positionOf(cursor: string, run: number, newestFirst: boolean): ScanPosition {
  const [ofRun, order, window, hash] = decodeCursor(cursor, ["number", "number", "number", "string"]);
  if (ofRun !== run || order !== orderOf(newestFirst) || !/^[0-9a-f]{16}$/.test(hash)) {
    const message = "cursor: found one of another job or order. Start without a cursor.";
    throw new EngineError("QUERY_INVALID", { message });
  }
  return { window, hash };
}

function orderOf(newestFirst: boolean): number {
  return newestFirst ? 1 : 0;
}

function answerOf(
  { view, run }: JobFacts,
  { newestFirst }: ViewQuery,
  pages: readonly ShardPage[],
  merged: MergedPage,
): ViewAnswer {
  const { next } = merged;
  return {
    view,
    rows: merged.rows.map(({ values, final }) => ({ ...values, final })),
    watermarks: Object.fromEntries(pages.map(({ shard, page }) => [shard, formatWatermark(page.watermark)])),
    offsets: Object.fromEntries(pages.map(({ shard, page }) => [shard, page.appliedOffset])),
    ...(next && { cursor: encodeCursor([run, orderOf(newestFirst), next.window, next.hash]) }),
  };
}
