/**
 * Tasks made of what others saved: whose partitions were at different times, whose lateness changes, whose
 * log has gone.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { maxWatermark, RecordKind } from "../../../../src/engine/log/records.ts";
import { orderArbitrary, orderRowOf, sortedRows } from "../../../arbitraries/orders.ts";
import { framesOf, windowBodyOf, windowSpecArbitrary } from "../../../arbitraries/partition-runs.ts";
import { orderColumns, salesBatch, salesBody } from "../../../reference/orders-batch.ts";
import { StagesHarness } from "../../../support/stages-harness.ts";

const stream = { columns: orderColumns, eventTime: { column: "time", outOfOrderness: 0 } };
const order = { account: 1n, placed: 0, cents: 33n, quantity: 1, rush: true };

/** A step over the results. */
const step = {
  key: [],
  window: { type: "tumble", size: "1h" },
  aggregates: { results: { function: "count" } },
};

/** Ends time in the source: every window fires. */
function endTime(harness: StagesHarness): void {
  harness.source.turn(() => harness.source.partition.setWatermark(1, maxWatermark));
  harness.settle();
}

/** How many results the last step has counted. */
function resultsCounted(harness: StagesHarness): number {
  return harness.rows().reduce((sum, [, , results]) => sum + Number(results), 0);
}

function isFinal(row: readonly unknown[]): boolean {
  return row.at(-1) === true;
}

describe("partitions that were at different times", { timeout: 120_000 }, () => {
  const windows = windowSpecArbitrary.filter(({ kind }) => kind !== "none");
  const run = fc.record({
    before: fc.integer({ min: 2, max: 4 }),
    after: fc.integer({ min: 2, max: 5 }),
    ticks: fc.array(fc.integer({ min: -200, max: 500 }), { minLength: 1, maxLength: 4 }),
    pageBudget: fc.constantFrom(128 * 1024, 32 * 1024 * 1024),
  });

  test("make tasks in which every window has fired once, or will", () => {
    fc.assert(
      fc.property(windows, run, framesOf(orderArbitrary), (window, { ticks, ...drawn }, frames) => {
        const { before, after, pageBudget } = drawn;
        const job = { ...salesBody, ...windowBodyOf(window, 0), steps: [step] };
        const options = { stream, checkpointTurnBytes: 1, pageBudget };
        const old = new StagesHarness(options, { ...job, parallelism: before });
        for (const frame of frames) old.append(frame.map(orderRowOf));
        old.settle();
        // As a partition whose channels are all idle moves its own time.
        ticks.forEach((time, index) => {
          const partition = old.stages[1]?.[index % before];
          partition?.turn(() => partition.partition.log.appendWatermark(RecordKind.Tick, BigInt(time)));
        });
        old.settle();
        old.beginSavepoint(7);
        old.settle();
        const firedBefore = old.rows(1).filter(isFinal).length;
        expect(resultsCounted(old)).toBe(firedBefore);
        const restored = old.restart(old.upload(), { ...job, parallelism: after });
        restored.settle();
        const firedAfter = restored.rows(1).filter(isFinal).length;
        expect(firedAfter).toBeGreaterThanOrEqual(firedBefore);
        expect(resultsCounted(restored)).toBe(firedAfter);
        endTime(restored);
        const { rows } = salesBatch(frames, window, 0, 0);
        const all = sortedRows(rows.map((row) => [...row.slice(0, -1), true]));
        expect(restored.rows(1)).toEqual(all);
        expect(resultsCounted(restored)).toBe(all.length);
        expect(restored.counts().late).toBe(0);
      }),
      { numRuns: 60 },
    );
  });
});

describe("a job that goes on with another lateness", () => {
  const windowed = { ...salesBody, ...windowBodyOf({ kind: "tumble", size: 100, step: 100, offset: 0 }, 0) };
  const at = (time: number) => [orderRowOf({ ...order, time })];

  /** Fires [0, 100), and takes a savepoint. */
  function saved(job: object) {
    const old = new StagesHarness({ stream }, { ...job, parallelism: 2 });
    for (const time of [10, 150]) old.append(at(time));
    old.beginSavepoint(7);
    old.settle();
    return { old, state: old.upload() };
  }

  test("takes in what is no longer late, into the window as it fired", () => {
    const { old, state } = saved(windowed);
    const restored = old.restart(state, { ...windowed, parallelism: 3, allowedLateness: 60 });
    restored.append(at(20));
    restored.settle();
    expect(restored.counts()).toEqual({ rows: 3, late: 0 });
    expect(restored.rows().map((row) => [row[5], row.at(-1)])).toEqual([
      [2, true],
      [1, false],
    ]);
  });

  test("refuses what is late by now", () => {
    const { old, state } = saved({ ...windowed, allowedLateness: 60 });
    const restored = old.restart(state, { ...windowed, parallelism: 3 });
    restored.append(at(20));
    restored.settle();
    expect(restored.counts()).toEqual({ rows: 2, late: 1 });
  });
});

test("a shard whose log was trimmed behind the savepoint says which offsets are gone", () => {
  const old = new StagesHarness({ stream }, { ...salesBody, parallelism: 2 });
  old.append([orderRowOf({ ...order, time: 1 })]);
  old.beginSavepoint(7);
  old.settle();
  const state = old.upload();
  for (const time of [2, 3, 4]) old.append([orderRowOf({ ...order, time })]);
  old.settle();
  const { partition, ports } = old.source;
  old.source.checkpoint();
  ports.clock.time += 1_000;
  old.source.turn(() => partition.log.trim(partition.log.nextOffset, { timeMs: 0, bytesMax: 0 }));
  expect(() => old.restart(state, { ...salesBody, parallelism: 3 })).toThrow(
    expect.objectContaining({
      code: "JOB_FALLEN_BEHIND",
      message: expect.stringContaining("no longer has the offsets 3 to 5"),
    }),
  );
});
