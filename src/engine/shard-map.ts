/**
 * Which shard owns which key groups: contiguous ranges, by shard.
 *
 * They are as even as they can be until a shard is split: then it keeps the lower part of its range, and a
 * new shard, behind all others, gets the upper one.
 */
import { assert } from "../base/assert.ts";
import { maxParallelism } from "../base/limits.ts";

/** Key groups [first, end). */
export type KeyGroupRange = readonly [first: number, end: number];

/** Returns the range of every shard of a stream that was never split. */
export function evenRanges(shardCount: number): KeyGroupRange[] {
  return Array.from({ length: shardCount }, (_, shard) => {
    return [firstKeyGroup(shard, shardCount), firstKeyGroup(shard + 1, shardCount)] as const;
  });
}

/** Returns the ranges after `shard` was split at `middle`. */
export function divideRange(
  ranges: readonly KeyGroupRange[],
  shard: number,
  middle: number,
): KeyGroupRange[] {
  const [first, end] = ranges[shard] ?? [0, 0];
  assert(first < middle && middle < end, "both parts of a split range have key groups");
  const kept = ranges.map((range, index) => (index === shard ? ([first, middle] as const) : range));
  return [...kept, [middle, end]];
}

/** Returns the shard of every key group. */
export function shardByKeyGroup(ranges: readonly KeyGroupRange[]): Uint16Array {
  const shards = new Uint16Array(maxParallelism);
  ranges.forEach(([first, end], shard) => {
    shards.fill(shard, first, end);
  });
  return shards;
}

/** Returns the shard that owns a key group. */
export function shardOfKeyGroup(keyGroup: number, ranges: readonly KeyGroupRange[]): number {
  return ranges.findIndex(([first, end]) => first <= keyGroup && keyGroup < end);
}

function firstKeyGroup(shard: number, shardCount: number): number {
  return Math.floor((shard * maxParallelism) / shardCount);
}
