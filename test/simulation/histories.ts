/**
 * What a partition's task has applied, though a part of it lies in the log of another: one that a split made
 * goes on where the one that was split had come to.
 */
import { maxParallelism } from "../../src/base/limits.ts";
import { encodeKey, hashKey, keyGroupOf } from "../../src/columnar/key-encoding.ts";
import { kindOf } from "../../src/columnar/schema.ts";
import type { KeyGroupRange } from "../../src/engine/shard-map.ts";

/** Where in a log its partition was split: behind how many frames, and what the new one got. */
export interface LoggedSplit {
  readonly child: number;
  readonly middle: number;
  readonly frames: number;
}

/** The log of one of a stream's partitions. */
export interface LogOfPartition<Row> {
  readonly shard: number;
  /** Key groups that it has in the end. */
  readonly keyGroups: KeyGroupRange;
  readonly frames: readonly (readonly Row[])[];
  /** In ms, after each frame, where it does not follow from the rows. */
  readonly watermarks?: readonly number[];
  readonly splits: readonly LoggedSplit[];
}

/** All that a partition's task applied, its own log last. */
export interface History<Row> extends Pick<LogOfPartition<Row>, "frames" | "watermarks"> {
  /** Frames that lie in the logs of others. */
  readonly inherited: number;
  readonly keyGroups: KeyGroupRange;
}

/** The history of each partition, in their order. */
export function historiesOf<Row>(logs: readonly LogOfPartition<Row>[]): History<Row>[] {
  const known = new Map<number, History<Row>>();
  const historyOf = (log: LogOfPartition<Row>): History<Row> => {
    const found = known.get(log.shard) ?? inherit(log, logs, historyOf);
    known.set(log.shard, found);
    return found;
  };
  return logs.map(historyOf);
}

function inherit<Row>(
  log: LogOfPartition<Row>,
  logs: readonly LogOfPartition<Row>[],
  historyOf: (log: LogOfPartition<Row>) => History<Row>,
): History<Row> {
  const { frames, watermarks, keyGroups, shard } = log;
  const parent = logs.find(({ splits }) => splits.some(({ child }) => child === shard));
  const split = parent?.splits.find(({ child }) => child === shard);
  if (!parent || !split) return { frames, keyGroups, inherited: 0, ...(watermarks && { watermarks }) };
  const before = historyOf(parent);
  const inherited = before.inherited + split.frames;
  const times = before.watermarks?.slice(0, inherited);
  const least = times?.at(-1) ?? Number.NEGATIVE_INFINITY;
  return {
    ...{ keyGroups, inherited, frames: [...before.frames.slice(0, inherited), ...frames] },
    ...(times && { watermarks: [...times, ...(watermarks ?? []).map((time) => Math.max(time, least))] }),
  };
}

/** Whether a partition with these key groups has a key, told as text: a count, or else a string. */
export function hasKey([first, end]: KeyGroupRange, key: string | null, column: string | undefined): boolean {
  const isCount = column === "n";
  const value = key === null ? null : isCount ? BigInt(key) : new TextEncoder().encode(key);
  const encoded = encodeKey([kindOf({ name: isCount ? "BIGINT" : "STRING" })], [value]);
  const group = keyGroupOf(hashKey(encoded.bytes, encoded.nulls));
  return first <= group && group < end;
}

/** Key groups that a partition may have had when it took its frame number `index` in. */
export function keyGroupsAt<Row>({ keyGroups, splits }: LogOfPartition<Row>, index: number): KeyGroupRange {
  const ends = splits.map(({ frames, middle }) => (frames <= index ? middle : maxParallelism));
  return [keyGroups[0], ends.length === 0 ? keyGroups[1] : Math.min(...ends)];
}
