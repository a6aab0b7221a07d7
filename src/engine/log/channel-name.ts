/**
 * How the channels that lead from a partition are called.
 */
import type { PartitionIdentity } from "../partition-types.ts";

/** Token id under which partitions send: no client has it. */
export const channelTokenId = "channel";

/** Returns the name of the channels that lead from a partition, one to each of the next stage. */
export function channelOf({ generation, shard }: Pick<PartitionIdentity, "generation" | "shard">): string {
  return `${generation}.${shard}`;
}

/** Returns the name under which a run's task appends to streams that people made. */
export function producerOf(run: number, identity: Pick<PartitionIdentity, "generation" | "shard">): string {
  return `${run}/${channelOf(identity)}`;
}

/** Returns the generation of the partition that a channel leads from. */
export function generationOfChannel(channel: string): number {
  return Number.parseInt(channel, 10);
}
