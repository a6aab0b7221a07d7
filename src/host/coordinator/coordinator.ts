/**
 * The coordinator: what streams and jobs there should be, and that every shard comes to know it.
 *
 * Each request first stores the wish, in one turn with the alarm that will repeat it, and only then talks to
 * shards. It answers when all have confirmed, or after `settleMs` with the state `starting`: the alarm goes
 * on.
 *
 * Invariant: a turn that leaves a delivery or a watched stream leaves an alarm.
 */
import { assert } from "../../base/assert.ts";
import { EngineError, errorBodyOf, StorageFailure } from "../../base/errors.ts";
import { suggestName } from "../../base/suggest-name.ts";
import type { RpcResult } from "../../engine/partition-types.ts";
import type { SqlStorage } from "../../engine/ports.ts";
import type { JobAnswer, SavepointAnswer, StreamAnswer } from "../../protocol/answers.ts";
import type { JobDefinition } from "../../protocol/job-spec.ts";
import type { SavepointWish } from "../../protocol/savepoint-body.ts";
import type { StreamDefinition } from "../../protocol/stream-spec.ts";
import type { BlobStore } from "../blobs.ts";
import type { Shards } from "../shards.ts";
import { deadlineAfter, type WallClock } from "../wall-clock.ts";
import { Catalog, type JobEntry, type StreamEntry } from "./catalog.ts";
import { CommandDelivery } from "./command-delivery.ts";
import type { CoordinatorRpc, JobFacts, Put, StagePartitions, StreamFacts } from "./coordinator-rpc.ts";
import { decideStreamChange } from "./decide-stream-change.ts";
import { jobDifference } from "./job-difference.ts";
import { jobAnswerOf, mergeJobStatus, mergeStreamStatus, streamAnswerOf } from "./merge-status.ts";
import { SavepointTaking } from "./savepoint-taking.ts";
import { type SavepointEntry, Savepoints, savepointAnswerOf } from "./savepoints.ts";
import { startJob, streamRun } from "./start-job.ts";
import { streamFactsOf } from "./stream-facts.ts";
import { statusesOf, WatermarkTicks } from "./watermark-ticks.ts";

/** How long a request waits for shards before it answers `starting`. */
const settleMs = 3000;

/** After a failed alarm: long enough not to spin, short enough not to be missed. */
const alarmAfterFailureMs = 5000;

export interface CoordinatorPorts {
  readonly sql: SqlStorage;
  readonly clock: WallClock;
  readonly shards: Shards;
  /** Where savepoints lie; undefined where none are kept. */
  readonly blobs: BlobStore | undefined;
  /** Sets the one alarm of the object to a time in ms, in place of the one before. */
  setAlarm(at: number): void;
  /** Ends this object at once: what the turn wrote is dropped, and the next call meets a new one. */
  abort(reason: string): void;
}

/** Where savepoints are kept, and how they come there. */
interface KeptSavepoints {
  readonly savepoints: Savepoints;
  readonly taking: SavepointTaking;
}

export class Coordinator implements CoordinatorRpc {
  readonly #ports: CoordinatorPorts;
  readonly #catalog: Catalog;
  readonly #delivery: CommandDelivery;
  readonly #ticks: WatermarkTicks;
  readonly #kept: KeptSavepoints | undefined;
  #alarmAt: number | undefined;

  constructor(ports: CoordinatorPorts) {
    this.#ports = ports;
    this.#catalog = new Catalog(ports.sql);
    this.#delivery = new CommandDelivery(this.#catalog, ports.shards, ports.clock);
    this.#ticks = new WatermarkTicks(ports.shards, ports.clock);
    const { sql, shards, clock, blobs } = ports;
    if (blobs) {
      const savepoints = new Savepoints(sql, shards, clock, blobs);
      const taking = new SavepointTaking(savepoints, {
        ...{ clock, catalog: this.#catalog },
        schedule: () => this.#schedule(),
        stop: (job) => this.#wish(job, "deleted"),
      });
      this.#kept = { savepoints, taking };
    }
    for (const stream of this.#catalog.streams()) this.#watch(stream);
    this.#schedule();
  }

  streamFacts(name: string): Promise<RpcResult<StreamFacts>> {
    return this.#answer(async () => {
      const stream = this.#stream(name);
      await this.#settle(stream, streamRun);
      return streamFactsOf(this.#stream(name));
    });
  }

  jobFacts(view: string): Promise<RpcResult<JobFacts>> {
    return this.#answer(async () => {
      const found = this.#catalog.view(view);
      if (!found) throw this.#notFound("VIEW_NOT_FOUND", "view", view);
      const { job, stage } = found;
      await this.#settleJob(job);
      const partitions = this.#catalog.streamsOf(job).map(partitionsOf);
      const [own, plan] = [partitions[stage], job.stages[stage]?.plan];
      assert(own && plan, "every stage of a job reads a stream");
      return { view, job: job.name, run: job.run, ...own, plan, before: partitions.slice(0, stage) };
    });
  }

  putStream(name: string, definition: StreamDefinition): Promise<RpcResult<Put<StreamAnswer>>> {
    return this.#answer(async () => {
      const existing = this.#catalog.stream(name);
      const change = decideStreamChange(existing?.definition, definition);
      if (change.kind === "Refuse") throw new EngineError("STREAM_CONFLICT", { message: change.message });
      const now = this.#ports.clock.now();
      const stream = existing ?? this.#catalog.addStream(name, definition, now);
      if (change.kind === "AddColumns") this.#catalog.extendStream(stream.generation, definition);
      if (change.kind !== "Keep") {
        this.#catalog.addDeliveries(stream, streamRun, CommandDelivery.dueAgainAt(now));
      }
      const isSettled = await this.#settle(stream, streamRun);
      return { isNew: change.kind === "Create", answer: streamAnswerOf(this.#stream(name), isSettled) };
    });
  }

  stream(name: string) {
    return this.#answer(async () => {
      const stream = this.#stream(name);
      const statuses = await statusesOf(stream, this.#ports.shards, this.#ports.clock);
      return mergeStreamStatus(stream, this.#isSettled(stream, streamRun), statuses);
    });
  }

  streams(): Promise<RpcResult<readonly StreamAnswer[]>> {
    return this.#answer(async () =>
      this.#catalog.streams().map((stream) => streamAnswerOf(stream, this.#isSettled(stream, streamRun))),
    );
  }

  deleteStream(name: string): Promise<RpcResult<null>> {
    return this.#answer(async () => {
      const stream = this.#stream(name);
      const jobs = this.#catalog.jobsOf(stream.generation).map((job) => job.name);
      if (jobs.length > 0) {
        const message = `Stream "${name}" is read by ${jobs.map((job) => `"${job}"`).join(", ")}.`;
        throw new EngineError("STREAM_IN_USE", { message, details: { jobs } });
      }
      this.#dropStream(stream);
      this.#ticks.unwatch(stream.generation);
      await this.#settle(stream, streamRun);
      return null;
    });
  }

  putJob(name: string, definition: JobDefinition): Promise<RpcResult<Put<JobAnswer>>> {
    return this.#answer(async () => {
      const existing = this.#catalog.job(name);
      if (existing && JSON.stringify(existing.definition) !== JSON.stringify(definition)) {
        const difference = jobDifference(existing.definition, definition);
        const message = `Job "${name}" exists with another definition: ${difference}.`;
        throw new EngineError("JOB_CONFLICT", { message });
      }
      const job = existing ?? this.#startJob(name, definition);
      const stream = this.#sourceOf(job);
      const isSettled = await this.#settleJob(job);
      return { isNew: !existing, answer: jobAnswerOf(this.#job(name), stream.name, isSettled) };
    });
  }

  job(name: string) {
    return this.#answer(async () => {
      const job = this.#job(name);
      const { shards, clock } = this.#ports;
      const asked = this.#catalog.streamsOf(job).map((stream) => statusesOf(stream, shards, clock));
      return mergeJobStatus(job, this.#sourceOf(job).name, this.#isJobSettled(job), await Promise.all(asked));
    });
  }

  jobs(): Promise<RpcResult<readonly JobAnswer[]>> {
    return this.#answer(async () =>
      this.#catalog.jobs().map((job) => {
        return jobAnswerOf(job, this.#sourceOf(job).name, this.#isJobSettled(job));
      }),
    );
  }

  setJobState(name: string, state: "running" | "paused"): Promise<RpcResult<JobAnswer>> {
    return this.#answer(async () => {
      const job = this.#job(name);
      const isSettled = await this.#wish(job, state);
      return jobAnswerOf(this.#job(name), this.#sourceOf(job).name, isSettled);
    });
  }

  deleteJob(name: string): Promise<RpcResult<null>> {
    return this.#answer(async () => {
      const job = this.#job(name);
      await this.#wish(job, "deleted");
      return null;
    });
  }

  createSavepoint(name: string, wish: SavepointWish): Promise<RpcResult<SavepointAnswer>> {
    return this.#answer(async () => {
      const { taking } = this.#savepointsKept();
      const job = this.#job(name);
      const isReady = job.state === "running" && this.#isJobSettled(job);
      return this.#savepointAnswer(await taking.take(job, isReady, wish));
    });
  }

  savepoints(job: string): Promise<RpcResult<readonly SavepointAnswer[]>> {
    return this.#answer(async () => {
      const entries = this.#savepointsKept().savepoints.ofJob(job);
      return entries.map((entry) => this.#savepointAnswer(entry));
    });
  }

  savepoint(savepoint: number): Promise<RpcResult<SavepointAnswer>> {
    return this.#answer(async () => this.#savepointAnswer(this.#savepointsKept().savepoints.get(savepoint)));
  }

  deleteSavepoint(savepoint: number): Promise<RpcResult<null>> {
    return this.#answer(async () => {
      await this.#savepointsKept().savepoints.delete(savepoint);
      return null;
    });
  }

  shardActive(_stream: string, generation: number, _shard: number): Promise<RpcResult<null>> {
    return this.#answer(async () => {
      const stream = this.#catalog.generation(generation);
      if (stream) this.#watch(stream);
      this.#schedule();
      return null;
    });
  }

  /**
   * Does what is due and sets the next alarm. Never throws: the platform gives up on an alarm that keeps
   * throwing.
   */
  async onAlarm(): Promise<void> {
    this.#alarmAt = undefined;
    try {
      const polled = this.#ticks.pollDue((generation) => this.#watchable(generation));
      await Promise.all([polled, this.#delivery.deliverDue(), this.#kept?.taking.advanceAll()]);
      this.#schedule();
    } catch (thrown) {
      this.#ports.setAlarm(this.#ports.clock.now() + alarmAfterFailureMs);
      if (thrown instanceof StorageFailure) this.#ports.abort(thrown.message);
    }
  }

  #savepointAnswer(entry: SavepointEntry): SavepointAnswer {
    return savepointAnswerOf(entry, this.#ports.clock.now());
  }

  #savepointsKept(): KeptSavepoints {
    if (this.#kept) return this.#kept;
    throw new EngineError("SAVEPOINTS_NOT_SET", { message: "This Worker keeps no savepoints." });
  }

  /** After a failed write nobody knows what is stored: a new object starts from what is. */
  async #answer<Value>(work: () => Promise<Value>): Promise<RpcResult<Value>> {
    try {
      return { ok: true, value: await work() };
    } catch (thrown) {
      if (thrown instanceof StorageFailure) this.#ports.abort(thrown.message);
      return { ok: false, error: errorBodyOf(thrown) };
    }
  }

  #startJob(name: string, definition: JobDefinition): JobEntry {
    const source = this.#stream(definition.source);
    const { fromSavepoint } = definition;
    const { savepoints } = fromSavepoint === undefined ? {} : this.#savepointsKept();
    const saved = fromSavepoint === undefined ? undefined : savepoints?.get(fromSavepoint);
    const job = startJob(this.#catalog, source, { name, definition, saved }, this.#ports.clock.now());
    this.#watch(source);
    return job;
  }

  /** Stores the state that a job should have and tells its partitions; true when all confirmed in time. */
  #wish(job: JobEntry, state: JobEntry["state"]): Promise<boolean> {
    this.#catalog.setJobState(job.run, state);
    const source = this.#sourceOf(job);
    for (const stream of this.#catalog.streamsOf(job)) {
      const isOwn = stream.generation !== source.generation;
      if (isOwn && state === "deleted") this.#dropStream(stream);
      else this.#catalog.addDeliveries(stream, job.run, CommandDelivery.dueAgainAt(this.#ports.clock.now()));
    }
    this.#watch(source);
    return this.#settleJob(job);
  }

  #dropStream(stream: StreamEntry): void {
    this.#catalog.markStreamDeleted(stream.generation);
    this.#catalog.dropJobDeliveries(stream.generation);
    this.#catalog.addDeliveries(stream, streamRun, CommandDelivery.dueAgainAt(this.#ports.clock.now()));
  }

  /** Has the stream's idle shards follow the others, while a job runs that could fire something. */
  #watch(stream: StreamEntry): void {
    if (this.#hasRunningJob(stream)) this.#ticks.watch(stream);
  }

  #watchable(generation: number): StreamEntry | undefined {
    const stream = this.#catalog.generation(generation);
    return stream && this.#hasRunningJob(stream) ? stream : undefined;
  }

  #hasRunningJob({ generation, isDeleted }: StreamEntry): boolean {
    return !isDeleted && this.#catalog.jobsOf(generation).some(({ state }) => state === "running");
  }

  /**
   * Tells the stream's shards what they have not confirmed; true when they know of the stream itself in time.
   */
  #settle(stream: StreamEntry, run: typeof streamRun): Promise<boolean> {
    return this.#settleAll([stream], () => this.#isSettled(stream, run));
  }

  /** Tells a job's partitions what they have not confirmed; true when all know of it in time. */
  #settleJob(job: JobEntry): Promise<boolean> {
    return this.#settleAll(this.#catalog.streamsOf(job), () => this.#isJobSettled(job));
  }

  async #settleAll(streams: readonly StreamEntry[], isSettled: () => boolean): Promise<boolean> {
    this.#schedule();
    if (isSettled()) return true;
    const deadline = deadlineAfter(this.#ports.clock, settleMs);
    const delivered = Promise.all(streams.map((stream) => this.#delivery.deliverToAll(stream)));
    await Promise.race([delivered, deadline.passed]);
    deadline.cancel();
    this.#schedule();
    return isSettled();
  }

  #isSettled(stream: StreamEntry, run: number): boolean {
    return this.#catalog.isSettled(stream.generation, run);
  }

  #isJobSettled({ run }: JobEntry): boolean {
    return this.#catalog.isRunSettled(run);
  }

  #schedule(): void {
    const due = [this.#catalog.nextDueAt(), this.#ticks.nextDueAt(), this.#kept?.taking.nextDueAt()];
    const times = due.filter((at) => at !== undefined);
    if (times.length === 0) return;
    const at = Math.min(...times);
    if (this.#alarmAt !== undefined && this.#alarmAt <= at) return;
    this.#alarmAt = at;
    this.#ports.setAlarm(at);
  }

  #stream(name: string): StreamEntry {
    const stream = this.#catalog.stream(name);
    if (!stream) throw this.#notFound("STREAM_NOT_FOUND", "stream", name);
    return stream;
  }

  #job(name: string): JobEntry {
    const job = this.#catalog.job(name);
    if (!job) throw this.#notFound("JOB_NOT_FOUND", "job", name);
    return job;
  }

  #sourceOf(job: JobEntry): StreamEntry {
    const stream = this.#catalog.generation(job.generation);
    if (!stream) throw this.#notFound("STREAM_NOT_FOUND", "stream", job.definition.source);
    return stream;
  }

  #notFound(
    code: "STREAM_NOT_FOUND" | "JOB_NOT_FOUND" | "VIEW_NOT_FOUND",
    what: string,
    name: string,
  ): EngineError {
    const entries = code === "STREAM_NOT_FOUND" ? this.#catalog.streams() : this.#catalog.jobs();
    const suggestion = suggestName(
      name,
      entries.map((entry) => entry.name),
    );
    return new EngineError(code, { message: `There is no ${what} "${name}"${suggestion || "."}` });
  }
}

function partitionsOf({ name, generation, definition }: StreamEntry): StagePartitions {
  return { stream: name, generation, shardCount: definition.shards };
}
