/**
 * Letters: records that a stream rejected, and rows that a job counted in no window. Shard after shard,
 * oldest first.
 */
import { errorBodyOf } from "../../base/errors.ts";
import type { RpcResult } from "../../engine/partition-types.ts";
import type { LetterAnswer, LettersAnswer } from "../../protocol/answers.ts";
import type { PageQuery } from "../../protocol/view-query.ts";
import { formatTime } from "../../protocol/watermark-text.ts";
import type { StreamFacts } from "../coordinator/coordinator-rpc.ts";
import { callShard, type Shards } from "../shards.ts";
import type { WallClock } from "../wall-clock.ts";
import { decodeCursor, encodeCursor, strangeCursor } from "./cursor.ts";

const lettersTimeoutMs = 10_000;

/** Whose letters: a job's, or the stream's own where `job` is undefined. */
export type LettersOf = Pick<StreamFacts, "stream" | "generation" | "ranges"> & {
  readonly job: string | undefined;
};

/** Reads a page of letters. The cursor is (shard, place in the shard). */
export async function readLetters(
  { clock, shards }: { readonly clock: WallClock; readonly shards: Shards },
  { stream, generation, ranges, job }: LettersOf,
  query: PageQuery,
): Promise<RpcResult<LettersAnswer>> {
  try {
    const [firstShard, firstAfter] = placeOf(query);
    const letters: LetterAnswer[] = [];
    for (let shard = firstShard, after = firstAfter; shard < ranges.length; shard++, after = "") {
      if (letters.length >= query.limit)
        return { ok: true, value: { letters, cursor: encodeCursor([shard, ""]) } };
      const address = { stream, generation, shard };
      const place = after === "" ? undefined : after;
      const limit = query.limit - letters.length;
      const page = await callShard(clock, lettersTimeoutMs, address, () =>
        shards.open(address).letters(job, place, limit),
      );
      if (!page.ok) return page;
      for (const { appendTime, ...letter } of page.value.letters) {
        letters.push({ shard, ...letter, at: formatTime(appendTime) });
      }
      const { next } = page.value;
      if (next !== undefined) return { ok: true, value: { letters, cursor: encodeCursor([shard, next]) } };
    }
    return { ok: true, value: { letters } };
  } catch (thrown) {
    return { ok: false, error: errorBodyOf(thrown) };
  }
}

/** Shard and place in it behind which the page begins; an empty place is the shard's beginning. */
function placeOf({ cursor }: PageQuery): [shard: number, after: string] {
  if (cursor === undefined) return [0, ""];
  const [shard, after] = decodeCursor(cursor, ["number", "string"]);
  if (shard < 0 || !/^(\d{1,16}\.\d{1,16})?$/.test(after)) throw strangeCursor();
  return [shard, after];
}
