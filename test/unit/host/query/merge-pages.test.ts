import fc from "fast-check";
import { expect, test } from "vitest";
import type { ViewPage, ViewRow, ViewScan } from "../../../../src/engine/partition-types.ts";
import { mergePages } from "../../../../src/host/query/merge-pages.ts";

interface Place {
  readonly window: number;
  readonly hash: number;
}

function rowOf({ window, hash }: Place, shard: number): ViewRow {
  const at = { window, hash: hash.toString(16).padStart(16, "0") };
  return { values: { shard, window, hash }, final: true, at };
}

function compare(left: Place, right: Place, newestFirst: boolean): number {
  const windows = newestFirst ? right.window - left.window : left.window - right.window;
  return windows || left.hash - right.hash;
}

/**
 * What a shard with these rows answers to a scan: the limit's rows, and all that share the last one's place.
 */
function pageOf(places: readonly Place[], shard: number, scan: ViewScan): ViewPage {
  const { after, limit, newestFirst } = scan;
  const from = after && { window: after.window, hash: Number(`0x${after.hash}`) };
  const left = places
    .filter((place) => !from || compare(place, from, newestFirst) > 0)
    .sort((a, b) => compare(a, b, newestFirst));
  const last = left[limit - 1];
  const page = last ? left.filter((place) => compare(place, last, newestFirst) <= 0) : left;
  const rows = page.map((place) => rowOf(place, shard));
  return { rows, hasMore: page.length < left.length, watermark: 0n, appliedOffset: 0 };
}

const place = fc.record({ window: fc.integer({ min: 0, max: 3 }), hash: fc.integer({ min: 0, max: 20 }) });

test("pages of any size hold every row of every shard once, in order", () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(place, { maxLength: 30 }), { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 9 }),
      fc.boolean(),
      (shards, limit, newestFirst) => {
        const seen: ViewRow[] = [];
        let scan: ViewScan = { newestFirst, limit };
        for (let page = 0; page < 200; page++) {
          const { rows, next } = mergePages(
            shards.map((places, shard) => pageOf(places, shard, scan)),
            scan,
          );
          seen.push(...rows);
          if (!next) break;
          scan = { ...scan, after: next };
        }
        const places = seen.map(({ values }) => values as unknown as Place);
        expect(places.length).toBe(shards.flat().length);
        expect(places).toEqual([...places].sort((a, b) => compare(a, b, newestFirst)));
      },
    ),
    { numRuns: 200 },
  );
});

test("a top is chosen from the tops of all shards, and has one page", () => {
  const scan: ViewScan = { newestFirst: true, limit: 2, top: { output: "hash", ascending: false } };
  const pages = [
    [
      { window: 1, hash: 5 },
      { window: 1, hash: 9 },
    ],
    [
      { window: 2, hash: 7 },
      { window: 1, hash: 1 },
    ],
  ].map((places, shard) => ({ ...pageOf(places, shard, scan), hasMore: true }));
  const { rows, next } = mergePages(pages, scan);
  expect(rows.map(({ values }) => values.hash)).toEqual([9, 7]);
  expect(next).toBeUndefined();
});
