/**
 * Applies rows to the cells of their keys; where that changes a result that the next stage, or who follows
 * the view, already has, it is told what the result was and what it is now.
 *
 * What was sent last is what the cell held before, so nothing is kept for it. A record is one step: a key
 * that many of its rows touch changes once. Cells whose rows were all taken back are deleted.
 *
 * Rows are applied some at a time there, by their number alone: how many changes wait in memory is bounded,
 * and a replay makes the same ones.
 */
import { EngineError } from "../../base/errors.ts";
import type { LaneValue } from "../../columnar/values.ts";
import { findCells, type KeyedRows, updateAccumulator } from "../../kernel/aggregates.ts";
import type { PageCache } from "../../kernel/page-cache.ts";
import { PageOrder } from "../../kernel/page-order.ts";
import type { CellValue } from "../../kernel/page-view.ts";
import type { TableFailure } from "../../kernel/table-failure.ts";
import type { TableLayout } from "../../kernel/table-layout.ts";
import { selectKnown, TouchedCells } from "../../kernel/touched-cells.ts";
import type { LogRecord } from "../log/records.ts";
import { finishValues, hasRows, type WindowBounds } from "../plan/finish-row.ts";
import { sendsResults, type TaskPlan } from "../plan/task-plan.ts";
import type { Result } from "./result-emitter.ts";
import type { RowSet } from "./row-sorter.ts";
import type { TaskInput } from "./task-input.ts";
import { type TaskOutput, windowOfPlan } from "./task-output.ts";
import type { ValueTables } from "./value-tables.ts";
import { areEqual, type ViewChanges } from "./view-changes.ts";

/** What became of a cell's result, which is told in the order of the rows that touched cells first. */
interface CellChange {
  readonly row: number;
  readonly hash: bigint | undefined;
  readonly was: readonly LaneValue[] | undefined;
  readonly is: readonly LaneValue[] | undefined;
  readonly window: WindowBounds | undefined;
}

/** Rows that are applied at a time where changes are to be seen. */
const trackedRowsMax = 8192;

/** What is the same for all rows of a record. */
export interface AppliedRecord {
  readonly record: LogRecord;
  readonly input: TaskInput;
  /** Cells of a continuous aggregate that changed before this append time start anew. */
  readonly expireBefore: bigint;
  /** Of the order of arrival. */
  readonly orderBase: bigint;
}

export class CellUpdates {
  readonly #cache: PageCache;
  readonly #plan: TaskPlan;
  readonly #layout: TableLayout;
  readonly #output: TaskOutput | undefined;
  readonly #changes: ViewChanges;
  readonly #values: ValueTables | undefined;
  readonly #order: PageOrder;
  readonly #makeRoom: () => unknown;

  /**
   * `output` is that of a task, whose results may go on; `values`, where all values are kept: `makeRoom` is
   * called then between two batches, to store what is dirty if that is much.
   */
  constructor(
    cache: PageCache,
    plan: TaskPlan,
    layout: TableLayout,
    { output, changes }: { readonly output: TaskOutput | undefined; readonly changes: ViewChanges },
    values: ValueTables | undefined,
    makeRoom: () => unknown,
  ) {
    this.#makeRoom = makeRoom;
    this.#cache = cache;
    this.#order = new PageOrder(cache);
    this.#plan = plan;
    this.#layout = layout;
    this.#output = sendsResults(plan) ? output : undefined;
    this.#changes = changes;
    this.#values = values;
  }

  apply(set: RowSet, applied: AppliedRecord): void {
    if (set.count === 0) return;
    if (this.#isTracked(set)) {
      for (const some of this.#parts(set)) this.#applyTracked(some, applied);
    } else if (this.#values) {
      for (const some of this.#parts(set)) this.#applyUntracked(some, applied);
    } else {
      for (const some of this.#order.parts(set)) this.#applyPart(some, applied);
    }
  }

  #applyPart(set: RowSet, applied: AppliedRecord): void {
    this.#cache.beginBatch();
    this.#find(set, applied);
    this.#update(set, applied);
  }

  #applyUntracked(set: RowSet, applied: AppliedRecord): void {
    this.#makeRoom();
    this.#cache.beginBatch();
    this.#find(set, applied);
    this.#update(set, applied);
    this.#updateValues(set, applied);
  }

  /** Whether rows of the set may change what was told, or take away the last row of a key. */
  #isTracked({ fired }: RowSet): boolean {
    if (this.#plan.window === null) return this.#plan.recordCounter !== undefined || this.#isTold;
    return this.#isTold && fired !== undefined;
  }

  /** Whether somebody is told of changes. */
  get #isTold(): boolean {
    return this.#output !== undefined || this.#changes.isRecording;
  }

  #applyTracked(set: RowSet, applied: AppliedRecord): void {
    if (this.#values) {
      this.#makeRoom();
      this.#send(this.#applySeen(set, applied), applied);
      return;
    }
    const changes: CellChange[] = [];
    for (const part of this.#order.parts(set, true)) {
      changes.push(...this.#applySeen(this.#withOwnFired(part), applied));
    }
    // Which pages were in memory together must not show.
    this.#send(
      changes.sort((left, right) => left.row - right.row),
      applied,
    );
  }

  /** A part with those of the rows of fired windows that are in it. */
  #withOwnFired(part: RowSet): RowSet {
    const { fired, selection, count } = part;
    if (!fired || selection === 0) return part;
    const own = new Set(this.#cache.kernel.memory.u32(selection, count));
    return { ...part, fired: { ...fired, rows: fired.rows.filter((row) => own.has(row)) } };
  }

  #send(changes: readonly CellChange[], { record }: AppliedRecord): void {
    for (const { hash, was, is, window } of changes) {
      if (hash !== undefined) this.#changes.addUpdate(hash, was, is, window);
    }
    this.#output?.sendResults(
      changes.flatMap((change) => this.#resultsOf(change)),
      record.offset,
    );
  }

  /** Applies rows as one batch; returns what that changed, by the first row of each cell. */
  #applySeen(set: RowSet, applied: AppliedRecord): CellChange[] {
    this.#cache.beginBatch();
    const [kernel, isTold] = [this.#cache.kernel, this.#isTold];
    // Cells that count their rows tell by that whether they are new.
    const isCounted = this.#plan.recordCounter !== undefined;
    const known = isTold && !isCounted ? selectKnown(kernel, set, applied.expireBefore) : undefined;
    this.#find(set, applied);
    const touched = new TouchedCells(kernel, this.#layout, set, set.fired?.rows);
    const before = isTold ? touched.read() : [];
    // A cell that is new may be of a key that had expired.
    if (this.#plan.window === null) this.#clearValues(set, touched, this.#emptyOf(touched));
    this.#update(set, applied);
    this.#updateValues(set, applied);
    const after = isTold ? touched.read() : [];
    if (this.#plan.window === null) this.#deleteEmpty(set, touched);
    if (!isTold) return [];
    return touched.firstRows.map((row, place) => {
      const window = set.fired && windowOfPlan(this.#plan, set.fired.endOf(row));
      const [had, has] = [known && !known.has(row) ? undefined : before[place], after[place]];
      const [was, is] = [this.#valuesOf(had, window), this.#valuesOf(has, window)];
      return { row, hash: (has ?? had)?.hash, was, is, window };
    });
  }

  #find(rows: KeyedRows, { record, expireBefore }: AppliedRecord): void {
    check(findCells(this.#cache.kernel, rows, BigInt(record.appendTime), expireBefore), record);
  }

  #update(rows: KeyedRows, { record, input, orderBase }: AppliedRecord): void {
    this.#plan.accumulators.forEach(({ argument }, index) => {
      if (this.#values?.isKept(index)) return;
      const column = argument === null ? 0 : input.columnPointer(argument);
      check(updateAccumulator(this.#cache.kernel, this.#layout, index, rows, column, orderBase), record);
    });
  }

  #updateValues(rows: KeyedRows, { record, input, orderBase }: AppliedRecord): void {
    check(this.#values?.update(rows, { input, orderBase, appendTime: record.appendTime }), record);
  }

  #clearValues(set: RowSet, touched: TouchedCells, places: readonly number[]): void {
    this.#values?.clear(
      set,
      places.map((place) => touched.firstRows[place] as number),
    );
  }

  #valuesOf(cell: CellValue | undefined, window: WindowBounds | undefined) {
    return cell && hasRows(this.#plan, cell) ? finishValues(this.#plan, cell, window) : undefined;
  }

  /** What is sent of a change. */
  #resultsOf({ was, is, window }: CellChange): Result[] {
    if (!this.#output || (was && is && this.#isHidden && areEqual(was, is))) return [];
    return [
      ...(was ? [{ values: was, window, weight: -1n }] : []),
      ...(is ? [{ values: is, window, weight: 1n }] : []),
    ];
  }

  /**
   * Whether a change to an equal result is kept back. Where results expire it is sent, so that what was made
   * of it in later steps does not expire before it.
   */
  get #isHidden(): boolean {
    return this.#plan.window !== null || this.#plan.retentionMs === null;
  }

  #deleteEmpty(set: RowSet, touched: TouchedCells): void {
    const empty = this.#emptyOf(touched);
    if (empty.length === 0) return;
    this.#clearValues(set, touched, empty);
    touched.delete(empty);
  }

  /** Places of the cells that hold no row. */
  #emptyOf(touched: TouchedCells): number[] {
    const { recordCounter } = this.#plan;
    if (recordCounter === undefined) return [];
    const counts = touched.words(recordCounter);
    return [...counts.keys()].filter((place) => (counts[place] as bigint) <= 0n);
  }

  /** The set in parts of bounded size. */
  *#parts(set: RowSet): Generator<RowSet> {
    const rowsMax = this.#values?.rowsMax ?? trackedRowsMax;
    if (set.count <= rowsMax) {
      yield set;
      return;
    }
    const { memory } = this.#cache.kernel;
    const list = memory.allocate(set.count * 4);
    const all = memory.u32(list, set.count);
    if (set.selection === 0) for (let row = 0; row < set.count; row++) all[row] = row;
    else all.set(memory.u32(set.selection, set.count));
    try {
      for (let from = 0; from < set.count; from += rowsMax) {
        const count = Math.min(rowsMax, set.count - from);
        const selection = list + from * 4;
        const fired = set.fired && {
          ...set.fired,
          rows: within(set.fired.rows, memory.u32(selection, count)),
        };
        yield { ...set, selection, count, ...(fired && { fired }) };
      }
    } finally {
      memory.release(list);
    }
  }
}

/** Of ascending rows those from the first to the last of some. */
function within(rows: readonly number[], some: Uint32Array): number[] {
  const [first, last] = [some[0] ?? 0, some.at(-1) ?? 0];
  return rows.filter((row) => row >= first && row <= last);
}

function check(failure: TableFailure | undefined, record: LogRecord): void {
  if (!failure) return;
  throw new EngineError("JOB_FAILED", {
    message: `Row ${failure.row} at offset ${record.offset} cannot be applied: ${failure.reason}.`,
    details: { offset: record.offset, row: failure.row, reason: failure.reason },
  });
}
