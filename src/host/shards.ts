/**
 * Where a stream's partitions are and how they are called.
 *
 * A partition's name holds the stream's generation, so a stream that is deleted and made again never meets
 * the objects of the old one.
 */
import { EngineError, type ErrorBody, errorBodyOf, isDiskFull } from "../base/errors.ts";
import type { RpcResult } from "../engine/partition-types.ts";
import type { PartitionRpc } from "./partition/partition-rpc.ts";
import { type Deadline, deadlineAfter, type WallClock } from "./wall-clock.ts";

export interface ShardAddress {
  readonly stream: string;
  readonly generation: number;
  readonly shard: number;
}

/**
 * Opens partitions. Opening is cheap and calls nothing; a call may throw when the platform cannot deliver it.
 */
export interface Shards {
  open(address: ShardAddress): PartitionRpc;
}

/** Returns the name of a shard's object. */
export function shardName({ stream, generation, shard }: ShardAddress): string {
  return `stream/${stream}/${generation}/${shard}`;
}

/** Calls one partition as `callShardBy` does, with a deadline of its own. */
export async function callShard<Value>(
  clock: WallClock,
  timeoutMs: number,
  address: ShardAddress,
  call: () => Promise<RpcResult<Value>>,
): Promise<RpcResult<Value>> {
  const deadline = deadlineAfter(clock, timeoutMs);
  try {
    return await callShardBy(deadline, address, call);
  } finally {
    deadline.cancel();
  }
}

/**
 * Returns what a partition answers; a call that throws, or that is not answered by the deadline, becomes
 * `PARTITION_UNAVAILABLE`: nobody knows whether it was carried out.
 */
export async function callShardBy<Value>(
  { passed, timeoutMs }: Deadline,
  address: ShardAddress,
  call: () => Promise<RpcResult<Value>>,
): Promise<RpcResult<Value>> {
  try {
    const answer = await Promise.race([call(), passed]);
    return answer ?? { ok: false, error: unavailable(address, `no answer within ${timeoutMs} ms`) };
  } catch (cause) {
    return { ok: false, error: failedCall(address, cause instanceof Error ? cause.message : String(cause)) };
  }
}

/** An object whose disk is full ends, and its answer with it: only the reason of its end comes here. */
function failedCall(address: ShardAddress, reason: string): ErrorBody {
  if (!isDiskFull(reason)) return unavailable(address, reason);
  const { stream, shard } = address;
  const message = `Shard ${shard} of stream "${stream}" has no room left on its disk: ${reason}.`;
  return errorBodyOf(new EngineError("STORAGE_FULL", { message, details: { stream, shard } }));
}

function unavailable({ stream, shard }: ShardAddress, reason: string): ErrorBody {
  return errorBodyOf(
    new EngineError("PARTITION_UNAVAILABLE", {
      message: `Shard ${shard} of stream "${stream}" did not answer: ${reason}.`,
      details: { stream, shard },
    }),
  );
}
