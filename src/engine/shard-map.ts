/**
 * Which shard owns which key groups: contiguous ranges, as even as they can be.
 */
import { maxParallelism } from "../base/limits.ts";

/** Returns the key groups [first, end) of a shard. */
export function keyGroupsOf(shard: number, shardCount: number): [number, number] {
  return [firstKeyGroup(shard, shardCount), firstKeyGroup(shard + 1, shardCount)];
}

/** Returns the shard of every key group. */
export function shardByKeyGroup(shardCount: number): Uint16Array {
  const shards = new Uint16Array(maxParallelism);
  for (let shard = 0; shard < shardCount; shard++) shards.fill(shard, ...keyGroupsOf(shard, shardCount));
  return shards;
}

/** Returns the shard that owns a key group. */
export function shardOfKeyGroup(keyGroup: number, shardCount: number): number {
  return Math.floor(((keyGroup + 1) * shardCount - 1) / maxParallelism);
}

function firstKeyGroup(shard: number, shardCount: number): number {
  return Math.floor((shard * maxParallelism) / shardCount);
}
