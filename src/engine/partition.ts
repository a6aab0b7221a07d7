/**
 * A partition: a log, the tasks that read it, and the pages they keep. Everything here is one object's and
 * synchronous.
 *
 * Appends never wait for tasks and never fail because of one: a task that fails is marked, the log goes on.
 * Work is cut into slices: the host calls `step` until it answers 0, and lets appends in between.
 *
 * Law: whoever leaves work undone in a turn finds it named by `nextAlarm` in that turn.
 */
import { EngineError, errorBodyOf } from "../base/errors.ts";
import { creditBytesMax, heldLogFactor, MiB } from "../base/limits.ts";
import { readFrameHeader } from "../kernel/frame-codec.ts";
import { decideIdleness, type IdleDecision } from "./decide-idleness.ts";
import { decideTick } from "./decide-tick.ts";
import { PartitionLetters } from "./letters/partition-letters.ts";
import { type Barrier, savepointOfSplit } from "./log/barrier.ts";
import { PartitionLog } from "./log/partition-log.ts";
import { type FramePage, type LogPlace, readFrames } from "./log/read-frames.ts";
import { type AppendRequest, type AppendResult, maxWatermark, RecordKind } from "./log/records.ts";
import type { MapChange } from "./log/split-records.ts";
import type { PartitionOptions } from "./open-jobs.ts";
import { PartitionChanges } from "./partition-changes.ts";
import { PartitionJobs } from "./partition-jobs.ts";
import { PartitionOutputs } from "./partition-outputs.ts";
import { PartitionSplits } from "./partition-splits.ts";
import type {
  Handover,
  HandoverStatus,
  JobCommand,
  PartitionIdentity,
  PartitionStatus,
  SplitOrder,
  Tick,
  ViewPage,
  ViewScan,
} from "./partition-types.ts";
import type { Ports } from "./ports.ts";
import { changesOf, type ProducerOrder } from "./producer-orders.ts";
import { checkMap, refusalOf, stillMoving } from "./refusals.ts";
import type { SavepointStatus } from "./savepoint/savepoint-store.ts";
import { StoredBytes } from "./state/stored-bytes.ts";
import { isIdentityStored, readIdentity, type StoredIdentity, writeIdentity } from "./stored-identity.ts";
import { wholeSliceBytes } from "./task/task.ts";
import { scanView } from "./task/view-scan.ts";
import { PastMoment } from "./time/past-moment.ts";

/** Time in ms after which an alarm finds work that a lost object left. */
export const heartbeatMs = 5_000;

/** An event may lie thousands of years ahead; a platform's timers do not reach that far. */
const farthestAlarmMs = 30 * 86_400_000;

/** Log bytes appended after which rows may have to go, whether jobs take checkpoints or not. */
const trimAfterBytes = 16 * MiB;

export class Partition {
  readonly log: PartitionLog;
  readonly jobs: PartitionJobs;
  readonly outputs: PartitionOutputs;
  readonly changes: PartitionChanges;
  readonly letters: PartitionLetters;
  readonly #splits: PartitionSplits;
  readonly #ports: Ports;
  #stored: StoredIdentity | undefined;
  /** True when rows of the log may have to go. A restart may forget it: trimming is tried now and then. */
  #isTrimDue = false;
  #trimmedAtBytes: number;
  readonly #activity = new PastMoment();
  readonly #storedBytes: StoredBytes;

  /** What an object that was never set up answers. */
  static refuse(requests: readonly AppendRequest[]): AppendResult[] {
    const message = "This partition was never set up, or was deleted.";
    const error = errorBodyOf(new EngineError("MAP_STALE", { message }));
    return requests.map(() => ({ status: "refused", error }));
  }

  /** True where storage holds a partition; opening one writes its tables. */
  static isStored({ sql }: Ports): boolean {
    return isIdentityStored(sql);
  }

  /** Makes a partition; `handover` is what the one said of whose key groups it takes over a part. */
  static open(ports: Ports, options: PartitionOptions, handover: Handover | undefined): Partition {
    if (handover) PartitionLog.begin(ports, handover);
    return new Partition(ports, options);
  }

  constructor(ports: Ports, options: PartitionOptions) {
    const { sql } = ports;
    this.#stored = readIdentity(sql);
    this.#ports = ports;
    this.log = PartitionLog.open(ports, readFrameHeader);
    this.#trimmedAtBytes = this.log.counts.bytes;
    this.jobs = new PartitionJobs(ports, this.log, options, () => this.identity);
    this.#storedBytes = new StoredBytes(ports.sql);
    this.outputs = new PartitionOutputs(this.jobs);
    this.changes = new PartitionChanges(this.jobs, () => this.identity, ports.clock);
    this.letters = new PartitionLetters(ports, this.log, this.jobs, () => this.identity);
    this.#splits = new PartitionSplits(sql);
  }

  get identity(): PartitionIdentity {
    if (this.#stored) return this.#stored.identity;
    throw new EngineError("MAP_STALE", { message: "This partition was never set up, or was deleted." });
  }

  get isSetUp(): boolean {
    return this.#stored !== undefined;
  }

  /** Tells the partition who it is; again with the same facts, or late with older ones, changes nothing. */
  setUp(wanted: PartitionIdentity): void {
    if (this.#stored) this.#check(wanted.generation);
    const identity = this.#withOwnInputs(wanted);
    if (this.#stored && identity.mapVersion < this.#stored.identity.mapVersion) return;
    if (this.#stored && JSON.stringify(this.#stored.identity) === JSON.stringify(identity)) return;
    const stored = { identity, setUpAt: this.#stored?.setUpAt ?? this.#ports.clock.now() };
    writeIdentity(this.#ports.sql, stored);
    this.#stored = stored;
  }

  /** What leads here from the first on stays as it was: the log says what came to it, and where. */
  #withOwnInputs(wanted: PartitionIdentity): PartitionIdentity {
    const inputs = this.#stored?.identity.inputs;
    return inputs ? { ...wanted, inputs } : wanted;
  }

  /** Logs what can be accepted, as one group commit; see `PartitionLog.append`. */
  append(requests: readonly AppendRequest[]): AppendResult[] {
    if (!this.#stored) return Partition.refuse(requests);
    const refusal = refusalOf(requests, this.identity, this.jobs);
    if (refusal) return requests.map(() => ({ status: "refused", error: refusal }));
    const results = this.log.append(requests, this.identity);
    if (this.log.counts.bytes - this.#trimmedAtBytes >= trimAfterBytes) this.#isTrimDue = true;
    return results;
  }

  /** False while senders to this partition of a stage have to wait: its job is behind with what it has. */
  get hasCredit(): boolean {
    return !this.#stored?.identity.inputs || this.jobs.unappliedBytes <= creditBytesMax;
  }

  /** Moves the stream's watermark by hand, of those that `mapVersion` names; returns the record's offset. */
  setWatermark(generation: number, watermark: bigint, mapVersion?: number): number {
    this.#check(generation);
    checkMap(this.identity, mapVersion);
    return this.log.appendWatermark(RecordKind.Watermark, watermark);
  }

  /** The coordinator's tick: logs what of it moves this shard's watermark on. */
  tick(generation: number, tick: Tick): void {
    this.#check(generation);
    const { watermark, isIdle, live } = this.log;
    const nextWindowEnd = this.jobs.nextWindowEnd();
    const decided = decideTick(tick, { watermark, isIdle, live, nextWindowEnd });
    if (decided.producers.length > 0) this.log.appendProducers(decided.producers);
    if (decided.watermark !== undefined) this.log.appendWatermark(RecordKind.Tick, decided.watermark);
  }

  /** Carries out what the coordinator wants of producers, unless it comes after `deadline` (ms). */
  orderProducers(generation: number, orders: readonly ProducerOrder[], deadline: number): void {
    this.#check(generation);
    const late = this.#ports.clock.now() - deadline;
    if (late > 0) {
      throw new EngineError("APPEND_EXPIRED", { message: `The order came ${late} ms after its deadline.` });
    }
    const changes = changesOf(orders, this.log.live);
    if (changes.length > 0) this.log.appendProducers(changes);
  }

  /**
   * Lets a savepoint's barrier for a run into the log of this shard; once, however often it is asked for, and
   * not for a run that is gone.
   */
  beginSavepoint(generation: number, { run, savepoint, ...how }: Omit<Barrier, "channels">): void {
    this.#check(generation);
    if (this.jobs.knows(run) && !this.jobs.has(run)) return;
    if (!this.jobs.savepoints.begin(run, savepoint)) return;
    this.log.appendBarrier({ run, savepoint, channels: 0, ...how });
  }

  /**
   * How far a savepoint of a run is here; null before its barrier has come. Throws `JOB_FAILED` where it
   * will never be pinned.
   */
  savepointStatus(run: number, savepoint: number): SavepointStatus | null {
    const status = this.jobs.savepoints.status(run, savepoint);
    if (status?.state !== "pinned" && status?.state !== "done") this.jobs.checkRun(run);
    return status ?? null;
  }

  /**
   * Splits this shard: from the record that it logs on it takes only rows of the key groups that are left.
   * Returns what the new shard's log begins with, the same however often it is asked for.
   */
  split({ split, child, middle, identity }: SplitOrder): Handover {
    this.#check(identity.generation);
    const known = this.#splits.handover(split);
    if (known) return known;
    this.log.appendBarrier({
      run: 0,
      savepoint: savepointOfSplit(split),
      channels: 0,
      split: { child, middle },
    });
    const handover = this.log.handover();
    this.#splits.keep(split, handover);
    this.setUp(identity);
    return handover;
  }

  /** Lets a new map of the next stage into the log, once, however often it is asked for. */
  beginMap(generation: number, split: number, change: MapChange): void {
    this.#check(generation);
    if (this.#splits.begin(split)) this.log.appendMap(change);
  }

  /** Whether what a new partition takes over of a run is there. */
  handoverOf(run: number, split: number): HandoverStatus {
    const saved = this.jobs.savepoints.status(run, savepointOfSplit(split));
    if (saved) return { state: saved.state === "done" ? "Saved" : "Waits", parts: saved.parts };
    const nextOffset = this.#splits.handover(split)?.nextOffset;
    const isBehind = nextOffset !== undefined && this.jobs.isBegunAt(run, nextOffset);
    return { state: isBehind ? "None" : "Waits", parts: 0 };
  }

  /** Carries out what the coordinator wants of a job; repeating it changes nothing. */
  command(generation: number, command: JobCommand): void {
    this.#check(generation);
    this.changes.whileEnding(() => this.jobs.command(command));
  }

  /** Does one slice of work; returns about how many bytes it went through, 0 when there is nothing to do. */
  step(): number {
    if (!this.#stored) return 0;
    const { commits } = this.jobs;
    const bytes = this.jobs.step();
    if (bytes > 0) this.#forgetApplied();
    if (this.jobs.commits === commits && !this.#isTrimDue) return bytes;
    this.trim();
    return wholeSliceBytes;
  }

  #forgetApplied(): void {
    let awaited = this.log.nextOffset;
    for (const { appliedOffset } of this.jobs.tasks) awaited = Math.min(awaited, appliedOffset + 1);
    this.log.forgetUntil(awaited);
  }

  /** True while `step` has something to do. */
  get hasReadyWork(): boolean {
    return this.#stored !== undefined && (this.#isTrimDue || this.jobs.hasReadyWork);
  }

  /** What the passing of time asks for: going idle, moving an idle stream's time on, freeing log. */
  heartbeat(): void {
    if (!this.#stored) return;
    const { clock } = this.#ports;
    const decided = this.#decideIdleness();
    if (decided.decision === "GoIdle") this.log.appendIdle();
    if (decided.decision === "Advance") this.log.appendWatermark(RecordKind.Tick, decided.watermark);
    const dueAt = this.jobs.nextDueAt();
    // It moves no time but that of records.
    if (dueAt !== undefined && dueAt <= clock.now()) {
      this.log.appendWatermark(RecordKind.Watermark, this.log.watermark);
    }
    this.jobs.checkpointOld(clock.now());
    this.trim();
  }

  /** Deletes log rows that neither retention nor a task needs, some at a time; `step` goes on. */
  trim(): void {
    const { retention, inputs, awaits = [] } = this.identity;
    // The runs that are still to come from another partition go on with the oldest record that is here.
    if (awaits.some((run) => !this.jobs.knows(run))) return;
    // What a stage was sent exists nowhere else: its job needs it, whatever state the job is in.
    const held = this.jobs.neededOffset(
      inputs ? Number.POSITIVE_INFINITY : heldLogFactor * retention.bytesMax,
    );
    if (inputs && held === Number.MAX_SAFE_INTEGER) return;
    this.#isTrimDue = this.log.trim(Math.min(held, this.log.nextOffset), retention);
    this.jobs.noteTrimmed();
    this.#trimmedAtBytes = this.log.counts.bytes;
  }

  /**
   * When an alarm must wake this partition at the latest, in ms since 1970; undefined when nothing is left to
   * do.
   */
  nextAlarm(): number | undefined {
    if (!this.#stored) return undefined;
    const { wakeAt } = this.#decideIdleness();
    const now = this.#ports.clock.now();
    const isSending = this.outputs.isWaiting || this.changes.isWaiting;
    const isBusy = this.hasReadyWork || isSending || this.jobs.savepoints.hasParts;
    const workAt = isBusy ? now + heartbeatMs : undefined;
    const { checkpointDueAt, nextAttemptAt } = this.jobs;
    const times = [wakeAt, workAt, checkpointDueAt, nextAttemptAt, this.jobs.nextDueAt()].filter(
      (time) => time !== undefined,
    );
    return times.length === 0 ? undefined : Math.min(...times, now + farthestAlarmMs);
  }

  status(): PartitionStatus | null {
    if (!this.#stored) return null;
    const { log, identity } = this;
    return {
      shard: identity.shard,
      generation: identity.generation,
      firstOffset: log.firstOffset,
      nextOffset: log.nextOffset,
      watermark: log.watermark,
      ownWatermark: log.live.ownWatermark,
      producers: [...log.live.entries()],
      isIdle: log.isIdle,
      isEnded: log.isEnded,
      lastFrameAt: log.lastFrameAt,
      counts: log.counts,
      storageBytes: this.#ports.sql.bytes(),
      keptLogBytes: log.bytesAfter(log.firstOffset),
      pages: this.jobs.cache.statistics,
      jobs: this.#storedBytes.addTo(this.jobs.statuses(), this.#ports.clock.now()),
    };
  }

  /** Reads a view; `limit` rows behind `after`. Top-n reads are put together by the host from such pages. */
  queryView(job: string, run: number, scan: ViewScan): ViewPage {
    checkMap(this.identity, scan.mapVersion);
    if (this.#isAwaited(run)) throw stillMoving(this.identity, job);
    const task = this.jobs.taskOf(job, run);
    if (task.barrier.isDividing) throw stillMoving(this.identity, job);
    const { watermark, appliedOffset } = task;
    return { ...scanView(task, scan, this.#ports.clock.now()), watermark, appliedOffset };
  }

  /** True when a job has applied the log up to `offset`; false while its state is on its way here. */
  hasApplied(job: string, run: number, offset: number): boolean {
    return !this.#isAwaited(run) && this.jobs.appliedOffset(job, run) >= offset;
  }

  /**
   * The token for the stage that reads `to`: the offset in each of its partitions' logs behind which all lies
   * that records up to `offset` caused. Undefined while the job is not so far, or they have not all
   * acknowledged it.
   */
  tokenBehind(job: string, run: number, offset: number, to: number): readonly number[] | undefined {
    if (!this.hasApplied(job, run, offset)) return undefined;
    return this.jobs.taskOf(job, run).output?.tokenBehind(offset, to);
  }

  /** Reads some of the log's frames. */
  frames(mapVersion: number | undefined, place: LogPlace | undefined): FramePage {
    checkMap(this.identity, mapVersion);
    return readFrames(this.log, place);
  }

  /** True for a run whose state a split brings here, until it has come. */
  #isAwaited(run: number): boolean {
    return this.identity.awaits?.includes(run) === true && !this.jobs.has(run);
  }

  /**
   * A shard goes idle by itself. A partition between stages is idle when all of its channels are, and moves
   * its own time on then, if at all.
   */
  #decideIdleness(): IdleDecision {
    const { log, identity, jobs } = this;
    const time = identity.inputs ? jobs.taskAtRest : log;
    if (!time || (identity.inputs && !time.isIdle)) return { decision: "Wait", wakeAt: undefined };
    const { isIdle, watermark } = time;
    const now = this.#ports.clock.now();
    return decideIdleness({
      now,
      isIdle,
      isEnded: watermark === maxWatermark,
      activeAt: this.#activity.at(log.lastFrameAt ?? this.#stored?.setUpAt ?? 0, now),
      watermark,
      isHeld: log.live.ownWatermark > log.watermark,
      producersAllow: log.live.lowest,
      nextWindowEnd: jobs.nextWindowEnd(),
      idle: identity.idle,
      idleTimeoutMs: identity.idleTimeoutMs,
      outOfOrdernessMs: identity.outOfOrdernessMs,
    });
  }

  #check(generation: number): void {
    if (generation !== this.identity.generation) {
      throw new EngineError("MAP_STALE", {
        message: `This partition belongs to generation ${this.identity.generation}, not ${generation}.`,
      });
    }
  }
}
