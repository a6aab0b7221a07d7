import { expect, test } from "vitest";
import type { LiveProducer } from "../../../../src/engine/log/live-producers.ts";
import { minWatermark } from "../../../../src/engine/log/records.ts";
import { decideProducers, type ShardProducers } from "../../../../src/host/coordinator/decide-producers.ts";

const idleTimeoutMs = 30_000;

function entryOf(producer: string, changes: Partial<LiveProducer> = {}): LiveProducer {
  const nothing = { watermark: minWatermark, settled: minWatermark, sequence: -1 };
  return {
    tokenId: "token",
    producer,
    registration: 1,
    isClosed: false,
    activeAt: 0,
    ...nothing,
    ...changes,
  };
}

/** A shard whose own frames are at 100. */
function shardOf(
  shard: number,
  producers: readonly LiveProducer[],
  changes: Partial<ShardProducers> = {},
): ShardProducers {
  return { shard, watermark: 0n, ownWatermark: 100n, isIdle: false, producers, ...changes };
}

test("a shard that is held hears how far a producer is elsewhere, but for its newest request", () => {
  const sender = shardOf(0, [entryOf("p", { sequence: 7, watermark: 60n, settled: 40n })]);
  const { times, orders, live } = decideProducers([sender, shardOf(1, [entryOf("p")])], 0, idleTimeoutMs);
  expect([...times]).toEqual([[1, [{ tokenId: "token", producer: "p", watermark: 40n }]]]);
  expect(orders.size).toBe(0);
  expect(live.size).toBe(1);
});

test("what a producer sent before its newest request counts whole, wherever that went", () => {
  const first = shardOf(0, [entryOf("p", { sequence: 7, watermark: 60n, settled: 40n })]);
  const second = shardOf(1, [entryOf("p", { sequence: 8, watermark: 50n, settled: 20n })]);
  const { times } = decideProducers([first, second, shardOf(2, [entryOf("p")])], 0, idleTimeoutMs);
  expect(times.get(2)).toEqual([{ tokenId: "token", producer: "p", watermark: 60n }]);
});

test("who is not held, or would be held as before, hears nothing", () => {
  const sender = shardOf(0, [entryOf("p", { sequence: 7, watermark: 60n, settled: 40n }), entryOf("new")]);
  const others = [
    shardOf(1, [entryOf("p")], { ownWatermark: 0n }),
    shardOf(2, [entryOf("p", { watermark: 40n, settled: 40n })]),
    shardOf(3, [entryOf("p"), entryOf("new")]),
    shardOf(4, [entryOf("p")], { ownWatermark: 0n, isIdle: true }),
  ];
  const { times } = decideProducers([sender, ...others], 0, idleTimeoutMs);
  expect([...times.keys()]).toEqual([4]);
});

test("a producer that sent nothing anywhere for the timeout is closed everywhere, then forgotten", () => {
  const now = 50_000;
  const ago = (activeAt: number, isClosed = false) => [entryOf("p", { activeAt, isClosed })];
  const still = decideProducers([shardOf(0, ago(0)), shardOf(1, ago(20_001))], now, idleTimeoutMs);
  expect([still.orders.size, still.live.size]).toEqual([0, 1]);

  const gone = decideProducers([shardOf(0, ago(0)), shardOf(1, ago(20_000))], now, idleTimeoutMs);
  const close = { order: "Close", tokenId: "token", producer: "p", activeAt: 20_000 };
  expect([...gone.orders]).toEqual([
    [0, [close]],
    [1, [close]],
  ]);
  expect(gone.live.size).toBe(0);

  const half = decideProducers([shardOf(0, ago(0, true)), shardOf(1, ago(20_000))], now, idleTimeoutMs);
  expect([...half.orders]).toEqual([[1, [close]]]);

  const closed = [shardOf(0, ago(0, true)), shardOf(1, ago(20_000, true)), shardOf(2, [])];
  const forgotten = decideProducers(closed, now, idleTimeoutMs);
  const forget = { ...close, order: "Forget" };
  expect([...forgotten.orders]).toEqual([
    [0, [forget]],
    [1, [forget]],
  ]);
});

test("a producer that came back to a shard before it was closed there goes on holding all", () => {
  const back = shardOf(0, [entryOf("p", { activeAt: 49_000 })]);
  const closed = shardOf(1, [entryOf("p", { isClosed: true })]);
  const { orders, live } = decideProducers([back, closed], 50_000, idleTimeoutMs);
  expect([orders.size, live.size]).toEqual([0, 1]);
});
