import fc from "fast-check";
import { expect, test } from "vitest";
import { keyGroupsOf, shardByKeyGroup, shardOfKeyGroup } from "../../../src/engine/shard-map.ts";

test("every key group has one shard, ranges follow each other, and their sizes differ by one at most", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1024 }), (shardCount) => {
      const ranges = Array.from({ length: shardCount }, (_, shard) => keyGroupsOf(shard, shardCount));
      expect(ranges[0]?.[0]).toBe(0);
      expect(ranges.at(-1)?.[1]).toBe(1024);
      const map = shardByKeyGroup(shardCount);
      ranges.forEach(([first, end], shard) => {
        if (shard > 0) expect(first).toBe(ranges[shard - 1]?.[1]);
        expect(end - first).toBeGreaterThanOrEqual(Math.floor(1024 / shardCount));
        expect(end - first).toBeLessThanOrEqual(Math.ceil(1024 / shardCount));
        for (let group = first; group < end; group++) {
          expect(map[group]).toBe(shard);
          expect(shardOfKeyGroup(group, shardCount)).toBe(shard);
        }
      });
    }),
    { numRuns: 40 },
  );
});
