/**
 * A task: one job's operator chain on one partition, a deterministic and synchronous function of the log.
 *
 * `step` does one slice of work: it applies the next record's rows, or fires some of what the record's
 * watermark made due. Nothing is read from the clock: a record brings its append time. `checkpoint` writes
 * the state's prefix.
 *
 * Invariant: after a crash at any point, opening the task again and stepping through the same log gives the
 * same state and the same letters.
 */
import { EngineError } from "../../base/errors.ts";
import { MiB } from "../../base/limits.ts";
import type { ToldTime } from "../exchange/outbox.ts";
import { LetterBox, lettersSince } from "../letters/letter-box.ts";
import { maxWatermark, RecordKind } from "../log/records.ts";
import type { CheckpointFacts, FailurePlace } from "../partition-types.ts";
import { sendsResults, type TaskPlan } from "../plan/task-plan.ts";
import { PageStore } from "../state/page-store.ts";
import { WindowDirectory } from "../state/window-directory.ts";
import { InputTime } from "../time/input-time.ts";
import { ChainWork } from "./chain-work.ts";
import { ChangeTable } from "./change-table.ts";
import {
  abortUnfinished,
  addCounts,
  type Checkpoint,
  checkpointHistoryMax,
  parseWatermark,
  readCheckpoint,
  sweepAborted,
  type TaskCounts,
  writeCheckpoint,
} from "./checkpoint.ts";
import { KernelWork } from "./kernel-work.ts";
import { type Skipped, SkippedRecords } from "./skipped-records.ts";
import { TaskBarrier } from "./task-barrier.ts";
import type { TaskContext } from "./task-context.ts";
import { TaskLayouts } from "./task-layouts.ts";
import { TaskOutput } from "./task-output.ts";
import { TaskTables } from "./task-tables.ts";
import type { TaskWindows } from "./task-windows.ts";
import type { TaskWork, WorkContext } from "./task-work.ts";

/** What a step that did as much as one may counts, in bytes of log. */
export const wholeSliceBytes = 1 * MiB;

export class Task {
  // Configuration.
  readonly number: number;
  readonly plan: TaskPlan;
  readonly #context: TaskContext;
  // Rebuilt on open.
  readonly tables: TaskTables;
  readonly letters: LetterBox;
  readonly changes: ChangeTable;
  readonly skipped: SkippedRecords;
  readonly #output: TaskOutput | undefined;
  readonly #layouts: TaskLayouts;
  readonly #store: PageStore;
  readonly #work: TaskWork;
  #checkpoint: Checkpoint;
  #writtenAhead: WrittenAhead = { pages: 0, bytes: 0 };
  // In the checkpoint.
  #offset: number;
  #isMidRecord: boolean;
  /** True while the record is looked for in the log. */
  #isReading = false;
  readonly #time: InputTime;
  #counts: TaskCounts;
  readonly barrier: TaskBarrier;

  /** Opens the task at its last checkpoint, which must exist. */
  constructor(context: TaskContext, number: number, plan: TaskPlan) {
    const { sql, kernel, cache } = context;
    const stored = readCheckpoint(sql, number);
    if (!stored) throw new EngineError("STATE_CORRUPT", { message: `Task ${number} has no checkpoint.` });
    const checkpoint = abortUnfinished(stored);
    this.number = number;
    this.plan = plan;
    this.#context = context;
    this.#checkpoint = checkpoint;
    this.#offset = checkpoint.offset;
    this.#isMidRecord = checkpoint.isMidRecord;
    const watermark = parseWatermark(checkpoint.watermark);
    this.#time = new InputTime(context.identity(), watermark, checkpoint.inputTime ?? {});
    this.#counts = checkpoint.counts;
    this.barrier = new TaskBarrier(number, plan, checkpoint);
    this.#layouts = new TaskLayouts(kernel.memory, plan);
    this.#store = new PageStore(sql, number, checkpoint, context.pins);
    this.letters = new LetterBox(sql, number, () => context.identity().deadLetters !== "count");
    this.changes = new ChangeTable(sql, number, checkpoint);
    this.skipped = new SkippedRecords(sql, number);
    const directory = new WindowDirectory(sql, number);
    this.tables = new TaskTables(cache, this.#layouts, this.#store, directory, checkpoint, () =>
      this.#noteWriting(),
    );
    this.#output = TaskOutput.open(context, number, plan, checkpoint.edges ?? []);
    this.#work = this.#openWork(context);
    const isNew = !checkpoint.edges || checkpoint.isRestored === true;
    if (plan.send || isNew) this.#output?.sendTime(this.#offset, this.#sentTime);
  }

  #openWork({ cache, identity, functions, print }: TaskContext): TaskWork {
    const work = {
      ...{ cache, identity, functions, print, plan: this.plan, tables: this.tables, layouts: this.#layouts },
      ...{
        letters: this.letters,
        changes: this.changes,
        skipped: this.skipped,
        output: this.#output,
        time: this.#time,
        checkpoint: this.#checkpoint,
      },
      count: (counted: Parameters<typeof addCounts>[1]) => {
        this.#counts = addCounts(this.#counts, counted);
      },
      store: (bytesMax: number) => this.#write(bytesMax),
      makeRoom: () => {
        if (this.tables.isFull) this.#write(Number.POSITIVE_INFINITY);
      },
    } satisfies WorkContext;
    return this.plan.chain ? new ChainWork(work) : new KernelWork(work);
  }

  /** Windows of cells; undefined for a task without them. */
  get windows(): TaskWindows | undefined {
    return this.#work.windows;
  }

  /** What is due to happen by itself. */
  get due(): Pick<TaskWork, "nextEnd" | "nextDueAt" | "openWindows"> {
    return this.#work;
  }

  /** True while no checkpoint may be taken: what was done of a record is in memory alone. */
  get isHalfway(): boolean {
    return this.#work.isHalfway;
  }

  /** What it sends to the next stages; undefined for a task that sends nothing. */
  get output(): TaskOutput | undefined {
    return this.#output;
  }

  get appliedOffset(): number {
    return this.#offset;
  }

  get watermark(): bigint {
    return this.#time.watermark;
  }

  /** True when nothing that leads here moves the watermark any more. */
  get isIdle(): boolean {
    return this.#time.isIdle;
  }

  /**
   * How far it is for those that read its results: while a window is open it is not idle to them, unless it
   * follows the clock with all others. What that window holds is still to come, and must not find them ahead.
   * Nor is it idle at the end of time: others of its stage may not be there yet.
   */
  get #sentTime(): ToldTime {
    const { watermark, isIdle } = this.#time;
    const { inputs, idle } = this.#context.identity();
    const isAlone = inputs === undefined || idle === "wait";
    const isOpen = () =>
      isAlone && (sendsResults(this.plan) || this.plan.chain) && this.#work.nextEnd() !== undefined;
    return { watermark, isIdle: isIdle && watermark < maxWatermark && !isOpen() };
  }

  /** True while receivers lag so far behind that nothing more may be sent: no record is applied then. */
  get isHeldBack(): boolean {
    return this.barrier.isStopped || this.#output?.isHeldBack === true;
  }

  get counts(): TaskCounts {
    return this.#counts;
  }

  /** The savepoint at whose barrier the task stands: it must not step before `passBarrier`. */
  get savepoint(): number | undefined {
    return this.barrier.savepoint;
  }

  get history(): readonly CheckpointFacts[] {
    return this.#checkpoint.history;
  }

  get lostRecords(): number {
    return this.#checkpoint.lostRecords ?? 0;
  }

  get checkpointsCompleted(): number {
    return this.#checkpoint.completed ?? this.history.length;
  }

  /** Offset that the log must keep from: everything behind the last checkpoint. */
  get neededOffset(): number {
    return this.#checkpoint.offset + 1;
  }

  /** True when a checkpoint would save work: something was applied since the last one. */
  get isDirty(): boolean {
    return (
      this.#checkpoint.offset !== this.#offset ||
      this.#checkpoint.isMidRecord !== this.#isMidRecord ||
      this.#output?.isStale ||
      this.barrier.differsFrom(this.#checkpoint) ||
      this.#work.differsFrom(this.#checkpoint)
    );
  }

  /** True when storage has all of it: a checkpoint what was applied, and no rows that may go. */
  get isSettled(): boolean {
    return !this.isDirty && !this.tables.hasGarbage;
  }

  /** Does one slice of work. Returns about how many bytes of log it went through; 0 at the log's end. */
  step(): number {
    const [{ log, identity }, work] = [this.#context, this.#work];
    if (this.#offset + 1 < log.firstOffset) throw fallenBehind(this.#offset + 1, log.firstOffset);
    this.#isReading = true;
    const unreadable = this.skipped.whole(this.#offset + 1);
    if (unreadable?.through !== undefined) return this.#passUnread(unreadable, unreadable.through);
    const record = log.read(this.#offset + 1);
    if (!record) return 0;
    const lap = this.#isMidRecord ? undefined : work.takeInMany(log, record);
    if (lap) {
      this.#offset = lap.appliedOffset ?? this.#offset;
      this.changes.end(this.#offset);
      return Math.max(1, lap.bytes);
    }
    this.changes.begin(record);
    work.begin(record);
    this.#isReading = false;
    if (!this.#isMidRecord) {
      // Records may be lost in the middle of a firing: it ends before others are taken in.
      if (this.windows?.cursor && !work.goOn(record)) return wholeSliceBytes;
      if (this.barrier.take(record, this.#output)) this.#time.end();
      work.takeIn(record);
      this.#isMidRecord = true;
    }
    if (!work.goOn(record)) return wholeSliceBytes;
    this.#output?.sendTime(record.offset, this.#sentTime);
    if (!work.sweep(record)) return wholeSliceBytes;
    if (record.kind === RecordKind.Barrier) this.barrier.complete(record, identity(), this.#output);
    this.#isMidRecord = false;
    this.#offset = record.offset;
    this.changes.end(record.offset);
    return record.bytes;
  }

  /** Leaves out records of a row of the log that cannot be read; time goes on with the record behind them. */
  #passUnread({ reason: message, failedAt: appendTime = 0 }: Skipped, through: number): number {
    const [offset, records] = [this.#offset + 1, through - this.#offset];
    const letter = { offset, row: 0, reason: "bad", message, appendTime, isCut: true } as const;
    this.letters.add({ ...letter, content: { records } });
    this.#counts = addCounts(this.#counts, { applied: 0, filtered: 0, late: 0, bad: records });
    this.#offset = through;
    return wholeSliceBytes;
  }

  /** Where the task is; asked when its step failed. */
  get place(): FailurePlace {
    const { offset = this.#offset + 1, ...place } = this.#work.place;
    return this.#isReading ? { operator: readsLog, offset } : { ...place, offset };
  }

  /**
   * Writes dirty pages of the coming checkpoint ahead, about `bytesMax`. Returns true when so little is
   * left that `commit` may follow. A crash in between leaves the last checkpoint untouched.
   */
  writeAhead(bytesMax: number, now: number): boolean {
    this.#writtenAhead.startedAt ??= now;
    return this.#write(bytesMax) < bytesMax;
  }

  #write(bytesMax: number): number {
    this.#noteWriting();
    const { pages, bytes } = this.tables.writeDirty(bytesMax);
    this.#writtenAhead.pages += pages;
    this.#writtenAhead.bytes += bytes;
    return bytes;
  }

  /** Commits a checkpoint of everything applied so far: one turn. */
  commit(now: number): void {
    this.#noteWriting();
    const rest = this.tables.commit(({ family, window }) => this.windows?.isLive(family, window) ?? true);
    this.letters.write(lettersSince(this.#context.identity(), now));
    this.changes.write(now);
    this.#output?.write();
    const { startedAt = now } = this.#writtenAhead;
    const facts: CheckpointFacts = {
      epoch: this.#store.writingEpoch,
      offset: this.#offset,
      at: now,
      durationMs: now - startedAt,
      pages: this.#writtenAhead.pages + rest.pages,
      bytes: this.#writtenAhead.bytes + rest.bytes,
    };
    this.#store.commit();
    this.#checkpoint = {
      version: 1,
      epoch: this.#store.committedEpoch,
      writing: this.#store.writingEpoch,
      isWriting: false,
      ...sweepAborted(this.#store, this.#checkpoint, this.tables.nextTable),
      offset: this.#offset,
      isMidRecord: this.#isMidRecord,
      watermark: this.watermark.toString(),
      inputTime: this.#time.state,
      ...this.#output?.state,
      ...this.barrier.state,
      orderOffset: this.#checkpoint.orderOffset ?? 0,
      ...this.#work.state,
      changes: this.changes.state,
      nextTable: this.tables.nextTable,
      garbage: this.tables.garbage,
      counts: this.#counts,
      lostRecords: this.#checkpoint.lostRecords,
      completed: this.checkpointsCompleted + 1,
      history: [facts, ...this.#checkpoint.history].slice(0, checkpointHistoryMax),
    };
    writeCheckpoint(this.#context.sql, this.number, this.#checkpoint);
    this.#writtenAhead = { pages: 0, bytes: 0 };
  }

  /**
   * Says in the checkpoint that pages are written under its next epoch, before the first one is: whatever
   * happens then, they are never taken for committed. Tables made since the last checkpoint may be among
   * them, and a recovery must not give their numbers again.
   */
  #noteWriting(): void {
    const { isWriting, nextTable } = this.#checkpoint;
    if ((isWriting && nextTable === this.tables.nextTable) || !this.tables.hasDirty) return;
    this.#amend({ isWriting: true, nextTable: this.tables.nextTable });
  }

  /** Writes the last checkpoint again with something that is so without a new one. */
  #amend(change: Partial<Checkpoint>): void {
    this.#checkpoint = { ...this.#checkpoint, ...change };
    writeCheckpoint(this.#context.sql, this.number, this.#checkpoint);
  }

  /** Records changes of the view from the next record on, unless it does already; not while it is halfway. */
  recordChanges(): void {
    this.changes.start(this.#offset + (this.#isMidRecord ? 2 : 1));
  }

  /** Stores who follows the view; not what was recorded since the last checkpoint. */
  writeFollowers(): void {
    const { state } = this.changes;
    const { changes } = this.#checkpoint;
    if (state) this.#amend({ changes: { ...state, row: changes?.row ?? 0 } });
  }

  /** Gives all memory back. Storage keeps the last checkpoint. */
  close(): void {
    this.tables.closeAll();
    this.#work.release();
    this.#output?.release();
    this.#layouts.release();
  }

  /** Goes on behind the barrier; its pages are pinned. */
  passBarrier(): void {
    this.barrier.pass();
    this.#amend({ savepoint: undefined });
  }

  /** Deletes some rows of dropped tables; returns false where there are none that may go. */
  sweepGarbage(): boolean {
    if (!this.tables.sweepGarbage()) return false;
    this.#amend({ garbage: this.tables.garbage });
    return true;
  }
}

/** What a task does that looks for its next record. */
export const readsLog = "read log";

/** The error of a job that needs the record at `needed` of a log that begins behind it. */
export function fallenBehind(needed: number, firstOffset: number): EngineError {
  const missingRecords = firstOffset - needed;
  return new EngineError("JOB_FALLEN_BEHIND", {
    message:
      `The job needs offset ${needed}, but the log begins at ${firstOffset}: ${missingRecords} records are ` +
      "gone. Start it anew, from a savepoint or without; or resume it with allowDataLoss, without them.",
    details: { neededOffset: needed, firstOffset, missingRecords },
  });
}

/** What was written of the coming checkpoint, and when that began between records. */
interface WrittenAhead {
  pages: number;
  bytes: number;
  startedAt?: number;
}
