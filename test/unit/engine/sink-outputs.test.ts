/** What a task sends into a stream that people made: as a producer, in calls that a retry leaves harmless. */
import { expect, test } from "vitest";
import type { AppendRequest, AppendResult } from "../../../src/engine/log/records.ts";
import type { OutputCall } from "../../../src/engine/partition-outputs.ts";
import { planStages } from "../../../src/engine/plan/plan-stages.ts";
import type { TaskPlan } from "../../../src/engine/plan/task-plan.ts";
import { readFrameHeader } from "../../../src/kernel/frame-codec.ts";
import { readJobDefinition } from "../../../src/protocol/job-spec.ts";
import { readStreamDefinition } from "../../../src/protocol/stream-spec.ts";
import { PartitionHarness } from "../../support/partition-harness.ts";

const stream = {
  columns: [
    { name: "user", type: "STRING" },
    { name: "time", type: "TIMESTAMP(3)" },
  ],
  eventTime: { column: "time", outOfOrderness: 0 },
};

const targetBody = {
  columns: [
    { name: "window_time", type: "TIMESTAMP(3)" },
    { name: "user", type: "STRING" },
    { name: "n", type: "BIGINT" },
  ],
  eventTime: { column: "window_time", outOfOrderness: "2s" },
};

const definition = readStreamDefinition(targetBody);

/** The shard of the stream that is written to. */
class TargetShard extends PartitionHarness {
  constructor(changes: object = {}) {
    super({ stream: { ...targetBody, ...changes } });
  }

  take(requests: readonly AppendRequest[]): readonly AppendResult[] {
    return this.turn(() => this.partition.append(requests));
  }

  end(): void {
    this.turn(() => this.partition.setWatermark(1, 2n ** 63n - 1n));
  }
}

class WritingShard extends PartitionHarness {
  readonly #plan: TaskPlan;

  /** `mapVersion` and `generation` are those of the target. */
  constructor({ mapVersion, generation } = { mapVersion: 4, generation: 9 }) {
    super({ stream });
    const job = readJobDefinition({
      source: "events",
      key: ["user"],
      window: { type: "tumble", size: "1s" },
      aggregates: { n: { function: "count" } },
      into: "alerts",
    });
    const target = { stream: "alerts", generation, mapVersion, partitions: 1 };
    const sinks = new Map([["alerts", { definition, schemaVersion: mapVersion, target }]]);
    this.#plan = planStages(job, [this.definition], () => target, sinks)[0]?.plan as TaskPlan;
    this.run("running");
  }

  /** What the coordinator wants of the job. */
  run(state: "running" | "paused"): void {
    this.wish({ job: "job", run: 1, state, plan: this.#plan });
    this.settle();
  }

  /** Takes in an event of each of these seconds. */
  seconds(from: number, to: number): void {
    for (let second = from; second < to; second++) {
      this.append([["ann", new Date(second * 1000).toISOString().slice(0, 19).replace("T", " ")]]);
    }
    this.settle();
  }

  take(): OutputCall[] {
    return this.turn(() => this.partition.outputs.take(this.identity));
  }

  answer(call: OutputCall, result: AppendResult): boolean {
    const value = call.requests.map(() => result);
    return this.turn(() => this.partition.outputs.settle(call, { ok: true, value }));
  }

  /** Has the target take the calls that are to be made now. */
  deliverTo(target: TargetShard): void {
    for (const call of this.take()) {
      const value = target.take(call.requests);
      this.turn(() => this.partition.outputs.settle(call, { ok: true, value }));
    }
  }

  /** Takes in three seconds, and is stopped with savepoint 7 when their results are delivered. */
  stop(): void {
    this.seconds(0, 3);
    const [call] = this.take() as [OutputCall];
    this.turn(() => this.partition.beginSavepoint(1, { run: 1, savepoint: 7, stops: true }));
    this.answer(call, logged);
    this.settle();
  }

  savepointState(savepoint = 7): string | undefined {
    return this.partition.savepointStatus(1, savepoint)?.state;
  }
}

const firstOfTarget = { mapVersion: 1, generation: 1 };

const logged: AppendResult = { status: "logged", offset: 3 };

test("a result goes as an append of the task's own producer, and nothing but results goes", () => {
  const shard = new WritingShard();
  shard.seconds(0, 2);
  const [call] = shard.take() as [OutputCall];
  expect(call.requests).toHaveLength(1);
  const [request] = call.requests;
  expect(request).toMatchObject({ generation: 9, mapVersion: 4, tokenId: "channel" });
  expect(request?.link).toBeUndefined();
  expect(request?.producer).toMatchObject({ producer: "1/1.0", part: 1 });
  // The window's last millisecond less two seconds.
  const header = readFrameHeader(request?.frame as Uint8Array);
  expect(header).toMatchObject({ rows: 1, schemaVersion: 4, watermark: 999n - 2000n });
});

test("a task that sends all again after a crash is told that it is there", () => {
  const writer = new WritingShard(firstOfTarget);
  const target = new TargetShard();
  writer.seconds(0, 100);
  writer.deliverTo(target);
  const rows = target.partition.log.counts.rows;
  expect(rows).toBe(99);
  writer.crash();
  writer.settle();
  writer.seconds(100, 102);
  writer.deliverTo(target);
  expect(writer.take()).toEqual([]);
  expect(target.partition.log.counts.rows).toBe(rows + 2);
});

test("what came once comes no second time, though the stream keeps its rows for a minute", () => {
  const writer = new WritingShard(firstOfTarget);
  const target = new TargetShard({ retention: { time: "1 min" } });
  writer.seconds(0, 3);
  const [call] = writer.take() as [OutputCall];
  expect(target.take(call.requests).map(({ status }) => status)).toEqual(["logged", "logged"]);
  target.pass(61_000);
  target.turn(() => target.partition.heartbeat());
  expect(target.take(call.requests).map(({ status }) => status)).toEqual(["duplicate", "duplicate"]);
});

test("a stream that was ended after all was delivered does not fail the job that sends it again", () => {
  const writer = new WritingShard(firstOfTarget);
  const target = new TargetShard();
  writer.seconds(0, 100);
  writer.deliverTo(target);
  target.end();
  writer.crash();
  writer.settle();
  writer.deliverTo(target);
  expect(writer.partition.outputs.isWaiting).toBe(false);
  writer.seconds(100, 102);
  writer.deliverTo(target);
  expect(writer.partition.jobs.failure).toMatchObject({ code: "STREAM_ENDED" });
});

test("a savepoint waits until all before it is delivered", () => {
  const shard = new WritingShard();
  shard.seconds(0, 3);
  shard.turn(() => shard.partition.beginSavepoint(1, { run: 1, savepoint: 7 }));
  shard.settle();
  shard.seconds(3, 4);
  expect(shard.savepointState()).toBe("waiting");
  // Nothing is to be done but to wait for the answer.
  expect(shard.partition.step()).toBe(0);
  expect(shard.partition.hasReadyWork).toBe(false);
  shard.crash();
  shard.settle();
  expect(shard.savepointState()).toBe("waiting");
  const [call] = shard.take() as [OutputCall];
  shard.answer(call, logged);
  shard.settle();
  expect(shard.savepointState()).toBe("pinned");
  shard.seconds(3, 5);
  expect(shard.take()).toHaveLength(1);
});

test("behind the barrier of a savepoint that ends the job nothing is sent, also after a crash", () => {
  const shard = new WritingShard();
  shard.stop();
  expect(shard.savepointState()).toBe("pinned");
  shard.seconds(3, 8);
  expect(shard.take()).toEqual([]);
  shard.crash();
  shard.settle();
  expect(shard.take()).toEqual([]);
});

test("a job goes on behind a savepoint that was to end it, and failed elsewhere", () => {
  const shard = new WritingShard();
  shard.stop();
  shard.crash();
  shard.run("running");
  shard.seconds(3, 8);
  const [next] = shard.take() as [OutputCall];
  shard.answer(next, logged);
  shard.turn(() => shard.partition.beginSavepoint(1, { run: 1, savepoint: 8 }));
  shard.settle();
  expect(shard.savepointState(8)).toBe("pinned");
});

test("a call that was under way when the job failed does not keep it from sending when it goes on", () => {
  const shard = new WritingShard();
  shard.seconds(0, 3);
  const [call] = shard.take() as [OutputCall];
  shard.turn(() => shard.partition.jobs.fail(1, { code: "JOB_FAILED", message: "elsewhere" } as never));
  shard.answer(call, logged);
  shard.run("running");
  shard.seconds(3, 6);
  expect(shard.take()).toHaveLength(1);
});
