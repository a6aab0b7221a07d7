/**
 * Jobs of a partition that failed at a record and are tried again there, each alone.
 *
 * What is known here outlives the kernel and not the object: after a restart the first failure is the first
 * again. A job that is given up is stored as failed, with the place and what was tried.
 */
import type { ErrorBody } from "../base/errors.ts";
import { decideRestart } from "./decide-restart.ts";
import type { OpenJob } from "./open-job.ts";
import type { FailurePlace, JobError } from "./partition-types.ts";
import type { StoredJobs } from "./stored-jobs.ts";

interface Failure extends JobError {
  readonly at: FailurePlace;
  readonly attempts: number;
  readonly since: number;
  readonly failedAt: number;
  readonly nextAttemptAt: number;
}

export class JobFailures {
  readonly #stored: StoredJobs;
  readonly #failures = new Map<number, Failure>();

  constructor(stored: StoredJobs) {
    this.#stored = stored;
  }

  get hasAny(): boolean {
    return this.#failures.size > 0;
  }

  /** Takes note that a job failed at a place; it is tried again, or stored as failed. */
  note(run: number, at: FailurePlace, error: ErrorBody, now: number): void {
    const before = this.#failures.get(run);
    const isAgain = before !== undefined && before.at.offset <= at.offset;
    const [attempts, since] = [isAgain ? before.attempts + 1 : 1, isAgain ? before.since : now];
    const failed = { ...error, at, attempts, since };
    const decided = decideRestart(error.code, attempts);
    if (decided.decision === "Fail") {
      this.#failures.delete(run);
      this.#stored.setState(run, "failed", failed);
    } else {
      this.#failures.set(run, { ...failed, failedAt: now, nextAttemptAt: now + decided.afterMs });
    }
  }

  /** Forgets the failure of a job whose checkpoint holds the record by now. */
  settle({ run, task }: OpenJob): void {
    const failure = this.#failures.get(run);
    if (failure && failure.at.offset < task.neededOffset) this.#failures.delete(run);
  }

  forget(run: number): void {
    this.#failures.delete(run);
  }

  /**
   * True from before the record at which a job failed is tried again until a checkpoint holds it: it may have
   * failed for room, so all pages are made clean before it and after it, and no other job works in between.
   */
  needsRoom({ run, task }: OpenJob, now: number): boolean {
    const failure = this.#failures.get(run);
    return failure !== undefined && failure.at.offset <= task.appliedOffset + 1 && !isWaiting(failure, now);
  }

  /** True while a job waits for its next attempt. */
  isWaiting({ run }: Pick<OpenJob, "run">, now: number): boolean {
    const failure = this.#failures.get(run);
    return failure !== undefined && isWaiting(failure, now);
  }

  /** When the next attempt of any job is due that waits for one, ms. */
  nextAttemptAt(now: number): number | undefined {
    const times = [...this.#failures.values()].filter((each) => isWaiting(each, now));
    return times.length === 0 ? undefined : Math.min(...times.map(({ nextAttemptAt }) => nextAttemptAt));
  }

  /** Why a job is tried again; undefined where it has come past the record, or never failed. */
  of({ run, task }: OpenJob): JobError | undefined {
    const failure = this.#failures.get(run);
    if (!failure || failure.at.offset <= task.appliedOffset) return undefined;
    const { failedAt: _, ...error } = failure;
    return error;
  }
}

/** A clock that was set back is no reason to wait longer. */
function isWaiting({ failedAt, nextAttemptAt }: Failure, now: number): boolean {
  return failedAt <= now && now < nextAttemptAt;
}
