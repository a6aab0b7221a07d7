import fc from "fast-check";
import { expect, test } from "vitest";
import { divideRange, evenRanges, shardByKeyGroup, shardOfKeyGroup } from "../../../src/engine/shard-map.ts";

test("every key group has one shard, ranges follow each other, and their sizes differ by one at most", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1024 }), (shardCount) => {
      const ranges = evenRanges(shardCount);
      expect(ranges[0]?.[0]).toBe(0);
      expect(ranges.at(-1)?.[1]).toBe(1024);
      const map = shardByKeyGroup(ranges);
      ranges.forEach(([first, end], shard) => {
        if (shard > 0) expect(first).toBe(ranges[shard - 1]?.[1]);
        expect(end - first).toBeGreaterThanOrEqual(Math.floor(1024 / shardCount));
        expect(end - first).toBeLessThanOrEqual(Math.ceil(1024 / shardCount));
        for (let group = first; group < end; group++) {
          expect(map[group]).toBe(shard);
          expect(shardOfKeyGroup(group, ranges)).toBe(shard);
        }
      });
    }),
    { numRuns: 40 },
  );
});

test("a split takes the upper part of one range to a new shard, and leaves the others as they are", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 500 }), fc.nat(), fc.nat(), (shardCount, choice, place) => {
      const before = evenRanges(shardCount);
      const shard = choice % shardCount;
      const [first, end] = before[shard] ?? [0, 0];
      const middle = first + 1 + (place % (end - first - 1));
      const after = divideRange(before, shard, middle);
      for (let group = 0; group < 1024; group++) {
        const was = shardOfKeyGroup(group, before);
        const isMoved = was === shard && group >= middle;
        expect(shardOfKeyGroup(group, after)).toBe(isMoved ? shardCount : was);
      }
    }),
    { numRuns: 40 },
  );
});
