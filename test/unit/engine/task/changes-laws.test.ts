/**
 * Steps over results that change come to what they would be if each were made from scratch of all rows of
 * the one before: with filters, through lost calls, checkpoints, evictions and crashes of any partition, and
 * over a savepoint.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  framesOf,
  type Step,
  stepArbitrary,
  windowBodyOf,
  windowSpecArbitrary,
} from "../../../arbitraries/partition-runs.ts";
import {
  cascadeBatch,
  cascadeStepBody,
  hasDistinct,
  type StepSpec,
} from "../../../reference/cascade-batch.ts";
import type { EventRow, WindowSpec } from "../../../reference/windowed-batch.ts";
import type { Row } from "../../../support/partition-harness.ts";
import { type Fate, StagesHarness } from "../../../support/stages-harness.ts";

const streamOf = (bound: number) => ({
  columns: [
    { name: "user", type: "STRING" },
    { name: "time", type: "TIMESTAMP(3)" },
    { name: "amount", type: "INT" },
  ],
  eventTime: { column: "time", outOfOrderness: bound },
});

const noWindow: WindowSpec = { kind: "none", size: 1, step: 1, offset: 0 };

const framesArbitrary = framesOf(
  fc.record({
    user: fc.option(fc.constantFrom("a", "b", "carol", "dave", "a much longer key than others"), { freq: 8 }),
    time: fc.integer({ min: -200, max: 400 }),
    amount: fc.option(fc.constantFrom(-2, -1, 0, 1, 2, 3, 2_147_483_647, -2_147_483_648), { freq: 2 }),
    item: fc.constant(null),
  }),
);

const least = fc.option(fc.integer({ min: -2, max: 3 }), { nil: undefined, freq: 1 });

/** One to three steps, each grouping by some output of the one before. */
const stepsArbitrary: fc.Arbitrary<StepSpec[]> = fc
  .array(fc.record({ place: fc.constantFrom("none", "n", "k", "s", "m"), least, hasBounds: fc.boolean() }), {
    minLength: 1,
    maxLength: 3,
  })
  .map((drawn) =>
    drawn.map(({ place, ...step }, index) => ({
      ...step,
      key: place === "none" ? [] : [`${place}${index}`],
    })),
  );

const shapeArbitrary = fc.record({
  bound: fc.constantFrom(0, 30),
  parallelism: fc.integer({ min: 1, max: 3 }),
  twoPhase: fc.boolean(),
  pageBudget: fc.constantFrom(128 * 1024, 32 * 1024 * 1024),
  retention: fc.constantFrom("7d", "forever"),
});

const fate = fc.constantFrom<Fate>("answered", "answered", "request lost", "answer lost");

type Happening = { readonly to: number; readonly step: Step } | { readonly fates: readonly Fate[] };

const happeningsArbitrary = fc.array(
  fc.array(
    fc.oneof(
      fc.record({ to: fc.nat(20), step: stepArbitrary }),
      fc.record({ fates: fc.array(fate, { minLength: 1, maxLength: 4 }) }),
    ),
    { maxLength: 4 },
  ),
  { maxLength: 12 },
);

/** A long run: LAW_RUNS=20 multiplies the number of cases. */
const runs = (count: number) => count * Number(process.env.LAW_RUNS ?? 1);

describe("steps over results that change", { timeout: 120_000 * runs(1) }, () => {
  test("are the batch answer of the step before, whatever is lost and whoever crashes", () => {
    fc.assert(
      fc.property(
        fc.record({ least, steps: stepsArbitrary }),
        shapeArbitrary,
        framesArbitrary,
        happeningsArbitrary,
        ({ least, steps }, shape, frames, happenings) => {
          const windows = { first: noWindow, lateness: 0, bound: shape.bound, second: undefined };
          const job = jobOf(least, steps, shape, windows);
          const harness = harnessOf(shape, job);
          run(harness, frames, happenings);
          const views = cascadeBatch(frames, least, steps, windows);
          checkViews(harness, steps, views);
        },
      ),
      { numRuns: runs(150) },
    );
  });

  test("and over windows that late rows change, with windows of their own or without", () => {
    fc.assert(
      fc.property(
        fc.record({ least, steps: stepsArbitrary }),
        shapeArbitrary,
        windowSpecArbitrary.filter(({ kind }) => kind !== "none"),
        fc.record({
          lateness: fc.constantFrom(1, 60, 400),
          second: fc.constantFrom(undefined, 50, 200),
        }),
        framesArbitrary,
        happeningsArbitrary,
        ({ least, steps }, shape, first, { lateness, second }, frames, happenings) => {
          const windows = { first, lateness, bound: shape.bound, second };
          const harness = harnessOf(shape, jobOf(least, steps, shape, windows));
          run(harness, frames, happenings);
          checkViews(harness, steps, cascadeBatch(frames, least, steps, windows));
        },
      ),
      { numRuns: runs(150) },
    );
  });

  test("go on from a savepoint with another parallelism as if nothing had been", () => {
    fc.assert(
      fc.property(
        fc.record({ least, steps: stepsArbitrary }),
        shapeArbitrary,
        fc.tuple(framesArbitrary, framesArbitrary),
        happeningsArbitrary,
        fc.integer({ min: 1, max: 4 }),
        ({ least, steps }, shape, [frames, more], happenings, parallelism) => {
          const windows = { first: noWindow, lateness: 0, bound: shape.bound, second: undefined };
          const old = harnessOf(shape, jobOf(least, steps, shape, windows));
          run(old, frames, happenings);
          old.beginSavepoint(7);
          old.settle();
          const job = jobOf(least, steps, { ...shape, parallelism }, windows, shape.parallelism);
          const restored = old.restart(old.upload(), job);
          for (const frame of more) restored.append(frame.map(rowOf));
          restored.settle();
          checkViews(restored, steps, cascadeBatch([...frames, ...more], least, steps, windows));
        },
      ),
      { numRuns: runs(60) },
    );
  });
});

type Shape = typeof shapeArbitrary extends fc.Arbitrary<infer Drawn> ? Drawn : never;
type Windows = Parameters<typeof cascadeBatch>[3];

/** `first` is the parallelism of the first step, where it is not that of the others. */
function jobOf(
  least: number | undefined,
  steps: readonly StepSpec[],
  { parallelism, twoPhase, retention }: Shape,
  { first, lateness, second }: Windows,
  firstParallelism = parallelism,
): object {
  return {
    source: "events",
    ...{ key: ["user"], parallelism: firstParallelism, twoPhase, retention },
    ...cascadeStepBody(0, least, hasDistinct(first)),
    ...windowBodyOf(first, lateness),
    steps: steps.map(({ key, least, hasBounds }, index) => ({
      ...cascadeStepBody(index + 1, least, hasBounds),
      ...{ key, parallelism, twoPhase, retention },
      ...(index === 0 && second !== undefined
        ? { window: { type: "tumble", size: second }, allowedLateness: lateness }
        : {}),
    })),
  };
}

function harnessOf({ bound, pageBudget }: Shape, job: object): StagesHarness {
  return new StagesHarness({ stream: streamOf(bound), checkpointTurnBytes: 1, pageBudget }, job);
}

function rowOf({ user, time, amount }: EventRow): Row {
  return [user, new Date(time).toISOString().replace("T", " ").replace("Z", ""), amount];
}

function run(
  harness: StagesHarness,
  frames: readonly (readonly EventRow[])[],
  happenings: readonly (readonly Happening[])[],
): void {
  frames.forEach((frame, index) => {
    harness.append(frame.map(rowOf));
    for (const each of happenings[index] ?? []) happen(harness, each);
  });
  harness.settle();
}

function happen(harness: StagesHarness, happened: Happening): void {
  if (!("fates" in happened)) {
    harness.all[happened.to % harness.all.length]?.perform(happened.step);
    return;
  }
  let next = 0;
  harness.deliver(() => happened.fates[next++ % happened.fates.length] ?? "answered");
}

function checkViews(harness: StagesHarness, steps: readonly StepSpec[], views: readonly unknown[][][]): void {
  const firstStage = harness.stages.length - 1 - steps.length;
  views.forEach((expected, step) => {
    const found = harness.rows(firstStage + step).map((row) => row.map(timeless));
    expect(sorted(found)).toEqual(sorted(expected.map((row) => row.map(negativeless))));
  });
}

/** Bounds of windows as numbers. */
function timeless(value: unknown): unknown {
  const isTime = typeof value === "string" && /^\d{4}-\d\d-\d\d /.test(value);
  return isTime ? Date.parse(`${value.replace(" ", "T")}Z`) : negativeless(value);
}

/** Sums may come to either zero. */
function negativeless(value: unknown): unknown {
  return value === 0 ? 0 : value;
}

function sorted(rows: readonly unknown[][]): unknown[][] {
  return [...rows].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}
