/**
 * A shard that is split: what it and the new one have together is what one shard would have, each key in one
 * place, whatever columns the job's key has besides those that rows are routed by, and wherever it crashes.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeKey, hashKey, keyGroupOf } from "../../../src/columnar/key-encoding.ts";
import { kindOf } from "../../../src/columnar/schema.ts";
import { PartitionLog } from "../../../src/engine/log/partition-log.ts";
import type { SplitOrder } from "../../../src/engine/partition-types.ts";
import { planJob } from "../../../src/engine/plan/plan-job.ts";
import { readTaskState } from "../../../src/engine/savepoint/task-state.ts";
import { readJobDefinition } from "../../../src/protocol/job-spec.ts";
import { portsOver } from "../../support/manual-ports.ts";
import { NodeStorage } from "../../support/node-storage.ts";
import { PartitionHarness, type Row } from "../../support/partition-harness.ts";

const stream = {
  columns: [
    { name: "time", type: "TIMESTAMP(3)" },
    { name: "user", type: "STRING" },
    { name: "item", type: "BIGINT" },
    { name: "amount", type: "INT" },
  ],
  eventTime: { column: "time" },
  distributionKey: ["user"],
};

function jobOf(key: readonly string[]) {
  const total = { function: "sum", argument: "amount" };
  return { source: "events", key, aggregates: { n: { function: "count" }, total } };
}

const rowArbitrary: fc.Arbitrary<Row> = fc.tuple(
  fc.constant(0),
  fc.option(fc.constantFrom("ann", "bob", "cid", "dan", "eve", "fay", "gus", "hal"), { nil: null }),
  fc.option(fc.integer({ min: 0, max: 3 }), { nil: null }),
  fc.option(fc.integer({ min: 0, max: 9 }), { nil: null }),
);
const frames = (least: number) =>
  fc.array(fc.array(rowArbitrary, { minLength: 1, maxLength: 12 }), { minLength: least, maxLength: 5 });

/** Key group of the only column that rows are routed by. */
function groupOf(user: unknown): number {
  const value = user === null ? null : new TextEncoder().encode(String(user));
  const { bytes, nulls } = encodeKey([kindOf({ name: "STRING" })], [value]);
  return keyGroupOf(hashKey(bytes, nulls));
}

/** A shard with a job, which is split; and the shard that is split off. */
class Trial {
  readonly parent = new PartitionHarness({ stream });
  readonly job: object;
  readonly order: SplitOrder;
  child: PartitionHarness | undefined;

  constructor(key: readonly string[], middle: number) {
    this.job = jobOf(key);
    this.parent.startJob("job", this.job);
    const changed = { mapVersion: 2, mapVersionMin: 2, shardCount: 2 };
    const identity = { ...this.parent.identity, ...changed, keyGroups: [0, middle] as const };
    this.order = { split: 1, child: 1, middle, identity };
  }

  /** Splits the shard; the order may come again, also to one that died since. */
  split(crashes: boolean): void {
    const { parent, order } = this;
    const handover = parent.turn(() => parent.partition.split(order));
    if (crashes) parent.crash();
    expect(parent.turn(() => parent.partition.split(order))).toEqual(handover);
    const storage = new NodeStorage();
    PartitionLog.begin(portsOver(storage), handover);
    const identity = { ...order.identity, shard: 1, keyGroups: [order.middle, 1024] as const, awaits: [1] };
    this.child = new PartitionHarness({ stream, storage, identity });
  }

  /** Brings the state of the job from the one to the other. */
  move(): void {
    const { parent, child } = this;
    if (!child) throw new Error("the shard has not been split");
    parent.settle();
    const { savepoints } = parent.partition.jobs;
    const parts = new Map<number, Uint8Array>();
    for (let part = savepoints.nextPart(); part; part = savepoints.nextPart()) {
      const uploaded = part;
      parts.set(uploaded.part, uploaded.body);
      parent.turn(() => savepoints.uploaded(uploaded));
    }
    const count = parts.size - 1;
    expect(parent.partition.handoverOf(1, 1)).toEqual({ state: "Saved", parts: count });
    const state = readTaskState(parts.get(-1) ?? new Uint8Array(0));
    const plan = planJob(readJobDefinition(this.job), parent.definition);
    child.turn(() => {
      const from = { position: state, states: [state] };
      const restoring = child.partition.jobs.beginRestore(1, plan, from);
      for (let part = 0; part < count; part++) {
        restoring.addPart(state, parts.get(part) ?? new Uint8Array(0));
      }
      restoring.finish();
    });
    child.wish({ job: "job", run: 1, state: "running", plan });
    child.settle();
  }

  /** Appends rows where the new map sends them. */
  append(rows: readonly Row[]): void {
    for (const [harness, isMoved] of [
      [this.parent, false],
      [this.child, true],
    ] as const) {
      const own = rows.filter((row) => groupOf(row[1]) >= this.order.middle === isMoved);
      if (own.length === 0 || !harness) continue;
      const request = { ...harness.request(harness.frame(own)), mapVersion: 2 };
      const [result] = harness.turn(() => harness.partition.append([request]));
      expect(result).toMatchObject({ status: "logged" });
    }
  }
}

describe("a shard that is split", () => {
  test.each([
    ["the key that rows are routed by", ["user"]],
    ["more columns than that", ["item", "user"]],
    ["that and a column behind it", ["user", "item"]],
  ])("keeps its part of the state, and the new one gets the other: by %s", (_name, key) => {
    const middles = fc.integer({ min: 1, max: 1023 });
    const property = fc.property(
      frames(1),
      frames(0),
      middles,
      fc.boolean(),
      fc.boolean(),
      (before, after, middle, crashes, isLate) => {
        const trial = new Trial(key, middle);
        const whole = new PartitionHarness({ stream });
        whole.startJob("job", trial.job);
        for (const rows of before) trial.parent.append(rows);
        if (!isLate) trial.parent.settle();
        trial.split(crashes);
        if (isLate) trial.move();
        for (const rows of after) trial.append(rows);
        if (!isLate) trial.move();
        for (const rows of [...before, ...after]) whole.append(rows);
        whole.settle();
        trial.parent.settle();
        trial.child?.settle();
        const [kept, moved] = [trial.parent.rows(), trial.child?.rows() ?? []];
        const user = key.indexOf("user");
        for (const row of kept) expect(groupOf(row[user])).toBeLessThan(middle);
        for (const row of moved) expect(groupOf(row[user])).toBeGreaterThanOrEqual(middle);
        const texts = (rows: unknown[][]) => rows.map((row) => JSON.stringify(row)).sort();
        expect(texts([...kept, ...moved])).toEqual(texts(whole.rows()));
        const counted = [trial.parent, trial.child].map((each) => each?.partition.jobs.statuses()[0]?.counts);
        expect((counted[0]?.rows ?? 0) + (counted[1]?.rows ?? 0)).toBe([...before, ...after].flat().length);
      },
    );
    fc.assert(property, { numRuns: 60 });
  });

  test("gives the state of all its jobs away", () => {
    const trial = new Trial(["user"], 512);
    trial.parent.startJob("other", trial.job, 2);
    trial.parent.append([
      [0, "ann", 1, 1],
      [0, "bob", 1, 1],
    ]);
    trial.split(false);
    trial.parent.settle();
    const { savepoints } = trial.parent.partition.jobs;
    for (const run of [1, 2]) expect(savepoints.status(run, -1)).toMatchObject({ state: "pinned" });
  });

  test("refuses what the old map sent, and both know what was accepted before", () => {
    const trial = new Trial(["user"], 512);
    const producer = { producer: "p", sequence: 1, part: 0, checksum: 7n };
    const rows: Row[] = [[0, "ann", 1, 1]];
    expect(trial.parent.append(rows, producer)).toEqual({ status: "logged", offset: 1 });
    trial.split(true);
    expect(trial.parent.append(rows)).toMatchObject({ status: "refused", error: { code: "MAP_STALE" } });
    for (const harness of [trial.parent, trial.child as PartitionHarness]) {
      const again = { ...harness.request(harness.frame(rows), producer), mapVersion: 2 };
      expect(harness.turn(() => harness.partition.append([again]))).toEqual([
        { status: "duplicate", offset: 1 },
      ]);
    }
    expect(trial.child?.partition.log.firstOffset).toBe(3);
    expect(trial.child?.partition.log.nextOffset).toBe(3);
  });

  test("answers no query of a task while its state is on its way, nor one by the old map", () => {
    const trial = new Trial(["user"], 512);
    trial.parent.append([[0, "ann", 1, 1]]);
    trial.parent.settle();
    trial.split(false);
    expect(() => trial.parent.scan("job", { mapVersion: 1 })).toThrow("ask by that");
    expect(() => trial.child?.scan()).toThrow("on its way");
    expect(trial.child?.partition.hasApplied("job", 1, 1)).toBe(false);
    trial.parent.turn(() => trial.parent.partition.step());
    expect(trial.parent.partition.handoverOf(1, 1).state).toBe("Waits");
    expect(() => trial.parent.scan()).toThrow("on its way");
    trial.move();
    expect(trial.child?.partition.hasApplied("job", 1, 1)).toBe(true);
    expect([...trial.parent.rows(), ...(trial.child?.rows() ?? [])]).toEqual([["ann", 1, 1, false]]);
  });

  test("that is split again still knows where the first split lies", () => {
    const trial = new Trial(["user"], 512);
    trial.split(false);
    trial.move();
    const identity = { ...trial.order.identity, mapVersion: 3, shardCount: 3, keyGroups: [0, 256] as const };
    const again = { split: 2, child: 2, middle: 256, identity };
    trial.parent.turn(() => trial.parent.partition.split(again));
    trial.parent.startJob("late", { ...trial.job, startFrom: "latest" }, 9);
    expect(trial.parent.partition.handoverOf(9, 1)).toEqual({ state: "None", parts: 0 });
    expect(trial.parent.partition.handoverOf(9, 2)).toEqual({ state: "None", parts: 0 });
  });

  test("keeps nothing from a run that began behind the split, and waits for none that is gone", () => {
    const trial = new Trial(["user"], 512);
    trial.parent.append([[0, "ann", 1, 1]]);
    trial.split(false);
    trial.parent.startJob("later", { ...trial.job, startFrom: "latest" }, 2);
    trial.parent.settle();
    expect(trial.parent.partition.handoverOf(2, 1).state).toBe("None");
    expect(trial.parent.partition.handoverOf(9, 1).state).toBe("Waits");
    const child = trial.child as PartitionHarness;
    const plan = planJob(readJobDefinition(trial.job), child.definition);
    trial.append([
      [0, "bob", 1, 1],
      [0, "cid", 1, 1],
      [0, "dan", 1, 1],
    ]);
    child.pass(10 * 86_400_000);
    child.turn(() => child.partition.heartbeat());
    expect(child.partition.log.firstOffset).toBe(3);
    child.wish({ job: "job", run: 1, state: "deleted", plan });
    child.turn(() => child.partition.heartbeat());
    expect(child.partition.log.firstOffset).toBeGreaterThan(3);
  });
});
