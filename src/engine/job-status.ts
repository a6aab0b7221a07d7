/**
 * What a partition tells of one of its jobs.
 */
import type { PartitionLog } from "./log/partition-log.ts";
import { minWatermark } from "./log/records.ts";
import type { OpenJob } from "./open-job.ts";
import type { JobError, JobStatus } from "./partition-types.ts";
import type { StoredJob } from "./stored-jobs.ts";
import { tryStep } from "./task/try-step.ts";

/** `retried`: why it is tried again; `cacheBytes`: what the pages of all tasks of the partition take. */
export function statusOfOpen(
  { job, run, state, error }: StoredJob,
  { task, lagBytes }: OpenJob,
  log: PartitionLog,
  retried: JobError | undefined,
  cacheBytes: number,
  now: number,
): JobStatus {
  const isRestarting = state === "running" && retried !== undefined;
  const waitingSince = appendTimeAt(log, task.appliedOffset + 1) ?? now;
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
    lagMs: Math.max(0, now - waitingSince),
    counts: task.counts,
    openWindows: task.due.openWindows(),
    rowsSent: task.output?.rowsSent ?? 0,
    checkpointsCompleted: task.checkpointsCompleted,
    unacknowledgedBytes: task.output?.bytes ?? 0,
    stateBytesInMemory: cacheBytes,
    checkpoints: task.history,
  };
}

/** A job that stands before a record which cannot be read has to tell so. */
function appendTimeAt(log: PartitionLog, offset: number): number | undefined {
  const found: number[] = [];
  tryStep(() => {
    const record = log.read(offset);
    if (record) found.push(record.appendTime);
  });
  return found[0];
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
