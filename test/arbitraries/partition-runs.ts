/**
 * Generators of what happens to a partition while a job runs: windows of the job, work, checkpoints, crashes.
 */
import fc from "fast-check";
import type { EventRow, WindowSpec } from "../reference/windowed-batch.ts";

export type Step =
  | { readonly do: "work"; readonly slices: number }
  | { readonly do: "checkpoint"; readonly slices: number }
  | { readonly do: "crash"; readonly midTurn: boolean };

export const stepArbitrary: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant("work" as const), slices: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ do: fc.constant("checkpoint" as const), slices: fc.integer({ min: 0, max: 9 }) }),
  fc.record({ do: fc.constant("crash" as const), midTurn: fc.boolean() }),
);

/** Up to three steps behind each of twelve frames. */
export const stepsArbitrary: fc.Arbitrary<Step[][]> = fc.array(fc.array(stepArbitrary, { maxLength: 3 }), {
  minLength: 12,
  maxLength: 12,
});

/** Frames of a few rows, at most twelve. */
export function framesOf<Row>(row: fc.Arbitrary<Row>): fc.Arbitrary<Row[][]> {
  return fc.array(fc.array(row, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 12 });
}

export const windowSpecArbitrary: fc.Arbitrary<WindowSpec> = fc
  .record({
    kind: fc.constantFrom("tumble", "hop", "cumulate", "none"),
    step: fc.constantFrom(10, 25, 100),
    // From six slices on windows share sums.
    steps: fc.constantFrom(1, 2, 3, 4, 6, 9),
    offset: fc.integer({ min: 0, max: 9 }),
  })
  .map(({ kind, step, steps, offset }) => {
    const isWhole = kind === "tumble" || kind === "none";
    return { kind, step, size: isWhole ? step : step * steps, offset } as WindowSpec;
  });

/** What a job's body says of its window. */
export function windowBodyOf({ kind, size, step, offset }: WindowSpec, lateness: number): object {
  const windows = {
    tumble: { type: "tumble", size, offset },
    hop: { type: "hop", size, slide: step, offset },
    cumulate: { type: "cumulate", size, step, offset },
    none: undefined,
  };
  const window = windows[kind];
  return window ? { window, allowedLateness: lateness } : {};
}

/** A stream of rows of `EventRow`, out of order by at most `bound` ms. */
export const eventStream = (bound: number) => ({
  columns: [
    { name: "user", type: "STRING" },
    { name: "time", type: "TIMESTAMP(3)" },
    { name: "amount", type: "DOUBLE" },
    { name: "item", type: "STRING" },
  ],
  eventTime: { column: "time", outOfOrderness: bound },
});

/** What `windowedBatch` folds a group of `EventRow` to, as a job's aggregates. */
export const eventAggregates = {
  n: { function: "count" },
  total: { function: "sum", argument: "amount" },
  least: { function: "min", argument: "item" },
  most: { function: "max", argument: "amount" },
  first: { function: "first_value", argument: "item" },
  last: { function: "last_value", argument: "amount" },
};

export const eventRowArbitrary: fc.Arbitrary<EventRow> = fc.record({
  user: fc.option(fc.constantFrom("a", "b", "carol", "a much longer key than the others have"), { freq: 8 }),
  time: fc.integer({ min: -200, max: 400 }),
  amount: fc.option(fc.integer({ min: -50, max: 50 }), { freq: 6 }),
  item: fc.option(fc.string({ maxLength: 12 }), { freq: 6 }),
});
