/**
 * Tells the partitions of a failed job what it is to go on without.
 */
import { EngineError } from "../../base/errors.ts";
import type { Mending, RpcResult } from "../../engine/partition-types.ts";
import type { MendingWish } from "../../protocol/mending-body.ts";
import { callShard, type Shards } from "../shards.ts";
import type { WallClock } from "../wall-clock.ts";
import type { StreamEntry } from "./catalog.ts";
import { shardCountOf } from "./shard-ranges.ts";

const mendTimeoutMs = 10_000;

interface Ports {
  readonly shards: Shards;
  readonly clock: WallClock;
}

/**
 * Resolves when those concerned have stored it, with false where the job went on without it before: one
 * partition for a record, all that read streams for a log that is gone. `streams` are those of the job's
 * stages. Throws `REQUEST_INVALID`, `SKIP_CONFLICT` or what keeps a partition from answering; then the wish
 * is to be repeated.
 */
export async function mendPartitions(
  { shards, clock }: Ports,
  streams: readonly StreamEntry[],
  run: number,
  wish: MendingWish,
): Promise<boolean> {
  const tell = async (
    { name, generation }: StreamEntry,
    shard: number,
    mending: Mending,
  ): Promise<boolean> => {
    const address = { stream: name, generation, shard };
    const answer: RpcResult<boolean> = await callShard(clock, mendTimeoutMs, address, () =>
      shards.open(address).mend(run, mending),
    );
    if (!answer.ok) throw new EngineError(answer.error.code, answer.error);
    return answer.value;
  };
  if (!("skip" in wish)) {
    const sources = streams.filter(({ definition }) => definition.inputs === undefined);
    const all = sources.flatMap((stream) =>
      Array.from({ length: shardCountOf(stream) }, (_, shard) => tell(stream, shard, wish)),
    );
    await Promise.all(all);
    return true;
  }
  const { stage, shard, offset, row } = wish.skip;
  const stream = streams[stage];
  if (!stream || shard >= shardCountOf(stream)) {
    const found = stream
      ? `stage ${stage} has ${shardCountOf(stream)} shards`
      : `it has ${streams.length} stages`;
    const message = `The job has no shard ${shard} of stage ${stage}: ${found}.`;
    throw new EngineError("REQUEST_INVALID", { message });
  }
  return await tell(stream, shard, { skip: { offset, ...(row !== undefined && { row }) } });
}
