/**
 * What lets a job go on that failed at a record, where trying again would come to the same: it leaves out
 * what it fails at, or does without the log that is gone.
 *
 * Both are stored before the job goes on, and name what they are about: who asks again changes nothing.
 */
import { EngineError } from "../base/errors.ts";
import type { PartitionLog } from "./log/partition-log.ts";
import type { FailurePlace, JobError, Mending } from "./partition-types.ts";
import type { SqlStorage } from "./ports.ts";
import type { StoredJob, StoredJobs } from "./stored-jobs.ts";
import { readCheckpoint, writeCheckpoint } from "./task/checkpoint.ts";
import type { Skipped } from "./task/skipped-records.ts";
import { readsLog, type Task } from "./task/task.ts";

type Skip = Extract<Mending, { readonly skip: unknown }>["skip"];

/**
 * Has the task of a failed job leave out the row or the record that the job's error names; it still has to be
 * resumed. Returns false where it went on without it before. Throws `SKIP_CONFLICT`.
 */
export function skipRecord(
  stored: StoredJobs,
  job: StoredJob,
  task: Task,
  log: PartitionLog,
  skip: Skip,
): boolean {
  if (skip.offset <= task.appliedOffset) return false;
  const error = failureAt(job, task, skip);
  if (!error) return false;
  if (error.isMended) return true;
  const { at } = error;
  if (task.skipped.whole(at.offset)) {
    throw conflict(
      `All rows of offset ${at.offset} are left out, and job "${job.job}" fails there by its state: ` +
        `${error.message} Start it anew, from a savepoint, or changed.`,
    );
  }
  const end = at.operator === readsLog ? log.endOfRow(at.offset) : undefined;
  task.skipped.add(at.offset, skippedOf(error, skip, end), task.neededOffset);
  stored.setState(job.run, "failed", { ...error, isMended: true });
  return true;
}

/** The job's error, where it is at what is to be left out; undefined where that is left out already. */
function failureAt(job: StoredJob, task: Task, { offset, row }: Skip) {
  const error = job.state === "failed" ? job.error : undefined;
  const at = error?.at;
  if (error && at?.offset === offset && (row === undefined || row === at.row)) return { ...error, at };
  if (row === undefined ? task.skipped.whole(offset) : task.skipped.of(offset, row)) return undefined;
  const asked = placeOf({ offset, ...(row !== undefined && { row }) });
  throw conflict(
    at
      ? `Job "${job.job}" failed at ${placeOf(at)}, not at ${asked}.`
      : `Job "${job.job}" has not failed at a record here; ${asked} stays in.`,
  );
}

function placeOf({ offset, row }: Pick<FailurePlace, "offset" | "row">): string {
  return row === undefined ? `offset ${offset}` : `row ${row} of offset ${offset}`;
}

/** `end`: behind the row of the log, where that cannot be read. */
function skippedOf(
  { at, message, since }: JobError & { readonly at: FailurePlace },
  { row }: Skip,
  end: number | undefined,
): Skipped {
  const isUnreadable = at.content === undefined && (at.operator === "read frame" || at.operator === "read");
  return {
    reason: `skipped: ${at.operator} failed: ${message}`,
    ...(since !== undefined && { failedAt: since }),
    ...(row !== undefined && { row }),
    ...(end !== undefined && { through: end - 1 }),
    ...(isUnreadable && { isUnreadable }),
  };
}

/**
 * Lets a task that will be opened again go on where its log begins. Returns false where nothing that it needs
 * is gone.
 */
export function acceptLoss(sql: SqlStorage, run: number, log: PartitionLog): boolean {
  const checkpoint = readCheckpoint(sql, run);
  if (!checkpoint || checkpoint.offset + 1 >= log.firstOffset) return false;
  const offset = log.firstOffset - 1;
  const lostRecords = (checkpoint.lostRecords ?? 0) + offset - checkpoint.offset;
  writeCheckpoint(sql, run, { ...checkpoint, offset, isMidRecord: false, lostRecords });
  return true;
}

function conflict(message: string): EngineError {
  return new EngineError("SKIP_CONFLICT", { message });
}
