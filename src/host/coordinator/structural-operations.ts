/**
 * Savepoints and splits: operations that go through all partitions of a job, one at a time.
 *
 * A request that begins one waits some seconds for its end; then alarms go on with it.
 *
 * Invariant: no two of them run at once on one job, or on the streams that it reads.
 */
import { EngineError } from "../../base/errors.ts";
import type { SavepointWish } from "../../protocol/savepoint-body.ts";
import { deadlineAfter, isWithin, type WallClock } from "../wall-clock.ts";
import type { Catalog, JobEntry, StreamEntry } from "./catalog.ts";
import type { Leases } from "./leases.ts";
import { SavepointTaking } from "./savepoint-taking.ts";
import type { SavepointEntry, Savepoints } from "./savepoints.ts";
import { type SplitEntry, type Splits, splitPollMs } from "./splits.ts";
import { checkUnwritten } from "./written-streams.ts";

/** How long a request waits for the end of an operation. */
const waitMs = 3000;

/** Time in ms between two looks at an operation for whose end no request waits. */
const alarmMs = 500;

export interface OperationPorts {
  readonly catalog: Catalog;
  readonly clock: WallClock;
  readonly splits: Splits;
  /** Undefined where none are kept. */
  readonly savepoints: Savepoints | undefined;
  /** Sets the alarm that goes on with what has begun. */
  schedule(): void;
  readonly leases: Leases;
  /** Ends a job. */
  stop(job: JobEntry): Promise<unknown>;
}

export class StructuralOperations {
  readonly #ports: OperationPorts;
  readonly #taking: SavepointTaking | undefined;

  constructor(ports: OperationPorts) {
    this.#ports = ports;
    if (ports.savepoints) this.#taking = new SavepointTaking(ports.savepoints, ports);
  }

  /** Throws SAVEPOINTS_NOT_SET. */
  get savepoints(): Savepoints {
    if (this.#ports.savepoints) return this.#ports.savepoints;
    throw noneKept();
  }

  get splits(): Splits {
    return this.#ports.splits;
  }

  /** When, in ms, an alarm is to go on with what has begun; undefined where nothing has. */
  nextDueAt(): number | undefined {
    const { splits, clock, leases } = this.#ports;
    const dueAt = splits.running().length > 0 ? clock.now() + alarmMs : this.#taking?.nextDueAt();
    const leaseAt = leases.nextDueAt();
    return dueAt === undefined || leaseAt === undefined ? (dueAt ?? leaseAt) : Math.min(dueAt, leaseAt);
  }

  /** Goes on with all that has begun. */
  async advance(): Promise<void> {
    const { splits } = this.#ports;
    const splitting = splits.running().map((entry) => splits.advance(entry));
    await Promise.all([this.#taking?.advanceAll(), ...splitting, ...this.#endLeases()]);
  }

  /** Keeps a job for a while longer; it ends when this is not done again in time. */
  renewLease({ name }: JobEntry): null {
    this.#ports.leases.renew(name, this.#ports.clock.now());
    this.#ports.schedule();
    return null;
  }

  /** Of a job that has ended: another one may get its name. */
  forgetLease({ name }: JobEntry): void {
    this.#ports.leases.forget(name);
  }

  /** Ends those of some jobs that are leased: what they read is to go. */
  async endLeased(jobs: readonly JobEntry[]): Promise<void> {
    const leased = jobs.filter(({ name }) => this.#ports.leases.has(name));
    await Promise.all(leased.map((job) => this.#ports.stop(job)));
  }

  #endLeases(): Promise<unknown>[] {
    const { leases, clock, catalog, stop } = this.#ports;
    return leases.ended(clock.now()).map((name) => {
      const job = catalog.job(name);
      leases.forget(name);
      return job ? stop(job) : Promise.resolve();
    });
  }

  /** Throws SAVEPOINTS_NOT_SET, and what taking one throws. */
  async takeSavepoint(job: JobEntry, isReady: boolean, wish: SavepointWish): Promise<SavepointEntry> {
    if (!this.#taking) throw noneKept();
    this.#checkNoSplit(this.#ports.catalog.streamsOf(job), "SAVEPOINT_CONFLICT");
    return await this.#taking.take(job, isReady, wish);
  }

  /**
   * True while a savepoint ends the job, which needs no telling to run. Throws SAVEPOINT_CONFLICT where it
   * should pause.
   */
  isStopping({ name, run }: JobEntry, state: "running" | "paused"): boolean {
    const running = this.#ports.savepoints?.running() ?? [];
    const stopping = running.find((entry) => entry.run === run && entry.stop);
    if (!stopping || state === "running") return stopping !== undefined;
    const message = `Job "${name}" is being stopped by savepoint ${stopping.savepoint}.`;
    throw new EngineError("SAVEPOINT_CONFLICT", { message });
  }

  /** Splits a shard of a stream; `middle` is the first key group that the new one gets. */
  splitShard(stream: StreamEntry, shard: number, middle: number | undefined): Promise<SplitEntry> {
    return this.#split(stream, undefined, shard, middle);
  }

  /** Splits a partition of a job's stage behind an exchange. */
  splitStage(
    job: JobEntry,
    stage: number,
    partition: number,
    middle: number | undefined,
  ): Promise<SplitEntry> {
    const stream = this.#ports.catalog.streamsOf(job)[stage];
    if (stream?.definition.inputs) return this.#split(stream, job, partition, middle);
    const [last, first] = [job.stages.length - 1, job.stages.findIndex(({ from }) => from)];
    const behind = `the stages ${first} to ${last} behind exchanges, no stage ${stage}`;
    const message = `Job "${job.name}" has ${behind}.`;
    throw new EngineError("SPLIT_UNFIT", {
      message: first > 0 ? message : `Job "${job.name}" runs in the shards of its stream: split those.`,
    });
  }

  async #split(stream: StreamEntry, job: JobEntry | undefined, parent: number, middle: number | undefined) {
    const { catalog, splits } = this.#ports;
    checkUnwritten(catalog, stream, "SPLIT_UNFIT");
    const jobs = job ? [job] : catalog.jobsOf(stream.generation);
    this.#checkNoSplit([stream, ...jobs.flatMap((each) => catalog.streamsOf(each))], "SPLIT_CONFLICT");
    // State that comes in behind the barrier of the split would come without the keys that it takes away.
    const starting = jobs.find((each) => !catalog.isRunSettled(each.run));
    if (starting) {
      const message = `Job "${starting.name}" is not known to all of its partitions yet.`;
      throw new EngineError("SPLIT_CONFLICT", { message });
    }
    const paused = jobs.find(({ state }) => state === "paused");
    if (paused) {
      const message = `Job "${paused.name}" is paused, so its state would not move. Resume it.`;
      throw new EngineError("SPLIT_CONFLICT", { message });
    }
    const saving = this.savepoints.running().find(({ run }) => jobs.some((each) => each.run === run));
    if (saving) {
      const message = `Job "${saving.job}" is taking savepoint ${saving.savepoint}.`;
      throw new EngineError("SPLIT_CONFLICT", { message });
    }
    return await this.#untilDone(splits.begin(stream, job, parent, middle));
  }

  /** Resolves when workers can be told by which map the streams' rows go, or after some seconds. */
  async mapsKnown(streams: readonly StreamEntry[]): Promise<void> {
    const { splits, clock } = this.#ports;
    const isDividing = () => streams.some(({ generation }) => splits.isDividing(generation));
    for (const since = clock.now(); isDividing() && isWithin(clock, since, waitMs); ) {
      await deadlineAfter(clock, splitPollMs).passed;
    }
  }

  /** Waits as `mapsKnown`; throws SPLIT_CONFLICT where the maps are still not known. */
  async mapsSettled(streams: readonly StreamEntry[]): Promise<void> {
    await this.mapsKnown(streams);
    const dividing = streams.find(({ generation }) => this.#ports.splits.isDividing(generation));
    if (!dividing) return;
    throw new EngineError("SPLIT_CONFLICT", { message: `Stream "${dividing.name}" is being split.` });
  }

  /** Throws `code` where one of the streams is being split. */
  #checkNoSplit(streams: readonly StreamEntry[], code: "SAVEPOINT_CONFLICT" | "SPLIT_CONFLICT"): void {
    const generations = streams.map(({ generation }) => generation);
    const other = this.#ports.splits.running().find((split) => generations.includes(split.generation));
    if (!other) return;
    const message = `Split ${other.split} of partition ${other.parent} is still under way.`;
    throw new EngineError(code, { message });
  }

  async #untilDone(begun: SplitEntry): Promise<SplitEntry> {
    const { clock, schedule, splits } = this.#ports;
    schedule();
    let entry = begun;
    for (const since = clock.now(); entry.state !== "done" && isWithin(clock, since, waitMs); ) {
      entry = await splits.advance(entry);
      if (entry.state !== "done") await deadlineAfter(clock, splitPollMs).passed;
    }
    schedule();
    return entry;
  }
}

/** What a split takes along goes the way of a savepoint. */
function noneKept(): EngineError {
  return new EngineError("SAVEPOINTS_NOT_SET", { message: "This Worker keeps no savepoints." });
}
