/**
 * The coordinator registers producers, tells shards of them, and lets go of those that are live no longer:
 * over shards that fail, while it restarts, and while a shard is split.
 */
import { expect, test } from "vitest";
import { appendDeadlineMs, liveProducersMax } from "../../../../src/base/limits.ts";
import { Coordinator } from "../../../../src/host/coordinator/coordinator.ts";
import type { StreamBody } from "../../../../src/protocol/stream-spec.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { MemoryBlobs } from "../../../support/memory-blobs.ts";
import { NodeStorage } from "../../../support/node-storage.ts";
import { streamOf } from "../definitions.ts";
import { type FakePartition, FakeShards } from "../fake-shards.ts";

class Harness {
  readonly sql = new NodeStorage();
  readonly clock = new ManualClock();
  readonly shards = new FakeShards();
  alarmAt: number | undefined;
  coordinator = this.start();

  start(): Coordinator {
    return new Coordinator({
      ...{ sql: this.sql, clock: this.clock, shards: this.shards, blobs: new MemoryBlobs() },
      generated: undefined,
      setAlarm: (at) => {
        this.alarmAt = at;
      },
      abort: (reason) => {
        throw new Error(reason);
      },
    });
  }

  restart(): void {
    this.alarmAt = undefined;
    this.coordinator = this.start();
  }

  async make(changes: Partial<StreamBody> = {}): Promise<void> {
    await this.coordinator.putStream("clicks", streamOf({ shards: 2, ...changes }));
    for (const shard of [0, 1, 2]) this.shard(shard).now = () => this.clock.now();
  }

  shard(shard: number): FakePartition {
    return this.shards.at("clicks", 1, shard);
  }

  register(producer: string, refused?: number) {
    const known = refused === undefined ? {} : { refused };
    return this.coordinator.registerProducer({
      ...{ stream: "clicks", generation: 1, tokenId: "token", producer },
      ...known,
    });
  }

  /** Moves the time and runs the alarm as often as it is due. */
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

  /** What was told of producers, by shard. */
  told(): string[][] {
    const isOfProducers = (call: string) => /^(Register|Close|Forget|tick)/.test(call);
    return [0, 1, 2].map((shard) => this.shard(shard).calls.filter(isOfProducers));
  }
}

test("a producer is in every shard before its number is answered, and told once", async () => {
  const harness = new Harness();
  await harness.make();
  let isAnswered = false;
  harness.shard(1).beforeCall = async (method) => {
    if (!method.startsWith("Register")) return;
    await harness.clock.advance(100);
    expect(isAnswered).toBe(false);
  };
  const answer = await harness.register("p");
  isAnswered = true;
  harness.shard(1).beforeCall = () => {};
  expect(answer).toEqual({ ok: true, value: 1 });
  expect(await harness.register("p")).toEqual({ ok: true, value: 1 });
  harness.restart();
  expect(await harness.register("p")).toEqual({ ok: true, value: 1 });
  expect(await harness.register("q")).toEqual({ ok: true, value: 2 });
  expect(harness.told()).toEqual([["Register p", "Register q"], ["Register p", "Register q"], []]);
});

test("a shard that does not hear of it holds a producer up; asking again completes it", async () => {
  const harness = new Harness();
  await harness.make();
  harness.shard(1).beforeCall = (method) => {
    if (method.startsWith("Register")) throw new Error("unreachable");
  };
  expect(await harness.register("p")).toMatchObject({ ok: false, error: { code: "PARTITION_UNAVAILABLE" } });
  harness.restart();
  harness.shard(1).beforeCall = () => {};
  expect(await harness.register("p")).toEqual({ ok: true, value: 1 });
  expect([...harness.shard(1).live.entries()]).toMatchObject([{ producer: "p", registration: 1 }]);
});

test("a producer that is idle is closed, then forgotten, and its stream is watched no longer", async () => {
  const harness = new Harness();
  await harness.make();
  await harness.register("p");
  await harness.pass(29_000);
  expect(harness.told()[0]).toEqual(["Register p"]);
  harness.restart();
  await harness.pass(10_000);
  expect(harness.told()[0]).toEqual(["Register p", "Close p", "Forget p"]);
  expect(harness.told()[1]).toEqual(["Register p", "Close p", "Forget p"]);
  expect(harness.shard(0).live.size + harness.shard(1).live.size).toBe(0);
  await harness.pass(60_000);
  expect(harness.alarmAt).toBeUndefined();
  expect(await harness.register("p")).toEqual({ ok: true, value: 2 });
});

test("a producer that sends to one shard stays live, and the other hears how far it is", async () => {
  const harness = new Harness();
  await harness.make();
  await harness.register("p");
  harness.shard(1).status_ = { ownWatermark: 900n };
  const name = { tokenId: "token", producer: "p" };
  for (let sequence = 1; sequence <= 6; sequence++) {
    const frame = { sequence, watermark: BigInt(100 * sequence), appendTime: harness.clock.now(), rows: 1 };
    harness.shard(0).live.accept(name, frame);
    await harness.pass(10_000);
  }
  expect(harness.told()[0]).toEqual(["Register p"]);
  expect(harness.told()[1]).toEqual([
    "Register p",
    ...[100, 200, 300, 400, 500].map((time) => `tick - p at ${time}`),
  ]);
});

test("who was closed by mistake gets another number; one that a shard refused is given no more", async () => {
  const harness = new Harness();
  await harness.make();
  await harness.register("p");
  expect(await harness.register("p", 1)).toEqual({ ok: true, value: 2 });
  expect(await harness.register("p", 1)).toEqual({ ok: true, value: 2 });
  for (const shard of [0, 1]) {
    expect([...harness.shard(shard).live.entries()]).toMatchObject([{ registration: 2, isClosed: false }]);
  }
});

test("a number is good no more from when the first shard is told to close its producer", async () => {
  const harness = new Harness();
  await harness.make();
  await harness.register("p");
  let asked: unknown;
  harness.shard(0).beforeCall = async (method) => {
    if (method.startsWith("Close")) asked ??= await harness.register("p");
  };
  await harness.pass(31_000);
  expect(asked).toEqual({ ok: true, value: 2 });
  // What was decided before it came back lets go of nothing.
  for (const shard of [0, 1]) {
    expect([...harness.shard(shard).live.entries()]).toMatchObject([{ registration: 2, isClosed: false }]);
  }
});

test("while a shard is split a producer waits for the new one", async () => {
  const harness = new Harness();
  await harness.make();
  let registered: ReturnType<Harness["register"]> | undefined;
  harness.shard(0).beforeCall = (method) => {
    if (method.startsWith("split")) registered ??= harness.register("p");
  };
  const split = harness.coordinator.splitStream("clicks", 0, undefined);
  await harness.clock.advance(200);
  await harness.pass(2_000);
  expect(await split).toMatchObject({ ok: true, value: { parent: 0, child: 2 } });
  expect(await registered).toEqual({ ok: true, value: 1 });
  expect(harness.told()).toEqual([["Register p"], ["Register p"], ["Register p"]]);
});

test("a stream has so many live producers, and says what to do", async () => {
  const harness = new Harness();
  await harness.make({ shards: 1 });
  for (let index = 0; index < liveProducersMax; index++) await harness.register(`p${index}`);
  expect(await harness.register("one more")).toMatchObject({
    ok: false,
    error: { code: "PRODUCERS_TOO_MANY", status: 429, message: expect.stringContaining("waitForProducers") },
  });
  await harness.pass(30_000 + 2 * appendDeadlineMs);
  expect(await harness.register("one more")).toMatchObject({ ok: true });
});

test("a stream that was deleted, or waits for nobody, registers none", async () => {
  const harness = new Harness();
  await harness.make();
  await harness.coordinator.deleteStream("clicks");
  expect(await harness.register("p")).toMatchObject({ ok: false, error: { code: "STREAM_NOT_FOUND" } });
  await harness.coordinator.putStream("clicks", streamOf());
  expect(await harness.register("p")).toMatchObject({ ok: false, error: { code: "MAP_STALE" } });
});

test("a new stream waits for producers unless it says otherwise, and shards and workers know", async () => {
  const harness = new Harness();
  await harness.make({ shards: 1 });
  expect(harness.shard(0).identity?.waitsForProducers).toBe(true);
  expect(await harness.coordinator.streamFacts("clicks")).toMatchObject({
    value: { waitsForProducers: true },
  });
  const eventTime = { column: "time", waitForProducers: false };
  await harness.coordinator.putStream("other", streamOf({ eventTime }));
  expect(harness.shards.at("other", 2, 0).identity?.waitsForProducers).toBeUndefined();
  expect(await harness.coordinator.streamFacts("other")).toMatchObject({
    value: { waitsForProducers: false },
  });
  const again = await harness.coordinator.putStream("other", streamOf({ eventTime: { column: "time" } }));
  expect(again).toMatchObject({ ok: true, value: { isNew: false } });
  const otherwise = await harness.coordinator.putStream("clicks", streamOf({ shards: 1, eventTime }));
  expect(otherwise).toMatchObject({ ok: false, error: { code: "STREAM_CONFLICT" } });
});
