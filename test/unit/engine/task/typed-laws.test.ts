/**
 * Two jobs on one partition over random orders: filters, computed columns, keys and aggregates of every
 * exact type are the batch answer, through crashes, checkpoints, evictions and each other's work.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  framesOf,
  stepsArbitrary,
  windowBodyOf,
  windowSpecArbitrary,
} from "../../../arbitraries/partition-runs.ts";
import {
  type OrderRow,
  orderColumns,
  pricesBatch,
  pricesBody,
  salesBatch,
  salesBody,
  timeOf,
} from "../../../reference/orders-batch.ts";
import { PartitionHarness, type Row } from "../../../support/partition-harness.ts";

const orNull = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { freq: 5 });

const orderArbitrary: fc.Arbitrary<OrderRow> = fc.record({
  time: fc.integer({ min: -200, max: 400 }),
  account: orNull(
    fc.oneof(
      { weight: 4, arbitrary: fc.bigInt({ min: -2n, max: 2n }) },
      { weight: 1, arbitrary: fc.constantFrom(2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n) },
    ),
  ),
  placed: orNull(fc.constantFrom(-1, 0, 1_600_000_000_001)),
  cents: orNull(fc.constantFrom(0n, -1n, 33n, 9_999n, 10_000n, 999_999_999n, -999_999_999n)),
  quantity: orNull(fc.constantFrom(-1, 0, 1, 3, 2_147_483_647)),
  rush: orNull(fc.boolean()),
});

function rowOf({ time, account, placed, cents, quantity, rush }: OrderRow): Row {
  const price = cents === null ? null : (Number(cents) / 100).toFixed(2);
  return [timeOf(time), account === null ? null : String(account), timeOf(placed), price, quantity, rush];
}

function sorted(rows: readonly unknown[][]): unknown[][] {
  return [...rows].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

/** A long run: LAW_RUNS=20 multiplies the number of cases. */
const runs = (count: number) => count * Number(process.env.LAW_RUNS ?? 1);

describe("jobs over orders", { timeout: 120_000 * runs(1) }, () => {
  test("are the batch answers, beside each other and through crashes at any point", () => {
    fc.assert(
      fc.property(
        fc.tuple(windowSpecArbitrary, windowSpecArbitrary),
        fc.constantFrom(0, 60),
        fc.constantFrom(0, 30),
        framesOf(orderArbitrary),
        stepsArbitrary,
        fc.constantFrom(128 * 1024, 32 * 1024 * 1024),
        ([salesWindow, pricesWindow], lateness, bound, frames, steps, pageBudget) => {
          const stream = { columns: orderColumns, eventTime: { column: "time", outOfOrderness: bound } };
          const harness = new PartitionHarness({ stream, checkpointTurnBytes: 1, pageBudget });
          harness.startJob("sales", { ...salesBody, ...windowBodyOf(salesWindow, lateness) }, 1);
          harness.startJob("prices", { ...pricesBody, ...windowBodyOf(pricesWindow, 0) }, 2);
          frames.forEach((frame, index) => {
            harness.append(frame.map(rowOf));
            for (const step of steps[index] ?? []) harness.perform(step);
          });
          harness.settle();
          const sales = salesBatch(frames, salesWindow, lateness, bound);
          const prices = pricesBatch(frames, pricesWindow, 0, bound);
          expect(harness.rows("sales", {}, 1)).toEqual(sorted(sales.rows));
          expect(harness.rows("prices", {}, 2)).toEqual(sorted(prices.rows));
          const late = harness.partition.jobs.statuses().map(({ counts }) => counts.late);
          expect(late).toEqual([sales.late, prices.late]);
        },
      ),
      { numRuns: runs(100) },
    );
  });
});
