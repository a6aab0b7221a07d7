/**
 * One answer from what the shards of a stream say.
 *
 * The whole is as far as its slowest shard: a watermark is the lowest, a job that failed on one shard has
 * failed.
 */
import type {
  CallRetriesOfTask,
  JobError,
  JobStatus,
  PartitionStatus,
} from "../../engine/partition-types.ts";
import type {
  CallRetriesAnswer,
  CheckpointAnswer,
  JobAnswer,
  JobErrorAnswer,
  JobStateAnswer,
  JobStatusAnswer,
  ShardAnswer,
  StageSkew,
  StreamAnswer,
  StreamStatusAnswer,
} from "../../protocol/answers.ts";
import { streamBodyOf } from "../../protocol/stream-spec.ts";
import { formatTime, formatWatermark } from "../../protocol/watermark-text.ts";
import type { JobEntry, StreamEntry } from "./catalog.ts";
import { shownDefinition, sourceNamesOf, tablesOf } from "./job-definitions.ts";

/** Checkpoints shown, newest first. */
const checkpointsShown = 50;

/** What each shard answered, by shard number; undefined where it did not. */
export type ShardStatuses = readonly (PartitionStatus | undefined)[];

export function streamAnswerOf(stream: StreamEntry, isSettled: boolean): StreamAnswer {
  return {
    stream: stream.name,
    generation: stream.generation,
    state: isSettled ? "ready" : "starting",
    schemaVersion: stream.mapVersion,
    createdAt: formatTime(stream.createdAt),
    definition: streamBodyOf(stream.definition),
  };
}

export function mergeStreamStatus(
  stream: StreamEntry,
  isSettled: boolean,
  statuses: ShardStatuses,
): StreamStatusAnswer {
  const known = statuses.filter((status) => status !== undefined);
  return {
    ...streamAnswerOf(stream, isSettled),
    ended: known.length === statuses.length && known.every(({ isEnded }) => isEnded),
    watermark: lowestWatermark(statuses),
    rows: sum(known, ({ counts }) => counts.rows),
    rejected: sum(known, ({ counts }) => counts.rejected),
    shards: known.map(shardAnswerOf),
    unreachable: missingIndices(statuses),
  };
}

export function jobAnswerOf(job: JobEntry, isSettled: boolean): JobAnswer {
  const tables = tablesOf(job.definition);
  return {
    job: job.name,
    run: job.run,
    stream: sourceNamesOf(job.definition)[0] ?? "",
    state: stateOf(job, isSettled, []),
    createdAt: formatTime(job.createdAt),
    definition: shownDefinition(job.definition),
    ...(tables.length > 0 && { tables }),
  };
}

/** `stages` holds what the partitions of each stage answered, the sources' first. */
export function mergeJobStatus(
  job: JobEntry,
  isSettled: boolean,
  stages: readonly ShardStatuses[],
): JobStatusAnswer {
  const found = stages.flatMap((statuses, stage) =>
    statuses.map((status, shard) => ({
      stage,
      shard,
      status: status?.jobs.find(({ run }) => run === job.run),
    })),
  );
  const partitions = found.flatMap(({ stage, shard, status }) => (status ? [{ stage, shard, status }] : []));
  const known = partitions.map(({ status }) => status);
  const last = partitions.filter(({ stage }) => stage === stages.length - 1).map(({ status }) => status);
  return {
    ...jobAnswerOf(job, isSettled),
    state: stateOf(job, isSettled, known),
    watermark: lowestWatermark(found.map(({ status }) => status)),
    offsets: offsetsOf(job, partitions),
    skew: skewOf(partitions),
    lag: {
      records: sum(known, ({ lagRecords }) => lagRecords),
      bytes: sum(known, ({ lagBytes, unacknowledgedBytes }) => lagBytes + unacknowledgedBytes),
    },
    rows: sum(last, ({ counts }) => counts.rows),
    filtered: sum(known, ({ counts }) => counts.filtered),
    late: sum(known, ({ counts }) => counts.late),
    bad: sum(known, ({ counts }) => counts.bad),
    openWindows: sum(known, ({ openWindows }) => openWindows),
    shards: partitions.map(({ stage, shard, status }) => ({
      stage,
      shard,
      state: status.state,
      watermark: formatWatermark(status.watermark),
      appliedOffset: status.appliedOffset,
      rows: status.counts.rows,
      lagRecords: status.lagRecords,
      lagBytes: status.lagBytes,
      lagMs: status.lagMs ?? 0,
      unacknowledgedBytes: status.unacknowledgedBytes,
      stateBytesInMemory: status.stateBytesInMemory,
      stateBytes: status.stateBytes ?? 0,
      ...(status.retries && { retries: retriesAnswerOf(status.retries) }),
      ...(status.lostRecords > 0 && { lostRecords: status.lostRecords }),
      ...(status.error && { error: errorAnswerOf(status.error) }),
    })),
    unreachable: missingIndices(stages[0] ?? []),
    unreachableStages: stages.flatMap((statuses, stage) =>
      stage > 0 && missingIndices(statuses).length > 0 ? [{ stage, shards: missingIndices(statuses) }] : [],
    ),
    checkpoints: checkpointsOf(partitions),
  };
}

function retriesAnswerOf({ peers, blobs, last }: CallRetriesOfTask): CallRetriesAnswer {
  return { peers, blobs, lastAt: formatTime(last.at), lastMessage: last.message };
}

/** How unevenly the rows of each stage lie on its partitions. */
function skewOf(
  partitions: readonly { readonly stage: number; readonly shard: number; readonly status: JobStatus }[],
): StageSkew[] {
  const byStage = Map.groupBy(partitions, ({ stage }) => stage);
  return [...byStage].map(([stage, own]) => {
    const largest = own.reduce((most, each) =>
      each.status.counts.rows > most.status.counts.rows ? each : most,
    );
    const [most, mean] = [
      largest.status.counts.rows,
      sum(own, ({ status }) => status.counts.rows) / own.length,
    ];
    return { stage, largest: largest.shard, rows: { most, mean }, ratio: mean === 0 ? 1 : most / mean };
  });
}

/** How far the shards of the source are; where there are several, by the name of each. */
function offsetsOf(
  { definition }: JobEntry,
  partitions: readonly { readonly stage: number; readonly shard: number; readonly status: JobStatus }[],
): JobStatusAnswer["offsets"] {
  const sources = sourceNamesOf(definition);
  const offsets = sources.map((_, source) => {
    const own = partitions.filter(({ stage }) => stage === source);
    return Object.fromEntries(own.map(({ shard, status }) => [shard, status.appliedOffset]));
  });
  const [only = {}] = offsets;
  return sources.length === 1
    ? only
    : Object.fromEntries(sources.map((name, at) => [name, offsets[at] ?? {}]));
}

function stateOf(job: JobEntry, isSettled: boolean, shards: readonly JobStatus[]): JobStateAnswer {
  if (shards.some(({ state }) => state === "failed")) return "failed";
  if (shards.some(({ state }) => state === "restarting")) return "restarting";
  if (job.state === "paused") return isSettled ? "paused" : "pausing";
  return isSettled ? "running" : "starting";
}

function errorAnswerOf({ since, nextAttemptAt, isMended: _, ...error }: JobError): JobErrorAnswer {
  return {
    ...error,
    ...(since !== undefined && { since: formatTime(since) }),
    ...(nextAttemptAt !== undefined && { nextAttemptAt: formatTime(nextAttemptAt) }),
  };
}

function shardAnswerOf(status: PartitionStatus): ShardAnswer {
  return {
    shard: status.shard,
    firstOffset: status.firstOffset,
    nextOffset: status.nextOffset,
    watermark: formatWatermark(status.watermark),
    idle: status.isIdle,
    ended: status.isEnded,
    lastFrameAt: status.lastFrameAt === undefined ? null : formatTime(status.lastFrameAt),
    rows: status.counts.rows,
    rejected: status.counts.rejected,
    duplicates: status.counts.duplicates,
    logBytes: status.counts.bytes,
    storageBytes: status.storageBytes,
    producers: status.producers.map(({ producer, watermark }) => {
      return { producer, watermark: formatWatermark(watermark) };
    }),
  };
}

function checkpointsOf(
  partitions: readonly { stage: number; shard: number; status: JobStatus }[],
): CheckpointAnswer[] {
  return partitions
    .flatMap(({ stage, shard, status }) =>
      status.checkpoints.map((checkpoint) => ({ stage, shard, ...checkpoint })),
    )
    .sort((left, right) => right.at - left.at)
    .slice(0, checkpointsShown)
    .map(({ at, ...checkpoint }) => ({ ...checkpoint, at: formatTime(at) }));
}

/** The lowest watermark; null also where a shard is missing, since that one holds the whole back. */
function lowestWatermark(shards: readonly ({ readonly watermark: bigint } | undefined)[]): string | null {
  let lowest: bigint | undefined;
  for (const shard of shards) {
    if (!shard) return null;
    if (lowest === undefined || shard.watermark < lowest) lowest = shard.watermark;
  }
  return lowest === undefined ? null : formatWatermark(lowest);
}

function missingIndices(statuses: ShardStatuses): number[] {
  return statuses.flatMap((status, shard) => (status ? [] : [shard]));
}

function sum<Item>(items: readonly Item[], numberOf: (item: Item) => number): number {
  return items.reduce((total, item) => total + numberOf(item), 0);
}
