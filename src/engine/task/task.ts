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
import type { Kernel } from "../../kernel/kernel.ts";
import type { PageCache } from "../../kernel/page-cache.ts";
import type { PageView } from "../../kernel/page-view.ts";
import type { ToldTime } from "../exchange/outbox.ts";
import type { PartitionLog } from "../log/partition-log.ts";
import { type LogRecord, maxWatermark, RecordKind } from "../log/records.ts";
import type { CheckpointFacts, PartitionIdentity } from "../partition-types.ts";
import { sendsResults, type TaskPlan, type WindowPlan } from "../plan/task-plan.ts";
import type { SqlStorage } from "../ports.ts";
import type { PagePins } from "../state/page-pins.ts";
import { PageStore } from "../state/page-store.ts";
import { continuousWindow, TableFamily, WindowDirectory } from "../state/window-directory.ts";
import { InputTime } from "../time/input-time.ts";
import { gridOfPlan } from "../windows/grid-of-plan.ts";
import { CellUpdates } from "./cell-updates.ts";
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
import { LetterBox } from "./letters.ts";
import { Retention } from "./retention.ts";
import { RowSorter } from "./row-sorter.ts";
import { TaskBarrier } from "./task-barrier.ts";
import { TaskInput } from "./task-input.ts";
import { TaskLayouts } from "./task-layouts.ts";
import { TaskOutput } from "./task-output.ts";
import { TaskTables } from "./task-tables.ts";
import { TaskWindows } from "./task-windows.ts";
import { ValueTables } from "./value-tables.ts";

/** What a step that did as much as one may counts, in bytes of log. */
export const wholeSliceBytes = 1 * MiB;

/** Cells that one step merges or sweeps: bounds the length of a turn. */
export const cellsPerStepMax = 50_000;

/**
 * Page memory that one batch may need beyond what is there: new cells, and pages that double while they grow.
 */
const batchRoomFactor = 6;

export interface TaskContext {
  readonly sql: SqlStorage;
  readonly log: PartitionLog;
  readonly kernel: Kernel;
  readonly cache: PageCache;
  readonly pins: PagePins;
  /** Who the partition is now: columns, siblings and key groups change. */
  readonly identity: () => PartitionIdentity;
}

export class Task {
  // Configuration.
  readonly number: number;
  readonly plan: TaskPlan;
  readonly #context: TaskContext;
  // Rebuilt on open.
  readonly tables: TaskTables;
  readonly windows: TaskWindows | undefined;
  readonly letters: LetterBox;
  readonly #output: TaskOutput | undefined;
  readonly #layouts: TaskLayouts;
  readonly #store: PageStore;
  readonly #input: TaskInput;
  readonly #sorter: RowSorter;
  readonly #updates: CellUpdates;
  readonly #retention: Retention;
  #checkpoint: Checkpoint;
  #writtenAhead: WrittenAhead = { pages: 0, bytes: 0 };
  // In the checkpoint.
  #offset: number;
  #isMidRecord: boolean;
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
    this.letters = new LetterBox(sql, number);
    const directory = new WindowDirectory(sql, number);
    this.tables = new TaskTables(cache, this.#layouts, this.#store, directory, checkpoint);
    this.#output = TaskOutput.open(context, number, plan, checkpoint.edges ?? []);
    this.windows = plan.window ? this.#openWindows(plan.window, checkpoint) : undefined;
    this.#input = new TaskInput(kernel, plan, context.identity().schema);
    this.#sorter = new RowSorter(kernel, plan, this.letters);
    const { countedValues: counted } = plan;
    const values = counted && new ValueTables(cache, plan, counted, this.#layouts.cells, this.tables);
    // In the middle of a record, dirty pages may leave no room for what it still touches.
    const makeRoom = () => this.tables.isFull && this.#write(Number.POSITIVE_INFINITY);
    this.#updates = new CellUpdates(cache, plan, this.#layouts.cells, this.#output, values, makeRoom);
    this.#retention = new Retention(plan, this.tables, this.windows, checkpoint.sweep, values);
    const isNew = !checkpoint.edges || checkpoint.isRestored === true;
    if (plan.send || isNew) this.#output?.sendTime(this.#offset, this.#sentTime);
  }

  #openWindows(window: WindowPlan, { firedThrough, cursor }: Checkpoint): TaskWindows {
    const { cache } = this.#context;
    const { latenessMs } = this.plan;
    const [grid, fired] = [gridOfPlan(window), parseWatermark(firedThrough)];
    const sendPage = (page: PageView, end: bigint) =>
      this.#output?.sendPage(page, end, this.#offset + 1) ?? false;
    const sending = sendsResults(this.plan) ? sendPage : undefined;
    return new TaskWindows(cache, this.tables, grid, latenessMs, fired, cursor, sending);
  }

  /** What it sends to the next stages; undefined for a task that sends nothing. */
  get output(): TaskOutput | undefined {
    return this.#output;
  }

  /** Offset up to which every record is applied. */
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
    const isOpen = () => isAlone && sendsResults(this.plan) && this.windows?.nextEnd() !== undefined;
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

  /** Offset that the log must keep from: everything behind the last checkpoint. */
  get neededOffset(): number {
    return this.#checkpoint.offset + 1;
  }

  /** True when a checkpoint would save work: something was applied since the last one. */
  get isDirty(): boolean {
    const { offset, isMidRecord, cursor, firedThrough, sweep } = this.#checkpoint;
    const { windows } = this;
    return (
      offset !== this.#offset ||
      isMidRecord !== this.#isMidRecord ||
      cursor !== windows?.cursor ||
      this.#output?.isStale ||
      this.barrier.differsFrom(this.#checkpoint) ||
      sweep.cursor !== this.#retention.state.cursor ||
      (windows !== undefined && windows.firedThrough !== parseWatermark(firedThrough))
    );
  }

  /** True when storage has all of it: a checkpoint what was applied, and no rows that may go. */
  get isSettled(): boolean {
    return !this.isDirty && !this.tables.hasGarbage;
  }

  /** Does one slice of work. Returns about how many bytes of log it went through; 0 at the log's end. */
  step(): number {
    const { log, identity } = this.#context;
    if (this.#offset + 1 < log.firstOffset) {
      throw new EngineError("JOB_FALLEN_BEHIND", {
        message: `The job needs offset ${this.#offset + 1}, but the log begins at ${log.firstOffset}.`,
      });
    }
    const record = log.read(this.#offset + 1);
    if (!record) return 0;
    this.windows?.beginRecord(record.appendTime);
    if (!this.#isMidRecord) {
      this.#takeIn(record);
      this.#retention.begin(record.appendTime);
      this.#isMidRecord = true;
    }
    if (this.windows && !this.windows.fire(this.watermark, cellsPerStepMax)) return wholeSliceBytes;
    this.#output?.sendTime(record.offset, this.#sentTime);
    if (!this.#retention.sweep(record.appendTime, cellsPerStepMax)) return wholeSliceBytes;
    if (record.kind === RecordKind.Barrier) this.barrier.complete(record, identity(), this.#output);
    this.#isMidRecord = false;
    this.#offset = record.offset;
    return record.bytes;
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
    const { windows } = this;
    const firedThrough = windows?.firedThrough ?? parseWatermark(this.#checkpoint.firedThrough);
    this.#noteWriting();
    const rest = this.tables.commit((entry) => !windows || windows.isLive(entry.family, entry.window));
    this.letters.write();
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
      firedThrough: firedThrough.toString(),
      cursor: windows?.cursor,
      nextTable: this.tables.nextTable,
      garbage: this.tables.garbage,
      counts: this.#counts,
      sweep: this.#retention.state,
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
    if (!this.tables.hasDirty || (isWriting && nextTable === this.tables.nextTable)) return;
    this.#amend({ isWriting: true, nextTable: this.tables.nextTable });
  }

  /** Writes the last checkpoint again with something that is so without a new one. */
  #amend(change: Partial<Checkpoint>): void {
    this.#checkpoint = { ...this.#checkpoint, ...change };
    writeCheckpoint(this.#context.sql, this.number, this.#checkpoint);
  }

  /** Gives all memory back. Storage keeps the last checkpoint. */
  close(): void {
    this.tables.closeAll();
    this.windows?.release();
    this.#input.release();
    this.#sorter.release();
    this.#output?.release();
    this.#layouts.release();
  }

  /** Applies a record's rows, by the watermark before it, or sends them on; then takes its own. */
  #takeIn(record: LogRecord): void {
    const output = this.#output;
    if (this.barrier.take(record, output)) this.#time.end();
    if (record.kind !== RecordKind.Frame) {
      this.#time.apply(record);
      return;
    }
    const input = this.#input;
    input.load(record.frame);
    try {
      const { watermark } = this;
      if (!this.plan.send) this.#applyRows(record);
      this.#time.apply(record);
      if (this.plan.send && output) this.#sendRows(output, record, watermark);
      output?.sendInput(input.batch, { offset: record.offset, watermark });
    } finally {
      input.unload();
    }
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

  #sendRows(output: TaskOutput, { offset, frame }: LogRecord, watermark: bigint): void {
    const { rows, selection, columns } = this.#input;
    const [applied, filtered] = [selection.count, rows - selection.count];
    this.#counts = addCounts(this.#counts, { applied, filtered, late: 0, bad: 0 });
    this.#makeRoom(frame);
    output.sendRows({ offset, columns, selection, watermark }, this.#time);
  }

  #makeRoom(frame: Uint8Array): void {
    this.#context.cache.reserve(frame.length * batchRoomFactor);
    this.#context.cache.beginBatch();
  }

  #applyRows(record: LogRecord): void {
    this.#makeRoom(record.frame);
    const sorted = this.#sorter.sort(this.#input, record, this.watermark, this.windows);
    this.#counts = addCounts(this.#counts, sorted);
    const { offset } = record;
    this.#output?.sendLate(this.#input.batch, sorted.lateRows, { offset, watermark: this.watermark });
    const expireBefore = BigInt(this.#retention.expireBefore(record.appendTime));
    const orderBase = BigInt(offset + (this.#checkpoint.orderOffset ?? 0)) << 20n;
    const applied = { record, input: this.#input, expireBefore, orderBase };
    for (const set of sorted.batches(() => this.#continuousTable(record.appendTime))) {
      this.#updates.apply(set, applied);
    }
  }

  #continuousTable(appendTime: number) {
    const found = this.tables.find(TableFamily.Result, continuousWindow);
    return (found ?? this.tables.create(TableFamily.Result, continuousWindow, 0, appendTime)).keyed;
  }
}

/** What was written of the coming checkpoint, and when that began between records. */
interface WrittenAhead {
  pages: number;
  bytes: number;
  startedAt?: number;
}
