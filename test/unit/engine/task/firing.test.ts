/**
 * Firing much at once: one watermark may make thousands of windows due, or a window larger than the page
 * budget. Work is cut into slices, checkpoints come in between, and a restart at any of them changes nothing.
 */
import { describe, expect, test } from "vitest";
import { maxWatermark } from "../../../../src/engine/log/records.ts";
import { PartitionHarness, type Row } from "../../../support/partition-harness.ts";

const stream = {
  columns: [
    { name: "user", type: "STRING" },
    { name: "time", type: "TIMESTAMP(3)" },
  ],
  eventTime: { column: "time", outOfOrderness: "1d" },
};

const counting = { source: "events", key: ["user"], aggregates: { n: { function: "count" } } };

const at = (ms: number) => new Date(ms).toISOString().replace("T", " ").replace("Z", "");

function harnessWith(job: Record<string, unknown>, options = {}): PartitionHarness {
  const harness = new PartitionHarness({ stream, ...options });
  harness.startJob("job", { ...counting, ...job });
  return harness;
}

function appendAll(harness: PartitionHarness, rows: readonly Row[], rowsPerFrame = 500): void {
  for (let from = 0; from < rows.length; from += rowsPerFrame) {
    harness.append(rows.slice(from, from + rowsPerFrame));
    harness.settle();
  }
}

describe("a watermark that makes thousands of windows due", { timeout: 20_000 }, () => {
  test.each([
    { type: "tumble", size: 1 },
    { type: "hop", size: 4, slide: 1 },
    { type: "hop", size: 8, slide: 1 },
  ])(
    "fires and closes them over many slices of work, a restart in the middle included: $type of $size",
    (window) => {
      const windows = 10_000;
      const harness = harnessWith({ window });
      appendAll(
        harness,
        Array.from({ length: windows }, (_, time) => ["a", at(time)]),
      );
      harness.turn(() => harness.partition.setWatermark(1, maxWatermark));
      let slices = 0;
      for (; harness.turn(() => harness.partition.step()); slices++) {
        if (slices % 7 === 3)
          harness.turn(() => harness.partition.jobs.checkpointOld(Number.MAX_SAFE_INTEGER));
        if (slices === 40) harness.crash();
      }
      expect(slices).toBeGreaterThan(10);
      const rows = harness.rows();
      expect(rows).toHaveLength(windows + window.size - 1);
      expect(rows.every((row) => row.at(-1) === true)).toBe(true);
      const total = rows.reduce((sum, row) => sum + Number(row[3]), 0);
      expect(total).toBe(window.size * windows);
      expect(harness.partition.jobs.statuses()[0]?.openWindows).toBe(0);
    },
  );
});

describe("a window larger than the page budget", { timeout: 20_000 }, () => {
  test("fires, with checkpoints in between, and survives restarts in between", () => {
    const pageBudget = 1024 * 1024;
    const users = 20_000;
    const harness = harnessWith({ window: { type: "hop", size: 1000, slide: 500 } }, { pageBudget });
    const nameOf = (user: number) => `a user with a name ${(user * 7919) % users}`;
    for (const time of [0, 500]) {
      appendAll(
        harness,
        Array.from({ length: users }, (_, user) => [nameOf(user), at(time)]),
        20,
      );
    }
    harness.turn(() => harness.partition.setWatermark(1, 999n));
    for (let slices = 0; harness.turn(() => harness.partition.step()); slices++) {
      if (slices % 50 === 49) harness.crash();
    }
    expect(harness.partition.jobs.statuses()[0]).toMatchObject({ state: "running", error: undefined });
    const counts = harness.scan("job", { windowFrom: 0, windowTo: 1000 }).rows;
    expect(counts).toHaveLength(users);
    expect(counts.every(({ values, final }) => values.n === 2 && final)).toBe(true);
  });
});

describe("appends while a window larger than the page budget fires", { timeout: 20_000 }, () => {
  test("are logged between the slices of its work, and applied behind it", () => {
    const users = 12_000;
    const pageBudget = 512 * 1024;
    const harness = harnessWith({ window: { type: "hop", size: 1000, slide: 500 } }, { pageBudget });
    for (const time of [0, 500]) {
      appendAll(
        harness,
        Array.from({ length: users }, (_, user) => [`a user with a name ${user}`, at(time)]),
        20,
      );
    }
    harness.turn(() => harness.partition.setWatermark(1, 999n));
    const fired = harness.partition.log.nextOffset - 1;
    let slices = 0;
    while (harness.partition.jobs.taskOf("job").appliedOffset < fired) {
      harness.turn(() => harness.partition.step());
      slices++;
      expect(harness.append([["late or not", at(1200)]])).toMatchObject({
        status: "logged",
        offset: fired + slices,
      });
      const { bytes } = harness.partition.jobs.cache;
      expect(bytes).toBeLessThanOrEqual(pageBudget);
    }
    expect(slices).toBeGreaterThan(10);
    harness.settle();
    const rows = harness.scan("job", { windowFrom: 0, windowTo: 1000 }).rows;
    expect(rows).toHaveLength(users);
    expect(rows.every(({ values, final }) => values.n === 2 && final)).toBe(true);
    const open = harness.scan("job", { windowFrom: 1000, windowTo: 2000 }).rows;
    expect(open.map(({ values }) => values.n)).toEqual([slices]);
  });
});

describe("tables that are dropped", () => {
  test("are deleted some at a time, in the turns behind the checkpoint, also after a restart", () => {
    const harness = harnessWith({ window: { type: "hop", size: 2, slide: 1 } });
    const slices = 3000;
    appendAll(
      harness,
      Array.from({ length: slices }, (_, time) => ["a", at(time)]),
    );
    harness.checkpoint();
    harness.turn(() => harness.partition.setWatermark(1, maxWatermark));
    harness.settle();
    const orphans = () =>
      Number(
        harness.storage.run("SELECT count(*) FROM pages WHERE tbl NOT IN (SELECT tbl FROM tables)")[0]?.[0],
      );
    harness.pass(60_000);
    harness.turn(() => harness.partition.jobs.checkpointOld(harness.ports.clock.now()));
    while (
      harness.partition.jobs.statuses()[0]?.checkpoints[0]?.offset !==
      harness.partition.log.nextOffset - 1
    ) {
      harness.turn(() => harness.partition.step());
    }
    expect(orphans()).toBeGreaterThan(500);
    expect(harness.partition.hasReadyWork).toBe(true);
    harness.partition.step();
    harness.crash();
    expect(harness.partition.hasReadyWork).toBe(true);
    harness.settle();
    expect(orphans()).toBe(0);
    harness.crash();
    expect(harness.partition.hasReadyWork).toBe(false);
    expect(harness.rows()).toHaveLength(slices + 1);
  });
});
