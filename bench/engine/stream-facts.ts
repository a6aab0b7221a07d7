/**
 * A stream's facts without a coordinator.
 */
import type { StreamFacts } from "../../src/host/coordinator/coordinator-rpc.ts";
import type { StreamDefinition } from "../../src/protocol/stream-spec.ts";

/** What a Worker knows of a stream as the coordinator would tell it. */
export function factsOf(definition: StreamDefinition): StreamFacts {
  const { columns, eventTime, shards, distributionKey } = definition;
  const indexOf = (name: string) => columns.findIndex((column) => column.name === name);
  return {
    stream: "bench",
    generation: 1,
    mapVersion: 1,
    shardCount: shards,
    schema: { version: 1, columns },
    eventTimeColumn: indexOf(eventTime.column),
    outOfOrdernessMs: eventTime.outOfOrdernessMs,
    distributionKey: distributionKey.map(indexOf),
  };
}
