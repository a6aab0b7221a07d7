/**
 * A stream's facts without a coordinator.
 */
import type { PartitionIdentity } from "../../src/engine/partition-types.ts";
import { evenRanges } from "../../src/engine/shard-map.ts";
import type { StreamFacts } from "../../src/host/coordinator/coordinator-rpc.ts";
import type { StreamDefinition } from "../../src/protocol/stream-spec.ts";

/** What a Worker knows of a stream as the coordinator would tell it. */
export function factsOf(definition: StreamDefinition): StreamFacts {
  const { columns, eventTime, shards, distributionKey } = definition;
  const indexOf = (name: string | undefined) => columns.findIndex((column) => column.name === name);
  return {
    stream: "bench",
    generation: 1,
    mapVersion: 1,
    ranges: evenRanges(shards),
    schema: { version: 1, columns },
    eventTimeColumn: indexOf(eventTime.column),
    outOfOrdernessMs: eventTime.outOfOrdernessMs,
    distributionKey: distributionKey.map(indexOf),
    waitsForProducers: false,
  };
}

/** The only shard of a stream. */
export function identityOf(stream: StreamDefinition): PartitionIdentity {
  const facts = factsOf(stream);
  const { idle, idleTimeoutMs, retention } = stream;
  return {
    stream: facts.stream,
    generation: 1,
    shard: 0,
    shardCount: 1,
    keyGroups: [0, 1024],
    mapVersion: 1,
    schema: facts.schema,
    eventTimeColumn: facts.eventTimeColumn,
    outOfOrdernessMs: facts.outOfOrdernessMs,
    idleTimeoutMs,
    idle,
    retention: { timeMs: retention.timeMs, bytesMax: retention.bytesPerShard },
  };
}
