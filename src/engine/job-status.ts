/**
 * What a partition tells of one of its jobs.
 */
import type { PartitionLog } from "./log/partition-log.ts";
import { minWatermark } from "./log/records.ts";
import type { OpenJob } from "./open-job.ts";
import type { JobStatus } from "./partition-types.ts";
import type { StoredJob } from "./stored-jobs.ts";

/** `cacheBytes`: what the pages of all tasks of the partition take in memory. */
export function statusOfOpen(
  { job, run, state, error }: StoredJob,
  { task, lagBytes }: OpenJob,
  log: PartitionLog,
  cacheBytes: number,
  now: number,
): JobStatus {
  const waiting = log.read(task.appliedOffset + 1);
  return {
    job,
    run,
    state,
    error,
    watermark: task.watermark,
    appliedOffset: task.appliedOffset,
    lagRecords: log.nextOffset - 1 - task.appliedOffset,
    lagBytes,
    lagMs: waiting ? Math.max(0, now - waiting.appendTime) : 0,
    counts: task.counts,
    openWindows: task.due.openWindows(),
    rowsSent: task.output?.rowsSent ?? 0,
    checkpointsCompleted: task.checkpointsCompleted,
    unacknowledgedBytes: task.output?.bytes ?? 0,
    stateBytesInMemory: cacheBytes,
    checkpoints: task.history,
  };
}

/** The status of a job whose stored state cannot be opened. */
export function statusOfClosed({ job, run, state, error }: StoredJob): JobStatus {
  return {
    job,
    run,
    state,
    error,
    watermark: minWatermark,
    appliedOffset: 0,
    lagRecords: 0,
    lagBytes: 0,
    counts: { rows: 0, filtered: 0, late: 0, bad: 0 },
    openWindows: 0,
    unacknowledgedBytes: 0,
    stateBytesInMemory: 0,
    checkpoints: [],
  };
}
