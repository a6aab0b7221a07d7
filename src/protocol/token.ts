/**
 * Tokens: how far a stream's shards must have been applied before a query answers.
 *
 *     {"0":17}  0:17,1:4                 of the one stream that a job reads; also an ingest's whole answer
 *     {"clicks":{"0":17}}  clicks:0:17   of a stream that is named: a job may read several
 */
import * as z from "zod";
import { parseJson } from "./parse-json.ts";

/** An offset per shard, by shard number: what an ingest answers and what a query can wait for. */
export type Token = Readonly<Record<string, number>>;

/** Tokens by the name of their stream; under "" that of the one stream that a job reads. */
export type Tokens = Readonly<Record<string, Token>>;

/** The name under which a token stands whose stream is not named. */
export const unnamed = "";

const shardsSchema = z.record(z.string().regex(/^\d{1,4}$/), z.int().min(0));
const answerSchema = z.object({ token: shardsSchema }).transform(({ token }) => token);
const ofStreamSchema = z.union([answerSchema, shardsSchema]);
const namedSchema = z.record(z.string().regex(/^[A-Za-z_]/), ofStreamSchema);
const tokensSchema: z.ZodType<Tokens> = z.union([
  ofStreamSchema.transform((token): Tokens => ({ [unnamed]: token })),
  namedSchema,
]);

/** The `token` parameter of a query. */
export const tokensParameter = z.string().transform((text, context): Tokens => {
  const tokens = readPairs(text) ?? tokensSchema.safeParse(parseJson(text)).data;
  if (tokens) return tokens;
  const message =
    'expected the token of an ingest\'s answer, such as {"0":17}, or 0:17,1:4; ' +
    'of several streams {"clicks":{"0":17}}, or clicks:0:17';
  context.addIssue({ code: "custom", message });
  return z.NEVER;
});

function readPairs(text: string): Tokens | undefined {
  const tokens: Record<string, Record<string, number>> = {};
  for (const pair of text.split(",")) {
    const found = /^\s*(?:([A-Za-z_][\w-]*):)?(\d{1,4}):(\d{1,15})\s*$/.exec(pair);
    if (!found) return undefined;
    const [, stream = unnamed, shard = "", offset] = found;
    tokens[stream] = { ...tokens[stream], [Number(shard)]: Number(offset) };
  }
  return tokens;
}
