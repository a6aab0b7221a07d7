/**
 * Two jobs on one partition over random orders: filters, computed columns, keys and aggregates of every
 * exact type are the batch answer, through crashes, checkpoints, evictions and each other's work.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { orderArbitrary, orderRowOf, sortedRows } from "../../../arbitraries/orders.ts";
import {
  framesOf,
  stepsArbitrary,
  windowBodyOf,
  windowSpecArbitrary,
} from "../../../arbitraries/partition-runs.ts";
import {
  orderColumns,
  pricesBatch,
  pricesBody,
  salesBatch,
  salesBody,
} from "../../../reference/orders-batch.ts";
import { PartitionHarness } from "../../../support/partition-harness.ts";

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
            harness.append(frame.map(orderRowOf));
            for (const step of steps[index] ?? []) harness.perform(step);
          });
          harness.settle();
          const sales = salesBatch(frames, salesWindow, lateness, bound);
          const prices = pricesBatch(frames, pricesWindow, 0, bound);
          expect(harness.rows("sales", {}, 1)).toEqual(sortedRows(sales.rows));
          expect(harness.rows("prices", {}, 2)).toEqual(sortedRows(prices.rows));
          const late = harness.partition.jobs.statuses().map(({ counts }) => counts.late);
          expect(late).toEqual([sales.late, prices.late]);
        },
      ),
      { numRuns: runs(100) },
    );
  });
});
