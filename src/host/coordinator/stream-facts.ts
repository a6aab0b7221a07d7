/**
 * What a worker must know of a stream to send rows to its shards.
 */
import type { StreamEntry } from "./catalog.ts";
import type { StreamFacts } from "./coordinator-rpc.ts";

export function streamFactsOf({ name, generation, mapVersion, definition }: StreamEntry): StreamFacts {
  const indexOf = (column: string) => definition.columns.findIndex((candidate) => candidate.name === column);
  return {
    stream: name,
    generation,
    mapVersion,
    shardCount: definition.shards,
    schema: { version: mapVersion, columns: definition.columns },
    eventTimeColumn: indexOf(definition.eventTime.column),
    outOfOrdernessMs: definition.eventTime.outOfOrdernessMs,
    distributionKey: definition.distributionKey.map(indexOf),
  };
}
