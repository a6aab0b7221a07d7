/**
 * Letters: records that a stream rejected, and rows that a job counted in no window. Shard after shard; in
 * each first what the stream rejected, then what its jobs kept; each of them oldest first.
 */
import { errorBodyOf } from "../../base/errors.ts";
import type { Letter, LetterPage, LetterQuery } from "../../engine/letters/letter.ts";
import type { PartitionStatus, RpcResult } from "../../engine/partition-types.ts";
import type {
  DeadLetterQuery,
  DeadLettersAnswer,
  LetterAnswer,
  LettersAnswer,
} from "../../protocol/dead-letters.ts";
import { formatLetterId, type LetterPlace, type LetterReason } from "../../protocol/letter-id.ts";
import type { PageQuery } from "../../protocol/view-query.ts";
import { formatTime } from "../../protocol/watermark-text.ts";
import type { StreamFacts } from "../coordinator/coordinator-rpc.ts";
import { callShard, type ShardAddress, type Shards } from "../shards.ts";
import type { WallClock } from "../wall-clock.ts";
import { decodeCursor, encodeCursor, strangeCursor } from "./cursor.ts";

export const lettersTimeoutMs = 10_000;

/** Looks of one request into partitions: where most are in vain, a page is short and has a next one. */
const looksMax = 16;

export interface LetterPorts {
  readonly clock: WallClock;
  readonly shards: Shards;
}

/** The partitions that have the letters. */
export type LettersOf = Pick<StreamFacts, "stream" | "generation" | "ranges">;

/** Where a walk through letters stands: in a shard, behind a place, or at its beginning. */
export interface WalkPlace {
  readonly shard: number;
  readonly after: LetterPlace | undefined;
}

/** Reads a page of a job's letters. */
export async function readJobLetters(
  ports: LetterPorts,
  facts: LettersOf & { readonly job: string },
  { limit, cursor }: PageQuery,
): Promise<RpcResult<LettersAnswer>> {
  return await readPage(ports, facts, { job: facts.job }, { limit, cursor });
}

/** Reads a page of a stream's rejected records and of the late and bad rows of the jobs that read it. */
export async function readDeadLetters(
  ports: LetterPorts,
  facts: LettersOf,
  { limit, cursor, ...filter }: DeadLetterQuery,
): Promise<RpcResult<DeadLettersAnswer>> {
  const page = await readPage(ports, facts, filter, { limit, cursor });
  if (!page.ok || cursor !== undefined) return page;
  const counts = await countLetters(ports, facts, filter.job);
  return counts.ok ? { ok: true, value: { counts: counts.value, ...page.value } } : counts;
}

async function readPage(
  ports: LetterPorts,
  facts: LettersOf,
  filter: Omit<LetterQuery, "limit" | "after">,
  { limit, cursor }: PageQuery,
): Promise<RpcResult<LettersAnswer>> {
  try {
    const letters: LetterAnswer[] = [];
    let place: WalkPlace | undefined = placeOfCursor(cursor);
    for (let looks = 0; place && looks < looksMax && letters.length < limit; looks++) {
      if (place.shard >= facts.ranges.length) break;
      const { shard, after }: WalkPlace = place;
      const query = { ...filter, limit: limit - letters.length, ...(after && { after }) };
      const page = await lettersOf(ports, { ...facts, shard }, query);
      if (!page.ok) return page;
      letters.push(...page.value.letters.map((letter) => letterAnswerOf(letter, { ...facts, shard })));
      place = placeBehind(place, page.value, facts);
    }
    return { ok: true, value: { letters, ...(place && { cursor: cursorOf(place) }) } };
  } catch (thrown) {
    return { ok: false, error: errorBodyOf(thrown) };
  }
}

/** Asks one partition. */
export function lettersOf(
  { clock, shards }: LetterPorts,
  { stream, generation, shard }: ShardAddress,
  query: LetterQuery,
): Promise<RpcResult<LetterPage>> {
  const address = { stream, generation, shard };
  return callShard(clock, lettersTimeoutMs, address, () => shards.open(address).letters(query));
}

/** Where a walk goes on behind a page; undefined behind the last shard's last. */
export function placeBehind(
  { shard }: WalkPlace,
  { next }: Pick<LetterPage, "next">,
  { ranges }: Pick<LettersOf, "ranges">,
): WalkPlace | undefined {
  if (next) return { shard, after: next };
  return shard + 1 < ranges.length ? { shard: shard + 1, after: undefined } : undefined;
}

export function cursorOf({ shard, after }: WalkPlace): string {
  return encodeCursor(after ? [shard, after.run, after.offset, after.row] : [shard, -1, 0, 0]);
}

/** The place that a cursor names, or the beginning. */
export function placeOfCursor(cursor: string | undefined): WalkPlace {
  if (cursor === undefined) return { shard: 0, after: undefined };
  const [shard, run, offset, row] = decodeCursor(cursor, ["number", "number", "number", "number"]);
  if (shard < 0 || run < -1 || offset < 0 || row < -1) throw strangeCursor();
  return { shard, after: run < 0 ? undefined : { run, offset, row } };
}

async function countLetters(
  { clock, shards }: LetterPorts,
  { stream, generation, ranges }: LettersOf,
  job: string | undefined,
): Promise<RpcResult<Record<LetterReason, number>>> {
  const asked = ranges.map((_, shard) => {
    const address = { stream, generation, shard };
    return callShard(clock, lettersTimeoutMs, address, () => shards.open(address).status());
  });
  const counts = { rejected: 0, late: 0, bad: 0 };
  for (const status of await Promise.all(asked)) {
    if (!status.ok) return status;
    addCounts(counts, status.value, job);
  }
  return { ok: true, value: counts };
}

function addCounts(
  counts: Record<LetterReason, number>,
  status: PartitionStatus | null,
  job: string | undefined,
): void {
  if (job === undefined) counts.rejected += status?.counts.rejected ?? 0;
  for (const each of status?.jobs ?? []) {
    if (job !== undefined && each.job !== job) continue;
    counts.late += each.counts.late;
    counts.bad += each.counts.bad;
  }
}

function letterAnswerOf(letter: Letter, { generation, shard }: ShardAddress): LetterAnswer {
  const { offset, row, reason, message, appendTime, content, lateBy, isCut, job, replayedAt } = letter;
  return {
    id: formatLetterId({ ...letter, generation, shard }),
    ...{ shard, offset, row, ...(job !== undefined && { job }), reason, message },
    ...(lateBy !== undefined && { lateBy }),
    at: formatTime(appendTime),
    content,
    ...(isCut && { cut: true }),
    ...(replayedAt !== undefined && { replayedAt: formatTime(replayedAt) }),
  };
}
