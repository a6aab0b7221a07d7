/**
 * The jobs of a partition as they are stored: what the coordinator wants of each, and why one failed.
 *
 * The revision of a run's newest wish outlives the run: a wish that comes late must not bring it back.
 */
import { EngineError, type ErrorBody, errorBodyOf } from "../base/errors.ts";
import { readSealedJson, sealJson } from "./log/sealed-json.ts";
import type { JobCommand, JobError, JobState } from "./partition-types.ts";
import type { TaskPlan } from "./plan/task-plan.ts";
import type { SqlStorage } from "./ports.ts";
import type { StepOutcome } from "./task/try-step.ts";

/** A job on one partition. A task's number is its run's: neither is ever used again. */
export interface StoredJob {
  readonly job: string;
  readonly run: number;
  readonly plan: TaskPlan;
  readonly state: JobState;
  readonly error: JobError | undefined;
}

export class StoredJobs {
  readonly #sql: SqlStorage;
  #jobs: readonly StoredJob[];

  constructor(sql: SqlStorage) {
    sql.run(
      `CREATE TABLE IF NOT EXISTS jobs
       (run INTEGER PRIMARY KEY, job TEXT, state TEXT, plan TEXT, error TEXT)`,
    );
    sql.run("CREATE TABLE IF NOT EXISTS job_revisions (run INTEGER PRIMARY KEY, revision INTEGER NOT NULL)");
    this.#sql = sql;
    this.#jobs = sql.run("SELECT job, run, plan, state, error FROM jobs ORDER BY run").map(readJob);
  }

  /** All jobs, by run. */
  get all(): readonly StoredJob[] {
    return this.#jobs;
  }

  byName(job: string): StoredJob | undefined {
    return this.#jobs.find((each) => each.job === job);
  }

  byRun(run: number): StoredJob | undefined {
    return this.#jobs.find((each) => each.run === run);
  }

  /** Revision of the newest wish that was carried out for the run, 0 before the first. */
  revisionOf(run: number): number {
    return Number(this.#sql.run("SELECT revision FROM job_revisions WHERE run = ?", run)[0]?.[0] ?? 0);
  }

  setRevision(run: number, revision: number): void {
    this.#sql.run("INSERT OR REPLACE INTO job_revisions (run, revision) VALUES (?, ?)", run, revision);
  }

  add({ job, run, plan }: JobCommand, state: JobState): StoredJob {
    this.#sql.run(
      "INSERT INTO jobs (run, job, state, plan, error) VALUES (?, ?, ?, ?, NULL)",
      run,
      job,
      state,
      sealJson(plan),
    );
    const stored = { job, run, plan, state, error: undefined };
    this.#jobs = [...this.#jobs, stored];
    return stored;
  }

  setState(run: number, state: JobState, error: JobError | undefined): void {
    this.#sql.run(
      "UPDATE jobs SET state = ?, error = ? WHERE run = ?",
      state,
      error ? sealJson(error) : null,
      run,
    );
    this.#jobs = this.#jobs.map((each) => (each.run === run ? { ...each, state, error } : each));
  }

  /** True where a job lacks what only a deployment can bring. */
  get isWaiting(): boolean {
    return this.#jobs.some(waitsForDeployment);
  }

  /**
   * Notes how opening a job ended: one that cannot be opened fails alone. Where it only lacked a function, it
   * goes on when a deployment has that again.
   */
  noteOpened(stored: StoredJob, outcome: StepOutcome): void {
    const { run, job, state } = stored;
    if (outcome.outcome === "Done") {
      if (waitsForDeployment(stored)) this.setState(run, "running", undefined);
      return;
    }
    const { error } = outcome;
    const waits = isOfDeployment(error);
    // One that is paused is tried when it is to run.
    if (waits && state === "paused") return;
    this.setState(
      run,
      "failed",
      waits ? { ...error, message: `Job "${job}" waits. ${error.message}` } : error,
    );
  }

  remove(run: number): void {
    this.#sql.run("DELETE FROM jobs WHERE run = ?", run);
    this.#jobs = this.#jobs.filter((each) => each.run !== run);
  }
}

function readJob([job, run, plan, state, error]: readonly unknown[]): StoredJob {
  return {
    job: job as string,
    run: run as number,
    plan: readSealedJson(String(plan), (what) => damagedPlan(String(job), what)) as unknown as TaskPlan,
    state: state as JobState,
    error: error === null ? undefined : readError(String(job), String(error)),
  };
}

/** A job whose error cannot be read has failed all the same, and nobody knows where. */
function readError(job: string, text: string): JobError {
  try {
    return readSealedJson(text, (what) => damagedError(job, what)) as unknown as JobError;
  } catch (thrown) {
    return errorBodyOf(thrown);
  }
}

function damagedError(job: string, what: string): EngineError {
  const message = `Job "${job}" failed, and the row that says how is damaged: ${what}. Resume the job.`;
  return new EngineError("STATE_CORRUPT", { message });
}

function damagedPlan(job: string, what: string): EngineError {
  const message = `The stored plan of job "${job}" is damaged: ${what}. Delete the stream and make it anew.`;
  return new EngineError("STATE_CORRUPT", { message });
}

/** The error of a job that failed. */
export function failureOf({ job, error }: StoredJob): EngineError {
  return new EngineError("JOB_FAILED", { message: `Job "${job}" failed: ${error?.message}` });
}

function waitsForDeployment({ state, error }: StoredJob): boolean {
  return state === "failed" && error !== undefined && isOfDeployment(error);
}

/** True for what another deployment can mend. */
function isOfDeployment({ details }: ErrorBody): boolean {
  return details?.waitsForDeployment === true;
}
