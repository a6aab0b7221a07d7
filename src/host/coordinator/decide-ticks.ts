/**
 * Which idle shards the coordinator's tick goes to, and with which watermark.
 *
 * A shard that gets no rows would hold its windows open for ever while its siblings move on. It may follow
 * them, but only to where they stood one append deadline ago: a frame that was routed before then has come or
 * is refused, so no row that the idle shard can still receive was on its way when the others passed that
 * watermark.
 *
 * Invariant: a tick is never above the lowest watermark that an active shard had one append deadline ago.
 */
import { maxWatermark } from "../../engine/log/records.ts";
import type { PartitionStatus } from "../../engine/partition-types.ts";

export type ShardTime = Pick<PartitionStatus, "shard" | "watermark" | "isIdle" | "isEnded">;

/** The lowest watermark over active shards as it stood at `at` (ms). */
export interface WatermarkSample {
  readonly at: number;
  readonly watermark: bigint;
}

export interface TickDecision {
  readonly ticks: readonly { readonly shard: number; readonly watermark: bigint }[];
  /** What the next decision needs: samples back to the newest one that is old enough. */
  readonly samples: readonly WatermarkSample[];
  /**
   * Active shards: with none left event time stands still and polling stops; with no idle one it can be slow.
   */
  readonly activeCount: number;
  readonly idleCount: number;
}

/**
 * Decides the ticks at `now`, from what every shard that answered said and the samples of earlier decisions.
 */
export function decideTicks(
  shards: readonly ShardTime[],
  samples: readonly WatermarkSample[],
  now: number,
  appendDeadlineMs: number,
): TickDecision {
  const active = shards.filter((shard) => !shard.isIdle && !shard.isEnded);
  const idle = shards.filter((shard) => shard.isIdle && !shard.isEnded);
  const counts = { activeCount: active.length, idleCount: idle.length };
  if (active.length === 0) return { ticks: [], samples: [], ...counts };
  const all = [...samples, { at: now, watermark: lowestOf(active) }];
  const settled = all.findLastIndex((sample) => sample.at <= now - appendDeadlineMs);
  const kept = settled === -1 ? all : all.slice(settled);
  const watermark = settled === -1 ? undefined : all[settled]?.watermark;
  if (watermark === undefined) return { ticks: [], samples: kept, ...counts };
  const ticks = idle
    .filter((shard) => shard.watermark < watermark)
    .map(({ shard }) => ({ shard, watermark }));
  return { ticks, samples: kept, ...counts };
}

function lowestOf(shards: readonly ShardTime[]): bigint {
  let lowest = maxWatermark;
  for (const { watermark } of shards) if (watermark < lowest) lowest = watermark;
  return lowest;
}
