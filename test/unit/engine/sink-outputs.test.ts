/** What a task sends into a stream that people made: as a producer, in calls that a retry leaves harmless. */
import { expect, test } from "vitest";
import { producerSequencesKept } from "../../../src/base/limits.ts";
import type { AppendResult } from "../../../src/engine/log/records.ts";
import type { OutputCall } from "../../../src/engine/partition-outputs.ts";
import { planStages } from "../../../src/engine/plan/plan-stages.ts";
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

const definition = readStreamDefinition({
  columns: [
    { name: "window_time", type: "TIMESTAMP(3)" },
    { name: "user", type: "STRING" },
    { name: "n", type: "BIGINT" },
  ],
  eventTime: { column: "window_time", outOfOrderness: "2s" },
});

class WritingShard extends PartitionHarness {
  constructor() {
    super({ stream });
    const job = readJobDefinition({
      source: "events",
      key: ["user"],
      window: { type: "tumble", size: "1s" },
      aggregates: { n: { function: "count" } },
      into: "alerts",
    });
    const target = { stream: "alerts", generation: 9, mapVersion: 4, partitions: 1 };
    const sinks = new Map([["alerts", { definition, schemaVersion: 4, target }]]);
    const plan = planStages(job, [this.definition], () => target, sinks)[0]?.plan;
    if (plan) this.wish({ job: "job", run: 1, state: "running", plan });
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

  savepointState(): string | undefined {
    return this.partition.savepointStatus(1, 7)?.state;
  }
}

function refused(code: "PRODUCER_SEQUENCE_TOO_OLD" | "STREAM_ENDED"): AppendResult {
  return { status: "refused", error: { code, message: code } as never };
}

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

test("a call holds no more offsets than a shard remembers; what it has forgotten is there", () => {
  const shard = new WritingShard();
  shard.seconds(0, 100);
  const [first] = shard.take() as [OutputCall];
  expect(first.requests).toHaveLength(producerSequencesKept);
  expect(shard.take()).toEqual([]);
  expect(shard.answer(first, refused("PRODUCER_SEQUENCE_TOO_OLD"))).toBe(true);
  const [second] = shard.take() as [OutputCall];
  expect(second.requests).toHaveLength(99 - producerSequencesKept);
  expect(shard.answer(second, logged)).toBe(true);
  expect(shard.take()).toEqual([]);
});

test("a stream that was ended fails the job", () => {
  const shard = new WritingShard();
  shard.seconds(0, 2);
  const [call] = shard.take() as [OutputCall];
  shard.answer(call, refused("STREAM_ENDED"));
  expect(shard.partition.jobs.failure).toMatchObject({ code: "STREAM_ENDED" });
});

test("a savepoint waits until all before it is delivered", () => {
  const shard = new WritingShard();
  shard.seconds(0, 3);
  shard.turn(() => shard.partition.beginSavepoint(1, { run: 1, savepoint: 7 }));
  shard.settle();
  expect(shard.savepointState()).toBe("waiting");
  shard.crash();
  shard.settle();
  expect(shard.savepointState()).toBe("waiting");
  const [call] = shard.take() as [OutputCall];
  shard.answer(call, logged);
  shard.settle();
  expect(shard.savepointState()).toBe("copied");
  shard.seconds(3, 5);
  expect(shard.take()).toHaveLength(1);
});

test("behind the barrier of a savepoint that ends the job nothing is sent, also after a crash", () => {
  const shard = new WritingShard();
  shard.seconds(0, 3);
  const [call] = shard.take() as [OutputCall];
  shard.turn(() => shard.partition.beginSavepoint(1, { run: 1, savepoint: 7, stops: true }));
  shard.answer(call, logged);
  shard.settle();
  expect(shard.savepointState()).toBe("copied");
  shard.seconds(3, 8);
  expect(shard.take()).toEqual([]);
  shard.crash();
  shard.settle();
  expect(shard.take()).toEqual([]);
});
