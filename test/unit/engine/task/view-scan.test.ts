/**
 * Reading views page by page: nothing is passed over, a call does a bounded amount of work, and a read
 * leaves nothing behind in memory.
 */
import { describe, expect, test } from "vitest";
import { encodeKey } from "../../../../src/columnar/key-encoding.ts";
import { kindOf } from "../../../../src/columnar/schema.ts";
import type { ScanPosition, ViewRow, ViewScan } from "../../../../src/engine/partition-types.ts";
import { PartitionHarness, type Row } from "../../../support/partition-harness.ts";

const stream = {
  columns: [
    { name: "user", type: "STRING" },
    { name: "time", type: "TIMESTAMP(3)" },
  ],
  eventTime: { column: "time", outOfOrderness: 0 },
};

const counting = { source: "events", key: ["user"], aggregates: { n: { function: "count" } } };

function harnessWith(job: Record<string, unknown>, pageBudget = 32 * 1024 * 1024): PartitionHarness {
  const harness = new PartitionHarness({ stream, pageBudget });
  harness.startJob("job", { ...counting, ...job });
  return harness;
}

const at = (ms: number) => new Date(ms).toISOString().replace("T", " ").replace("Z", "");

function usersAt(time: number, from: number, count: number): Row[] {
  return Array.from({ length: count }, (_, index) => [`user ${from + index}`, at(time)]);
}

/** All rows of a view, `limit` a page, as a caller with a cursor gets them. */
function pagesOf(harness: PartitionHarness, scan: Partial<ViewScan> & { limit: number }): ViewRow[][] {
  const pages: ViewRow[][] = [];
  for (let after: ScanPosition | undefined; ; ) {
    const page = harness.scan("job", { ...scan, ...(after && { after }) });
    pages.push([...page.rows]);
    after = page.rows.at(-1)?.at;
    if (!page.hasMore || !after) return pages;
  }
}

const keyOf = (user: string) => encodeKey([kindOf({ name: "STRING" })], [new TextEncoder().encode(user)]);

describe("a page of a view", () => {
  test("passes over expired rows that were not swept yet, not over the rows behind them", () => {
    const harness = harnessWith({ retention: "1h" });
    harness.append(usersAt(0, 0, 500));
    harness.settle();
    harness.pass(3_500_000);
    harness.append([["new", at(1)]]);
    harness.settle();
    harness.pass(200_000);
    expect(
      pagesOf(harness, { limit: 5 })
        .flat()
        .map(({ values }) => values),
    ).toEqual([{ user: "new", n: 1 }]);
  });

  test.each([
    { type: "tumble", size: 10 },
    { type: "hop", size: 30, slide: 10 },
    { type: "cumulate", size: 30, step: 10 },
  ])("of any size, in any order, together with the others is the whole: $type", (window) => {
    const harness = harnessWith({ window });
    for (let time = 0; time < 100; time += 7) harness.append(usersAt(time, time % 3, 20));
    harness.settle();
    const whole = harness.scan().rows;
    for (const newestFirst of [false, true]) {
      for (const limit of [1, 7, 50]) {
        const pages = pagesOf(harness, { limit, newestFirst });
        expect(pages.every((page, index) => page.length === limit || index === pages.length - 1)).toBe(true);
        const windows = new Map(pages.flat().map((row) => [row.at.window, [] as ViewRow[]]));
        for (const row of pages.flat()) windows.get(row.at.window)?.push(row);
        const ends = [...windows.keys()];
        expect(ends).toEqual([...ends].sort((a, b) => (newestFirst ? b - a : a - b)));
        expect([...windows].sort(([a], [b]) => a - b).flatMap(([, rows]) => rows)).toEqual(whole);
      }
    }
  });
});

describe("a read", () => {
  test("over many windows that lack its key breaks off and goes on in later turns", () => {
    const harness = harnessWith({ window: { type: "tumble", size: 1 } });
    const windows = 3000;
    harness.append([["rare", at(0)]]);
    for (let time = 1; time < windows; time += 100) {
      harness.append(Array.from({ length: 100 }, (_, index) => ["common", at(time + index)]));
      harness.settle();
    }
    harness.append([["rare", at(windows + 10)]]);
    harness.settle();
    const scan = { key: keyOf("rare"), newestFirst: false, limit: 10 };
    const first = harness.turn(() => harness.partition.queryView("job", 1, scan));
    expect(first.rows).toHaveLength(1);
    expect(first.resume).toBeDefined();
    expect(harness.scan("job", scan).rows.map(({ values }) => values.n)).toEqual([1, 1]);
  });

  test("of an open window larger than the page budget is exact, and leaves the budget as it was", () => {
    const pageBudget = 1024 * 1024;
    const harness = harnessWith({ window: { type: "hop", size: 1000, slide: 250 } }, pageBudget);
    const users = 4_000;
    for (let time = 0; time < 1000; time += 250) {
      for (let from = 0; from < users; from += 500) {
        harness.append(usersAt(time, from, 500));
        harness.settle();
      }
    }
    harness.checkpoint();
    const scan = { windowFrom: 0, windowTo: 1000 };
    const counts = new Map(harness.scan("job", scan).rows.map(({ values }) => [values.user, values.n]));
    expect(counts.size).toBe(users);
    expect([...counts.values()].every((count) => count === 4)).toBe(true);
    expect(harness.scan("job", { ...scan, key: keyOf("user 7") }).rows.map(({ values }) => values.n)).toEqual(
      [4],
    );
    expect(harness.partition.jobs.cache.dirtyBytes).toBe(0);
    expect(harness.partition.jobs.statuses()[0]?.stateBytesInMemory).toBeLessThan(1.1 * pageBudget);
    harness.append(usersAt(999, 0, 500));
    harness.settle();
    expect(harness.scan("job", { ...scan, key: keyOf("user 7") }).rows[0]?.values.n).toBe(5);
  });
});
