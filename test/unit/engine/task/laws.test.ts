/**
 * The laws of the windowed aggregate, over random jobs, rows, frames, crashes and page budgets:
 * its final content is the batch answer; other frames, another order within the bound, and a restart
 * anywhere change nothing.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type EventRow, type WindowSpec, windowedBatch } from "../../../reference/windowed-batch.ts";
import { PartitionHarness, type Row } from "../../../support/partition-harness.ts";

const stream = (bound: number) => ({
  columns: [
    { name: "user", type: "STRING" },
    { name: "time", type: "TIMESTAMP(3)" },
    { name: "amount", type: "DOUBLE" },
    { name: "item", type: "STRING" },
  ],
  eventTime: { column: "time", outOfOrderness: bound },
});

const aggregates = {
  n: { function: "count" },
  total: { function: "sum", argument: "amount" },
  least: { function: "min", argument: "item" },
  most: { function: "max", argument: "amount" },
  first: { function: "first_value", argument: "item" },
  last: { function: "last_value", argument: "amount" },
};

const windowArbitrary: fc.Arbitrary<WindowSpec> = fc
  .record({
    kind: fc.constantFrom("tumble", "hop", "cumulate", "none"),
    step: fc.constantFrom(10, 25, 100),
    steps: fc.integer({ min: 1, max: 4 }),
    offset: fc.integer({ min: 0, max: 9 }),
  })
  .map(({ kind, step, steps, offset }) => {
    const isWhole = kind === "tumble" || kind === "none";
    return { kind, step, size: isWhole ? step : step * steps, offset } as WindowSpec;
  });

const rowArbitrary: fc.Arbitrary<EventRow> = fc.record({
  user: fc.option(fc.constantFrom("a", "b", "carol", "a much longer key than the others have"), { freq: 8 }),
  time: fc.integer({ min: -200, max: 400 }),
  amount: fc.option(fc.integer({ min: -50, max: 50 }), { freq: 6 }),
  item: fc.option(fc.string({ maxLength: 12 }), { freq: 6 }),
});

const framesArbitrary = fc.array(fc.array(rowArbitrary, { minLength: 1, maxLength: 6 }), {
  minLength: 1,
  maxLength: 12,
});

type Step =
  | { readonly do: "work"; readonly slices: number }
  | { readonly do: "checkpoint"; readonly slices: number }
  | { readonly do: "crash"; readonly midTurn: boolean };

const stepArbitrary: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant("work" as const), slices: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ do: fc.constant("checkpoint" as const), slices: fc.integer({ min: 0, max: 9 }) }),
  fc.record({ do: fc.constant("crash" as const), midTurn: fc.boolean() }),
);

function jobOf(window: WindowSpec, lateness: number) {
  const { kind, size, step, offset } = window;
  const windows = {
    tumble: { type: "tumble", size, offset },
    hop: { type: "hop", size, slide: step, offset },
    cumulate: { type: "cumulate", size, step, offset },
    none: undefined,
  };
  const chosen = windows[kind];
  const windowed = chosen && { window: chosen, allowedLateness: lateness };
  return { source: "events", key: ["user"], aggregates, ...windowed };
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
        windowArbitrary,
        fc.constantFrom(0, 5, 60),
        fc.constantFrom(0, 30),
        framesArbitrary,
        fc.array(fc.array(stepArbitrary, { maxLength: 3 }), { minLength: 12, maxLength: 12 }),
        (window, lateness, bound, frames, steps) => {
          // A page a turn: checkpoints are written over several turns, and crashes leave them half-written.
          const harness = new PartitionHarness({ stream: stream(bound), checkpointTurnBytes: 1 });
          harness.startJob("job", jobOf(window, lateness));
          frames.forEach((frame, index) => {
            harness.append(rowsOf(frame));
            for (const step of steps[index] ?? []) perform(harness, step);
          });
          harness.settle();
          const expected = windowedBatch(frames, window, lateness, bound);
          expect(contentOf(harness, window)).toEqual(sorted(expected.rows));
          expect(harness.partition.jobs.statuses()[0]?.counts.late).toBe(expected.late);
          expect(harness.partition.letters("job", undefined, 1000).letters).toHaveLength(expected.late);
        },
      ),
      { numRuns: runs(150) },
    );
  });

  test("is the same however its input is cut into frames, when nothing is late", () => {
    fc.assert(
      fc.property(windowArbitrary, framesArbitrary, fc.integer({ min: 1, max: 9 }), (window, frames, cut) => {
        const rows = frames.flat();
        const bound = 1000;
        const [one, other] = [frames, chunks(rows, cut)].map((input) => {
          const harness = new PartitionHarness({ stream: stream(bound) });
          harness.startJob("job", jobOf(window, 0));
          for (const frame of input) harness.append(rowsOf(frame));
          harness.settle();
          return harness.rows();
        });
        expect(one).toEqual(other);
      }),
      { numRuns: runs(40) },
    );
  });
});

describe("a state several times its page budget", { timeout: 60_000 }, () => {
  const pageBudget = 1024 * 1024;

  test("is exact, through checkpoints, evictions and a crash", () => {
    const harness = new PartitionHarness({ stream: stream(0), pageBudget });
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
    const harness = new PartitionHarness({ stream: stream(0), pageBudget });
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

function perform(harness: PartitionHarness, step: Step): void {
  if (step.do === "checkpoint") {
    harness.pass(60_000);
    harness.turn(() => harness.partition.jobs.checkpointOld(harness.ports.clock.time));
  }
  if (step.do !== "crash") {
    for (let slice = 0; slice < step.slices; slice++) harness.turn(() => harness.partition.step());
  }
  if (step.do === "crash") {
    if (step.midTurn) harness.partition.step();
    harness.crash();
  }
}

function chunks<Item>(items: readonly Item[], size: number): Item[][] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, index) => items.slice(index * size, (index + 1) * size));
}
