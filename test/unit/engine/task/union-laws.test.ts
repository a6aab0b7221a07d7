/**
 * A job that reads two streams is the batch answer of both together, however their rows come to be between
 * each other, through lost calls, checkpoints, crashes and savepoints.
 *
 * Of each stream the rows come in order of time, and equal times are no later, so that none is late,
 * whatever the other stream does.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { orderArbitrary, orderRowOf, sortedRows } from "../../../arbitraries/orders.ts";
import {
  type Step,
  stepArbitrary,
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
} from "../../../reference/orders-batch.ts";
import { PartitionHarness, type Row } from "../../../support/partition-harness.ts";
import { type Fate, StagesHarness } from "../../../support/stages-harness.ts";

const partitionsMax = 3;
const maxWatermark = 2n ** 63n - 1n;

/** What happens between two appends: something to one partition, or a delivery. */
type Happening = { readonly to: number; readonly step: Step } | { readonly fates: readonly Fate[] };

const fate = fc.constantFrom<Fate>("answered", "answered", "request lost", "answer lost");
const happening: fc.Arbitrary<Happening> = fc.oneof(
  fc.record({ to: fc.integer({ min: 0, max: partitionsMax + 1 }), step: stepArbitrary }),
  fc.record({ fates: fc.array(fate, { minLength: 1, maxLength: 4 }) }),
);

/** Rows that come to one of the two streams together, and what happens behind them. */
const append = fc.record({
  source: fc.integer({ min: 0, max: 1 }),
  rows: fc.array(orderArbitrary, { minLength: 1, maxLength: 6 }),
  happenings: fc.array(happening, { maxLength: 3 }),
});

const appends = fc.array(append, { minLength: 1, maxLength: 16 }).map(inOrder);

const jobs = {
  sales: { body: united(salesBody, "last_quantity"), batch: salesBatch },
  prices: { body: united(pricesBody, "first_placed"), batch: pricesBatch },
} as const;

/** The second stream has the same columns in another order, and its event time under another name. */
const moreColumns = [5, 3, 0, 4, 1, 2].map((index) => orderColumns[index]);
const others = {
  columns: [...moreColumns, { name: "at", type: "TIMESTAMP(3)" }],
  eventTime: { column: "at", outOfOrderness: 1 },
};

function otherRowOf(row: OrderRow): Row {
  const [time, account, placed, price, quantity, rush] = orderRowOf(row);
  return [
    rush ?? null,
    price ?? null,
    time ?? null,
    quantity ?? null,
    account ?? null,
    placed ?? null,
    time ?? null,
  ];
}

const runs = (count: number) => count * Number(process.env.LAW_RUNS ?? 1);

describe("a job that reads two streams", { timeout: 120_000 * runs(1) }, () => {
  test("is the batch answer of both, whatever is lost and whoever crashes", () => {
    fc.assert(
      fc.property(
        fc.constantFrom<keyof typeof jobs>("sales", "prices"),
        windowSpecArbitrary,
        fc.record({
          parallelism: fc.integer({ min: 1, max: partitionsMax }),
          twoPhase: fc.boolean(),
          pageBudget: fc.constantFrom(128 * 1024, 32 * 1024 * 1024),
        }),
        appends,
        (name, window, { parallelism, twoPhase, pageBudget }, given) => {
          const body = { ...jobs[name].body, ...windowBodyOf(window, 0), parallelism, twoPhase };
          const harness = start(body, pageBudget);
          for (const each of given) perform(harness, each);
          end(harness);
          expect(harness.rows()).toEqual(expected(name, window, given));
          expect(harness.counts().late).toBe(0);
        },
      ),
      { numRuns: runs(100) },
    );
  });

  test("goes on from a savepoint as if nothing had been", () => {
    fc.assert(
      fc.property(
        fc.constantFrom<keyof typeof jobs>("sales", "prices"),
        windowSpecArbitrary,
        fc.record({ before: fc.integer({ min: 1, max: 3 }), after: fc.integer({ min: 1, max: 4 }) }),
        fc.integer({ min: 0, max: 12 }),
        appends,
        (name, window, { before, after }, at, given) => {
          const body = { ...jobs[name].body, ...windowBodyOf(window, 0) };
          const old = start({ ...body, parallelism: before }, 32 * 1024 * 1024);
          given.forEach((each, index) => {
            if (index === Math.min(at, given.length - 1)) old.beginSavepoint(7);
            perform(old, each);
          });
          old.settle();
          const restored = old.restart(old.upload(), { ...body, parallelism: after });
          end(restored);
          expect(restored.rows()).toEqual(expected(name, window, given));
          expect(restored.counts().late).toBe(0);
        },
      ),
      { numRuns: runs(60) },
    );
  });
});

type Append = Parameters<Parameters<typeof appends.map>[0]>[0][number];

function start(body: object, pageBudget: number): StagesHarness {
  const options = {
    stream: { columns: orderColumns, eventTime: { column: "time", outOfOrderness: 1 } },
    checkpointTurnBytes: 1,
  };
  const sources = [
    new PartitionHarness({ ...options, pageBudget }),
    new PartitionHarness({
      ...{ ...options, pageBudget, stream: others },
      identity: { stream: "others", generation: 2 },
    }),
  ];
  return new StagesHarness({ ...options, pageBudget }, body, { sources });
}

function perform(harness: StagesHarness, { source, rows, happenings }: Append): void {
  harness.append(rows.map(source === 0 ? orderRowOf : otherRowOf), source);
  for (const happened of happenings) {
    if ("step" in happened) harness.all[happened.to % harness.all.length]?.perform(happened.step);
    else {
      let next = 0;
      harness.deliver(() => happened.fates[next++ % happened.fates.length] ?? "answered");
    }
  }
}

/** Ends both streams, so that every window fires. */
function end(harness: StagesHarness): void {
  for (const source of harness.sources) {
    const { generation } = source.identity;
    source.turn(() => source.partition.setWatermark(generation, maxWatermark));
  }
  harness.settle();
}

function expected(
  name: keyof typeof jobs,
  window: Parameters<typeof salesBatch>[1],
  given: readonly Append[],
): unknown[][] {
  const { rows } = jobs[name].batch([given.flatMap((each) => each.rows)], window, 0, 1_000_000);
  const isFinal = (final: unknown) => (window.kind === "none" ? final : true);
  return sortedRows(rows.map((row) => [...row.slice(0, -2), isFinal(row.at(-1))]));
}

/** A job over both streams, without the aggregate that depends on the order of rows. */
function united<Body extends { readonly aggregates: object }>(body: Body, name: string): object {
  const aggregates = Object.entries(body.aggregates).filter(([each]) => each !== name);
  return { ...body, source: ["events", "others"], aggregates: Object.fromEntries(aggregates) };
}

/** Gives each stream its times in ascending order. */
function inOrder<Each extends { readonly source: number; readonly rows: readonly OrderRow[] }>(
  given: readonly Each[],
): Each[] {
  const times = [0, 1].map((source) => {
    const own = given.filter((each) => each.source === source).flatMap(({ rows }) => rows);
    return own.map(({ time }) => time).sort((left, right) => left - right);
  });
  return given.map((each) => ({
    ...each,
    rows: each.rows.map((row) => ({ ...row, time: times[each.source]?.shift() ?? row.time })),
  }));
}
