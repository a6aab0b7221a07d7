import { expect, test } from "vitest";
import { decideTicks, type ShardTime } from "../../../../src/host/coordinator/decide-ticks.ts";

const deadline = 10_000;

function shard(number: number, watermark: bigint, state: "active" | "idle" | "ended" = "active"): ShardTime {
  return { shard: number, watermark, isIdle: state === "idle", isEnded: state === "ended" };
}

test("an idle shard follows the lowest active one as it stood one append deadline ago", () => {
  const first = decideTicks([shard(0, 50n), shard(1, 70n), shard(2, 5n, "idle")], [], 1000, deadline);
  expect(first.ticks).toEqual([]);
  const second = decideTicks(
    [shard(0, 90n), shard(1, 80n), shard(2, 5n, "idle")],
    first.samples,
    6000,
    deadline,
  );
  expect(second.ticks).toEqual([]);
  const third = decideTicks(
    [shard(0, 95n), shard(1, 99n), shard(2, 5n, "idle")],
    second.samples,
    11_000,
    deadline,
  );
  expect(third.ticks).toEqual([{ shard: 2, watermark: 50n }]);
});

test("a shard that is already there gets no tick", () => {
  const samples = [{ at: 0, watermark: 50n }];
  const { ticks } = decideTicks([shard(0, 60n), shard(1, 50n, "idle")], samples, 20_000, deadline);
  expect(ticks).toEqual([]);
});

test("when all shards are idle event time stands still and the samples are forgotten", () => {
  const samples = [{ at: 0, watermark: 50n }];
  const decision = decideTicks([shard(0, 60n, "idle"), shard(1, 5n, "idle")], samples, 20_000, deadline);
  expect(decision).toEqual({ ticks: [], samples: [], activeCount: 0, idleCount: 2 });
});

test("an ended shard neither holds the others nor gets a tick", () => {
  const samples = [{ at: 0, watermark: 50n }];
  const shards = [shard(0, 2n ** 63n - 1n, "ended"), shard(1, 80n), shard(2, 1n, "idle")];
  const decision = decideTicks(shards, samples, 20_000, deadline);
  expect(decision.ticks).toEqual([{ shard: 2, watermark: 50n }]);
});

test("no tick is above the lowest active watermark of any moment since the deadline", () => {
  let samples: readonly { at: number; watermark: bigint }[] = [];
  const history: { at: number; lowest: bigint }[] = [];
  for (let step = 0; step < 60; step++) {
    const now = step * 1000;
    const low = BigInt(step * 7 - (step % 5) * 20);
    history.push({ at: now, lowest: low });
    const decision = decideTicks(
      [shard(0, low), shard(1, low + 3n), shard(2, -999n, "idle")],
      samples,
      now,
      deadline,
    );
    samples = decision.samples;
    const settled = history.filter(({ at }) => at <= now - deadline).at(-1);
    expect(decision.ticks.map(({ watermark }) => watermark)).toEqual(settled ? [settled.lowest] : []);
  }
  expect(samples.length).toBeLessThanOrEqual(11);
});
