/** Pages of letters over several shards, and cursors that no answer gave. */
import { expect, test } from "vitest";
import { evenRanges } from "../../../../src/engine/shard-map.ts";
import { encodeCursor } from "../../../../src/host/query/cursor.ts";
import { readLetters } from "../../../../src/host/query/read-letters.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { FakeShards } from "../fake-shards.ts";

const facts = { stream: "clicks", generation: 1, ranges: evenRanges(2), job: undefined };

function read(shards: FakeShards, cursor: string | undefined) {
  return readLetters({ clock: new ManualClock(), shards }, facts, { limit: 10, cursor });
}

test("letters come shard after shard, from the one that the cursor names", async () => {
  const shards = new FakeShards();
  expect(await read(shards, undefined)).toEqual({ ok: true, value: { letters: [] } });
  expect(await read(shards, encodeCursor([1, "7.2"]))).toMatchObject({ ok: true });
  expect(shards.at("clicks", 1, 0).calls).toEqual(["letters - - 10"]);
  expect(shards.at("clicks", 1, 1).calls).toEqual(["letters - - 10", "letters - 7.2 10"]);
});

test.each([
  ["a shard below the first", encodeCursor([-1, ""])],
  ["a part of a shard", encodeCursor([0.5, ""])],
  ["a number without end", btoa('[1e999,""]')],
  ["a place that is none", encodeCursor([0, "7;2"])],
])("a cursor with %s is refused and opens no shard", async (_, cursor) => {
  const shards = new FakeShards();
  expect(await read(shards, cursor)).toMatchObject({ ok: false, error: { code: "QUERY_INVALID" } });
  expect(shards.partitions.size).toBe(0);
});
