/**
 * What a partition tells of one of its jobs.
 */
import type { PartitionLog } from "./log/partition-log.ts";
import { minWatermark } from "./log/records.ts";
import type { JobStatus } from "./partition-types.ts";
import type { StoredJob } from "./stored-jobs.ts";
import type { Task } from "./task/task.ts";

/** `cacheBytes`: what the pages of all tasks of the partition take in memory. */
export function statusOfOpen(
  { job, run, state, error }: StoredJob,
  task: Task,
  log: PartitionLog,
  cacheBytes: number,
): JobStatus {
  return {
    job,
    run,
    state,
    error,
    watermark: task.watermark,
    appliedOffset: task.appliedOffset,
    lagRecords: log.nextOffset - 1 - task.appliedOffset,
    lagBytes: lagBytesOf(task, log),
    counts: task.counts,
    openWindows: task.windows?.openWindowEnds().length ?? 0,
    unacknowledgedBytes: task.outbox?.bytes ?? 0,
    stateBytesInMemory: cacheBytes,
    checkpoints: task.history,
  };
}

/** Bytes of the log that a task has still to apply. */
export function lagBytesOf(task: Task, log: PartitionLog): number {
  const next = task.appliedOffset + 1;
  return next >= log.nextOffset ? 0 : log.bytesAfter(next);
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
