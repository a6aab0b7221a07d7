import { expect, test } from "vitest";
import { decideTick, type TickFacts } from "../../../src/engine/decide-tick.ts";
import { LiveProducers } from "../../../src/engine/log/live-producers.ts";
import { minWatermark } from "../../../src/engine/log/records.ts";
import { changesOf, type ProducerOrder } from "../../../src/engine/producer-orders.ts";

const name = { tokenId: "token", producer: "slow" };

/** A shard whose own frames came to `own`; its one producer has come to `slow`. */
function liveAt(own: bigint, slow: bigint): LiveProducers {
  const live = new LiveProducers([], own);
  live.change({ ...name, registration: 4 }, 100);
  live.accept(name, { sequence: 1, watermark: slow, appendTime: 200, rows: 1 });
  return live;
}

function shard(facts: Partial<TickFacts> = {}): TickFacts {
  return { watermark: 10n, isIdle: false, live: liveAt(90n, 10n), nextWindowEnd: 41n, ...facts };
}

const told = [{ ...name, watermark: 50n }];

test("a shard that a producer holds logs how far that is elsewhere", () => {
  expect(decideTick({ producers: told }, shard())).toEqual({ producers: told, watermark: undefined });
});

test("one that its own frames hold logs nothing, nor what it knows already", () => {
  expect(decideTick({ producers: told }, shard({ live: liveAt(10n, 10n) })).producers).toEqual([]);
  const old = [{ ...name, watermark: 5n }];
  expect(decideTick({ producers: old }, shard()).producers).toEqual([]);
  const stranger = [{ ...name, producer: "stranger", watermark: 50n }];
  expect(decideTick({ producers: stranger }, shard()).producers).toEqual([]);
});

test("an active shard ignores a tick's watermark, an idle one takes it where that fires something", () => {
  const free = { live: new LiveProducers() };
  expect(decideTick({ watermark: 70n, producers: [] }, shard(free)).watermark).toBeUndefined();
  const idle = { ...free, isIdle: true };
  expect(decideTick({ watermark: 70n, producers: [] }, shard(idle)).watermark).toBe(70n);
  expect(decideTick({ watermark: 39n, producers: [] }, shard(idle)).watermark).toBeUndefined();
  const empty = { ...idle, nextWindowEnd: undefined };
  expect(decideTick({ watermark: 70n, producers: [] }, shard(empty)).watermark).toBeUndefined();
});

test("an idle shard follows no further than its producers allow", () => {
  const idle = shard({ isIdle: true, live: liveAt(minWatermark, 10n) });
  expect(decideTick({ watermark: 70n, producers: [] }, idle)).toEqual({
    producers: [],
    watermark: undefined,
  });
  expect(decideTick({ watermark: 70n, producers: told }, idle)).toEqual({ producers: told, watermark: 50n });
  // What would fire nothing yet costs no record.
  const little = [{ ...name, watermark: 30n }];
  expect(decideTick({ watermark: 70n, producers: little }, idle).producers).toEqual([]);
});

test("orders that have been overtaken change nothing", () => {
  const live = liveAt(90n, 10n);
  const register = (registration: number): ProducerOrder => ({ ...name, order: "Register", registration });
  const close = (activeAt: number): ProducerOrder => ({ ...name, order: "Close", activeAt });
  const forget = (activeAt: number): ProducerOrder => ({ ...name, order: "Forget", activeAt });
  expect(changesOf([register(4), register(3), close(199), forget(200)], live)).toEqual([]);
  expect(changesOf([register(5)], live)).toEqual([{ ...name, registration: 5 }]);
  expect(changesOf([close(200)], live)).toEqual([{ ...name, isClosed: true }]);
  live.change({ ...name, isClosed: true }, 300);
  expect(changesOf([close(200), register(4), forget(199)], live)).toEqual([]);
  expect(changesOf([forget(200)], live)).toEqual([{ ...name, isForgotten: true }]);
  live.change({ ...name, isForgotten: true }, 400);
  expect(changesOf([close(500), forget(500)], live)).toEqual([]);
});
