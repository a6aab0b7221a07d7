/**
 * What a worker must know of a stream to send rows to its shards.
 */
import type { StreamEntry } from "./catalog.ts";
import type { StagePartitions, StreamFacts } from "./coordinator-rpc.ts";
import { rangesOf } from "./shard-ranges.ts";

/** Where the partitions of a stage are that reads the stream. */
export function stagePartitionsOf(stream: StreamEntry): StagePartitions {
  const { name, generation, mapVersion } = stream;
  return { stream: name, generation, mapVersion, ranges: rangesOf(stream) };
}

export function streamFactsOf(stream: StreamEntry): StreamFacts {
  const { name, generation, mapVersion, definition } = stream;
  const indexOf = (column: string | undefined) =>
    definition.columns.findIndex((candidate) => candidate.name === column);
  return {
    stream: name,
    generation,
    mapVersion,
    ranges: rangesOf(stream),
    schema: { version: mapVersion, columns: definition.columns },
    eventTimeColumn: indexOf(definition.eventTime.column),
    outOfOrdernessMs: definition.eventTime.outOfOrdernessMs,
    distributionKey: definition.distributionKey.map(indexOf),
    waitsForProducers: definition.eventTime.waitForProducers ?? false,
    ...(definition.deadLetters && { deadLetters: definition.deadLetters }),
  };
}
