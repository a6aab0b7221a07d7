/**
 * Windows of many slices fire by sums of slices: a few merges a window, and the same results as without sums
 * whatever comes late, where time has gaps, in the middle of a firing and behind a restart there.
 */
import { afterEach, describe, expect, test, vi } from "vitest";
import { encodeKey } from "../../../../src/columnar/key-encoding.ts";
import { kindOf } from "../../../../src/columnar/schema.ts";
import { maxWatermark } from "../../../../src/engine/log/records.ts";
import { KeyedTable } from "../../../../src/kernel/keyed-table.ts";
import { eventAggregates as aggregates, eventStream } from "../../../arbitraries/partition-runs.ts";
import { type EventRow, type WindowSpec, windowedBatch } from "../../../reference/windowed-batch.ts";
import { PartitionHarness, type Row } from "../../../support/partition-harness.ts";

const dayMs = 86_400_000;
const at = (ms: number) => new Date(ms).toISOString().replace("T", " ").replace("Z", "");
const rowOf = ({ user, time, amount, item }: EventRow): Row => [user, at(time), amount, item];

afterEach(() => vi.restoreAllMocks());

describe("merges for a window of many slices", () => {
  test.each([
    { window: { type: "hop", size: 6000, slide: 100 }, most: 5 },
    { window: { type: "cumulate", size: 6000, step: 100 }, most: 2 },
  ])("are few: $window.type", ({ window, most }) => {
    const merges = vi.spyOn(KeyedTable.prototype, "mergePage");
    const harness = new PartitionHarness({ stream: eventStream(0) });
    harness.startJob("job", { source: "events", key: ["user"], aggregates, window });
    const slices = 600;
    for (let slice = 0; slice < slices; slice++) {
      harness.append(["a", "b"].map((user) => [user, at(slice * 100 + 50), 1, "x"]));
      harness.settle();
    }
    expect(merges.mock.calls.length).toBeGreaterThan(slices);
    expect(merges.mock.calls.length).toBeLessThanOrEqual(most * slices);
  });
});

/** Rows of some users, mostly in order; some come up to a window late, and time has gaps of many windows. */
function disorderedFrames(window: WindowSpec, frames: number): EventRow[][] {
  let [seed, time] = [7, 1000];
  const draw = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((seed / 2_147_483_648) * below);
  };
  return Array.from({ length: frames }, () => {
    time += draw(40) === 0 ? 3 * window.size + draw(window.step) : draw(window.step);
    return Array.from({ length: 1 + draw(5) }, () => ({
      user: `user ${draw(6)}`,
      time: Math.max(0, time - (draw(3) === 0 ? draw(window.size) : 0)),
      amount: draw(100) / 4,
      item: `item ${draw(50)}`,
    }));
  });
}

const grids: readonly WindowSpec[] = [
  { kind: "hop", size: 700, step: 100, offset: 0 },
  { kind: "hop", size: 1200, step: 50, offset: 7 },
  { kind: "cumulate", size: 800, step: 100, offset: 30 },
];

describe("sums of slices", { timeout: 60_000 }, () => {
  const cases = grids.flatMap((window) => [0, 250].map((lateness) => ({ ...window, lateness })));
  test.each(cases)("give the batch answer for rows far out of order: %o", ({ lateness, ...window }) => {
    const frames = disorderedFrames(window, 400);
    const harness = new PartitionHarness({ stream: eventStream(0), checkpointTurnBytes: 1 });
    const { kind, size, step, offset } = window;
    const pace = kind === "hop" ? { slide: step } : { step };
    harness.startJob("job", {
      ...{ source: "events", key: ["user"], aggregates, allowedLateness: lateness },
      window: { type: kind, size, ...pace, offset },
    });
    frames.forEach((frame, index) => {
      harness.append(frame.map(rowOf));
      harness.turn(() => harness.partition.step());
      if (index % 5 === 0) harness.turn(() => harness.partition.jobs.checkpointOld(Number.MAX_SAFE_INTEGER));
      if (index % 37 === 36) harness.crash();
      if (index % 3 !== 0) harness.settle();
    });
    harness.settle();
    const expected = windowedBatch(frames, window, lateness, 0);
    const found = harness
      .rows()
      .map((row) => [row[0], ...[row[1], row[2]].map((text) => Date.parse(`${text}Z`)), ...row.slice(3)]);
    const sorted = (rows: readonly unknown[][]) => rows.map((row) => JSON.stringify(row)).sort();
    expect(sorted(found)).toEqual(sorted(expected.rows));
  });

  test("are made over many steps where state is larger than memory, with reads and restarts between", () => {
    const [users, slices] = [3000, 8];
    const options = { stream: eventStream(dayMs), pageBudget: 1024 * 1024 };
    const harness = new PartitionHarness(options);
    harness.startJob("job", {
      ...{ source: "events", key: ["user"], aggregates },
      window: { type: "hop", size: slices * 100, slide: 100 },
    });
    const nameOf = (user: number) => `a user with a name ${(user * 7919) % users}`;
    const appendSlice = (slice: number) => {
      const rows = Array.from({ length: users }, (_, user) => [nameOf(user), at(slice * 100), 1, "x"]);
      for (let from = 0; from < users; from += 100) {
        harness.append(rows.slice(from, from + 100));
        harness.settle();
      }
    };
    for (let slice = 0; slice < 2 * slices; slice++) appendSlice(slice);
    // Rows of slices that are in sums, before the window that is looked at fires.
    harness.turn(() => harness.partition.setWatermark(1, BigInt(slices * 100 + 350)));
    harness.settle();
    for (let slice = slices; slice < slices + 3; slice++) appendSlice(slice);
    harness.turn(() => harness.partition.setWatermark(1, maxWatermark));
    const last = { windowFrom: slices * 100, windowTo: 2 * slices * 100 };
    const key = encodeKey([kindOf({ name: "STRING" })], [new TextEncoder().encode(nameOf(5))]);
    for (let steps = 0; harness.turn(() => harness.partition.step()); steps++) {
      if (steps % 3 === 0)
        expect(harness.scan("job", { ...last, key }).rows.map(({ values }) => values.n)).toEqual([
          slices + 3,
        ]);
      if (steps % 20 === 19)
        harness.turn(() => harness.partition.jobs.checkpointOld(Number.MAX_SAFE_INTEGER));
      if (steps % 50 === 49) harness.crash();
    }
    const { rows } = harness.scan("job", { ...last, limit: users + 1 });
    expect(rows).toHaveLength(users);
    expect(rows.every(({ values, final }) => values.n === slices + 3 && final)).toBe(true);
  });

  test("are whole where records that followed were lost in the middle of a firing", () => {
    const [users, slices] = [2000, 8];
    const harness = new PartitionHarness({
      ...{ stream: eventStream(dayMs), pageBudget: 1024 * 1024 },
      identity: { retention: { timeMs: 60_000, bytesMax: 1 } },
    });
    harness.startJob("job", {
      ...{ source: "events", key: ["user"], aggregates, retention: "forever" },
      window: { type: "hop", size: slices * 100, slide: 100 },
    });
    const names = Array.from({ length: users }, (_, user) => `a user with a name ${user}`);
    const append = (time: number, some = names) => {
      for (let from = 0; from < some.length; from += 100) {
        harness.append(some.slice(from, from + 100).map((name) => [name, at(time), 1, "x"]));
        harness.settle();
      }
    };
    for (let slice = 0; slice < 2 * slices; slice++) append(slice * 100);
    const { jobs } = harness.partition;
    harness.turn(() => harness.partition.setWatermark(1, BigInt(slices * 100 + 250)));
    // A slice that windows of its block still take rows for.
    const isFolding = () => {
      const { stage, slice } = jobs.taskOf("job").windows?.cursor ?? {};
      return stage === "fold" && slice === slices * 100;
    };
    for (let step = 0; step < 1000 && !isFolding(); step++) harness.turn(() => harness.partition.step());
    expect(isFolding()).toBe(true);
    const checkpoints = () => jobs.statuses()[0]?.checkpoints[0]?.epoch ?? 0;
    const before = checkpoints();
    harness.turn(() => jobs.checkpointOld(Number.MAX_SAFE_INTEGER));
    for (let step = 0; step < 100 && checkpoints() === before; step++) {
      harness.turn(() => harness.partition.step());
    }
    expect(checkpoints()).toBeGreaterThan(before);
    expect(isFolding()).toBe(true);
    const { plan } = jobs.taskOf("job");
    harness.wish({ job: "job", run: 1, state: "paused", plan });
    for (let lost = 0; lost < 3; lost++) harness.append([["lost", at(850), 1, "x"]]);
    harness.pass(120_000);
    harness.turn(() => harness.partition.heartbeat());
    for (let step = 0; step < 100; step++) harness.turn(() => harness.partition.step());
    expect(jobs.statuses()[0]?.error?.code).toBe("JOB_FALLEN_BEHIND");
    harness.turn(() => jobs.mend(1, { allowDataLoss: true }));
    harness.wish({ job: "job", run: 1, state: "running", plan });
    append(slices * 100 + 50, names.slice(0, 100));
    harness.turn(() => harness.partition.setWatermark(1, maxWatermark));
    harness.settle();
    const { rows } = harness.scan("job", { windowFrom: slices * 100, windowTo: 2 * slices * 100 });
    const counts = rows.map(({ values }) => values.n);
    expect(counts.filter((n) => n === slices + 1)).toHaveLength(100);
    expect(counts.filter((n) => n === slices)).toHaveLength(users - 100);
  });
});
