/**
 * How many shards a stream has, and which key groups each of them, split or not.
 */
import { channelOf } from "../../engine/log/channel-name.ts";
import { divideRange, evenRanges, type KeyGroupRange } from "../../engine/shard-map.ts";
import type { StreamDefinition } from "../../protocol/stream-spec.ts";

/**
 * A stream's definition, and of one between two stages the channels that lead to each of its partitions from
 * the first on.
 */
export interface StoredStream extends StreamDefinition {
  readonly inputs?: readonly string[];
  /** Generations of those of them that lead from between stages. */
  readonly idleTogether?: readonly number[];
  /** By shard, once one was split; `shards` stays what the stream was made with. */
  readonly ranges?: readonly StoredRange[];
}

/** A shard of a stream that was split. */
export interface StoredRange {
  readonly keyGroups: KeyGroupRange;
  /** The map version from which on its frames have these rows. */
  readonly since: number;
  /** Of a shard that a split made: which split, and of which shard. */
  readonly from?: { readonly split: number; readonly shard: number };
  /** The runs whose state it took over. */
  readonly awaits?: readonly number[];
  /** The channels that led here when it was made, between stages. */
  readonly inputs?: readonly string[];
}

/** A stream of the catalog, as far as its shards go. */
interface ShardedStream {
  readonly mapVersion: number;
  readonly definition: StoredStream;
}

/** What a split needs to know; see `Splits`. */
export interface Division {
  readonly split: number;
  readonly parent: number;
  readonly middle: number;
  /** The runs whose state the new partition takes over. */
  readonly awaits: readonly number[];
  /** The channels that lead to the new partition, between stages. */
  readonly inputs: readonly string[] | undefined;
}

/** The number of a stream's shards: as many as it was made with, and one more for each split. */
export function shardCountOf({ definition }: Pick<ShardedStream, "definition">): number {
  return definition.ranges?.length ?? definition.shards;
}

/** The key groups of each shard. */
export function rangesOf({ definition }: Pick<ShardedStream, "definition">): readonly KeyGroupRange[] {
  return definition.ranges?.map(({ keyGroups }) => keyGroups) ?? evenRanges(definition.shards);
}

/** The channels that lead from the stream's partitions to one of the next stage. */
export function channelsFrom(stream: ShardedStream & { readonly generation: number }): string[] {
  const { generation } = stream;
  return Array.from({ length: shardCountOf(stream) }, (_, shard) => channelOf({ generation, shard }));
}

/** Returns the stream as it is once a shard is split: under the next map version, with one shard more. */
export function divided<Stream extends ShardedStream>(stream: Stream, division: Division): Stream {
  const { split, parent, middle, awaits, inputs } = division;
  const { definition } = stream;
  const mapVersion = stream.mapVersion + 1;
  const known = definition.ranges ?? undividedRanges(stream);
  const child = known.length;
  const from = { split, shard: parent };
  const ranges = divideRange(rangesOf(stream), parent, middle).map((keyGroups, shard): StoredRange => {
    if (shard === child) return { keyGroups, since: mapVersion, from, awaits, ...(inputs && { inputs }) };
    const range = known[shard] as StoredRange;
    return shard === parent ? { ...range, keyGroups, since: mapVersion } : range;
  });
  return { ...stream, mapVersion, definition: { ...definition, ranges } };
}

/** Returns a stream with columns more, which makes the frames of every shard other ones. */
export function extendedStream<Stream extends ShardedStream>(
  stream: Stream,
  definition: StreamDefinition,
): Stream {
  const { ranges, inputs, idleTogether } = stream.definition;
  const mapVersion = stream.mapVersion + 1;
  const extended: StoredStream = {
    ...definition,
    ...(inputs && { inputs }),
    ...(idleTogether && { idleTogether }),
    ...(ranges && { ranges: ranges.map((range) => ({ ...range, since: mapVersion })) }),
  };
  return { ...stream, mapVersion, definition: extended };
}

function undividedRanges(stream: ShardedStream): StoredRange[] {
  return rangesOf(stream).map((keyGroups) => ({ keyGroups, since: stream.mapVersion }));
}
