/**
 * Requests over real decoding and routing, and shards that refuse: what is sent, sent again, and answered.
 */
import { expect, test } from "vitest";
import { EngineError, errorBodyOf } from "../../../../src/base/errors.ts";
import { encodeKey, hashKey, keyGroupOf } from "../../../../src/columnar/key-encoding.ts";
import { kindOf } from "../../../../src/columnar/schema.ts";
import type { RpcResult } from "../../../../src/engine/partition-types.ts";
import { divideRange, evenRanges } from "../../../../src/engine/shard-map.ts";
import type { ProducerRegistration, StreamFacts } from "../../../../src/host/coordinator/coordinator-rpc.ts";
import { FactsCache } from "../../../../src/host/facts-cache.ts";
import { EncoderPool } from "../../../../src/host/ingest/encoder-pool.ts";
import { Ingest, type IngestRequest } from "../../../../src/host/ingest/ingest.ts";
import { Registrations } from "../../../../src/host/ingest/registrations.ts";
import { FrameDecoder, readFrameHeader, readRejected } from "../../../../src/kernel/frame-codec.ts";
import { releaseKernel } from "../../../support/kernels.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { SeededRandom } from "../../../support/manual-ports.ts";
import { streamOf } from "../definitions.ts";
import { FakeShards } from "../fake-shards.ts";

const { columns } = streamOf();

function factsOf(changes: Partial<StreamFacts> = {}): StreamFacts {
  return {
    stream: "clicks",
    generation: 1,
    mapVersion: 1,
    ranges: evenRanges(1),
    schema: { version: 1, columns },
    eventTimeColumn: 0,
    outOfOrdernessMs: 5000,
    distributionKey: [],
    waitsForProducers: false,
    ...changes,
  };
}

class Harness {
  readonly shards = new FakeShards();
  readonly cache = new FactsCache<StreamFacts>(10);
  facts: StreamFacts;
  asked = 0;
  readonly registered: ProducerRegistration[] = [];
  readonly ingest: Ingest;

  constructor(facts: StreamFacts) {
    this.facts = facts;
    this.setUp(facts);
    this.ingest = new Ingest({
      clock: new ManualClock(),
      random: new SeededRandom(7n),
      shards: this.shards,
      encoders: new EncoderPool(releaseKernel),
      facts: this.cache,
      askFacts: async () => {
        this.asked++;
        return { ok: true, value: this.facts };
      },
      registrations: new Registrations(10),
      askRegistration: async (wanted) => this.register(wanted),
    });
  }

  /** Registers as the coordinator does, under a number more each time. */
  register(wanted: ProducerRegistration): RpcResult<number> {
    this.registered.push(wanted);
    const registration = this.registered.length;
    const { tokenId, producer, stream, generation } = wanted;
    for (let shard = 0; shard < this.facts.ranges.length; shard++) {
      const { live } = this.shards.at(stream, generation, shard);
      live.change({ tokenId, producer, registration }, 0);
    }
    return { ok: true, value: registration };
  }

  setUp({ stream, generation, mapVersion, ranges, schema, waitsForProducers }: StreamFacts): void {
    for (const [shard, keyGroups] of ranges.entries()) {
      this.shards.at(stream, generation, shard).identity = {
        stream,
        generation,
        shard,
        shardCount: ranges.length,
        keyGroups,
        mapVersion,
        schema,
        eventTimeColumn: 0,
        outOfOrdernessMs: 5000,
        idleTimeoutMs: 30_000,
        idle: "wait",
        waitsForProducers,
        retention: { timeMs: 1, bytesMax: 1 },
      };
    }
  }

  post(text: string, changes: Partial<IngestRequest> = {}) {
    const body = new TextEncoder().encode(text);
    return this.ingest.ingest({
      stream: "clicks",
      body,
      format: "ndjson",
      tokenId: "default",
      producer: undefined,
      ...changes,
    });
  }
}

function clicks(count: number, userOf = (index: number) => `user${index}`): string {
  const rows = Array.from({ length: count }, (_, index) => ({
    time: 1000 + index,
    user: userOf(index),
    amount: index,
  }));
  return rows.map((row) => JSON.stringify(row)).join("\n");
}

const distributed = factsOf({ ranges: evenRanges(4), distributionKey: [1] });
const producer = { id: "p", sequence: 1 };

test("a frame's watermark is its own newest event time less the bound", async () => {
  const harness = new Harness(distributed);
  await harness.post(clicks(50));
  const decoder = new FrameDecoder(releaseKernel());
  for (const partition of harness.shards.partitions.values()) {
    const { frame } = partition.logged[0] ?? { frame: new Uint8Array() };
    const { batch, header, release } = decoder.decode(frame, distributed.schema, "all");
    const times = Array.from({ length: batch.rows }, (_, index) => batch.value(0, index) as bigint);
    const [newest = 0n] = times.sort((left, right) => (left < right ? 1 : -1));
    expect(header.watermark).toBe(newest - 5000n);
    release();
  }
});

test("facts are asked for once and then remembered", async () => {
  const harness = new Harness(factsOf());
  await harness.post(clicks(1));
  await harness.post(clicks(1));
  expect(harness.asked).toBe(1);
});

test("the rows of one request arrive whole, in order, one call for each shard", async () => {
  const harness = new Harness(distributed);
  const answer = await harness.post(clicks(40_000, (index) => `user${index % 100}`));
  expect(answer).toMatchObject({ ok: true, value: { accepted: 40_000 } });
  const decoder = new FrameDecoder(releaseKernel());
  let rows = 0;
  for (const partition of harness.shards.partitions.values()) {
    expect(partition.appends).toHaveLength(1);
    let last = -1n;
    for (const { frame } of partition.logged) {
      const { batch, release } = decoder.decode(frame, distributed.schema, "all");
      for (let index = 0; index < batch.rows; index++) {
        const amount = batch.value(2, index) as bigint;
        expect(amount > last).toBe(true);
        last = amount;
      }
      rows += batch.rows;
      release();
    }
  }
  expect(rows).toBe(40_000);
});

test("rejected records go to the lowest shard that rows reach, and to shard 0 alone", async () => {
  const harness = new Harness(distributed);
  await harness.post(`${clicks(1, () => "ann")}\nbad`);
  const reached = [...harness.shards.partitions.values()].filter(({ logged }) => logged.length > 0);
  expect(reached).toHaveLength(1);
  expect(readRejected(reached[0]?.logged[0]?.frame ?? new Uint8Array())).toMatchObject([{ record: 2 }]);
  const other = new Harness(distributed);
  await other.post("bad\nworse");
  const { logged } = other.shards.at("clicks", 1, 0);
  expect(readRejected(logged[0]?.frame ?? new Uint8Array())).toHaveLength(2);
  expect(readFrameHeader(logged[0]?.frame ?? new Uint8Array())).toMatchObject({
    rows: 0,
    watermark: -(2n ** 63n),
  });
});

test("rejected records are not lost when the shard that they were for is split meanwhile", async () => {
  const two = { ...distributed, ranges: evenRanges(2) };
  const harness = new Harness(two);
  const groupOf = (user: string) => {
    const { bytes, nulls } = encodeKey([kindOf({ name: "STRING" })], [new TextEncoder().encode(user)]);
    return keyGroupOf(hashKey(bytes, nulls));
  };
  const users = Array.from({ length: 100 }, (_, index) => `user${index}`);
  const moves = users.find((user) => groupOf(user) >= 256 && groupOf(user) < 512) as string;
  const stays = users.find((user) => groupOf(user) >= 512) as string;
  await harness.post(clicks(1, () => stays));
  const divided = {
    ...two,
    mapVersion: 2,
    ranges: [
      [0, 256],
      [512, 1024],
      [256, 512],
    ] as const,
  };
  harness.facts = divided;
  const untouched = harness.shards.at("clicks", 1, 1).identity;
  harness.setUp(divided);
  harness.shards.at("clicks", 1, 1).identity = untouched;
  const answer = await harness.post(`${clicks(2, (index) => (index === 0 ? moves : stays))}\nbad`);
  expect(answer).toMatchObject({ ok: true, value: { accepted: 2, rejected: 1 } });
  const [newest] = harness.shards.at("clicks", 1, 2).logged;
  expect(readRejected(newest?.frame ?? new Uint8Array())).toMatchObject([{ record: 3 }]);
});

test("parts and checksums depend on the body alone, not on the schema", async () => {
  const body = clicks(40_000);
  const narrow = new Harness(factsOf());
  await narrow.post(body, { producer });
  const wider = {
    version: 2,
    columns: [...columns, { name: "city", type: { name: "STRING" }, nullable: true }],
  };
  const wide = new Harness(factsOf({ schema: wider as StreamFacts["schema"], mapVersion: 2 }));
  await wide.post(body, { producer });
  const parts = (harness: Harness) =>
    harness.shards.at("clicks", 1, 0).logged.map((request) => request.producer);
  expect(parts(narrow).length).toBeGreaterThan(2);
  expect(parts(wide)).toEqual(parts(narrow));
});

test("a request without a producer sends no checksum", async () => {
  const harness = new Harness(factsOf());
  await harness.post(clicks(3));
  expect(harness.shards.at("clicks", 1, 0).logged[0]?.producer).toBeUndefined();
});

test("a stale map is refreshed, and the same parts are sent again", async () => {
  const harness = new Harness(factsOf());
  await harness.post(clicks(1));
  const newer = factsOf({ mapVersion: 2, schema: { version: 2, columns } });
  harness.facts = newer;
  harness.setUp(newer);
  const answer = await harness.post(clicks(5), { producer });
  expect(answer).toMatchObject({ ok: true, value: { accepted: 5, duplicate: 0 } });
  expect(harness.asked).toBe(2);
  expect(harness.shards.at("clicks", 1, 0).logged).toHaveLength(2);
});

test("after a stale map only what was not taken in is sent again", async () => {
  const harness = new Harness(distributed);
  await harness.post(clicks(1));
  harness.facts = { ...distributed, mapVersion: 2 };
  const slow = harness.shards.at("clicks", 1, 3);
  const before = [...harness.shards.partitions.values()].map(({ logged }) => logged.length);
  if (slow.identity) slow.identity = { ...slow.identity, mapVersion: 2 };
  slow.beforeCall = () => {
    for (const shard of [0, 1, 2]) {
      const { identity } = harness.shards.at("clicks", 1, shard);
      if (identity) harness.shards.at("clicks", 1, shard).identity = { ...identity, mapVersion: 2 };
    }
  };
  const answer = await harness.post(clicks(100));
  expect(answer).toMatchObject({ ok: true, value: { accepted: 100, duplicate: 0 } });
  const after = [...harness.shards.partitions.values()].map(({ logged }) => logged.length);
  expect(after.map((count, index) => count - (before[index] ?? 0))).toEqual([1, 1, 1, 1]);
});

test("rows that a shard took in before it was split are not sent to the one that was split off", async () => {
  const harness = new Harness(distributed);
  await harness.post(clicks(1));
  // The last shard's call finds it split, and by then the first one is too, behind what it took in.
  const ranges = divideRange(divideRange(evenRanges(4), 3, 900), 0, 100);
  harness.facts = { ...distributed, mapVersion: 3, ranges };
  harness.shards.at("clicks", 1, 3).beforeCall = async () => {
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    harness.setUp(harness.facts);
  };
  const answer = await harness.post(clicks(100));
  expect(answer).toMatchObject({ ok: true, value: { accepted: 100, duplicate: 0 } });
  expect(harness.shards.at("clicks", 1, 4).logged).toHaveLength(1);
  expect(harness.shards.at("clicks", 1, 5).logged).toHaveLength(0);
});

test("a map that stays stale ends in an answer, not in a loop", async () => {
  const harness = new Harness(factsOf());
  const { identity } = harness.shards.at("clicks", 1, 0);
  if (identity) harness.shards.at("clicks", 1, 0).identity = { ...identity, mapVersion: 9 };
  const answer = await harness.post(clicks(1));
  expect(answer).toMatchObject({
    ok: false,
    error: { code: "MAP_STALE", status: 503, details: { accepted: 0 } },
  });
  expect(harness.shards.at("clicks", 1, 0).appends).toHaveLength(4);
});

test("rows that some shards refused are told, and the same request completes them", async () => {
  const harness = new Harness(distributed);
  const full = harness.shards.at("clicks", 1, 2);
  full.refuse = () => new EngineError("BACKLOG_FULL", { message: "Full.", details: { retryAfterMs: 2500 } });
  const refused = await harness.post(clicks(100), { producer });
  expect(refused).toMatchObject({
    ok: false,
    error: {
      code: "BACKLOG_FULL",
      status: 429,
      details: { retryAfterMs: 2500, refusedBy: [2], duplicate: 0 },
    },
  });
  const { accepted } = (refused.ok ? {} : refused.error.details) as { accepted: number };
  expect(accepted).toBeGreaterThan(50);
  full.refuse = () => undefined;
  const again = await harness.post(clicks(100), { producer });
  expect(again).toMatchObject({ ok: true, value: { accepted: 100 - accepted, duplicate: accepted } });
});

test("of several refusals the one that no retry mends is told", async () => {
  const harness = new Harness(distributed);
  harness.shards.at("clicks", 1, 0).refuse = () => new EngineError("BACKLOG_FULL", { message: "Full." });
  harness.shards.at("clicks", 1, 3).refuse = () =>
    new EngineError("PRODUCER_SEQUENCE_TOO_OLD", { message: "Old." });
  const answer = await harness.post(clicks(100), { producer });
  expect(answer).toMatchObject({
    error: { code: "PRODUCER_SEQUENCE_TOO_OLD", details: { refusedBy: [0, 3] } },
  });
});

test("a shard that cannot be reached is unavailable, and says which", async () => {
  const harness = new Harness(distributed);
  harness.shards.at("clicks", 1, 1).beforeCall = () => {
    throw new Error("connection lost");
  };
  const answer = await harness.post(clicks(100));
  expect(answer).toMatchObject({
    error: { code: "PARTITION_UNAVAILABLE", status: 503, details: { shard: 1 } },
  });
});

test("a stream made anew takes a whole request, never a half of one that the old one began", async () => {
  const harness = new Harness(factsOf());
  await harness.post(clicks(1));
  harness.shards.at("clicks", 1, 0).identity = undefined;
  harness.facts = factsOf({ generation: 2, ranges: evenRanges(2), distributionKey: [1] });
  harness.setUp(harness.facts);
  const answer = await harness.post(clicks(20));
  expect(answer).toMatchObject({ ok: true, value: { accepted: 20 } });
  expect(harness.shards.at("clicks", 1, 0).logged).toHaveLength(1);
});

test("what a producer sends without a key goes where it belongs when a shard has been split", async () => {
  const names = Array.from({ length: 8 }, (_, index) => `producer-${index}`);
  const shardOf = async (harness: Harness, id: string) => {
    const answer = await harness.post(clicks(1), { producer: { id, sequence: 1 } });
    return answer.ok ? Object.keys(answer.value.token) : [];
  };
  const found = new Set<string>();
  for (const id of names) {
    const harness = new Harness(factsOf());
    await harness.post(clicks(1));
    harness.facts = factsOf({ mapVersion: 2, ranges: evenRanges(2) });
    harness.setUp(harness.facts);
    const [atOnce, again] = [await shardOf(harness, id), await shardOf(harness, id)];
    expect(atOnce).toEqual(again);
    for (const shard of atOnce) found.add(shard);
  }
  expect(found.size).toBe(2);
});

test("without a key a request stays on one shard, and different requests use different ones", async () => {
  const harness = new Harness(factsOf({ ranges: evenRanges(4) }));
  const used = new Set<string>();
  for (let index = 0; index < 30; index++) {
    const answer = await harness.post(clicks(10));
    const shards = answer.ok ? Object.keys(answer.value.token) : [];
    expect(shards).toHaveLength(1);
    for (const shard of shards) used.add(shard);
  }
  expect(used.size).toBe(4);
});

test("a request whose frames pass one round is sent in several, each small enough for a call", async () => {
  const harness = new Harness(factsOf());
  const text = (index: number) => String(Math.sin(index)).repeat(30);
  const body = clicks(28_000, text);
  expect(body.length).toBeGreaterThan(14 << 20);
  const answer = await harness.post(body);
  expect(answer).toMatchObject({ ok: true, value: { accepted: 28_000 } });
  const { appends } = harness.shards.at("clicks", 1, 0);
  expect(appends.length).toBeGreaterThan(1);
  for (const requests of appends) {
    const bytes = requests.reduce((sum, { frame }) => sum + frame.byteLength, 0);
    expect(bytes).toBeLessThan(16 << 20);
  }
});

test("a producer is registered before its first frame, and then no more while shards know it", async () => {
  const harness = new Harness(
    factsOf({ ranges: evenRanges(2), distributionKey: [1], waitsForProducers: true }),
  );
  for (const sequence of [1, 2, 3]) {
    const posted = await harness.post(clicks(10), { producer: { id: "p", sequence } });
    expect(posted).toMatchObject({ ok: true, value: { accepted: 10 } });
  }
  expect(harness.registered).toEqual([
    { stream: "clicks", generation: 1, tokenId: "default", producer: "p" },
  ]);
  await harness.post(clicks(10), { producer: { id: "q", sequence: 1 } });
  await harness.post(clicks(10));
  expect(harness.registered.map(({ producer }) => producer)).toEqual(["p", "q"]);
});

test("a producer that a shard no longer knows is registered anew, and its rows come once", async () => {
  const harness = new Harness(
    factsOf({ ranges: evenRanges(2), distributionKey: [1], waitsForProducers: true }),
  );
  await harness.post(clicks(10), { producer: { id: "p", sequence: 1 } });
  const { live } = harness.shards.at("clicks", 1, 1);
  live.change({ tokenId: "default", producer: "p", isClosed: true }, 0);
  const posted = await harness.post(clicks(20), { producer: { id: "p", sequence: 2 } });
  expect(posted).toMatchObject({ ok: true, value: { accepted: 20, duplicate: 0 } });
  expect(harness.registered.map(({ refused }) => refused)).toEqual([undefined, 1]);
  await harness.post(clicks(20), { producer: { id: "p", sequence: 3 } });
  expect(harness.registered).toHaveLength(2);
});

test("while a producer cannot be registered nothing of its request is sent", async () => {
  const harness = new Harness(factsOf({ waitsForProducers: true }));
  harness.register = () => {
    const error = errorBodyOf(new EngineError("PRODUCERS_TOO_MANY", { message: "Too many." }));
    return { ok: false, error };
  };
  const posted = await harness.post(clicks(10), { producer: { id: "p", sequence: 1 } });
  expect(posted).toMatchObject({
    ok: false,
    error: { code: "PRODUCERS_TOO_MANY", details: { accepted: 0 } },
  });
  expect(harness.shards.at("clicks", 1, 0).appends).toEqual([]);
});
