/** Pages of letters over several shards, their counts, and cursors that no answer gave. */
import { expect, test } from "vitest";
import { evenRanges } from "../../../../src/engine/shard-map.ts";
import { encodeCursor } from "../../../../src/host/query/cursor.ts";
import { readDeadLetters } from "../../../../src/host/query/read-letters.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { FakeShards } from "../fake-shards.ts";

const facts = { stream: "clicks", generation: 1, ranges: evenRanges(2) };

function read(shards: FakeShards, cursor: string | undefined, limit = 10) {
  return readDeadLetters({ clock: new ManualClock(), shards }, facts, { limit, cursor });
}

test("letters come shard by shard, from where the cursor says, and the first page counts all", async () => {
  const shards = new FakeShards();
  shards.at("clicks", 1, 1).identity = {} as never;
  shards.at("clicks", 1, 1).status_ = { counts: { rows: 9, rejected: 4, duplicates: 0, bytes: 0 } };
  const counts = { rejected: 4, late: 0, bad: 0 };
  expect(await read(shards, undefined)).toEqual({ ok: true, value: { counts, letters: [] } });
  expect(await read(shards, encodeCursor([1, 3, 7, 2]))).toEqual({ ok: true, value: { letters: [] } });
  expect(shards.at("clicks", 1, 0).calls).toEqual(["letters - - 10", "status"]);
  expect(shards.at("clicks", 1, 1).calls).toEqual(["letters - - 10", "status", "letters - 3.7.2 10"]);
});

test("a page that looked in vain for long is short, and says where the next one begins", async () => {
  const shards = new FakeShards();
  const next = { run: 0, offset: 8, row: 1 };
  shards.at("clicks", 1, 0).letterPage = { letters: [], next };
  const page = await read(shards, encodeCursor([0, 0, 1, 0]));
  expect(page).toEqual({ ok: true, value: { letters: [], cursor: encodeCursor([0, 0, 8, 1]) } });
  expect(shards.at("clicks", 1, 0).calls).toHaveLength(16);
});

test.each([
  ["a shard below the first", encodeCursor([-1, 0, 0, 0])],
  ["a part of a shard", encodeCursor([0.5, 0, 0, 0])],
  ["a number without end", btoa("[1e999,0,0,0]")],
  ["a place that is none", encodeCursor([0, "7;2"])],
])("a cursor with %s is refused and opens no shard", async (_, cursor) => {
  const shards = new FakeShards();
  expect(await read(shards, cursor)).toMatchObject({ ok: false, error: { code: "QUERY_INVALID" } });
  expect(shards.partitions.size).toBe(0);
});
