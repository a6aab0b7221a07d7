/**
 * The coordinator over shards that fail, are slow, or forget to answer: wishes are kept until they are
 * carried out.
 */
import { describe, expect, test } from "vitest";
import { StorageFailure } from "../../../../src/base/errors.ts";
import { evenRanges } from "../../../../src/engine/shard-map.ts";
import { Coordinator } from "../../../../src/host/coordinator/coordinator.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { MemoryBlobs } from "../../../support/memory-blobs.ts";
import { NodeStorage } from "../../../support/node-storage.ts";
import { jobOf, streamOf } from "../definitions.ts";
import { FakeShards } from "../fake-shards.ts";

class Harness {
  readonly sql = new NodeStorage();
  readonly clock = new ManualClock();
  readonly shards = new FakeShards();
  readonly blobs = new MemoryBlobs();
  alarmAt: number | undefined;
  aborted: string | undefined;
  coordinator = this.start();

  start(): Coordinator {
    return new Coordinator({
      sql: this.sql,
      clock: this.clock,
      shards: this.shards,
      blobs: this.blobs,
      generated: undefined,
      setAlarm: (at) => {
        this.alarmAt = at;
      },
      abort: (reason) => {
        this.aborted = reason;
      },
    });
  }

  /** A new process over the same storage. */
  restart(): void {
    this.alarmAt = undefined;
    this.coordinator = this.start();
  }

  /** Moves the time and runs the alarm as often as it is due, as the platform would. */
  async pass(ms: number): Promise<void> {
    const end = this.clock.now() + ms;
    while (this.alarmAt !== undefined && this.alarmAt <= end) {
      const at = this.alarmAt;
      this.alarmAt = undefined;
      await this.clock.advance(Math.max(0, at - this.clock.now()));
      const done = this.coordinator.onAlarm();
      await this.clock.advance(0);
      await done;
    }
    await this.clock.advance(Math.max(0, end - this.clock.now()));
  }

  /** Answers a call that may have to wait until the clock gives it up. */
  async within<Value>(ms: number, call: Promise<Value>): Promise<Value> {
    await this.clock.advance(ms);
    return await call;
  }
}

async function started(changes: Parameters<typeof streamOf>[0] = {}): Promise<Harness> {
  const harness = new Harness();
  await harness.coordinator.putStream("clicks", streamOf(changes));
  return harness;
}

test("a stream is set up on every shard before it is answered as ready", async () => {
  const harness = new Harness();
  const put = await harness.coordinator.putStream("clicks", streamOf({ shards: 3 }));
  expect(put).toMatchObject({ ok: true, value: { isNew: true, answer: { state: "ready", generation: 1 } } });
  const ranges = [0, 1, 2].map((shard) => harness.shards.at("clicks", 1, shard).identity?.keyGroups);
  expect(ranges).toEqual([
    [0, 341],
    [341, 682],
    [682, 1024],
  ]);
});

test("the same stream again is no news and calls nobody", async () => {
  const harness = await started();
  const put = await harness.coordinator.putStream("clicks", streamOf());
  expect(put).toMatchObject({ ok: true, value: { isNew: false } });
  expect(harness.shards.at("clicks", 1, 0).calls).toEqual(["setUp"]);
});

test("a shard that does not answer leaves a stream starting; the alarm repeats until it does", async () => {
  const harness = new Harness();
  const shard = harness.shards.at("clicks", 1, 1);
  shard.beforeCall = () => {
    throw new Error("no such machine");
  };
  const put = await harness.coordinator.putStream("clicks", streamOf({ shards: 2 }));
  expect(put).toMatchObject({ ok: true, value: { answer: { state: "starting" } } });
  await harness.pass(5000);
  expect(shard.identity).toBeUndefined();
  shard.beforeCall = () => {};
  await harness.pass(60_000);
  expect(shard.identity).toMatchObject({ shard: 1 });
  expect(await harness.coordinator.stream("clicks")).toMatchObject({
    value: { state: "ready", unreachable: [] },
  });
});

test("a shard that hangs is given up after its timeout and the request does not wait for it", async () => {
  const harness = new Harness();
  harness.shards.at("clicks", 1, 0).beforeCall = () => new Promise(() => {});
  const put = await harness.within(3000, harness.coordinator.putStream("clicks", streamOf()));
  expect(put).toMatchObject({ ok: true, value: { answer: { state: "starting" } } });
});

test("a wish outlives the process that was to carry it out", async () => {
  const harness = new Harness();
  const shard = harness.shards.at("clicks", 1, 0);
  shard.beforeCall = () => new Promise(() => {});
  void harness.coordinator.putStream("clicks", streamOf());
  await harness.clock.advance(0);
  shard.beforeCall = () => {};
  harness.restart();
  expect(harness.alarmAt).toBeDefined();
  await harness.pass(20_000);
  expect(shard.identity).toMatchObject({ generation: 1 });
});

test("a wish of a clock that was ahead is carried out once that was put back", async () => {
  const harness = new Harness();
  const shard = harness.shards.at("clicks", 1, 0);
  shard.beforeCall = () => new Promise(() => {});
  void harness.coordinator.putStream("clicks", streamOf());
  await harness.clock.advance(0);
  shard.beforeCall = () => {};
  await harness.clock.advance(-3_600_000);
  harness.restart();
  await harness.pass(70_000);
  expect(shard.identity).toMatchObject({ generation: 1 });
});

test("an added column raises schema and map version and reaches every shard", async () => {
  const harness = await started({ shards: 2 });
  const { columns } = streamOf();
  const more = { ...streamOf({ shards: 2 }), columns: [...columns, { ...columns[1], name: "city" }] };
  const put = await harness.coordinator.putStream("clicks", more as ReturnType<typeof streamOf>);
  expect(put).toMatchObject({
    ok: true,
    value: { isNew: false, answer: { schemaVersion: 2, generation: 1 } },
  });
  for (const shard of [0, 1]) {
    const { identity } = harness.shards.at("clicks", 1, shard);
    expect(identity).toMatchObject({ mapVersion: 2, schema: { version: 2 } });
  }
  expect(await harness.coordinator.streamFacts("clicks")).toMatchObject({ value: { mapVersion: 2 } });
});

test("another definition under the same name is refused and changes nothing", async () => {
  const harness = await started();
  const put = await harness.coordinator.putStream("clicks", streamOf({ shards: 2 }));
  expect(put).toMatchObject({ ok: false, error: { code: "STREAM_CONFLICT", status: 409 } });
  expect(await harness.coordinator.streamFacts("clicks")).toMatchObject({ value: { ranges: evenRanges(1) } });
});

test("a job reaches all shards, and shards hear of their stream first", async () => {
  const harness = await started({ shards: 2, distributionKey: ["user"] });
  const put = await harness.coordinator.putJob("totals", jobOf());
  expect(put).toMatchObject({ ok: true, value: { isNew: true, answer: { state: "running", run: 1 } } });
  expect(harness.shards.at("clicks", 1, 1).calls).toEqual(["setUp", "command totals 1 running"]);
});

describe("a job whose key lacks the distribution key", () => {
  const sharded = { shards: 2, distributionKey: ["user"] };
  const byAmount = jobOf({ key: ["amount"], parallelism: 3 });

  test("gets partitions for its second stage, each with a channel from every shard", async () => {
    const harness = await started(sharded);
    const put = await harness.coordinator.putJob("totals", byAmount);
    expect(put).toMatchObject({ ok: true, value: { isNew: true, answer: { state: "running", run: 1 } } });
    const stage = [0, 1, 2].map((index) => harness.shards.at("totals/1", 2, index));
    for (const { calls, identity, jobs } of stage) {
      expect(calls).toEqual(["setUp", "command totals 1 running"]);
      expect(identity).toMatchObject({ generation: 2, shardCount: 3, inputs: ["1.0", "1.1"] });
      expect(jobs.get(1)?.plan.send).toBeUndefined();
    }
    const sending = harness.shards.at("clicks", 1, 1).jobs.get(1)?.plan.send;
    expect(sending?.to).toEqual({
      stream: "totals/1",
      generation: 2,
      mapVersion: 1,
      partitions: 3,
    });
    expect(await harness.coordinator.streams()).toMatchObject({ value: [{ stream: "clicks" }] });
    expect(await harness.coordinator.jobFacts("totals")).toMatchObject({
      value: {
        ...{ stream: "totals/1", generation: 2, ranges: evenRanges(3) },
        before: [{ stream: "clicks", generation: 1, ranges: evenRanges(2) }],
      },
    });
  });

  test("whose steps form a diamond has every edge before its last view, in order", async () => {
    const harness = await started(sharded);
    const users = { users: { function: "count" as const } };
    const counting = { key: ["amount"], aggregates: users, retention: "forever" };
    const [one, other] = [
      { ...counting, uid: "one" },
      { ...counting, uid: "other", input: "step-0" },
    ];
    const both = { ...counting, uid: "both", input: ["one", "other"] };
    const wide = { key: ["amount"], parallelism: 3, retention: "forever" };
    await harness.coordinator.putJob("totals", jobOf({ ...wide, steps: [one, other, both] }));
    const facts = await harness.coordinator.jobFacts("totals.both");
    const edges = facts.ok ? facts.value.before.map(({ generation, to }) => [generation, to]) : [];
    expect(edges).toEqual([
      [1, 2],
      [2, 3],
      [2, 4],
      [3, 5],
      [4, 5],
    ]);
    expect(await harness.coordinator.jobFacts("totals.other")).toMatchObject({
      value: {
        generation: 4,
        before: [
          { generation: 1, to: 2 },
          { generation: 2, to: 4 },
        ],
      },
    });
    expect(harness.shards.at("totals/4", 5, 0).identity?.inputs).toHaveLength(6);
  });

  test("has a view of every step, the last one under its own name", async () => {
    const harness = await started(sharded);
    const window = { type: "tumble", size: "1h" } as const;
    const steps = [{ key: [], window, aggregates: { users: { function: "count" as const } } }];
    await harness.coordinator.putJob("totals", jobOf({ key: ["amount"], parallelism: 3, steps }));
    const shards = { stream: "clicks", generation: 1, ranges: evenRanges(2) };
    const first = { stream: "totals/1", generation: 2, ranges: evenRanges(3) };
    const second = { stream: "totals/2", generation: 3, ranges: evenRanges(1) };
    const last = { ok: true, value: { ...second, job: "totals", before: [shards, first] } };
    expect(await harness.coordinator.jobFacts("totals")).toMatchObject(last);
    expect(await harness.coordinator.jobFacts("totals.1")).toMatchObject(last);
    expect(await harness.coordinator.jobFacts("totals.step-1")).toMatchObject(last);
    for (const name of ["totals.2", "totals.01", "totals.steps", "totals."]) {
      expect(await harness.coordinator.jobFacts(name)).toMatchObject({ error: { code: "VIEW_NOT_FOUND" } });
    }
    expect(await harness.coordinator.jobFacts("totals.0")).toMatchObject({
      value: { ...first, view: "totals.0", job: "totals", before: [shards] },
    });
    expect(await harness.coordinator.jobFacts("totals.2")).toMatchObject({
      error: { code: "VIEW_NOT_FOUND" },
    });
    expect(harness.shards.at("totals/2", 3, 0).identity?.inputs).toEqual(["2.0", "2.1", "2.2"]);
  });

  test("tells of all its partitions, and of those that do not answer", async () => {
    const harness = await started(sharded);
    await harness.coordinator.putJob("totals", byAmount);
    harness.shards.at("totals/1", 2, 1).beforeCall = () => Promise.reject(new Error("gone"));
    const status = await harness.coordinator.job("totals");
    expect(status).toMatchObject({
      value: { offsets: { 0: 0, 1: 0 }, unreachable: [], unreachableStages: [{ stage: 1, shards: [1] }] },
    });
    const places = status.ok ? status.value.shards.map(({ stage, shard }) => [stage, shard]) : [];
    expect(places).toEqual([...[0, 1].map((shard) => [0, shard]), ...[0, 2].map((shard) => [1, shard])]);
  });

  test("is taken out of the shards and its own partitions are destroyed when it is deleted", async () => {
    const harness = await started(sharded);
    await harness.coordinator.putJob("totals", byAmount);
    expect(await harness.coordinator.deleteJob("totals")).toMatchObject({ ok: true });
    expect(harness.shards.at("clicks", 1, 0).jobs.size).toBe(0);
    for (const index of [0, 1, 2]) expect(harness.shards.at("totals/1", 2, index).isDestroyed).toBe(true);
    expect(await harness.coordinator.deleteStream("clicks")).toMatchObject({ ok: true });
  });
});

describe("a job that reads two streams", () => {
  const both = jobOf({ source: ["clicks", "views"], parallelism: 2, window: undefined });

  async function united(): Promise<Harness> {
    const harness = await started({ shards: 2, distributionKey: ["user"] });
    await harness.coordinator.putStream("views", streamOf());
    const put = await harness.coordinator.putJob("totals", both);
    const definition = { source: ["clicks", "views"] };
    expect(put).toMatchObject({ ok: true, value: { isNew: true, answer: { state: "running", definition } } });
    return harness;
  }

  test("has a task in the shards of each, with channels to one stage behind them", async () => {
    const harness = await united();
    for (const shard of [0, 1]) {
      const stage = harness.shards.at("totals/1", 3, shard);
      expect(stage.identity?.inputs).toEqual(["1.0", "1.1", "2.0"]);
    }
    for (const [stream, generation] of [["clicks", 1] as const, ["views", 2] as const]) {
      const sending = harness.shards.at(stream, generation, 0).jobs.get(1)?.plan.send;
      expect(sending?.to).toMatchObject({ generation: 3, partitions: 2 });
    }
    const facts = await harness.coordinator.jobFacts("totals");
    const before = facts.ok ? facts.value.before : [];
    expect(before).toEqual([
      { stream: "clicks", generation: 1, mapVersion: 1, ranges: evenRanges(2), to: 3 },
      { stream: "views", generation: 2, mapVersion: 1, ranges: evenRanges(1), to: 3 },
    ]);
  });

  test("tells of the shards of both", async () => {
    const harness = await united();
    harness.shards.at("clicks", 1, 1).jobStatus = { appliedOffset: 4, watermark: 9n };
    harness.shards.at("views", 2, 0).jobStatus = { appliedOffset: 7, watermark: 5n };
    harness.shards.at("totals/1", 3, 1).beforeCall = () => Promise.reject(new Error("gone"));
    expect(await harness.coordinator.job("totals")).toMatchObject({
      value: {
        offsets: { clicks: { 0: 0, 1: 4 }, views: { 0: 7 } },
        unreachableStages: [{ stage: 2, shards: [1] }],
      },
    });
    expect(await harness.coordinator.jobs()).toMatchObject({ value: [{ job: "totals", stream: "clicks" }] });
  });

  test("keeps both from being deleted, and is gone from both when it is deleted", async () => {
    const harness = await united();
    for (const stream of ["clicks", "views"]) {
      const refused = await harness.coordinator.deleteStream(stream);
      expect(refused).toMatchObject({ error: { code: "STREAM_IN_USE", details: { jobs: ["totals"] } } });
    }
    const view = harness.shards.at("views", 2, 0);
    view.beforeCall = () => Promise.reject(new Error("away"));
    expect(await harness.coordinator.deleteJob("totals")).toMatchObject({ ok: true });
    expect(await harness.coordinator.deleteStream("clicks")).toMatchObject({ ok: true });
    view.beforeCall = () => {};
    await harness.pass(60_000);
    expect(view.jobs.size).toBe(0);
    expect(harness.shards.at("totals/1", 3, 0).isDestroyed).toBe(true);
    expect(await harness.coordinator.deleteStream("views")).toMatchObject({ ok: true });
  });

  test("has a savepoint's barrier enter the shards of both, and goes on with it", async () => {
    const harness = await united();
    const partitions: [string, number, number][] = [
      ["clicks", 1, 0],
      ["clicks", 1, 1],
      ["views", 2, 0],
    ];
    const taking = harness.coordinator.createSavepoint("totals", { stop: false, drain: false });
    await harness.within(3500, taking);
    for (const place of partitions) {
      expect(harness.shards.at(...place).calls).toContain("beginSavepoint 1 1 3 to 3");
    }
    expect(harness.shards.at("totals/1", 3, 0).calls).not.toContain("beginSavepoint 1 1 3 to 3");
    const saved = { state: "done", parts: 1, partsLeft: 0, bytes: 10, bytesLeft: 0 } as const;
    partitions.push(["totals/1", 3, 0], ["totals/1", 3, 1]);
    for (const place of partitions) {
      harness.shards.at(...place).savepoint = saved;
    }
    await harness.pass(2000);
    const fork = { ...both, fromSavepoint: 1 };
    expect(await harness.coordinator.putJob("fork", fork)).toMatchObject({ ok: true });
    const restored = (stream: string, generation: number) =>
      harness.shards.at(stream, generation, 0).jobs.get(2)?.restore;
    expect(restored("clicks", 1)).toEqual({ position: "savepoints/1/1.0", states: [] });
    expect(restored("views", 2)).toEqual({ position: "savepoints/1/2.0", states: [] });
    expect(restored("fork/1", 4)).toEqual({ states: ["savepoints/1/3.0"] });
    const alone = { ...fork, source: "clicks" };
    expect(await harness.coordinator.putJob("alone", alone)).toMatchObject({
      error: { code: "SAVEPOINT_UNFIT", message: expect.stringContaining("or on more or fewer") },
    });
    const turned = { ...fork, source: ["views", "clicks"] };
    expect(await harness.coordinator.putJob("turned", turned)).toMatchObject({ ok: true });
  });
});

test("the same job again is no news, another one under its name is a conflict", async () => {
  const harness = await started();
  await harness.coordinator.putJob("totals", jobOf());
  expect(await harness.coordinator.putJob("totals", jobOf())).toMatchObject({ value: { isNew: false } });
  const other = await harness.coordinator.putJob("totals", jobOf({ allowedLateness: "1s" }));
  const message = expect.stringContaining('allowedLateness is "0ms" and cannot become "1s"');
  expect(other).toMatchObject({ ok: false, error: { code: "JOB_CONFLICT", status: 409, message } });
});

test("a job on a stream that is not there names the nearest one", async () => {
  const harness = await started();
  const put = await harness.coordinator.putJob("totals", jobOf({ source: "click" }));
  expect(put).toMatchObject({
    error: { code: "STREAM_NOT_FOUND", message: expect.stringContaining('"clicks"') },
  });
});

test("pause and resume are wishes too: the newest wins however often the older one failed", async () => {
  const harness = await started();
  await harness.coordinator.putJob("totals", jobOf());
  const shard = harness.shards.at("clicks", 1, 0);
  shard.beforeCall = () => {
    throw new Error("away");
  };
  const paused = await harness.coordinator.setJobState("totals", "paused");
  expect(paused).toMatchObject({ value: { state: "pausing" } });
  await harness.coordinator.setJobState("totals", "running");
  shard.beforeCall = () => {};
  await harness.pass(60_000);
  expect(shard.calls.at(-1)).not.toBe("command totals 1 paused");
  expect(shard.jobs.get(1)?.state).toBe("running");
  expect(await harness.coordinator.job("totals")).toMatchObject({ value: { state: "running" } });
});

test("a wish that changes while its command is under way is sent again", async () => {
  const harness = await started();
  await harness.coordinator.putJob("totals", jobOf());
  const shard = harness.shards.at("clicks", 1, 0);
  let release = () => {};
  shard.beforeCall = () => new Promise((resolve) => (release = resolve));
  const pause = harness.coordinator.setJobState("totals", "paused");
  await harness.clock.advance(0);
  shard.beforeCall = () => {};
  const resume = harness.coordinator.setJobState("totals", "running");
  release();
  await harness.within(0, Promise.all([pause, resume]));
  expect(shard.calls.slice(-2)).toEqual(["command totals 1 paused", "command totals 1 running"]);
  expect(shard.jobs.get(1)?.state).toBe("running");
});

test("a stream that a job reads cannot be deleted", async () => {
  const harness = await started();
  await harness.coordinator.putJob("totals", jobOf());
  const refused = await harness.coordinator.deleteStream("clicks");
  expect(refused).toMatchObject({ error: { code: "STREAM_IN_USE", details: { jobs: ["totals"] } } });
  expect(await harness.coordinator.deleteJob("totals")).toMatchObject({ ok: true });
  expect(await harness.coordinator.deleteStream("clicks")).toMatchObject({ ok: true });
  expect(harness.shards.at("clicks", 1, 0).isDestroyed).toBe(true);
});

test("generations and runs are never used again", async () => {
  const harness = await started();
  await harness.coordinator.putJob("totals", jobOf());
  await harness.coordinator.deleteJob("totals");
  await harness.coordinator.deleteStream("clicks");
  harness.restart();
  await harness.coordinator.putStream("clicks", streamOf());
  const put = await harness.coordinator.putJob("totals", jobOf());
  expect(put).toMatchObject({ value: { answer: { run: 2 } } });
  expect(await harness.coordinator.streamFacts("clicks")).toMatchObject({ value: { generation: 2 } });
});

test("a deleted stream that could not be destroyed is gone for callers, and destroyed later", async () => {
  const harness = await started();
  const shard = harness.shards.at("clicks", 1, 0);
  shard.beforeCall = () => {
    throw new Error("away");
  };
  await harness.coordinator.deleteStream("clicks");
  expect(await harness.coordinator.stream("clicks")).toMatchObject({ error: { code: "STREAM_NOT_FOUND" } });
  await harness.coordinator.putStream("clicks", streamOf());
  shard.beforeCall = () => {};
  await harness.pass(120_000);
  expect(shard.isDestroyed).toBe(true);
  expect(harness.shards.at("clicks", 2, 0).identity).toMatchObject({ generation: 2 });
});

test("a job's status is that of its slowest shard, and says which shard is silent", async () => {
  const harness = await started({ shards: 3, distributionKey: ["user"] });
  await harness.coordinator.putJob("totals", jobOf());
  const checkpoint = { epoch: 1, offset: 4, at: 0, durationMs: 2, pages: 1, bytes: 1024 };
  harness.shards.at("clicks", 1, 0).jobStatus = {
    watermark: 2000n,
    appliedOffset: 7,
    lagRecords: 1,
    checkpoints: [checkpoint],
  };
  harness.shards.at("clicks", 1, 1).jobStatus = { watermark: 1000n, appliedOffset: 3, lagRecords: 2 };
  harness.shards.at("clicks", 1, 2).jobStatus = { watermark: 3000n };
  expect(await harness.coordinator.job("totals")).toMatchObject({
    value: {
      state: "running",
      watermark: "1970-01-01T00:00:01.000Z",
      offsets: { 0: 7, 1: 3, 2: 0 },
      lag: { records: 3, bytes: 0 },
      checkpoints: [{ shard: 0, epoch: 1, at: "1970-01-01T00:00:00.000Z" }],
      unreachable: [],
    },
  });
  harness.shards.at("clicks", 1, 2).beforeCall = () => {
    throw new Error("away");
  };
  harness.shards.at("clicks", 1, 1).jobStatus = { state: "failed" };
  expect(await harness.coordinator.job("totals")).toMatchObject({
    value: { state: "failed", watermark: null, unreachable: [2] },
  });
});

test("idle shards follow the active ones while a job runs, until all are idle", async () => {
  const harness = await started({ shards: 2, distributionKey: ["user"] });
  const [active, idle] = [0, 1].map((shard) => harness.shards.at("clicks", 1, shard));
  if (!active || !idle) throw new Error("two shards");
  active.status_ = { watermark: 500n };
  idle.status_ = { watermark: 0n, isIdle: true };
  await harness.pass(60_000);
  expect(idle.calls).not.toContain("tick 500");
  await harness.coordinator.putJob("totals", jobOf());
  await harness.pass(5000);
  active.status_ = { watermark: 900n };
  await harness.pass(10_000);
  expect(idle.calls).toContain("tick 500");
  expect(idle.calls).not.toContain("tick 900");
  await harness.pass(10_000);
  expect(idle.calls).toContain("tick 900");
  expect(active.calls.some((call) => call.startsWith("tick"))).toBe(false);

  active.status_ = { watermark: 900n, isIdle: true };
  await harness.pass(10_000);
  const callsWhenAllIdle = active.calls.length;
  await harness.pass(600_000);
  expect(active.calls.length).toBe(callsWhenAllIdle);

  active.status_ = { watermark: 1500n };
  await harness.coordinator.shardActive("clicks", 1, 0);
  await harness.pass(15_000);
  expect(idle.calls).toContain("tick 1500");
});

test("an alarm that fails sets the next one; when storage fails the object ends", async () => {
  const harness = await started();
  harness.alarmAt = undefined;
  harness.sql.beforeStatement = () => {
    throw new Error("a defect");
  };
  await harness.coordinator.onAlarm();
  expect(harness.alarmAt).toBe(harness.clock.now() + 5000);
  expect(harness.aborted).toBeUndefined();
  harness.sql.beforeStatement = () => {
    throw new StorageFailure("the disk is full");
  };
  await harness.coordinator.onAlarm();
  expect(harness.aborted).toBe("the disk is full");
});

test("a request whose writes fail ends the object, so that nothing half done stays", async () => {
  const harness = new Harness();
  harness.sql.beforeStatement = ({ statement }) => {
    if (statement.startsWith("INSERT OR REPLACE INTO deliveries"))
      throw new StorageFailure("the disk is full");
  };
  const put = await harness.coordinator.putStream("clicks", streamOf());
  expect(put).toMatchObject({ ok: false, error: { code: "STORAGE_FULL" } });
  expect(harness.aborted).toBe("the disk is full");
});

test("a silent shard holds everyone: it may be active and behind", async () => {
  const harness = await started({ shards: 3, distributionKey: ["user"] });
  await harness.coordinator.putJob("totals", jobOf());
  harness.shards.at("clicks", 1, 0).status_ = { watermark: 500n };
  harness.shards.at("clicks", 1, 1).beforeCall = () => {
    throw new Error("away");
  };
  const idle = harness.shards.at("clicks", 1, 2);
  idle.status_ = { watermark: 0n, isIdle: true };
  await harness.pass(60_000);
  expect(idle.calls.filter((call) => call.startsWith("tick"))).toEqual([]);
});
