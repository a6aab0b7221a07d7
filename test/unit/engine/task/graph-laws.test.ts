/**
 * Steps that read several others, or one that others read too, come to what they would be if each were made
 * from scratch of all rows of what it reads: through lost calls, checkpoints, evictions and crashes of any
 * partition, and over a savepoint.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type GraphRun,
  graphArbitrary,
  graphBody,
  graphColumns,
  graphRowArbitrary,
} from "../../../arbitraries/graphs.ts";
import {
  framesOf,
  type Step,
  stepArbitrary,
  windowSpecArbitrary,
} from "../../../arbitraries/partition-runs.ts";
import { type Graph, type GraphRow, graphBatch } from "../../../reference/graph-batch.ts";
import type { Row } from "../../../support/partition-harness.ts";
import { type Fate, StagesHarness } from "../../../support/stages-harness.ts";

const shape = {
  window: windowSpecArbitrary,
  lateness: fc.constantFrom(0, 0, 60),
  bound: fc.constantFrom(0, 30),
};
const shapes = fc.record({ ...shape, readsSource: fc.constant(false) });
const shapesOverSource = fc.record({ ...shape, readsSource: fc.constant(true) });

const runArbitrary = fc.record({
  parallelism: fc.integer({ min: 1, max: 3 }),
  firstParallelism: fc.integer({ min: 1, max: 3 }),
  twoPhase: fc.boolean(),
  pageBudget: fc.constantFrom(128 * 1024, 32 * 1024 * 1024),
});

type Run = GraphRun & { readonly pageBudget: number };

const fate = fc.constantFrom<Fate>("answered", "answered", "request lost", "answer lost");

type Happening = { readonly to: number; readonly step: Step } | { readonly fates: readonly Fate[] };

const happeningsArbitrary = fc.array(
  fc.array(
    fc.oneof(
      fc.record({ to: fc.nat(40), step: stepArbitrary }),
      fc.record({ fates: fc.array(fate, { minLength: 1, maxLength: 4 }) }),
    ),
    { maxLength: 4 },
  ),
  { maxLength: 12 },
);

const framesArbitrary = framesOf(graphRowArbitrary);

/** A long run: LAW_RUNS=20 multiplies the number of cases. */
const runs = (count: number) => count * Number(process.env.LAW_RUNS ?? 1);

describe("a graph of steps", { timeout: 120_000 * runs(1) }, () => {
  test("is the batch answer of what each reads, whatever is lost and whoever crashes", () => {
    fc.assert(
      fc.property(
        graphArbitrary(shapes),
        runArbitrary,
        framesArbitrary,
        happeningsArbitrary,
        (graph, run, frames, happenings) => {
          const harness = start(graph, run);
          live(harness, frames, happenings);
          check(harness, graph, frames);
        },
      ),
      { numRuns: runs(150) },
    );
  });

  test("may read what the job reads, beside a first step in stages of its own", () => {
    fc.assert(
      fc.property(
        graphArbitrary(shapesOverSource),
        runArbitrary,
        framesArbitrary,
        happeningsArbitrary,
        (graph, drawn, frames, happenings) => {
          const run = { ...drawn, firstParallelism: drawn.firstParallelism + 1 };
          const harness = start(graph, run);
          live(harness, frames, happenings);
          check(harness, graph, frames);
        },
      ),
      { numRuns: runs(80) },
    );
  });

  test("goes on from a savepoint with another parallelism as if nothing had been", () => {
    fc.assert(
      fc.property(
        graphArbitrary(fc.record({ ...shape, readsSource: fc.boolean() })),
        runArbitrary,
        fc.tuple(framesArbitrary, framesArbitrary),
        happeningsArbitrary,
        fc.integer({ min: 1, max: 4 }),
        (graph, drawn, [frames, more], happenings, parallelism) => {
          const run = { ...drawn, firstParallelism: drawn.firstParallelism + 1 };
          const old = start(graph, run);
          live(old, frames, happenings);
          old.beginSavepoint(7);
          old.settle();
          const body = graphBody(graph, { ...run, parallelism, firstParallelism: parallelism + 1 });
          const restored = old.restart(old.upload(), body);
          for (const frame of more) restored.append(frame.map(rowOf));
          restored.settle();
          check(restored, graph, [...frames, ...more]);
        },
      ),
      { numRuns: runs(60) },
    );
  });
});

function start(graph: Graph, run: Run): StagesHarness {
  const stream = { columns: graphColumns, eventTime: { column: "time", outOfOrderness: graph.bound } };
  const options = { stream, checkpointTurnBytes: 1, pageBudget: run.pageBudget };
  return new StagesHarness(options, graphBody(graph, run));
}

function rowOf({ user, item, time, v }: GraphRow): Row {
  return [user, item, new Date(time).toISOString().replace("T", " ").replace("Z", ""), v];
}

function live(
  harness: StagesHarness,
  frames: readonly (readonly GraphRow[])[],
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

function check(harness: StagesHarness, graph: Graph, frames: readonly (readonly GraphRow[])[]): void {
  const { views, late } = graphBatch(frames, graph);
  const first = harness.stages.length - views.length;
  views.forEach((expected, step) => {
    const found = harness.rows(first + step).map((row) => row.map(timeless));
    expect([step, sorted(found)]).toEqual([step, sorted(expected)]);
  });
  expect(harness.counts(first).late).toBe(late);
}

/** Bounds of windows as numbers. */
function timeless(value: unknown): unknown {
  const isTime = typeof value === "string" && /^\d{4}-\d\d-\d\d /.test(value);
  return isTime ? Date.parse(`${value.replace(" ", "T")}Z`) : value;
}

function sorted(rows: readonly unknown[][]): unknown[][] {
  return [...rows].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}
