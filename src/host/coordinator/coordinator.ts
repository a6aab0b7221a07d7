/**
 * The coordinator: what streams and jobs there should be, and that every shard comes to know it.
 *
 * Each request first stores the wish, in one turn with the alarm that will repeat it, and only then talks to
 * shards. It answers when all have confirmed, or after `settleMs` with the state `starting`: the alarm goes
 * on.
 *
 * Invariant: a turn that leaves a delivery or a watched stream leaves an alarm.
 */
import { EngineError, errorBodyOf, StorageFailure } from "../../base/errors.ts";
import type { RpcResult } from "../../engine/partition-types.ts";
import type { SqlStorage } from "../../engine/ports.ts";
import type { JobAnswer, SavepointAnswer, SplitAnswer, StreamAnswer } from "../../protocol/answers.ts";
import type { MendingWish, RunState } from "../../protocol/mending-body.ts";
import type { SavepointWish } from "../../protocol/savepoint-body.ts";
import type { StreamDefinition } from "../../protocol/stream-spec.ts";
import type { BlobStore } from "../blobs.ts";
import type { Shards } from "../shards.ts";
import { deadlineAfter, type WallClock } from "../wall-clock.ts";
import { Catalog, type JobEntry, type StreamEntry } from "./catalog.ts";
import { CommandDelivery } from "./command-delivery.ts";
import type { CoordinatorRpc, JobFacts, ProducerRegistration, Put, StreamFacts } from "./coordinator-rpc.ts";
import { decideStreamChange, withWaiting } from "./decide-stream-change.ts";
import { findJob, findStream, findView } from "./find-entries.ts";
import { type GeneratedStreams, Generators } from "./generators.ts";
import { type AnyJobDefinition, type JobStart, streamNamesOf } from "./job-definitions.ts";
import { checkUnchanged } from "./job-difference.ts";
import { jobFactsOf } from "./job-facts.ts";
import { Leases } from "./leases.ts";
import { mendPartitions } from "./mend-partitions.ts";
import { jobAnswerOf, mergeJobStatus, mergeStreamStatus, streamAnswerOf } from "./merge-status.ts";
import { ProducerRegistry } from "./producer-registry.ts";
import { type SavepointEntry, Savepoints, savepointAnswerOf } from "./savepoints.ts";
import { extendedStream } from "./shard-ranges.ts";
import { Splits, splitAnswerOf } from "./splits.ts";
import { startJob, streamRun } from "./start-job.ts";
import { streamFactsOf } from "./stream-facts.ts";
import { StructuralOperations } from "./structural-operations.ts";
import { statusesOf, type WatchedStream, WatermarkTicks } from "./watermark-ticks.ts";
import { checkUnused, checkUnwritten, sinkStreamsOf } from "./written-streams.ts";

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
  /** Where rows go that are made here; undefined where none are. */
  readonly generated: GeneratedStreams | undefined;
  /** Sets the one alarm of the object to a time in ms, in place of the one before. */
  setAlarm(at: number): void;
  /** Ends this object at once: what the turn wrote is dropped, and the next call meets a new one. */
  abort(reason: string): void;
}

export class Coordinator implements CoordinatorRpc {
  readonly #ports: CoordinatorPorts;
  readonly #catalog: Catalog;
  readonly #delivery: CommandDelivery;
  readonly #producers: ProducerRegistry;
  readonly #ticks: WatermarkTicks;
  readonly #operations: StructuralOperations;
  readonly #generators: Generators;
  #alarmAt: number | undefined;

  constructor(ports: CoordinatorPorts) {
    this.#ports = ports;
    this.#catalog = new Catalog(ports.sql);
    const { sql, shards, clock, blobs } = ports;
    this.#delivery = new CommandDelivery(this.#catalog, shards, clock, blobs);
    this.#operations = new StructuralOperations({
      ...{ catalog: this.#catalog, clock },
      splits: new Splits(sql, this.#catalog, shards, clock, this.#delivery),
      savepoints: blobs && new Savepoints(sql, shards, clock, blobs),
      leases: new Leases(sql),
      schedule: () => this.#schedule(),
      stop: (job) => this.#wish(job, "deleted"),
    });
    const [catalog, operations] = [this.#catalog, this.#operations];
    this.#producers = new ProducerRegistry({ sql, catalog, shards, clock, operations });
    this.#generators = new Generators({ ...ports, catalog });
    this.#ticks = new WatermarkTicks(shards, clock, this.#producers);
    for (const stream of this.#catalog.streams()) this.#watch(stream);
    this.#schedule();
  }

  streamFacts(name: string): Promise<RpcResult<StreamFacts>> {
    return this.#answer(async () => {
      const stream = findStream(this.#catalog, name);
      await this.#settle(stream, streamRun);
      await this.#operations.mapsKnown([stream]);
      return streamFactsOf(findStream(this.#catalog, name));
    });
  }

  jobFacts(view: string): Promise<RpcResult<JobFacts>> {
    return this.#answer(async () => {
      const { job } = findView(this.#catalog, view);
      await this.#settleJob(job);
      await this.#operations.mapsKnown(this.#catalog.streamsOf(job));
      const found = findView(this.#catalog, view);
      return jobFactsOf(view, found, this.#catalog.streamsOf(found.job));
    });
  }

  putStream(name: string, wanted: StreamDefinition): Promise<RpcResult<Put<StreamAnswer>>> {
    return this.#answer(async () => {
      const existing = this.#catalog.stream(name);
      if (existing) await this.#operations.mapsSettled([existing]);
      const change = decideStreamChange(existing?.definition, wanted);
      const definition = withWaiting(wanted, existing?.definition);
      if (change.kind === "Refuse") throw new EngineError("STREAM_CONFLICT", { message: change.message });
      const now = this.#ports.clock.now();
      const stream = existing ?? this.#catalog.addStream(name, definition, now);
      if (change.kind === "Create") this.#generators.add(stream);
      if (change.kind === "AddColumns") checkUnwritten(this.#catalog, stream, "STREAM_CONFLICT");
      if (change.kind === "AddColumns") this.#catalog.updateStream(extendedStream(stream, definition));
      if (change.kind !== "Keep") {
        this.#catalog.addDeliveries(stream, streamRun, CommandDelivery.dueAgainAt(now));
      }
      const isSettled = await this.#settle(stream, streamRun);
      return {
        isNew: change.kind === "Create",
        answer: streamAnswerOf(findStream(this.#catalog, name), isSettled),
      };
    });
  }

  stream(name: string) {
    return this.#answer(async () => {
      const stream = findStream(this.#catalog, name);
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
      const stream = findStream(this.#catalog, name);
      await this.#operations.endLeased(this.#catalog.jobsOf(stream.generation));
      checkUnused(this.#catalog, stream);
      this.#dropStream(stream);
      this.#ticks.unwatch(stream.generation);
      this.#producers.forgetStream(stream.generation);
      this.#generators.forget(stream.generation);
      await this.#settle(stream, streamRun);
      return null;
    });
  }

  putJob(
    name: string,
    definition: AnyJobDefinition,
    start: JobStart = {},
  ): Promise<RpcResult<Put<JobAnswer>>> {
    return this.#answer(async () => {
      const existing = this.#catalog.job(name);
      if (existing) checkUnchanged(existing, definition);
      const job = existing ?? (await this.#startJob(name, definition, { ...definition, ...start }));
      const isSettled = await this.#settleJob(job);
      return { isNew: !existing, answer: jobAnswerOf(findJob(this.#catalog, name), isSettled) };
    });
  }

  job(name: string) {
    return this.#answer(async () => {
      const job = findJob(this.#catalog, name);
      const { shards, clock } = this.#ports;
      const asked = this.#catalog.streamsOf(job).map((stream) => statusesOf(stream, shards, clock));
      return mergeJobStatus(job, this.#isJobSettled(job), await Promise.all(asked));
    });
  }

  jobs(): Promise<RpcResult<readonly JobAnswer[]>> {
    return this.#answer(async () =>
      this.#catalog.jobs().map((job) => jobAnswerOf(job, this.#isJobSettled(job))),
    );
  }

  setJobState(name: string, state: RunState, without?: MendingWish): Promise<RpcResult<JobAnswer>> {
    return this.#answer(async () => {
      const job = findJob(this.#catalog, name);
      if (this.#operations.isStopping(job, state)) return jobAnswerOf(job, true);
      if (without && !(await mendPartitions(this.#ports, this.#catalog.streamsOf(job), job.run, without)))
        return jobAnswerOf(job, this.#isJobSettled(job));
      const isSettled = await this.#wish(job, state);
      return jobAnswerOf(findJob(this.#catalog, name), isSettled);
    });
  }

  renewLease(name: string): Promise<RpcResult<null>> {
    return this.#answer(async () => this.#operations.renewLease(findJob(this.#catalog, name)));
  }

  deleteJob(name: string): Promise<RpcResult<null>> {
    return this.#answer(async () => {
      await this.#wish(findJob(this.#catalog, name), "deleted");
      return null;
    });
  }

  createSavepoint(name: string, wish: SavepointWish): Promise<RpcResult<SavepointAnswer>> {
    return this.#answer(async () => {
      const job = findJob(this.#catalog, name);
      const isReady = job.state === "running" && this.#isJobSettled(job);
      return this.#savepointAnswer(await this.#operations.takeSavepoint(job, isReady, wish));
    });
  }

  savepoints(job: string): Promise<RpcResult<readonly SavepointAnswer[]>> {
    return this.#answer(async () =>
      this.#operations.savepoints.ofJob(job).map((entry) => this.#savepointAnswer(entry)),
    );
  }

  savepoint(savepoint: number): Promise<RpcResult<SavepointAnswer>> {
    return this.#answer(async () => this.#savepointAnswer(this.#operations.savepoints.get(savepoint)));
  }

  deleteSavepoint(savepoint: number): Promise<RpcResult<null>> {
    return this.#answer(async () => {
      await this.#operations.savepoints.delete(savepoint);
      return null;
    });
  }

  splitStream(name: string, shard: number, keyGroup: number | undefined): Promise<RpcResult<SplitAnswer>> {
    return this.#answer(async () => {
      const stream = findStream(this.#catalog, name);
      const entry = await this.#operations.splitShard(stream, shard, keyGroup);
      this.#watch(findStream(this.#catalog, name));
      return splitAnswerOf(entry);
    });
  }

  splitStage(
    name: string,
    stage: number,
    partition: number,
    keyGroup: number | undefined,
  ): Promise<RpcResult<SplitAnswer>> {
    return this.#answer(async () => {
      const entry = this.#operations.splitStage(findJob(this.#catalog, name), stage, partition, keyGroup);
      return splitAnswerOf(await entry);
    });
  }

  splitsOfStream(name: string): Promise<RpcResult<readonly SplitAnswer[]>> {
    return this.#answer(async () => {
      const { generation } = findStream(this.#catalog, name);
      return this.#operations.splits.ofStreams([generation]).map(splitAnswerOf);
    });
  }

  splitsOfJob(name: string): Promise<RpcResult<readonly (SplitAnswer & { readonly stage: number })[]>> {
    return this.#answer(async () => this.#operations.splits.ofJob(findJob(this.#catalog, name)));
  }

  registerProducer(registration: ProducerRegistration): Promise<RpcResult<number>> {
    return this.#answer(async () => {
      this.#watch(findStream(this.#catalog, registration.stream));
      this.#schedule();
      return await this.#producers.register(registration);
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

  /** Does what is due and sets the next alarm. Never throws: the platform gives up on one that does. */
  async onAlarm(): Promise<void> {
    this.#alarmAt = undefined;
    try {
      const polled = this.#ticks.pollDue((generation) => this.#watched(generation));
      const others = [this.#delivery.deliverDue(), this.#operations.advance(), this.#generators.advance()];
      await Promise.all([polled, ...others]);
      this.#schedule();
    } catch (thrown) {
      this.#ports.setAlarm(this.#ports.clock.now() + alarmAfterFailureMs);
      if (thrown instanceof StorageFailure) this.#ports.abort(thrown.message);
    }
  }

  #savepointAnswer(entry: SavepointEntry): SavepointAnswer {
    return savepointAnswerOf(entry, this.#ports.clock.now());
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

  async #startJob(name: string, definition: AnyJobDefinition, start: JobStart): Promise<JobEntry> {
    const find = (names: readonly string[]) => names.map((each) => findStream(this.#catalog, each));
    const { read, written } = streamNamesOf(definition);
    await this.#operations.mapsSettled(find([...read, ...written]));
    const [sources, sinks] = [find(read), sinkStreamsOf(this.#catalog, find(read), find(written))];
    const { fromSavepoint } = start;
    const saved = fromSavepoint === undefined ? undefined : this.#operations.savepoints.get(fromSavepoint);
    const wish = { name, definition, sinks, saved, start };
    const job = startJob(this.#catalog, sources, wish, this.#ports.clock.now());
    if (start.isLeased) this.#operations.renewLease(job);
    for (const source of sources) this.#watch(source);
    return job;
  }

  /** Stores the state that a job should have and tells its partitions; true when all confirmed in time. */
  #wish(job: JobEntry, state: JobEntry["state"]): Promise<boolean> {
    this.#catalog.setJobState(job.run, state);
    if (state === "deleted") this.#operations.forgetLease(job);
    for (const stream of this.#catalog.streamsOf(job)) {
      if (stream.definition.inputs && state === "deleted") this.#dropStream(stream);
      else this.#catalog.addDeliveries(stream, job.run, CommandDelivery.dueAgainAt(this.#ports.clock.now()));
      this.#watch(stream);
    }
    return this.#settleJob(job);
  }

  #dropStream(stream: StreamEntry): void {
    this.#catalog.markStreamDeleted(stream.generation);
    this.#catalog.dropJobDeliveries(stream.generation);
    this.#catalog.addDeliveries(stream, streamRun, CommandDelivery.dueAgainAt(this.#ports.clock.now()));
  }

  /** Has the stream's shards follow each other, and its producers. */
  #watch({ generation }: StreamEntry): void {
    const watched = this.#watched(generation);
    if (watched) this.#ticks.watch(watched);
  }

  #watched(generation: number): WatchedStream | undefined {
    const stream = this.#catalog.generation(generation);
    if (!stream || stream.isDeleted) return undefined;
    return { ...stream, hasJobs: this.#catalog.jobsOf(generation).some(({ state }) => state === "running") };
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
    const parts = [this.#catalog, this.#ticks, this.#operations, this.#generators];
    const times = parts.map((part) => part.nextDueAt()).filter((at) => at !== undefined);
    if (times.length === 0) return;
    const at = Math.min(...times);
    if (this.#alarmAt !== undefined && this.#alarmAt <= at) return;
    this.#alarmAt = at;
    this.#ports.setAlarm(at);
  }
}
