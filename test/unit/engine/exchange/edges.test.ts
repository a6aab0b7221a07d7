/** Edges other than by hash: what each receiver gets, however often the sender starts again. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Step, stepArbitrary } from "../../../arbitraries/partition-runs.ts";
import type { Row } from "../../../support/partition-harness.ts";
import { type Fate, StagesHarness } from "../../../support/stages-harness.ts";

const stream = {
  columns: [
    { name: "user", type: "STRING" },
    { name: "time", type: "TIMESTAMP(3)" },
  ],
  eventTime: { column: "time" },
};

const job = {
  source: "events",
  filter: ["not", ["=", "user", { literal: "eve" }]],
  key: ["user"],
  twoPhase: false,
  aggregates: { n: { function: "count" } },
};

const users = ["ann", "bob", "cid", "dan", "eve"] as const;

/** Frames of rows by the number of their user, and what happens behind each. */
const runArbitrary = fc.record({
  parallelism: fc.integer({ min: 2, max: 4 }),
  frames: fc.array(fc.array(fc.constantFrom(...users), { minLength: 1, maxLength: 9 }), { maxLength: 8 }),
  steps: fc.array(fc.array(stepArbitrary, { maxLength: 3 }), { maxLength: 8 }),
  fates: fc.array(fc.constantFrom<Fate>("answered", "request lost", "answer lost"), { minLength: 1 }),
});

type Run = ReturnType<typeof runArbitrary.generate>["value"];

/** The rows that pass the filter. */
function passing({ frames }: Run): string[] {
  return frames.flat().filter((user) => user !== "eve");
}

/** Of each receiver how many rows of each user it counts. */
function countsOf(edge: "broadcast" | "rebalance", run: Run, isCalm: boolean): Record<string, number>[] {
  const harness = new StagesHarness({ stream }, { ...job, parallelism: run.parallelism }, { edge });
  let fate = 0;
  run.frames.forEach((frame, index) => {
    harness.append(frame.map((user): Row => [user, "1970-01-01 00:00:01"]));
    if (isCalm) return;
    for (const step of run.steps[index] ?? []) harness.source.perform(step satisfies Step);
    harness.deliver(() => run.fates[fate++ % run.fates.length] ?? "answered");
  });
  harness.settle();
  return harness.last.map((partition) =>
    Object.fromEntries(partition.rows().map(([user, n]) => [String(user), Number(n)])),
  );
}

function rowsOf(counts: Record<string, number>): number {
  return Object.values(counts).reduce((sum, n) => sum + n, 0);
}

describe("rows go", { timeout: 60_000 }, () => {
  test("by broadcast to each receiver, once", () => {
    fc.assert(
      fc.property(runArbitrary, (run) => {
        const all: Record<string, number> = {};
        for (const user of passing(run)) all[user] = (all[user] ?? 0) + 1;
        const found = countsOf("broadcast", run, false);
        expect(found).toEqual(Array.from({ length: run.parallelism }, () => all));
      }),
      { numRuns: 30 },
    );
  });

  test("by rebalance to each receiver in turn, and by a replay to the same", () => {
    fc.assert(
      fc.property(runArbitrary, (run) => {
        const found = countsOf("rebalance", run, false);
        expect(found).toEqual(countsOf("rebalance", run, true));
        const rows = found.map(rowsOf);
        expect(rows.reduce((sum, n) => sum + n, 0)).toBe(passing(run).length);
        // Of one frame no receiver gets two rows more than another.
        const [fewest, most] = [Math.min(...rows), Math.max(...rows)];
        expect(most - fewest).toBeLessThanOrEqual(run.frames.length);
      }),
      { numRuns: 30 },
    );
  });

  test("by rebalance in turn too where each record brings one", () => {
    const frames = Array.from({ length: 12 }, () => ["ann" as const]);
    const run: Run = { parallelism: 3, frames, steps: [], fates: ["answered"] };
    expect(countsOf("rebalance", run, true).map(rowsOf)).toEqual([4, 4, 4]);
  });
});
