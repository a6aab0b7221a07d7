/**
 * The laws of the windowed aggregate, over random jobs, rows, frames, crashes and page budgets:
 * its final content is the batch answer; other frames, another order within the bound, and a restart
 * anywhere change nothing.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  eventAggregates as aggregates,
  eventRowArbitrary,
  eventStream,
  framesOf,
  stepsArbitrary,
  windowBodyOf,
  windowSpecArbitrary,
} from "../../../arbitraries/partition-runs.ts";
import { type EventRow, type WindowSpec, windowedBatch } from "../../../reference/windowed-batch.ts";
import { PartitionHarness, type Row } from "../../../support/partition-harness.ts";

const framesArbitrary = framesOf(eventRowArbitrary);

function jobOf(window: WindowSpec, lateness: number) {
  return { source: "events", key: ["user"], aggregates, ...windowBodyOf(window, lateness) };
}

function rowsOf(frame: readonly EventRow[]): Row[] {
  return frame.map(({ user, time, amount, item }) => [user, textOf(time), amount, item]);
}

function textOf(time: number): string {
  return new Date(time).toISOString().replace("T", " ").replace("Z", "");
}

/** The view's rows as the reference gives them, in the reference's order. */
function contentOf(harness: PartitionHarness, window: WindowSpec): unknown[][] {
  const hasWindow = window.kind !== "none";
  return sorted(
    harness.rows().map((row) => {
      const times = hasWindow ? [row[1], row[2]].map((text) => Date.parse(`${text}Z`)) : [];
      return [row[0], ...times, ...row.slice(hasWindow ? 3 : 1)];
    }),
  );
}

function sorted(rows: readonly unknown[][]): unknown[][] {
  return [...rows].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

/** A long run: LAW_RUNS=20 multiplies the number of cases. */
const runs = (count: number) => count * Number(process.env.LAW_RUNS ?? 1);

describe("the windowed aggregate", { timeout: 120_000 * runs(1) }, () => {
  test("is the batch answer, through crashes, checkpoints and evictions at any point", () => {
    fc.assert(
      fc.property(
        windowSpecArbitrary,
        fc.constantFrom(0, 5, 60),
        fc.constantFrom(0, 30),
        framesArbitrary,
        stepsArbitrary,
        fc.constantFrom(128 * 1024, 32 * 1024 * 1024),
        (window, lateness, bound, frames, steps, pageBudget) => {
          // A page a turn: checkpoints are written over several turns, and crashes leave them half-written.
          const options = { checkpointTurnBytes: 1, pageBudget };
          const harness = new PartitionHarness({ stream: eventStream(bound), ...options });
          harness.startJob("job", jobOf(window, lateness));
          frames.forEach((frame, index) => {
            harness.append(rowsOf(frame));
            for (const step of steps[index] ?? []) harness.perform(step);
          });
          harness.settle();
          const expected = windowedBatch(frames, window, lateness, bound);
          expect(contentOf(harness, window)).toEqual(sorted(expected.rows));
          expect(harness.partition.jobs.statuses()[0]?.counts.late).toBe(expected.late);
          expect(harness.partition.letters.read({ job: "job", limit: 1000 }).letters).toHaveLength(
            expected.late,
          );
        },
      ),
      { numRuns: runs(150) },
    );
  });

  test("is the same however its input is cut into frames, when nothing is late", () => {
    fc.assert(
      fc.property(
        windowSpecArbitrary,
        framesArbitrary,
        fc.integer({ min: 1, max: 9 }),
        (window, frames, cut) => {
          const rows = frames.flat();
          const bound = 1000;
          const [one, other] = [frames, chunks(rows, cut)].map((input) => {
            const harness = new PartitionHarness({ stream: eventStream(bound) });
            harness.startJob("job", jobOf(window, 0));
            for (const frame of input) harness.append(rowsOf(frame));
            harness.settle();
            return harness.rows();
          });
          expect(one).toEqual(other);
        },
      ),
      { numRuns: runs(40) },
    );
  });
});

describe("an order of rows within the bound", { timeout: 60_000 * runs(1) }, () => {
  const bound = 60;
  const summing = {
    n: { function: "count" },
    total: { function: "sum", argument: "amount" },
    mean: { function: "avg", argument: "amount" },
    least: { function: "min", argument: "item" },
    most: { function: "max", argument: "amount" },
  };
  const delayedRow = fc.record({
    row: eventRowArbitrary,
    amount: fc.double({ min: -1e6, max: 1e6, noNaN: true }),
    /** How much later than its time a row comes, in each of two orders. */
    delays: fc.tuple(fc.nat(bound - 1), fc.nat(bound - 1)),
  });

  test("changes nothing but the last digits of sums of DOUBLE", () => {
    fc.assert(
      fc.property(
        windowSpecArbitrary,
        fc.array(delayedRow, { minLength: 1, maxLength: 60 }),
        fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 })),
        (window, rows, cuts) => {
          const [one, other] = ([0, 1] as const).map((order) => {
            const arrived = [...rows].sort(
              (a, b) => a.row.time + a.delays[order] - (b.row.time + b.delays[order]),
            );
            const harness = new PartitionHarness({ stream: eventStream(bound) });
            harness.startJob("job", { ...jobOf(window, 0), aggregates: summing });
            for (const frame of chunks(arrived, cuts[order])) {
              harness.append(rowsOf(frame.map(({ row, amount }) => ({ ...row, amount }))));
            }
            harness.turn(() => harness.partition.setWatermark(1, 1000n));
            harness.settle();
            expect(harness.partition.jobs.statuses()[0]?.counts.late).toBe(0);
            return harness.rows();
          });
          expectNearlyEqual(one ?? [], other ?? [], rows);
        },
      ),
      { numRuns: runs(80) },
    );
  });

  /** Columns from the back: mean and total are DOUBLE. Their error is relative to what was added up. */
  function expectNearlyEqual(
    one: unknown[][],
    other: unknown[][],
    rows: readonly { readonly amount: number }[],
  ): void {
    const tolerance = 1e-9 * Math.max(1, ...rows.map(({ amount }) => Math.abs(amount))) * rows.length;
    const exact = (row: unknown[]) => [...row.slice(0, -5), ...row.slice(-3)];
    expect(one.map(exact)).toEqual(other.map(exact));
    for (const [index, row] of one.entries()) {
      const [total, mean] = row.slice(-5, -3) as [number, number];
      const [otherTotal, otherMean] = (other[index] ?? []).slice(-5, -3) as [number, number];
      expect(Math.abs(total - otherTotal)).toBeLessThanOrEqual(tolerance);
      expect(Math.abs(mean - otherMean)).toBeLessThanOrEqual(tolerance);
    }
  }
});

describe("a state several times its page budget", { timeout: 60_000 }, () => {
  const pageBudget = 1024 * 1024;

  test("is exact, through checkpoints, evictions and a crash", () => {
    const harness = new PartitionHarness({ stream: eventStream(0), pageBudget });
    harness.startJob("job", jobOf({ kind: "none", size: 1, step: 1, offset: 0 }, 0));
    const expected = new Map<string, number>();
    for (let frame = 0; frame < 1200; frame++) {
      harness.append(rowsOfUsers(20, (row) => `user ${(frame * 977 + row * 3111) % 20_011}`, expected));
      harness.settle();
      if (frame === 800) harness.crash();
    }
    expect(harness.partition.jobs.statuses()[0]?.stateBytesInMemory).toBeLessThan(1.1 * pageBudget);
    expect(new Map(harness.rows().map((row) => [row[0], row[1]]))).toEqual(expected);
    expect(harness.storage.bytes()).toBeGreaterThan(2 * pageBudget);
  });

  test("fails the job, and only the job, when one record needs more pages than that", () => {
    const harness = new PartitionHarness({ stream: eventStream(0), pageBudget });
    harness.startJob("job", jobOf({ kind: "none", size: 1, step: 1, offset: 0 }, 0));
    harness.append(rowsOfUsers(14_000, (row) => `a user with a name of some length ${row}`, new Map()));
    expect(() => harness.settle()).toThrow(/page budget is 1048576 bytes/);
    expect(harness.append(rowsOfUsers(1, () => "a", new Map())).status).toBe("logged");
    expect(harness.partition.jobs.statuses()[0]).toMatchObject({ state: "failed", appliedOffset: 0 });
  });
});

function rowsOfUsers(count: number, userOf: (row: number) => string, counts: Map<string, number>): Row[] {
  return Array.from({ length: count }, (_, row) => {
    const user = userOf(row);
    counts.set(user, (counts.get(user) ?? 0) + 1);
    return [user, textOf(0), 1, null];
  });
}

function chunks<Item>(items: readonly Item[], size: number): Item[][] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, index) => items.slice(index * size, (index + 1) * size));
}
