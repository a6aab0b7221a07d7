/**
 * The jobs of a partition: what the coordinator wants of each, its task, and what to do when a task fails.
 *
 * All tasks share one kernel and its page cache. After a failure inside the kernel its memory is worth
 * nothing: the kernel is dropped and every task opens again at its last checkpoint. A record at which a job
 * fails twice fails the job; before the second try all pages are made clean, so that only a record too
 * large for the budget fails for room.
 */
import { EngineError, type ErrorBody, errorBodyOf } from "../base/errors.ts";
import { backlogBytesMax, checkpointIntervalMs } from "../base/limits.ts";
import type { PageCache } from "../kernel/page-cache.ts";
import { JobFailures } from "./job-failures.ts";
import { neededOffsetOf } from "./job-log-needs.ts";
import { statusOfClosed, statusOfOpen } from "./job-status.ts";
import type { PartitionLog } from "./log/partition-log.ts";
import { lowerOf } from "./log/records.ts";
import { acceptLoss, skipRecord } from "./mend-job.ts";
import type { OpenJob } from "./open-job.ts";
import { OpenJobs, type PartitionOptions } from "./open-jobs.ts";
import type {
  FailurePlace,
  JobCommand,
  JobState,
  JobStatus,
  Mending,
  PartitionIdentity,
} from "./partition-types.ts";
import type { TaskPlan } from "./plan/task-plan.ts";
import type { Ports } from "./ports.ts";
import { SavepointStore } from "./savepoint/savepoint-store.ts";
import { TaskRestore } from "./savepoint/task-restore.ts";
import type { RestoredStates } from "./savepoint/task-state.ts";
import { failureOf, StoredJobs } from "./stored-jobs.ts";
import { firstCheckpoint, readCheckpoint, writeCheckpoint } from "./task/checkpoint.ts";
import { cellsPerStepMax } from "./task/kernel-work.ts";
import { createTaskTables, deleteStoredTask } from "./task/stored-task.ts";
import { fallenBehind, type Task, wholeSliceBytes } from "./task/task.ts";
import { type StepOutcome, tryStep } from "./task/try-step.ts";

export class PartitionJobs {
  readonly #ports: Ports;
  readonly #log: PartitionLog;
  readonly #options: PartitionOptions;
  readonly #identity: () => PartitionIdentity;
  readonly #stored: StoredJobs;
  readonly savepoints: SavepointStore;
  readonly #open: OpenJobs;
  readonly #failures: JobFailures;
  #turn = 0;
  #commits = 0;

  constructor(ports: Ports, log: PartitionLog, options: PartitionOptions, identity: () => PartitionIdentity) {
    const { sql } = ports;
    this.#ports = ports;
    this.#log = log;
    this.#options = options;
    this.#identity = identity;
    this.#stored = new StoredJobs(sql);
    this.#failures = new JobFailures(this.#stored);
    this.savepoints = new SavepointStore(sql);
    createTaskTables(sql);
    const [stored, { pins }] = [this.#stored, this.savepoints];
    this.#open = new OpenJobs({ ports, log, options, identity, stored, pins });
  }

  /** The page cache of this partition's kernel. */
  get cache(): PageCache {
    return this.#open.cache;
  }

  /** True while `step` has something to do. */
  get hasReadyWork(): boolean {
    const now = this.#ports.clock.now();
    return this.#unsettled().some(
      (job) => !this.#failures.isWaiting(job, now) && (!this.#isRunning(job) || job.isBusy),
    );
  }

  /** When a job is tried again that failed and waits, ms; undefined where none does. */
  get nextAttemptAt(): number | undefined {
    return this.#failures.nextAttemptAt(this.#ports.clock.now());
  }

  /** Checkpoints committed since this object started: each may let go of log. */
  get commits(): number {
    return this.#commits;
  }

  /** When, in ms since 1970, what was applied must be in a checkpoint; undefined where none can be due. */
  get checkpointDueAt(): number | undefined {
    const now = this.#ports.clock.now();
    const dirty = this.#running().filter(
      ({ task, isWritingAhead }) => task.isDirty && !isWritingAhead && !task.isHalfway,
    );
    return dirty.length === 0
      ? undefined
      : Math.min(...dirty.map((job) => job.checkpointAt(now))) + checkpointIntervalMs;
  }

  /** Log bytes that the slowest running job, of those that once caught up, has still to apply. */
  get backlogBytes(): number {
    const lags = this.#running().map((job) => (job.hasCaughtUp ? job.lagBytes : 0));
    return Math.max(0, ...lags);
  }

  /** Log bytes that the slowest job has still to apply, whether it runs or not; all of them without a job. */
  get unappliedBytes(): number {
    const lags = [...this.#open.all().values()].map((job) => job.lagBytes);
    return lags.length === 0 ? this.#log.bytesAfter(this.#log.firstOffset) : Math.max(...lags);
  }

  /** The task of the one job of a partition between stages, when it runs and has applied all there is. */
  get taskAtRest(): Task | undefined {
    const [job] = this.#running();
    return job && job.lagBytes === 0 ? job.task : undefined;
  }

  /** The tasks of all jobs that are open and have not failed. */
  get tasks(): readonly Task[] {
    return this.#open.tasks;
  }

  /** The task of a run whose job is open, whether it has failed or not. */
  openTask(run: number): Task | undefined {
    return this.#open.get(run)?.task;
  }

  /** The error of a job that failed here, if one did. */
  get failure(): ErrorBody | undefined {
    if (this.#stored.isWaiting) this.#open.all();
    return this.#stored.all.find(({ state }) => state === "failed")?.error;
  }

  /** Throws `JOB_FAILED` where a run failed here. */
  checkRun(run: number): void {
    const stored = this.#stored.byRun(run);
    if (stored?.state === "failed") throw failureOf(stored);
  }

  /** Marks a run as failed for a reason from outside, such as the next stage's. */
  fail(run: number, error: ErrorBody): void {
    if (this.#stored.byRun(run)) this.#stored.setState(run, "failed", error);
  }

  /** See `neededOffsetOf`. */
  neededOffset(heldBytesMax: number): number {
    const opened = this.#open.all();
    return neededOffsetOf(this.#stored.all, opened, { log: this.#log, sql: this.#ports.sql }, heldBytesMax);
  }

  /** End of the earliest window of a running job that has not fired. */
  nextWindowEnd(): bigint | undefined {
    const ends = this.#running().flatMap(({ task }) => task.due.nextEnd() ?? []);
    return ends.length === 0 ? undefined : ends.reduce(lowerOf);
  }

  /** When the clock makes something due in a running job, which has to hear of it by a record. */
  nextDueAt(): number | undefined {
    const times = this.#running().flatMap(({ task }) => task.due.nextDueAt() ?? []);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** Begins to bring in the state with which a run starts that has not been created; `command` creates it. */
  beginRestore(run: number, plan: TaskPlan, from: RestoredStates): TaskRestore {
    const context = { sql: this.#ports.sql, log: this.#log, cache: this.cache, identity: this.#identity() };
    return new TaskRestore(context, run, plan, from);
  }

  /** True where the run was created and not deleted. */
  has(run: number): boolean {
    return this.#stored.byRun(run) !== undefined;
  }

  /** True where the run was heard of, if only that it is gone. */
  knows(run: number): boolean {
    return this.has(run) || this.#stored.revisionOf(run) > 0;
  }

  /** True where the run is here and has gone on from `offset` or behind it. */
  isBegunAt(run: number, offset: number): boolean {
    const open = this.#open.all().get(run);
    return open !== undefined && open.task.savepoint === undefined && open.task.appliedOffset + 1 >= offset;
  }

  /** Carries out the newest wish for a run; one that came late, or again, changes nothing. */
  command(command: JobCommand): void {
    if (command.revision <= this.#stored.revisionOf(command.run)) return;
    this.#carryOut(command);
    this.#stored.setRevision(command.run, command.revision);
  }

  #carryOut(command: JobCommand): void {
    const { job, run, state } = command;
    const known = this.#stored.byName(job);
    if (known && known.run > run) return;
    if (known && (known.run < run || state === "deleted")) this.#delete(known.run);
    if (state === "deleted") return;
    const current = this.#stored.byRun(run);
    if (!current) this.#create(command, state);
    else if (current.state !== state) this.#stored.setState(run, state, undefined);
    // Nobody wishes for anything while a savepoint ends the run: one that would have is given up.
    if (current && state === "running") this.#open.openAgain(run)?.task.barrier.goOn();
    // A job that was paused has to catch up first, like a new one.
    const open = this.#open.get(run);
    if (open && current?.state !== state) open.hasCaughtUp = open.lagBytes <= backlogBytesMax;
  }

  /** Does one slice of a job's work, jobs in turn. Returns about how many bytes it went through; 0: none. */
  step(): number {
    const jobs = this.#unsettled();
    const now = this.#ports.clock.now();
    const starved = jobs.find((job) => this.#needsRoom(job, now));
    if (starved) return this.#stepJob(jobs.find(({ task }) => task.isDirty) ?? starved);
    for (let tried = 0; tried < jobs.length; tried++) {
      const job = jobs[this.#turn++ % jobs.length];
      const bytes = job ? this.#stepJob(job) : 0;
      if (bytes > 0) return bytes;
    }
    return 0;
  }

  /** Starts the checkpoints that time asks for; `step` goes on with them. */
  checkpointOld(now: number): void {
    for (const job of this.#running()) this.#decide(job, now);
  }

  statuses(): JobStatus[] {
    const open = this.#open.all();
    const now = this.#ports.clock.now();
    return this.#stored.all.map((stored) => {
      const job = open.get(stored.run);
      if (!job) return statusOfClosed(stored);
      return statusOfOpen(stored, job, this.#log, this.#failures.of(job), this.cache.bytes, now);
    });
  }

  /**
   * Offset up to which a job has applied the log. Throws `JOB_NOT_FOUND` or, for one that failed,
   * `JOB_FAILED`.
   */
  appliedOffset(job: string, run: number): number {
    const { task } = this.#find(job, run);
    this.checkRun(run);
    return task.appliedOffset;
  }

  /** True when a job runs and has not applied `offset` yet. */
  isBehind(job: string, run: number, offset: number): boolean {
    const found = this.#open.all().get(run);
    if (!found || this.#stored.byRun(run)?.job !== job) return false;
    return this.#isRunning(found) && found.task.appliedOffset < offset;
  }

  /** The task of a run, or of the job's newest one. Throws `JOB_NOT_FOUND`, or `JOB_FAILED` where none is. */
  taskOf(job: string, run = this.#stored.byName(job)?.run): Task {
    return this.#find(job, run).task;
  }

  #find(job: string, run: number | undefined): OpenJob {
    const open = this.#open.all();
    const stored = run === undefined ? undefined : this.#stored.byRun(run);
    const named = run === undefined ? `"${job}"` : `"${job}" with run ${run}`;
    if (stored?.job !== job) {
      throw new EngineError("JOB_NOT_FOUND", { message: `No job ${named} is on this partition.` });
    }
    const found = open.get(stored.run);
    if (!found) throw failureOf(stored);
    return found;
  }

  #stepJob(job: OpenJob): number {
    const { task } = job;
    const now = this.#ports.clock.now();
    if (this.#failures.isWaiting(job, now)) return 0;
    this.#decide(job, now);
    if (job.isWritingAhead) {
      const outcome = tryStep(() => {
        if (job.writeCheckpointSlice(this.#options.checkpointTurnBytes, now)) this.#commits++;
      });
      this.#handle(job, outcome, "checkpoint");
      return wholeSliceBytes;
    }
    if (task.sweepGarbage()) return wholeSliceBytes;
    if (job.isDelivering) return 0;
    if (task.savepoint !== undefined) return this.savepoints.take(task, task.savepoint, this.#identity());
    if (task.barrier.isNarrowing) return this.#narrow(job);
    if (!this.#isRunning(job) && !task.isHalfway) return 0;
    if (task.appliedOffset + 1 >= this.#log.nextOffset) {
      job.hasCaughtUp = true;
      return 0;
    }
    if (task.isHeldBack) return 0;
    this.cache.budgetBytes = this.#options.pageBudget();
    let bytes = 0;
    const outcome = tryStep(() => {
      bytes = task.step();
    });
    this.#handle(job, outcome);
    return Math.max(bytes, 1);
  }

  #narrow(job: OpenJob): number {
    this.cache.budgetBytes = this.#options.pageBudget();
    const { barrier, tables } = job.task;
    const outcome = tryStep(() => barrier.narrow(tables, this.#identity(), cellsPerStepMax));
    this.#handle(job, outcome, "split");
    return wholeSliceBytes;
  }

  #needsRoom(job: OpenJob, now: number): boolean {
    return this.#isRunning(job) && this.#failures.needsRoom(job, now);
  }

  #decide(job: OpenJob, now: number): void {
    const needsRoom = this.#failures.hasAny && this.#running().some((each) => this.#needsRoom(each, now));
    job.decide(now, this.#isRunning(job), needsRoom, this.cache);
  }

  /** A failure inside the kernel spoils all tasks' memory: they open again. `operator`: not a step's. */
  #handle(job: OpenJob, outcome: StepOutcome, operator?: string): void {
    if (outcome.outcome === "Done") {
      this.#failures.settle(job);
      return;
    }
    const { task, run } = job;
    const place: FailurePlace = operator ? { operator, offset: task.appliedOffset } : task.place;
    this.#failures.note(run, place, outcome.error, this.#ports.clock.now());
    this.#open.drop();
  }

  /** Lets a failed job go on without something; it still has to be resumed. False where it did so before. */
  mend(run: number, mending: Mending): boolean {
    const stored = this.#stored.byRun(run);
    if (!stored) throw new EngineError("JOB_NOT_FOUND", { message: `No job of run ${run} is here.` });
    if ("skip" in mending) {
      const { task } = this.#find(stored.job, run);
      return skipRecord(this.#stored, stored, task, this.#log, mending.skip);
    }
    if (stored.state === "running" || !acceptLoss(this.#ports.sql, run, this.#log)) return false;
    this.#open.drop();
    return true;
  }

  /** Marks the jobs that do not run, and for which the log was held no longer, as fallen behind. */
  noteTrimmed(): void {
    const { firstOffset } = this.#log;
    for (const { run, task } of this.#open.opened) {
      const stored = this.#stored.byRun(run);
      if (!stored || stored.state === "running" || task.appliedOffset + 1 >= firstOffset) continue;
      if (stored.error?.code === "JOB_FALLEN_BEHIND") continue;
      const error = errorBodyOf(fallenBehind(task.appliedOffset + 1, firstOffset));
      const before = stored.error ? ` It had failed before: ${stored.error.message}` : "";
      this.#stored.setState(run, "failed", { ...error, message: error.message + before });
    }
  }

  #create(command: JobCommand, state: JobState): void {
    const { sql } = this.#ports;
    if (!readCheckpoint(sql, command.run)) {
      // A restore that failed may have left pages.
      deleteStoredTask(sql, command.run);
      writeCheckpoint(sql, command.run, firstCheckpoint(this.#log, command.plan, !this.#identity().inputs));
    }
    this.#open.added(this.#stored.add(command, state));
  }

  #delete(run: number): void {
    this.#open.close(run);
    deleteStoredTask(this.#ports.sql, run);
    this.savepoints.forget(run);
    this.#stored.remove(run);
    this.#failures.forget(run);
  }

  /** Opens jobs where one is to run. */
  #running(): readonly OpenJob[] {
    if (this.#stored.isWaiting || this.#stored.all.some(({ state }) => state === "running")) this.#open.all();
    return this.#open.running;
  }

  #isRunning({ run }: OpenJob): boolean {
    return this.#stored.byRun(run)?.state === "running";
  }

  /** Jobs that run, and others whose storage lags behind: their dirty pages take up the budget. */
  #unsettled(): readonly OpenJob[] {
    const running = this.#running();
    const { opened } = this.#open;
    if (running.length === opened.length) return running;
    return opened.filter((job) => !job.task.isSettled || this.#isRunning(job));
  }
}
