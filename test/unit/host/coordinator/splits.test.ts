/**
 * Splits over shards that are slow, away or forgetful: each goes on where it broke off, nothing is told in
 * another order than the one that loses no row, and workers hear of the new map when rows can go by it.
 */
import { describe, expect, test } from "vitest";
import { Coordinator } from "../../../../src/host/coordinator/coordinator.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { MemoryBlobs } from "../../../support/memory-blobs.ts";
import { NodeStorage } from "../../../support/node-storage.ts";
import { jobOf, streamOf } from "../definitions.ts";
import { type FakePartition, FakeShards } from "../fake-shards.ts";

class Harness {
  readonly sql = new NodeStorage();
  readonly clock = new ManualClock();
  readonly shards = new FakeShards();
  readonly blobs = new MemoryBlobs();
  /** Calls in the order in which they were made. */
  readonly told: string[] = [];
  alarmAt: number | undefined;
  coordinator = this.start();

  start(): Coordinator {
    return new Coordinator({
      ...{ sql: this.sql, clock: this.clock, shards: this.shards, blobs: this.blobs },
      generated: undefined,
      setAlarm: (at) => {
        this.alarmAt = at;
      },
      abort: (reason) => {
        throw new Error(reason);
      },
    });
  }

  /** A stream of two shards, a job in them, and one with two partitions behind them. */
  async begin(): Promise<this> {
    await this.coordinator.putStream("clicks", streamOf({ shards: 2, distributionKey: ["user"] }));
    await this.coordinator.putJob("kept", jobOf());
    await this.coordinator.putJob(
      "sent",
      jobOf({ key: ["amount"], aggregates: { n: { function: "count" } } }),
    );
    for (const [name, partition] of this.partitions) {
      partition.beforeCall = (method) => void this.told.push(`${name} ${method}`);
    }
    return this;
  }

  get partitions(): [string, FakePartition][] {
    const shards = [0, 1, 2].map((shard) => [`shard ${shard}`, this.shards.at("clicks", 1, shard)] as const);
    const stage = [0, 1, 2].map((shard) => [`stage ${shard}`, this.shards.at("sent/1", 2, shard)] as const);
    return [...shards, ...stage].map(([name, partition]) => [name, partition]);
  }

  partition(wanted: string): FakePartition {
    return this.partitions.find(([name]) => name === wanted)?.[1] as FakePartition;
  }

  /** Waits for what a request answers, as long as it takes. */
  async within<Value>(ms: number, call: Promise<Value>): Promise<Value> {
    await this.clock.advance(ms);
    return await call;
  }

  /** Moves the time and runs the alarm as often as it is due, as the platform would. */
  async pass(ms: number): Promise<void> {
    const end = this.clock.now() + ms;
    while (this.alarmAt !== undefined && this.alarmAt <= end) {
      const at = this.alarmAt;
      this.alarmAt = undefined;
      await this.clock.advance(Math.max(0, at - this.clock.now()));
      const worked = this.coordinator.onAlarm();
      await this.clock.advance(0);
      await worked;
    }
    await this.clock.advance(Math.max(0, end - this.clock.now()));
  }
}

const started = () => new Harness().begin();

describe("a shard that is split", () => {
  test("is told behind the others, the new one behind it, and then the jobs move", async () => {
    const harness = await started();
    harness.partition("shard 0").handedOver = { state: "Saved", parts: 2 };
    const answer = await harness.within(4000, harness.coordinator.splitStream("clicks", 0, undefined));
    expect(answer).toMatchObject({
      ok: true,
      value: { state: "done", parent: 0, child: 2, keyGroups: { parent: [0, 255], child: [256, 511] } },
    });
    expect(harness.told.filter((line) => !line.includes("status"))).toEqual([
      "shard 1 setUp",
      "shard 0 split 1",
      "shard 2 setUp",
      "shard 0 handoverOf 1 1",
      "shard 2 command kept 1 running",
      "shard 0 handoverOf 2 1",
      "shard 2 command sent 2 running",
    ]);
    expect(harness.partition("shard 0").identity).toMatchObject({
      ...{ keyGroups: [0, 256], mapVersion: 2, mapVersionMin: 2, shardCount: 3 },
    });
    expect(harness.partition("shard 1").identity).toMatchObject({
      ...{ keyGroups: [512, 1024], mapVersion: 2, mapVersionMin: 1, shardCount: 3 },
    });
    expect(harness.partition("shard 2").identity).toMatchObject({
      ...{ keyGroups: [256, 512], mapVersion: 2, mapVersionMin: 2, awaits: [1, 2] },
    });
    const task = "splits/1/1/1.0";
    expect(harness.partition("shard 2").jobs.get(1)?.restore).toEqual({ position: task, states: [task] });
    const facts = await harness.coordinator.streamFacts("clicks");
    const ranges = [
      [0, 256],
      [512, 1024],
      [256, 512],
    ];
    expect(facts).toMatchObject({ ok: true, value: { mapVersion: 2, ranges } });
    const same = streamOf({ shards: 2, distributionKey: ["user"] });
    expect(await harness.coordinator.putStream("clicks", same)).toMatchObject({ value: { isNew: false } });
  });

  test("keeps workers waiting for the map until rows can go by it, and no longer", async () => {
    const harness = await started();
    let answerSplit = () => {};
    harness.partition("shard 0").beforeCall = (method) =>
      method.startsWith("split") ? new Promise<void>((resolve) => (answerSplit = resolve)) : undefined;
    harness.partition("shard 0").handedOver = { state: "Waits", parts: 0 };
    const splitting = harness.coordinator.splitStream("clicks", 0, 100);
    await harness.clock.advance(100);
    let facts: unknown;
    void harness.coordinator.streamFacts("clicks").then((found) => {
      facts = found;
    });
    await harness.clock.advance(500);
    expect(facts).toBeUndefined();
    answerSplit();
    await harness.clock.advance(500);
    expect(facts).toMatchObject({ value: { mapVersion: 2 } });
    expect(await harness.within(4000, splitting)).toMatchObject({ value: { state: "running" } });
    expect(await harness.coordinator.createSavepoint("kept", { stop: false, drain: false })).toMatchObject({
      error: { code: "SAVEPOINT_CONFLICT" },
    });
    harness.partition("shard 0").handedOver = { state: "None", parts: 0 };
    await harness.pass(5000);
    expect(await harness.coordinator.splitsOfStream("clicks")).toMatchObject({ value: [{ state: "done" }] });
    expect(harness.partition("shard 2").jobs.get(1)?.restore).toBeUndefined();
  });

  test("takes no new job while nobody knows by which map its rows go", async () => {
    const harness = await started();
    harness.partition("shard 0").beforeCall = (method) =>
      method.startsWith("split") ? new Promise(() => {}) : undefined;
    const splitting = harness.coordinator.splitStream("clicks", 0, 100);
    await harness.clock.advance(100);
    const put = await harness.within(4000, harness.coordinator.putJob("new", jobOf()));
    expect(put).toMatchObject({ ok: false, error: { code: "SPLIT_CONFLICT" } });
    expect(await harness.within(4000, splitting)).toMatchObject({ value: { state: "running" } });
  });

  test("lets no job wait for another whose state does not come", async () => {
    const harness = await started();
    const parent = harness.partition("shard 0");
    const answered = parent.handoverOf.bind(parent);
    parent.handoverOf = (run, split) => {
      parent.handedOver = run === 1 ? { state: "Waits", parts: 0 } : { state: "Saved", parts: 0 };
      return answered(run, split);
    };
    const answer = await harness.within(4000, harness.coordinator.splitStream("clicks", 0, undefined));
    expect(answer).toMatchObject({ value: { state: "running" } });
    expect([...harness.partition("shard 2").jobs.keys()]).toEqual([2]);
  });

  test("is not split while a job of it is paused", async () => {
    const harness = await started();
    await harness.coordinator.setJobState("kept", "paused");
    const refused = await harness.coordinator.splitStream("clicks", 0, undefined);
    expect(refused).toMatchObject({ ok: false, error: { code: "SPLIT_CONFLICT" } });
  });

  test("is not split while one of its shards does not know a job yet", async () => {
    const harness = await started();
    const { beforeCall } = harness.partition("shard 1");
    harness.partition("shard 1").beforeCall = () => {
      throw new Error("no such machine");
    };
    await harness.within(4000, harness.coordinator.putJob("new", jobOf()));
    const refused = await harness.coordinator.splitStream("clicks", 0, undefined);
    expect(refused).toMatchObject({ ok: false, error: { code: "SPLIT_CONFLICT" } });
    if (beforeCall) harness.partition("shard 1").beforeCall = beforeCall;
    await harness.pass(10_000);
    expect(await harness.within(4000, harness.coordinator.splitStream("clicks", 0, undefined))).toMatchObject(
      {
        ok: true,
      },
    );
  });

  test("is split by the next process where one ends in the middle", async () => {
    const harness = await started();
    harness.partition("shard 2").beforeCall = () => {
      throw new Error("no such machine");
    };
    harness.partition("shard 0").handedOver = { state: "Saved", parts: 0 };
    const answer = await harness.within(4000, harness.coordinator.splitStream("clicks", 0, undefined));
    expect(answer).toMatchObject({ value: { state: "running" } });
    harness.alarmAt = undefined;
    harness.coordinator = harness.start();
    harness.partition("shard 2").beforeCall = () => {};
    await harness.pass(3000);
    expect(await harness.coordinator.splitsOfStream("clicks")).toMatchObject({ value: [{ state: "done" }] });
    expect([...harness.partition("shard 2").jobs.keys()]).toEqual([1, 2]);
  });

  test("leaves no new shard behind when its stream goes before it is there", async () => {
    const harness = await started();
    harness.partition("shard 1").beforeCall = () => {
      throw new Error("no such machine");
    };
    await harness.within(4000, harness.coordinator.splitStream("clicks", 0, undefined));
    harness.partition("shard 1").beforeCall = () => {};
    for (const job of ["kept", "sent"]) await harness.coordinator.deleteJob(job);
    await harness.coordinator.deleteStream("clicks");
    await harness.pass(3000);
    expect(harness.partition("shard 2").identity).toBeUndefined();
    expect(harness.alarmAt).toBeUndefined();
  });
});

test("a job behind a split gets old rows of the new shard from the one that was split", async () => {
  const harness = await new Harness().begin();
  harness.partition("shard 0").handedOver = { state: "None", parts: 0 };
  await harness.within(4_000, harness.coordinator.splitStream("clicks", 0, undefined));
  harness.partition("shard 0").handedOver = { state: "Waits", parts: 0 };
  const put = harness.coordinator.putJob("later", jobOf());
  expect(await harness.within(4_000, put)).toMatchObject({
    ok: true,
    value: { answer: { state: "starting" } },
  });
  const { run } = [...harness.partition("shard 0").jobs.values()].find(({ job }) => job === "later") ?? {};
  expect(harness.told).toContain(`shard 0 handoverOf ${run} 1`);
  expect([...harness.partition("shard 2").jobs.values()].some(({ job }) => job === "later")).toBe(false);
});

test("between stages the new partition is there before the senders go by the new map", async () => {
  const harness = await started();
  harness.partition("stage 1").handedOver = { state: "Saved", parts: 1 };
  const answer = await harness.within(4000, harness.coordinator.splitStage("sent", 1, 1, 700));
  expect(answer).toMatchObject({
    value: { state: "done", parent: 1, child: 2, keyGroups: { parent: [512, 699], child: [700, 1023] } },
  });
  expect(harness.told.filter((line) => !line.includes("status"))).toEqual([
    "stage 0 setUp",
    "stage 1 setUp",
    "stage 2 setUp",
    "shard 0 beginMap 1 of 1",
    "shard 1 beginMap 1 of 1",
    "stage 1 handoverOf 2 1",
    "stage 2 command sent 2 running",
  ]);
  const { identity, jobs } = harness.partition("stage 2");
  expect(identity).toMatchObject({ keyGroups: [700, 1024], inputs: ["1.0", "1.1"], awaits: [2] });
  expect(jobs.get(2)?.restore).toEqual({ states: ["splits/1/2/2.1"] });
  expect(await harness.coordinator.splitsOfJob("sent")).toMatchObject({ value: [{ stage: 1, child: 2 }] });
});

test.each([
  ["a shard that there is not", 7, undefined, "has the partitions 0 to 1, not 7"],
  ["at a key group of another", 0, 600, "600 does not divide them"],
  ["at its first key group", 1, 512, "512 does not divide them"],
])("%s cannot be split", async (_name, shard, keyGroup, words) => {
  const harness = await started();
  const answer = await harness.within(4000, harness.coordinator.splitStream("clicks", shard, keyGroup));
  expect(answer).toMatchObject({ ok: false, error: { code: "SPLIT_UNFIT" } });
  expect(JSON.stringify(answer)).toContain(words);
});

test("no partition with a job's only row is split, and no shard whose keys lie anywhere", async () => {
  const harness = new Harness();
  await harness.coordinator.putStream("clicks", streamOf({ shards: 2 }));
  await harness.coordinator.putJob("all", jobOf({ key: [] }));
  const answer = await harness.within(4000, harness.coordinator.splitStage("all", 1, 0, undefined));
  expect(answer).toMatchObject({
    error: { code: "SPLIT_UNFIT", message: expect.stringContaining("no key") },
  });
  await harness.coordinator.putStream("plain", streamOf());
  await harness.coordinator.putJob("inside", jobOf({ source: "plain" }));
  const shard = await harness.within(4000, harness.coordinator.splitStream("plain", 0, undefined));
  expect(shard).toMatchObject({
    error: { code: "SPLIT_UNFIT", message: expect.stringContaining("a key that rows do not come by") },
  });
});
