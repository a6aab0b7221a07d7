/**
 * A job in two stages is the batch answer too: whether rows are added up before they travel or not, through
 * lost calls, checkpoints, evictions and crashes on either side.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { orderArbitrary, orderRowOf, sortedRows } from "../../../arbitraries/orders.ts";
import {
  framesOf,
  stepArbitrary,
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
import { StagesHarness } from "../../../support/stages-harness.ts";

const partitionsMax = 3;

const fate = fc.constantFrom("answered", "answered", "request lost", "answer lost" as const);

/** What happens behind a frame: something to one partition, or a delivery. */
const happening = fc.oneof(
  fc.record({ to: fc.integer({ min: 0, max: partitionsMax }), step: stepArbitrary }),
  fc.record({ fates: fc.array(fate, { minLength: 1, maxLength: 4 }) }),
);

const jobs = {
  sales: { body: salesBody, batch: salesBatch },
  prices: { body: pricesBody, batch: pricesBatch },
} as const;

/** A long run: LAW_RUNS=20 multiplies the number of cases. */
const runs = (count: number) => count * Number(process.env.LAW_RUNS ?? 1);

describe("a job of two stages", { timeout: 120_000 * runs(1) }, () => {
  test("is the batch answer, whatever is lost and whoever crashes", () => {
    fc.assert(
      fc.property(
        fc.constantFrom<keyof typeof jobs>("sales", "prices"),
        windowSpecArbitrary,
        fc.record({
          lateness: fc.constantFrom(0, 60),
          bound: fc.constantFrom(0, 30),
          parallelism: fc.integer({ min: 2, max: partitionsMax }),
          twoPhase: fc.boolean(),
          pageBudget: fc.constantFrom(128 * 1024, 32 * 1024 * 1024),
        }),
        framesOf(orderArbitrary),
        fc.array(fc.array(happening, { maxLength: 4 }), { maxLength: 12 }),
        (name, window, { lateness, bound, parallelism, twoPhase, pageBudget }, frames, happenings) => {
          const { body, batch } = jobs[name];
          const stream = { columns: orderColumns, eventTime: { column: "time", outOfOrderness: bound } };
          const job = { ...body, ...windowBodyOf(window, lateness), parallelism, twoPhase };
          const harness = new StagesHarness({ stream, checkpointTurnBytes: 1, pageBudget }, job);
          frames.forEach((frame, index) => {
            harness.append(frame.map(orderRowOf));
            for (const each of happenings[index] ?? []) {
              if ("fates" in each) {
                let next = 0;
                harness.deliver(() => each.fates[next++ % each.fates.length] ?? "answered");
              } else harness.all[each.to % harness.all.length]?.perform(each.step);
            }
          });
          harness.settle();
          const expected = batch(frames, window, window.kind === "none" ? 0 : lateness, bound);
          expect(harness.rows()).toEqual(sortedRows(expected.rows));
          expect(harness.counts().late).toBe(expected.late);
        },
      ),
      { numRuns: runs(100) },
    );
  });
});
