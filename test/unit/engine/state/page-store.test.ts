/**
 * Pages in storage: what is found of a table, in tables of pages as they are made and as older objects have
 * them.
 */
import { describe, expect, test } from "vitest";
import { KiB } from "../../../../src/base/limits.ts";
import { PageStore } from "../../../../src/engine/state/page-store.ts";
import { lastHash } from "../../../../src/kernel/keyed-table.ts";
import { NodeStorage } from "../../../support/node-storage.ts";

const epochs = { epoch: 0, writing: 1, aborted: [] };

/** The table of pages that objects of 0.4.0 and before have. */
const olderTable = `CREATE TABLE pages (task INTEGER, tbl INTEGER, first_hash BLOB, slot INTEGER,
  epoch INTEGER, bytes BLOB, PRIMARY KEY (task, tbl, first_hash, slot)) WITHOUT ROWID`;

/** First hashes of 64 pages, and their sizes: 1, 2, 4, … 32 KiB and again from 1 on. */
const pages = Array.from({ length: 64 }, (_, index) => ({
  firstHash: BigInt(index) << 58n,
  bytes: KiB << (index % 6),
}));

/** A store with these pages in table 1, every other one in both slots, and with pages of other tables. */
function filled(isOlder: boolean): { store: PageStore; storage: NodeStorage } {
  const storage = new NodeStorage();
  if (isOlder) storage.run(olderTable);
  PageStore.createTables(storage);
  const store = new PageStore(storage, 1, epochs);
  for (const [index, { firstHash, bytes }] of pages.entries()) {
    const written = store.write(1, firstHash, new Uint8Array(bytes).fill(index), undefined);
    store.write(2, firstHash, new Uint8Array(KiB), undefined);
    if (index % 2 === 0) continue;
    store.commit();
    store.write(1, firstHash, new Uint8Array(bytes).fill(index + 100), written);
  }
  return { store, storage };
}

describe.each([false, true])("in a table of an older object: %s", (isOlder) => {
  const { store, storage } = filled(isOlder);

  test("a hash finds the newest version of the page that covers it", () => {
    for (const [index, { firstHash, bytes }] of pages.entries()) {
      const found = store.load(1, firstHash + 12_345n);
      expect(found?.bytes).toEqual(new Uint8Array(bytes).fill(index % 2 === 0 ? index : index + 100));
    }
    expect(store.load(3, 5n)).toBeUndefined();
  });

  test("pages are counted up to a bound, each once", () => {
    expect(store.pagesOf(1).count(1000)).toBe(64);
    expect(store.pagesOf(1).count(10)).toBe(10);
    expect(store.pagesOf(3).count(10)).toBe(0);
  });

  test.each([1, 7, 40, 100, 1000])(
    "ranges of hashes take as many pages as fit %d KiB, at least one",
    (size) => {
      const ranges: number[][] = [];
      for (let first = 0n; first <= lastHash; ) {
        const last = store.pagesOf(1).lastWithin(first, size * KiB);
        ranges.push(
          pages.filter(({ firstHash }) => firstHash >= first && firstHash <= last).map(({ bytes }) => bytes),
        );
        first = last + 1n;
      }
      const sum = (sizes: readonly number[]) => sizes.reduce((total, bytes) => total + bytes, 0);
      expect(ranges.flat()).toEqual(pages.map(({ bytes }) => bytes));
      for (const [index, range] of ranges.entries()) {
        expect(range.length).toBeGreaterThan(0);
        if (range.length > 1) expect(sum(range)).toBeLessThanOrEqual(size * KiB);
        const next = ranges[index + 1]?.[0];
        if (next !== undefined) expect(sum(range) + next).toBeGreaterThan(size * KiB);
      }
    },
  );

  test("where ranges end is read from few rows, however many pages there are", () => {
    let rows = 0;
    storage.beforeStatement = ({ bindings }) => {
      rows += Number(bindings.at(-1));
    };
    store.pagesOf(1).lastWithin(0n, 40 * KiB);
    storage.beforeStatement = undefined;
    expect(rows).toBeGreaterThan(0);
    expect(rows).toBeLessThan(20);
  });
});
