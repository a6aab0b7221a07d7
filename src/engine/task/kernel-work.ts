/**
 * The work of a task that the kernel does by column: rows are sent on, or update the cells of their keys and
 * windows.
 */
import { FrameEncoder, noWatermark } from "../../kernel/frame-codec.ts";
import { type HashRange, PageOrder } from "../../kernel/page-order.ts";
import type { PageView } from "../../kernel/page-view.ts";
import type { PartitionLog } from "../log/partition-log.ts";
import { type LogRecord, RecordKind } from "../log/records.ts";
import { sendsResults, type WindowPlan } from "../plan/task-plan.ts";
import type { PagesOfTable } from "../state/page-store.ts";
import { continuousWindow, TableFamily } from "../state/window-directory.ts";
import { gridOfPlan } from "../windows/grid-of-plan.ts";
import { type AppliedRecord, CellUpdates } from "./cell-updates.ts";
import { type Checkpoint, parseWatermark } from "./checkpoint.ts";
import { type LapStep, Laps, type LapWork } from "./laps.ts";
import { Retention } from "./retention.ts";
import { type RowSet, RowSorter } from "./row-sorter.ts";
import type { Skipped } from "./skipped-records.ts";
import { TaskInput } from "./task-input.ts";
import { type TaskOutput, windowOfPlan } from "./task-output.ts";
import { TaskWindows } from "./task-windows.ts";
import type { TaskWork, WorkContext, WorkState } from "./task-work.ts";
import { ValueTables } from "./value-tables.ts";
import { ViewChanges } from "./view-changes.ts";

/** Cells that one step merges or sweeps: bounds the length of a turn. */
export const cellsPerStepMax = 50_000;

/**
 * Page memory that one batch may need beyond what is there: new cells, and pages that double while they grow.
 */
const batchRoomFactor = 6;

/** Of the frames in which a lap keeps rows: they come from nowhere, and move no time. */
const nowhere = { offset: 0, part: 0 } as const;
const keptLabel = {
  channel: 0n,
  sequence: nowhere,
  previous: nowhere,
  watermark: noWatermark,
} as const;

/** What it does with a record, in this order. */
type KernelOperator = "read frame" | "aggregate" | "send" | "fire windows" | "expire";

export class KernelWork implements TaskWork {
  readonly windows: TaskWindows | undefined;
  readonly #context: WorkContext;
  readonly #input: TaskInput;
  readonly #sorter: RowSorter;
  readonly #updates: CellUpdates;
  readonly #retention: Retention;
  readonly #changes: ViewChanges;
  readonly #order: PageOrder;
  /** Where nothing is seen of a record but what its cells hold. */
  readonly #laps: Laps | undefined;
  /** Of the record that is worked on, and what is done with it. */
  #offset = 0;
  #operator: KernelOperator = "read frame";

  constructor(context: WorkContext) {
    const { cache, plan, tables, layouts, output, checkpoint, letters, changes, identity, makeRoom } =
      context;
    this.#context = context;
    this.#changes = new ViewChanges(plan, changes);
    this.windows = plan.window ? this.#openWindows(plan.window, checkpoint) : undefined;
    this.#input = new TaskInput(cache.kernel, plan, identity().schema);
    this.#sorter = new RowSorter(cache.kernel, plan, letters);
    const { countedValues: counted } = plan;
    const values = counted && new ValueTables(cache, plan, counted, layouts.cells, tables);
    this.#updates = new CellUpdates(
      ...([cache, plan, layouts.cells, { output, changes: this.#changes }] as const),
      ...([values, makeRoom] as const),
    );
    this.#retention = new Retention(plan, tables, this.windows, checkpoint.sweep, values);
    this.#order = new PageOrder(cache);
    const isUnseen = plan.window === null && !output && !values && plan.recordCounter === undefined;
    this.#laps = isUnseen ? new Laps(cache, this.#lapWork()) : undefined;
  }

  #lapWork(): LapWork {
    const { plan, cache, identity, store } = this.#context;
    const { schema } = identity();
    const frames = new FrameEncoder(cache.kernel, schema);
    const label = { ...keptLabel, schemaVersion: schema.version };
    // The order of arrival is told by the numbers of rows.
    const isByOrder = plan.accumulators.some(
      ({ operation }) => operation === "first" || operation === "last",
    );
    return {
      store,
      pages: () => this.#storedPages(),
      apply: (record, range, isAgain) => {
        this.#goThrough(record, range, isAgain, (set) => this.#updates.apply(set, this.#applied(record)));
      },
      ...(!isByOrder && {
        keep: (record: LogRecord, range: HashRange, isAgain: boolean) => {
          const kept: Uint8Array[] = [];
          this.#goThrough(record, range, isAgain, ({ selection: pointer, count }) => {
            if (count > 0) kept.push(...frames.encode(label, this.#input.batch, { pointer, count }, []));
          });
          return kept.map((frame) => ({ ...record, frame, bytes: frame.length }));
        },
      }),
    };
  }

  /** Else, where a record's work stands is in the checkpoint. */
  get isHalfway(): boolean {
    return this.#laps?.isUnderway === true;
  }

  #openWindows(window: WindowPlan, { firedThrough, cursor }: Checkpoint): TaskWindows {
    const { cache, plan, tables, output } = this.#context;
    const fired = parseWatermark(firedThrough);
    const settings = {
      grid: gridOfPlan(window),
      latenessMs: plan.latenessMs,
      sharesSums: window.sharesSums === true,
    };
    const isSent = sendsResults(plan);
    const sendPage = (page: PageView, end: bigint) => {
      if (isSent && output?.sendPage(page, end, this.#offset) !== true) return false;
      const bounds = windowOfPlan(plan, end);
      if (bounds) this.#changes.addPage(page, bounds);
      return true;
    };
    const walk = { isWanted: () => isSent || this.#changes.isRecording, sendPage };
    return new TaskWindows(cache, tables, settings, fired, cursor, walk);
  }

  get place() {
    const offset = this.#laps?.offset;
    return { operator: this.#operator, ...(offset !== undefined && { offset }) };
  }

  nextEnd(): bigint | undefined {
    return this.windows?.nextEnd();
  }

  nextDueAt(): undefined {
    return undefined;
  }

  openWindows(): number {
    return this.windows?.openWindowEnds().length ?? 0;
  }

  begin({ appendTime, offset }: LogRecord): void {
    this.#offset = offset;
    this.windows?.beginRecord(appendTime);
  }

  takeInMany(log: PartitionLog, record: LogRecord): LapStep | undefined {
    const { changes, skipped } = this.#context;
    // What is recorded is seen record by record, and what is left out is named by its record.
    const isOneByOne = changes.isOn || skipped.hasAny;
    return isOneByOne && this.#laps?.isUnderway !== true ? undefined : this.#laps?.step(log, record);
  }

  takeIn(record: LogRecord): void {
    if (this.#laps) this.#laps.watch(record, () => this.#takeRows(record));
    else this.#takeRows(record);
    this.#retention.begin(record.appendTime);
  }

  goOn(): boolean {
    this.#operator = "fire windows";
    return this.windows?.fire(this.#context.time.watermark, cellsPerStepMax) ?? true;
  }

  sweep({ appendTime }: LogRecord): boolean {
    this.#operator = "expire";
    return this.#retention.sweep(appendTime, cellsPerStepMax);
  }

  get state(): WorkState {
    const { windows } = this;
    const firedThrough = windows?.firedThrough.toString() ?? this.#context.checkpoint.firedThrough;
    return { firedThrough, cursor: windows?.cursor, sweep: this.#retention.state };
  }

  differsFrom({ cursor, firedThrough, sweep }: Checkpoint): boolean {
    const { windows } = this;
    return (
      cursor !== windows?.cursor ||
      sweep.cursor !== this.#retention.state.cursor ||
      (windows !== undefined && windows.firedThrough !== parseWatermark(firedThrough))
    );
  }

  release(): void {
    this.windows?.release();
    this.#input.release();
    this.#sorter.release();
  }

  /** Applies a record's rows, by the watermark before it, or sends them on; then takes its own. */
  #takeRows(record: LogRecord): void {
    const { time, output, plan } = this.#context;
    if (record.kind !== RecordKind.Frame) {
      time.apply(record);
      return;
    }
    this.#operator = "read frame";
    const skipped = this.#context.skipped.whole(record.offset);
    if (skipped) {
      this.#skip(record, skipped);
      time.apply(record);
      return;
    }
    const input = this.#input;
    input.load(record.frame);
    try {
      const { watermark } = time;
      if (!plan.send) this.#applyRows(record);
      time.apply(record);
      if (plan.send && output) this.#sendRows(output, record, watermark);
      output?.sendInput(input.batch, { offset: record.offset, watermark });
    } finally {
      input.unload();
    }
  }

  /** Keeps the rows as letters instead, where they can be read. */
  #skip(record: LogRecord, skipped: Skipped): void {
    const input = this.#input;
    if (skipped.isUnreadable) {
      const { offset, appendTime } = record;
      const why = { reason: "bad", message: skipped.reason } as const;
      this.#context.letters.add({ offset, row: 0, ...why, appendTime, content: {}, isCut: true });
      this.#context.count({ applied: 0, filtered: 0, late: 0, bad: 1 });
      return;
    }
    input.load(record.frame);
    try {
      this.#context.count({ applied: 0, filtered: 0, late: 0, bad: input.rows });
      this.#sorter.reject(input, record, skipped.reason);
    } finally {
      input.unload();
    }
  }

  #sendRows(output: TaskOutput, { offset, frame }: LogRecord, watermark: bigint): void {
    const { rows, selection, columns } = this.#input;
    this.#context.count({ applied: selection.count, filtered: rows - selection.count, late: 0, bad: 0 });
    this.#operator = "send";
    this.#reserve(frame);
    output.sendRows({ offset, columns, selection, watermark }, this.#context.time);
  }

  #reserve(frame: Uint8Array): void {
    const { cache } = this.#context;
    cache.reserve(Math.min(frame.length * batchRoomFactor, cache.budgetBytes / 4));
    cache.beginBatch();
  }

  #applyRows(record: LogRecord): void {
    const { time, output } = this.#context;
    const { offset } = record;
    this.#operator = "aggregate";
    this.#reserve(record.frame);
    const sorted = this.#sorter.sort(this.#input, record, time.watermark, this.windows);
    this.#context.count(sorted);
    output?.sendLate(this.#input.batch, sorted.lateRows, { offset, watermark: time.watermark });
    const applied = this.#applied(record);
    for (const set of sorted.batches(() => this.#continuousTable(record.appendTime))) {
      this.#updates.apply(set, applied);
    }
  }

  /** The part of a lap that falls to one record: `use` gets its rows with hashes in the range. */
  #goThrough(record: LogRecord, range: HashRange, isAgain: boolean, use: (set: RowSet) => void): void {
    const { time, cache, count } = this.#context;
    const [input, { memory }] = [this.#input, cache.kernel];
    input.load(record.frame);
    const list = memory.allocate(Math.max(1, input.rows) * 4);
    try {
      const sorted = this.#sorter.sort(input, record, time.watermark, undefined, isAgain);
      if (!isAgain) {
        count(sorted);
        time.apply(record);
      }
      const tables = this.#continuousTable(record.appendTime);
      for (const set of sorted.batches(() => tables))
        use(this.#order.within({ ...set, tables }, range, list));
    } finally {
      memory.release(list);
      input.unload();
    }
  }

  #applied(record: LogRecord): AppliedRecord {
    const expireBefore = BigInt(this.#retention.expireBefore(record.appendTime));
    const orderBase = BigInt(record.offset + (this.#context.checkpoint.orderOffset ?? 0)) << 20n;
    return { record, input: this.#input, expireBefore, orderBase };
  }

  #storedPages(): PagesOfTable | undefined {
    const { tables } = this.#context;
    const found = tables.find(TableFamily.Result, continuousWindow);
    return found && tables.storedPages(found);
  }

  #continuousTable(appendTime: number) {
    const { tables } = this.#context;
    const found = tables.find(TableFamily.Result, continuousWindow);
    return (found ?? tables.create(TableFamily.Result, continuousWindow, 0, appendTime)).keyed;
  }
}
