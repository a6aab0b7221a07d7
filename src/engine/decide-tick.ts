/**
 * What a shard logs of the coordinator's tick: a pure function.
 *
 * What is told of producers is logged where they hold the shard: where its own frames would let the
 * watermark go on, or, while it is idle, where they alone keep its next window from firing. The watermark is
 * for an idle shard, where it fires something; others ignore it.
 */
import type { LiveProducers } from "./log/live-producers.ts";
import type { ProducerChange } from "./log/producer-changes.ts";
import { lowerOf } from "./log/records.ts";
import type { Tick } from "./partition-types.ts";
import { raisedBy } from "./producer-orders.ts";

export interface TickFacts {
  readonly watermark: bigint;
  readonly isIdle: boolean;
  readonly live: LiveProducers;
  /** End of the earliest window that has not fired, of all running jobs. */
  readonly nextWindowEnd: bigint | undefined;
}

export interface TickDecision {
  readonly producers: readonly ProducerChange[];
  readonly watermark: bigint | undefined;
}

export function decideTick(tick: Tick, { watermark, isIdle, live, nextWindowEnd }: TickFacts): TickDecision {
  const fires = (time: bigint) => nextWindowEnd !== undefined && nextWindowEnd - 1n <= time;
  const raised = raisedBy(tick.producers, live);
  const after = live.with(raised);
  const isFreed = isIdle && !fires(live.lowest) && fires(after.lowest);
  const isHeld = isFreed || after.watermark > watermark;
  const producers = isHeld ? raised : [];
  const { lowest } = isHeld ? after : live;
  const asked = lowerOf(tick.watermark ?? watermark, lowest);
  const moves = isIdle && asked > watermark && fires(asked);
  return { producers, watermark: moves ? asked : undefined };
}
