/**
 * A dataflow is the batch answer: however its input is cut into frames, through lost calls,
 * checkpoints, evictions and crashes on either side, and behind a savepoint at another parallelism.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { RowKind } from "../../../../src/engine/chain/chain-row.ts";
import type { DataflowDefinition, DataflowStage } from "../../../../src/protocol/dataflow.ts";
import { framesOf } from "../../../arbitraries/partition-runs.ts";
import { type Happening, happenIn, happening } from "../../../arbitraries/stages-runs.ts";
import { chainStream, chainTypes, rowOf } from "../../../support/chain-harness.ts";
import {
  aggregate,
  bigint,
  dataflow,
  eventsSource,
  input,
  int,
  string,
  timestamp,
} from "../../../support/dataflows.ts";
import type { Row } from "../../../support/partition-harness.ts";
import { StagesHarness } from "../../../support/stages-harness.ts";

interface Sale {
  readonly user: string | null;
  readonly second: number;
  readonly amount: number;
}

const sale: fc.Arbitrary<Sale> = fc.record({
  user: fc.option(fc.constantFrom("ann", "bob", "cid", "a name that is longer than others"), { freq: 8 }),
  second: fc.integer({ min: 0, max: 60 }),
  amount: fc.integer({ min: -5, max: 5 }),
});

const source = eventsSource(chainTypes);

const byUser = { stage: 0, operator: { port: 0 }, key: [0], types: chainTypes };
const counts = [
  aggregate("COUNT", bigint),
  aggregate("SUM", int, input(2, int)),
  { ...aggregate("COUNT", bigint, input(2, int)), isDistinct: true },
];
const columns = ["user", "n", "total", "values"].map((name, index) => {
  return { name, type: [string, bigint, int, bigint][index] ?? int };
});

/** Counts, sums and distinct amounts per user, in a view. */
function totals(parallelism: number): DataflowDefinition {
  return dataflow(source, {
    uid: "totals",
    inputs: [byUser],
    parallelism,
    operators: [
      {
        operator: "group aggregate",
        inputs: [{ port: 0 }],
        ...{ key: [0], keyTypes: [string], aggregates: counts },
        ...{ isRetracting: false, sendsUpdateBefore: true, isFolding: false },
      },
    ],
    sinks: [{ sink: "view", name: "out", of: { operator: 0 }, columns, key: [0], retentionMs: null }],
  });
}

/** The same per user and hop of 10 s every 5 s, which the row of the view says. */
function hops(parallelism: number): DataflowDefinition {
  const end = { name: "end", type: timestamp };
  const windows: DataflowStage = {
    uid: "hops",
    inputs: [byUser],
    parallelism,
    operators: [
      {
        operator: "window aggregate",
        inputs: [{ port: 0 }],
        ...{ key: [0], keyTypes: [string], aggregates: counts, isRetracting: false },
        window: { kind: "hop", sizeMs: 10_000, slideMs: 5_000, offsetMs: 0 },
        time: { column: 1 },
        properties: [{ property: "end", type: timestamp }],
        isLegacy: false,
        latenessMs: 0,
      },
    ],
    sinks: [],
  };
  const types = [...columns, end].map(({ type }) => type);
  return dataflow(source, windows, {
    uid: "out",
    inputs: [{ stage: 1, operator: { operator: 0 }, key: [0, 4], types }],
    parallelism: 2,
    operators: [],
    sinks: [
      {
        ...{ sink: "view", name: "out", of: { port: 0 }, retentionMs: null },
        columns: [...columns, end],
        key: [0, 4],
      },
    ],
  });
}

function summed(sales: readonly Sale[]): unknown[] {
  const distinct = new Set(sales.map(({ amount }) => amount));
  return [sales.length, sales.reduce((sum, { amount }) => sum + amount, 0), distinct.size];
}

function totalsBatch(frames: readonly (readonly Sale[])[]): unknown[][] {
  const users = Map.groupBy(frames.flat(), ({ user }) => user);
  return sorted([...users].map(([user, sales]) => [user, ...summed(sales), false]));
}

/** By the watermark before a row's frame, which is the latest time of those before. */
function hopsBatch(frames: readonly (readonly Sale[])[]): unknown[][] {
  const windows = new Map<string, { user: string | null; end: number; sales: Sale[] }>();
  let watermark = Number.NEGATIVE_INFINITY;
  for (const frame of frames) {
    for (const each of frame) {
      const first = Math.floor(each.second / 5) * 5 + 5;
      for (const end of [first, first + 5]) {
        if (end * 1000 - 1 <= watermark) continue;
        const name = `${each.user}/${end}`;
        const known = windows.get(name) ?? { user: each.user, end, sales: [] };
        known.sales.push(each);
        windows.set(name, known);
      }
    }
    watermark = Math.max(watermark, ...frame.map(({ second }) => second * 1000));
  }
  const fired = [...windows.values()].filter(({ end }) => end * 1000 - 1 <= watermark);
  return sorted(
    fired.map(({ user, end, sales }) => [user, ...summed(sales), rowOf([user, end, 0])[1], false]),
  );
}

const jobs = {
  totals: { flow: totals, batch: totalsBatch },
  hops: { flow: hops, batch: hopsBatch },
} as const;

/** A long run: LAW_RUNS=20 multiplies the number of cases. */
const runs = (count: number) => count * Number(process.env.LAW_RUNS ?? 1);

test("a dataflow is the batch answer, whatever is lost and whoever crashes", {
  timeout: 60_000 * runs(1),
}, () => {
  fc.assert(
    fc.property(
      fc.constantFrom<keyof typeof jobs>("totals", "hops"),
      fc.constantFrom(128 * 1024, 32 * 1024 * 1024),
      framesOf(sale),
      fc.array(fc.array(happening, { maxLength: 4 }), { maxLength: 12 }),
      (name, pageBudget, frames, happenings) => {
        const { flow, batch } = jobs[name];
        const options = { stream: chainStream, checkpointTurnBytes: 1, pageBudget };
        const harness = new StagesHarness(options, flow(3));
        append(harness, frames, happenings);
        harness.settle();
        expect(textsOf(harness)).toEqual(batch(frames));
      },
    ),
    { numRuns: runs(40) },
  );
});

test("a dataflow goes on from a savepoint at another parallelism", { timeout: 60_000 * runs(1) }, () => {
  fc.assert(
    fc.property(
      fc.constantFrom<keyof typeof jobs>("totals", "hops"),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 4 }),
      framesOf(sale),
      framesOf(sale),
      (name, before, after, first, second) => {
        const { flow, batch } = jobs[name];
        const options = { stream: chainStream, checkpointTurnBytes: 1 };
        const old = new StagesHarness(options, flow(before));
        append(old, first, []);
        old.settle();
        old.beginSavepoint(7);
        old.settle();
        const restored = old.restart(old.upload(), flow(after));
        append(restored, second, []);
        restored.settle();
        expect(textsOf(restored)).toEqual(batch([...first, ...second]));
      },
    ),
    { numRuns: runs(40) },
  );
});

function append(
  harness: StagesHarness,
  frames: readonly (readonly Sale[])[],
  happenings: readonly (readonly Happening[])[],
): void {
  frames.forEach((frame, index) => {
    harness.append(
      frame.map(({ user, second, amount }): Row => rowOf([user, second, amount, RowKind.Insert])),
    );
    for (const each of happenings[index] ?? []) happenIn(harness, each);
  });
}

/** Rows of the view; its times are written without fraction, unlike those that are appended. */
function textsOf(harness: StagesHarness): unknown[][] {
  return sorted(harness.rows().map((row) => row.map((value) => (isTime(value) ? `${value}.000` : value))));
}

function isTime(value: unknown): boolean {
  return typeof value === "string" && /^\d{4}-.*:\d\d$/.test(value);
}

function sorted(rows: readonly unknown[][]): unknown[][] {
  return [...rows].sort((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1));
}
