/**
 * What a partition tells of one of its jobs.
 */
import { minWatermark } from "./log/records.ts";
import type { JobStatus } from "./partition-types.ts";
import type { StoredJob } from "./stored-jobs.ts";
import type { Task } from "./task/task.ts";

/** What is not the task's own: how far it lags behind its log, and what all tasks keep in memory. */
export interface StatusFacts {
  readonly lagRecords: number;
  readonly lagBytes: number;
  readonly stateBytesInMemory: number;
}

export function statusOfOpen(
  { job, run, state, error }: StoredJob,
  task: Task,
  facts: StatusFacts,
): JobStatus {
  return {
    job,
    run,
    state,
    error,
    watermark: task.watermark,
    appliedOffset: task.appliedOffset,
    ...facts,
    counts: task.counts,
    openWindows: task.windows?.openWindowEnds().length ?? 0,
    unacknowledgedBytes: task.outbox?.bytes ?? 0,
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
