/**
 * A job in two stages is the batch answer too: whether rows are added up before they travel or not, through
 * lost calls, checkpoints, evictions and crashes on either side.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { orderArbitrary, orderRowOf, sortedRows } from "../../../arbitraries/orders.ts";
import {
  framesOf,
  type Step,
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
import { type Fate, StagesHarness } from "../../../support/stages-harness.ts";

const partitionsMax = 3;

type Happening = { readonly to: number; readonly step: Step } | { readonly fates: readonly Fate[] };

const fate = fc.constantFrom<Fate>("answered", "answered", "request lost", "answer lost");

/** What happens behind a frame: something to one partition, or a delivery. */
const happening: fc.Arbitrary<Happening> = fc.oneof(
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
            for (const each of happenings[index] ?? []) happen(harness, each);
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

  test("goes on from a savepoint with other partitions, in one phase or two, as if nothing were", () => {
    fc.assert(
      fc.property(
        fc.constantFrom<keyof typeof jobs>("sales", "prices"),
        windowSpecArbitrary,
        fc.record({
          lateness: fc.constantFrom(0, 60),
          bound: fc.constantFrom(0, 30),
          before: fc.integer({ min: 2, max: 4 }),
          after: fc.integer({ min: 2, max: 5 }),
          twoPhase: fc.boolean(),
          twoPhaseAfter: fc.boolean(),
          pageBudget: fc.constantFrom(128 * 1024, 32 * 1024 * 1024),
        }),
        framesOf(orderArbitrary),
        fc.integer({ min: 0, max: 12 }),
        fc.array(fc.array(happening, { maxLength: 3 }), { maxLength: 12 }),
        (name, window, varied, frames, at, happenings) => {
          const { lateness, bound, before, after, twoPhase, twoPhaseAfter, pageBudget } = varied;
          const { body, batch } = jobs[name];
          const stream = { columns: orderColumns, eventTime: { column: "time", outOfOrderness: bound } };
          const job = { ...body, ...windowBodyOf(window, lateness), twoPhase };
          const options = { stream, checkpointTurnBytes: 1, pageBudget };
          const old = new StagesHarness(options, { ...job, parallelism: before });
          frames.forEach((frame, index) => {
            if (index === at) old.beginSavepoint(7);
            old.append(frame.map(orderRowOf));
            for (const each of happenings[index] ?? []) happen(old, each);
          });
          if (at >= frames.length) old.beginSavepoint(7);
          old.settle();
          const saved = old.upload();
          const expected = batch(frames, window, window.kind === "none" ? 0 : lateness, bound);
          expect(old.rows()).toEqual(sortedRows(expected.rows));
          const changed = { ...job, parallelism: after, twoPhase: twoPhaseAfter };
          const restored = old.restart(saved, changed);
          restored.settle();
          expect(restored.rows()).toEqual(sortedRows(expected.rows));
          expect(restored.counts()).toEqual(old.counts());
        },
      ),
      { numRuns: runs(100) },
    );
  });

  test("that drains has fired every window of what came before, and finds the rest late", () => {
    fc.assert(
      fc.property(
        fc.constantFrom<keyof typeof jobs>("sales", "prices"),
        windowSpecArbitrary,
        fc.record({
          lateness: fc.constantFrom(0, 60),
          bound: fc.constantFrom(0, 30),
          before: fc.integer({ min: 2, max: 4 }),
          after: fc.integer({ min: 2, max: 5 }),
          twoPhase: fc.boolean(),
          pageBudget: fc.constantFrom(128 * 1024, 32 * 1024 * 1024),
        }),
        framesOf(orderArbitrary),
        fc.integer({ min: 0, max: 12 }),
        fc.array(fc.array(happening, { maxLength: 3 }), { maxLength: 12 }),
        (name, window, { lateness, bound, before, after, twoPhase, pageBudget }, frames, at, happenings) => {
          const { body, batch } = jobs[name];
          const stream = { columns: orderColumns, eventTime: { column: "time", outOfOrderness: bound } };
          const job = { ...body, ...windowBodyOf(window, lateness), twoPhase };
          const options = { stream, checkpointTurnBytes: 1, pageBudget };
          const old = new StagesHarness(options, { ...job, parallelism: before });
          frames.forEach((frame, index) => {
            if (index === at) old.beginSavepoint(7, { drains: true });
            old.append(frame.map(orderRowOf));
            for (const each of happenings[index] ?? []) happen(old, each);
          });
          if (at >= frames.length) old.beginSavepoint(7, { drains: true });
          old.settle();
          const hasWindows = window.kind !== "none";
          const drained = frames.slice(0, hasWindows ? at : frames.length);
          const expected = batch(drained, window, hasWindows ? lateness : 0, bound);
          const rows = sortedRows(expected.rows.map((row) => [...row.slice(0, -1), hasWindows]));
          const late = expected.late + (hasWindows ? passing(batch, frames.slice(at)) : 0);
          expect(old.rows()).toEqual(rows);
          const restored = old.restart(old.upload(), { ...job, parallelism: after });
          restored.settle();
          expect(restored.rows()).toEqual(rows);
          expect(restored.counts()).toMatchObject({ late });
          expect(restored.source.partition.log.isEnded).toBe(false);
        },
      ),
      { numRuns: runs(100) },
    );
  });
});

test("a step whose channels are idle takes all that a drain fires before its time ends", () => {
  const counting = { aggregates: { n: { function: "count" } } };
  const window = { type: "tumble", size: "1min" };
  const job = { source: "events", key: ["user"], parallelism: 4, window, ...counting };
  const columns = [
    { name: "user", type: "STRING" },
    { name: "time", type: "TIMESTAMP(3)" },
  ];
  const stream = { columns, eventTime: { column: "time" }, idleTimeout: "15s" };
  const harness = new StagesHarness({ stream }, { ...job, steps: [{ key: [], window, ...counting }] });
  harness.append(["ann", "bob", "cid", "dan", "eve"].map((user) => [user, "1970-01-01 00:00:09"]));
  harness.settle();
  harness.source.pass(20_000);
  harness.source.turn(() => harness.source.partition.heartbeat());
  harness.settle();
  harness.beginSavepoint(7, { drains: true });
  harness.settle();
  expect(harness.rows()).toEqual([["1970-01-01 00:00:00", "1970-01-01 00:01:00", 5, true]]);
  expect(harness.counts().late).toBe(0);
});

/** Rows that a job does not filter out. */
function passing(batch: typeof salesBatch, frames: Parameters<typeof salesBatch>[0]): number {
  const none = { kind: "none", size: 0, step: 0, offset: 0 } as const;
  return frames.flat().filter((row) => batch([[row]], none, 0, 0).rows.length > 0).length;
}

function happen(harness: StagesHarness, happened: Happening): void {
  if (!("fates" in happened)) {
    harness.all[happened.to % harness.all.length]?.perform(happened.step);
    return;
  }
  let next = 0;
  harness.deliver(() => happened.fates[next++ % happened.fates.length] ?? "answered");
}
