/** What a shard sends to the next stage besides its rows, and what becomes of a call. */
import { describe, expect, test } from "vitest";
import { RecordKind } from "../../../src/engine/log/records.ts";
import type { OutputCall } from "../../../src/engine/partition-outputs.ts";
import { planStages } from "../../../src/engine/plan/plan-stages.ts";
import { readJobDefinition } from "../../../src/protocol/job-spec.ts";
import { PartitionHarness } from "../../support/partition-harness.ts";

const stream = {
  columns: [
    { name: "user", type: "STRING" },
    { name: "time", type: "TIMESTAMP(3)" },
  ],
  eventTime: { column: "time" },
  idleTimeout: "15s",
  shards: 1,
};

class SendingShard extends PartitionHarness {
  constructor() {
    super({ stream });
  }

  startSending(startFrom: "earliest" | "latest", partitions = 2): void {
    const body = { source: "events", key: ["user"], parallelism: partitions, twoPhase: false, startFrom };
    const job = readJobDefinition({ ...body, aggregates: { n: { function: "count" } } });
    const to = { stream: "job/1", generation: 7, mapVersion: 1, partitions };
    const plan = planStages(job, [this.definition], () => to)[0]?.plan;
    if (plan) this.wish({ job: "job", run: 1, state: "running", plan });
  }

  /** Starts a job that keeps its state here and has readers of its results and of what it reads. */
  startKeeping(startFrom: "earliest" | "latest"): void {
    const counting = { aggregates: { n: { function: "count" } } };
    const steps = [
      { key: [], window: { type: "tumble", size: "10s" }, ...counting },
      { key: [], input: "source", ...counting },
    ];
    const body = {
      source: "events",
      key: ["user"],
      window: { type: "tumble", size: "1s" },
      startFrom,
      steps,
    };
    const job = readJobDefinition({ ...body, ...counting });
    let generation = 7;
    const deploy = () => ({ stream: "job/n", generation: generation++, mapVersion: 1, partitions: 1 });
    const plan = planStages(job, [this.definition], deploy)[0]?.plan;
    if (plan) this.wish({ job: "job", run: 1, state: "running", plan });
  }

  take(): OutputCall[] {
    return this.turn(() => this.partition.outputs.take(this.identity));
  }

  /** The messages of calls, as [receiver, kind, watermark]. */
  messages(): unknown[][] {
    return this.take().flatMap(({ receiver, requests }) =>
      requests.map(({ link }) => [receiver, link?.kind, link?.watermark]),
    );
  }
}

describe("a shard that sends", () => {
  test("says that it is idle though nothing comes any more", () => {
    const shard = new SendingShard();
    shard.append([["ann", "1970-01-01 00:00:09"]]);
    shard.pass(20_000);
    shard.turn(() => shard.partition.heartbeat());
    expect(shard.partition.log.isIdle).toBe(true);
    shard.startSending("latest");
    shard.settle();
    expect(shard.messages()).toEqual([0, 1].map((receiver) => [receiver, RecordKind.Tick, 9000n]));
    expect(shard.turn(() => shard.partition.nextAlarm())).toBeLessThan(shard.ports.clock.time + 10_000);
    shard.crash();
    shard.settle();
    expect(shard.messages()).toHaveLength(2);
  });

  test("says so by every edge of a task that keeps its state here", () => {
    const shard = new SendingShard();
    shard.append([["ann", "1970-01-01 00:00:09"]]);
    shard.pass(20_000);
    shard.turn(() => shard.partition.heartbeat());
    shard.startKeeping("latest");
    shard.settle();
    expect(shard.messages()).toEqual([0, 0].map((receiver) => [receiver, RecordKind.Tick, 9000n]));
    shard.crash();
    shard.settle();
    expect(shard.take().map(({ edge, to }) => [edge, to.generation])).toEqual([
      [0, 7],
      [1, 8],
    ]);
  });

  test("acknowledges each edge for itself, and has a token for each", () => {
    const shard = new SendingShard();
    shard.startKeeping("earliest");
    shard.append([["ann", "1970-01-01 00:00:09"]]);
    shard.settle();
    const [results, rows] = shard.take() as [OutputCall, OutputCall];
    expect([results, rows].map(({ edge, requests }) => [edge, requests.length])).toEqual([
      [0, 1],
      [1, 2],
    ]);
    const tokenTo = (generation: number) => shard.partition.tokenBehind("job", 1, 1, generation);
    const accepted = rows.requests.map((_, index) => ({ status: "logged", offset: index + 5 }) as const);
    shard.turn(() => shard.partition.outputs.settle(rows, { ok: true, value: accepted }));
    expect([tokenTo(7), tokenTo(8)]).toEqual([undefined, [6]]);
    expect(shard.partition.outputs.isWaiting).toBe(true);
    shard.crash();
    shard.settle();
    expect(shard.take().map(({ edge }) => edge)).toEqual([0, 1]);
  });

  test("tells every partition the time, with rows or without", () => {
    const shard = new SendingShard();
    shard.startSending("earliest");
    shard.append([["ann", "1970-01-01 00:00:09"]]);
    shard.settle();
    const told = shard.messages();
    expect(told.map(([receiver]) => receiver)).toEqual([0, 1]);
    expect(told.map(([, kind]) => kind).sort()).toEqual([RecordKind.Frame, RecordKind.Watermark]);
    expect(told.map(([, , watermark]) => watermark)).toEqual([9000n, 9000n]);
  });

  test("has one call on its way to each partition, and tries one again that failed", () => {
    const shard = new SendingShard();
    shard.startSending("earliest", 3);
    shard.append([["ann", "1970-01-01 00:00:09"]]);
    shard.settle();
    const calls = shard.take();
    expect(calls).toHaveLength(3);
    shard.append([["ann", "1970-01-01 00:00:10"]]);
    shard.settle();
    expect(shard.take()).toEqual([]);
    const { outputs } = shard.partition;
    const [first, second, third] = calls as [OutputCall, OutputCall, OutputCall];
    const logged = { status: "logged", offset: 5 } as const;
    expect(outputs.settle(first, { ok: true, value: [logged] })).toBe(true);
    const error = { code: "MAP_STALE", status: 503, message: "not set up", help: "" } as const;
    expect(outputs.settle(second, { ok: true, value: [{ status: "refused", error }] })).toBe(false);
    expect(outputs.settle(third, { ok: false, error })).toBe(false);
    expect(shard.take().map(({ receiver }) => receiver)).toEqual([first.receiver]);
    outputs.retry(second);
    expect(shard.take().map(({ receiver, requests }) => [receiver, requests.length])).toEqual([
      [second.receiver, 2],
    ]);
  });

  test("fails where the next stage has failed", () => {
    const shard = new SendingShard();
    shard.startSending("earliest");
    shard.append([["ann", "1970-01-01 00:00:09"]]);
    shard.settle();
    const [call] = shard.take();
    const error = { code: "JOB_FAILED", status: 409, message: "it failed there", help: "" } as const;
    shard.partition.outputs.settle(call as OutputCall, { ok: true, value: [{ status: "refused", error }] });
    const [status] = shard.partition.jobs.statuses();
    expect(status).toMatchObject({ state: "failed", error: { message: "it failed there" } });
    expect(shard.take()).toEqual([]);
  });
});

test("a partition between stages takes nothing but what its channels bring", () => {
  const identity = { inputs: ["1.0"], generation: 2 };
  const stage = new PartitionHarness({ stream, identity });
  const request = { ...stage.request(stage.frame([["ann", "1970-01-01 00:00:09"]])), generation: 2 };
  const [refused] = stage.turn(() => stage.partition.append([request]));
  expect(refused).toMatchObject({ status: "refused", error: { code: "MAP_STALE" } });
  const place = { sequence: { offset: 1, part: 1 }, previous: { offset: 0, part: 0 } };
  const link = { channel: "1.0", ...place, kind: RecordKind.Frame, watermark: 0n };
  const [logged] = stage.turn(() => stage.partition.append([{ ...request, link }]));
  expect(logged).toEqual({ status: "logged", offset: 1 });
  // Without its job it keeps what it was sent, whatever the retention says.
  stage.pass(1_000_000);
  stage.turn(() => stage.partition.trim());
  expect(stage.partition.log.firstOffset).toBe(1);
});
