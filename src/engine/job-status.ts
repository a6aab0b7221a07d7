/**
 * What a partition tells of one of its jobs.
 */
import type { PartitionLog } from "./log/partition-log.ts";
import { minWatermark } from "./log/records.ts";
import type { OpenJob } from "./open-job.ts";
import type { JobError, JobStatus } from "./partition-types.ts";
import type { StoredJob } from "./stored-jobs.ts";

/** `retried`: why it is tried again; `cacheBytes`: what the pages of all tasks of the partition take in memory. */
export function statusOfOpen(
  { job, run, state, error }: StoredJob,
  { task, lagBytes }: OpenJob,
  log: PartitionLog,
  retried: JobError | undefined,
  cacheBytes: number,
): JobStatus {
  const isRestarting = state === "running" && retried !== undefined;
  return {
    job,
    run,
    state: isRestarting ? "restarting" : state,
    error: isRestarting ? retried : error,
    watermark: task.watermark,
    appliedOffset: task.appliedOffset,
    lostRecords: task.lostRecords,
    lagRecords: log.nextOffset - 1 - task.appliedOffset,
    lagBytes,
    counts: task.counts,
    openWindows: task.due.openWindows(),
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
    lostRecords: 0,
    lagRecords: 0,
    lagBytes: 0,
    counts: { rows: 0, filtered: 0, late: 0, bad: 0 },
    openWindows: 0,
    unacknowledgedBytes: 0,
    stateBytesInMemory: 0,
    checkpoints: [],
  };
}
