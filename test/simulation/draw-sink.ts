/**
 * Streams into which jobs of a life append their results.
 */
import type { Random } from "../arbitraries/random.ts";
import type { WindowSpec } from "../reference/windowed-batch.ts";
import { isChanging } from "./draw-branches.ts";

export interface SinkPlan {
  readonly stream: string;
  readonly shards: number;
  /** Whether rows lie by their key, instead of in any shard. */
  readonly isDistributed: boolean;
}

/** A job, as far as what it writes goes. */
interface Writer {
  readonly name: string;
  readonly key: "user" | "item";
  readonly window: WindowSpec;
  readonly lateness: number;
  readonly isDropped: boolean;
}

/** Only results that do not change can go into a stream; a job that is deleted leaves any part of them. */
export function drawSink(random: Random, job: Writer): SinkPlan | undefined {
  if (isChanging(job) || job.isDropped || random.chance(0.5)) return undefined;
  return { stream: `into_${job.name}`, shards: random.pick([1, 2, 3]), isDistributed: random.chance(0.6) };
}

/** The body of such a stream's definition; one of its columns is no output of the job. */
export function sinkBodyOf(waitsForProducers: boolean, { key }: Writer, sink: SinkPlan): object {
  return {
    columns: [
      { name: "least", type: "STRING" },
      { name: "remark", type: "STRING" },
      { name: "window_time", type: "TIMESTAMP(3)" },
      { name: key, type: "STRING" },
      { name: "total", type: "BIGINT" },
      { name: "n", type: "BIGINT", nullable: false },
    ],
    eventTime: { column: "window_time", outOfOrderness: "1 h", waitForProducers: waitsForProducers },
    distributionKey: sink.isDistributed ? [key] : [],
    shards: sink.shards,
  };
}
