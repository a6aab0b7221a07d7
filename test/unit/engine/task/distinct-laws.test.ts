/**
 * Aggregates of distinct values, of every kind of column, are those of the sets of values: with tumbling
 * windows that late rows fire again and without windows, in small budgets, through crashes and checkpoints,
 * and in two stages as in one.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  framesOf,
  stepsArbitrary,
  windowBodyOf,
  windowSpecArbitrary,
} from "../../../arbitraries/partition-runs.ts";
import { Random } from "../../../arbitraries/random.ts";
import { hasDistinct } from "../../../reference/cascade-batch.ts";
import { groupRows, type WindowSpec } from "../../../reference/windowed-batch.ts";
import { PartitionHarness, type Row } from "../../../support/partition-harness.ts";
import { StagesHarness } from "../../../support/stages-harness.ts";

interface ItemRow {
  readonly user: string | null;
  readonly time: number;
  readonly item: string | null;
  readonly amount: number | null;
  readonly cents: number | null;
  readonly score: number | null;
  readonly rush: boolean | null;
}

const streamOf = (bound: number) => ({
  columns: [
    { name: "user", type: "STRING" },
    { name: "time", type: "TIMESTAMP(3)" },
    { name: "item", type: "STRING" },
    { name: "amount", type: "INT" },
    { name: "price", type: "DECIMAL(9, 2)" },
    { name: "score", type: "DOUBLE" },
    { name: "rush", type: "BOOLEAN" },
  ],
  eventTime: { column: "time", outOfOrderness: bound },
});

const distinct = true;

const aggregates = {
  n: { function: "count" },
  items: { function: "count", argument: "item", distinct },
  amounts: { function: "count", argument: "amount", distinct },
  all_amounts: { function: "count", argument: "amount" },
  amount_sum: { function: "sum", argument: "amount", distinct },
  price_sum: { function: "sum", argument: "price", distinct },
  score_mean: { function: "avg", argument: "score", distinct },
  scores: { function: "count", argument: "score", distinct },
  kinds: { function: "count", argument: "rush", distinct },
  least: { function: "min", argument: "item", distinct },
};

const rowArbitrary: fc.Arbitrary<ItemRow> = fc.record({
  user: fc.option(fc.constantFrom("a", "b", "a much longer key than the others have"), { freq: 8 }),
  time: fc.integer({ min: -200, max: 400 }),
  item: fc.option(
    fc.oneof(fc.constantFrom("", "x", "x".repeat(700), "y".repeat(2048)), fc.string({ maxLength: 3 })),
    { freq: 6 },
  ),
  amount: fc.option(fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom(2 ** 31 - 1, -(2 ** 31))), {
    freq: 6,
  }),
  cents: fc.option(fc.integer({ min: -5, max: 5 }), { freq: 6 }),
  score: fc.option(
    fc.integer({ min: -8, max: 8 }).map((eighths) => eighths / 8),
    { freq: 6 },
  ),
  rush: fc.option(fc.boolean(), { freq: 2 }),
});

function rowOf({ user, time, item, amount, cents, score, rush }: ItemRow): Row {
  const price = cents === null ? null : (cents / 100).toFixed(2);
  return [
    user,
    new Date(time).toISOString().replace("T", " ").replace("Z", ""),
    item,
    amount,
    price,
    score,
    rush,
  ];
}

function batchOf(
  frames: readonly (readonly ItemRow[])[],
  window: WindowSpec,
  lateness: number,
  bound: number,
): unknown[][] {
  const { groups } = groupRows(frames, {
    ...{ window, lateness, bound, keyOf: ({ user }: ItemRow) => JSON.stringify(user), passes: () => true },
  });
  return groups.map(({ start, end, isFinal, rows }) => {
    const setOf = <Value>(read: (row: ItemRow) => Value | null) =>
      [...new Set(rows.map(read))].filter((value): value is Value & {} => value !== null);
    const sumOf = (values: readonly number[]) =>
      values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0);
    const [items, amounts, cents] = [
      setOf((row) => row.item),
      setOf((row) => row.amount),
      setOf((row) => row.cents),
    ];
    const scores = setOf((row) => row.score);
    const scoreSum = sumOf(scores);
    const price = sumOf(cents);
    return [
      rows[0]?.user ?? null,
      ...(window.kind === "none" ? [] : [start, end]),
      rows.length,
      items.length,
      amounts.length,
      rows.filter(({ amount }) => amount !== null).length,
      sumOf(amounts),
      price === null ? null : price / 100,
      scoreSum === null ? null : scoreSum / scores.length,
      scores.length,
      setOf((row) => row.rush).length,
      items.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))[0] ?? null,
      isFinal,
    ];
  });
}

/** Rows of a view as the batch gives them. */
function plain(rows: readonly unknown[][], window: WindowSpec): unknown[][] {
  const times = window.kind === "none" ? 0 : 2;
  return rows.map((row) =>
    row.map((value, index) => {
      if (index > 0 && index <= times) return Date.parse(`${String(value).replace(" ", "T")}Z`);
      return index === times + 6 && value !== null ? Number(value) : value === 0 ? 0 : value;
    }),
  );
}

function sorted(rows: readonly unknown[][]): unknown[][] {
  return rows
    .map((row) => row.map((value) => (value === 0 ? 0 : value)))
    .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

const windowArbitrary = windowSpecArbitrary.filter(hasDistinct);

/** A long run: LAW_RUNS=20 multiplies the number of cases. */
const runs = (count: number) => count * Number(process.env.LAW_RUNS ?? 1);

describe("distinct values", { timeout: 120_000 * runs(1) }, () => {
  test("are sets, through crashes at any point and in small budgets", () => {
    fc.assert(
      fc.property(
        windowArbitrary,
        fc.constantFrom(0, 60),
        fc.constantFrom(0, 30),
        framesOf(rowArbitrary),
        stepsArbitrary,
        fc.constantFrom(384 * 1024, 32 * 1024 * 1024),
        (window, lateness, bound, frames, steps, pageBudget) => {
          const harness = new PartitionHarness({
            ...{ stream: streamOf(bound), checkpointTurnBytes: 1, pageBudget },
          });
          harness.startJob("job", {
            source: "events",
            key: ["user"],
            aggregates,
            ...windowBodyOf(window, lateness),
          });
          frames.forEach((frame, index) => {
            harness.append(frame.map(rowOf));
            for (const step of steps[index] ?? []) harness.perform(step);
          });
          harness.settle();
          const found = plain(harness.rows("job"), window);
          expect(sorted(found)).toEqual(sorted(batchOf(frames, window, lateness, bound)));
        },
      ),
      { numRuns: runs(100) },
    );
  });

  test("are sets behind an exchange, where rows travel each for itself, and over a savepoint", () => {
    fc.assert(
      fc.property(
        windowArbitrary,
        fc.constantFrom(0, 60),
        fc.tuple(framesOf(rowArbitrary), framesOf(rowArbitrary)),
        fc.tuple(fc.integer({ min: 2, max: 4 }), fc.integer({ min: 2, max: 4 })),
        (window, lateness, [frames, more], [before, after]) => {
          const jobOf = (parallelism: number) => ({
            ...{
              source: "events",
              key: ["user"],
              parallelism,
              aggregates,
              ...windowBodyOf(window, lateness),
            },
          });
          const old = new StagesHarness({ stream: streamOf(30), checkpointTurnBytes: 1 }, jobOf(before));
          for (const frame of frames) old.append(frame.map(rowOf));
          old.settle();
          old.beginSavepoint(7);
          old.settle();
          const restored = old.restart(old.upload(), jobOf(after));
          for (const frame of more) restored.append(frame.map(rowOf));
          restored.settle();
          const found = plain(restored.rows(), window);
          expect(sorted(found)).toEqual(sorted(batchOf([...frames, ...more], window, lateness, 30)));
        },
      ),
      { numRuns: runs(40) },
    );
  });

  test("of one key may be more than a record leaves room for: pages are stored in its middle", () => {
    const harness = new PartitionHarness({
      ...{ stream: streamOf(0), checkpointTurnBytes: 64 * 1024, pageBudget: 10 * 1024 * 1024 },
    });
    const { n, items } = aggregates;
    harness.startJob("job", { source: "events", key: ["user"], aggregates: { n, items } });
    const random = new Random(5);
    const texts = new Set<string>();
    for (let frame = 0; frame < 8; frame++) {
      const rows = Array.from({ length: 1500 }, (): Row => {
        const text = `${random.below(20_000)}`.padStart(500, "x");
        texts.add(text);
        return ["a", "1970-01-01 00:00:00", text, null, null, null, null];
      });
      harness.append(rows);
      harness.settle();
      if (frame % 3 === 2) harness.crash();
    }
    harness.settle();
    expect(harness.rows("job")).toEqual([["a", 12_000, texts.size, false]]);
  });
});
