/**
 * Sorts a batch's rows: into the tables that they belong to, or into letters.
 *
 * Out go rows that no window takes (late) and rows that no cell can hold (an over-long key or string). What
 * is left comes as sets of rows with their tables: the rows with their slices first; then, for every window
 * that fired already but still takes late rows, the rows that change its result.
 */
import { assert } from "../../base/assert.ts";
import { keyBytesMax, letterTextMax } from "../../base/limits.ts";
import { formatValue } from "../../columnar/values.ts";
import type { KeyedRows } from "../../kernel/aggregates.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { KeyedTable } from "../../kernel/keyed-table.ts";
import { KeyColumns, selectOverlong } from "../../kernel/keys.ts";
import { firstRows, type Selection } from "../../kernel/selection.ts";
import type { KeptRow, LetterBox } from "../letters/letter-box.ts";
import type { LogRecord } from "../log/records.ts";
import { keptStringBytesMax, keptStrings } from "../plan/cell-layout.ts";
import type { TaskPlan } from "../plan/task-plan.ts";
import { windowsPerRowMax } from "../windows/window-arithmetic.ts";
import type { TaskInput } from "./task-input.ts";
import type { TaskWindows } from "./task-windows.ts";

/** With it a window takes late rows for ever. */
const endlessLateness = 2n ** 62n;

/** Rows with their tables. */
export interface RowSet extends KeyedRows {
  /** Set where the cells of some rows are results of windows that have fired. */
  readonly fired?: FiredRows;
}

/** Rows, ascending, and the ends of their windows. */
export interface FiredRows {
  readonly rows: readonly number[];
  endOf(row: number): bigint;
}

export interface SortedRows {
  readonly applied: number;
  readonly filtered: number;
  readonly late: number;
  readonly bad: number;
  /** The rows that no window took, ascending. */
  readonly lateRows: readonly number[];
  /** Sets of rows, each with its tables; apply one before asking for the next. */
  batches(continuous: () => KeyedTable): Generator<RowSet>;
}

const noRows = firstRows(0);

export class RowSorter {
  readonly #kernel: Kernel;
  readonly #plan: TaskPlan;
  readonly #letters: LetterBox;
  /** Input columns whose strings accumulators keep. */
  readonly #keptStrings: readonly number[];
  readonly #stringBytesMax: number;
  #scratch: Scratch;
  #isSilent = false;

  constructor(kernel: Kernel, plan: TaskPlan, letters: LetterBox) {
    this.#kernel = kernel;
    this.#plan = plan;
    this.#letters = letters;
    this.#keptStrings = keptStrings(plan.accumulators);
    this.#stringBytesMax = keptStringBytesMax(plan.accumulators);
    this.#scratch = new Scratch(kernel, 64);
  }

  /**
   * Sorts the rows that passed the filter, by the watermark before the record. `isAgain`: its letters are
   * written.
   */
  sort(
    input: TaskInput,
    record: LogRecord,
    watermark: bigint,
    windows: TaskWindows | undefined,
    isAgain = false,
  ): SortedRows {
    this.#isSilent = isAgain;
    const scratch = this.#reserve(input.rows);
    const keyColumns = this.#plan.key.map(({ column }) => column);
    scratch.keys.build(input.columns, keyColumns, input.selection);
    let rows = this.#withoutOverlong(input, record, scratch);
    const passed = this.#weigh(input, input.selection);
    // Mostly all of them are left, and need not be weighed twice.
    const bad = rows === input.selection ? 0 : passed - this.#weigh(input, rows);
    let late = 0;
    let lateRows: readonly number[] = [];
    let tables: KeyedTable | number = 0;
    if (windows) {
      const assignment = windows.slices.assign({
        times: input.lanesPointer(this.#plan.eventTimeColumn),
        selection: rows.pointer,
        count: rows.count,
        watermark,
        lateness: windows.latenessMs,
        tables: scratch.tables,
        kept: scratch.kept,
        late: scratch.late,
      });
      assert(assignment.outsideCount === 0, "planned windows leave no gap");
      rows = { pointer: assignment.selection, count: assignment.count };
      late = this.#weigh(input, { pointer: scratch.late, count: assignment.lateCount });
      tables = assignment.tables;
      lateRows = scratch.rows(scratch.late, assignment.lateCount);
      this.#writeLate(input, record, watermark, lateRows);
    }
    const batches = (continuous: () => KeyedTable) =>
      this.#batches(input, rows, windows ? tables : continuous(), watermark, windows);
    const filtered = input.rows - input.selection.count;
    return { applied: passed - bad - late, filtered, late, bad, lateRows, batches };
  }

  /** Keeps all rows of a record as letters. */
  reject(input: TaskInput, record: LogRecord, message: string): void {
    for (let row = 0; row < input.rows; row++) this.#write(input, record, row, { reason: "bad", message });
  }

  release(): void {
    this.#scratch.release();
  }

  *#batches(
    input: TaskInput,
    rows: Selection,
    tables: KeyedTable | number,
    watermark: bigint,
    windows: TaskWindows | undefined,
  ): Generator<RowSet> {
    const { keys, cells } = this.#scratch;
    const arrays = { keys: keys.keys, keyNulls: keys.keyNulls, hashes: keys.hashes, cells };
    if (rows.count === 0) return;
    const whole = { ...arrays, selection: rows.pointer, count: rows.count, tables };
    const takesLate = windows !== undefined && windows.latenessMs > 0n;
    const early = takesLate ? this.#early(input, rows, watermark, windows) : noRows;
    // The slice of a tumbling window is its result.
    yield early.count > 0 && windows?.grid.kind === "tumble"
      ? { ...whole, fired: this.#firedRows(early) }
      : whole;
    if (!windows || early.count === 0) return;
    for (let index = 0; index < windowsPerRowMax(windows.grid); index++) {
      yield* this.#firedWindow(input, early, watermark, windows, index, arrays);
    }
  }

  /** The rows of which some window fired already, the first one before all others: mostly none. */
  #early(input: TaskInput, rows: Selection, watermark: bigint, windows: TaskWindows): Selection {
    const { ends, early } = this.#scratch;
    const count = windows.slices.selectFired({
      times: input.lanesPointer(this.#plan.eventTimeColumn),
      selection: rows.pointer,
      count: rows.count,
      watermark,
      lateness: endlessLateness,
      index: 0,
      ends,
      fired: early,
    });
    return { pointer: early, count };
  }

  /** The rows whose window `index` fired and takes late rows still. */
  *#firedWindow(
    input: TaskInput,
    rows: Selection,
    watermark: bigint,
    windows: TaskWindows,
    index: number,
    arrays: Pick<KeyedRows, "keys" | "keyNulls" | "hashes" | "cells">,
  ): Generator<RowSet> {
    const { fired, ends, tables } = this.#scratch;
    const count = windows.slices.selectFired({
      times: input.lanesPointer(this.#plan.eventTimeColumn),
      selection: rows.pointer,
      count: rows.count,
      watermark,
      lateness: windows.latenessMs,
      index,
      ends,
      fired,
    });
    if (count === 0) return;
    const endOf = this.#kernel.memory.i64(ends, input.rows);
    const changed = new Set(Array.from(this.#kernel.memory.u32(fired, count), (row) => endOf[row] as bigint));
    if (windows.grid.kind !== "tumble") {
      yield {
        ...arrays,
        selection: fired,
        count,
        tables: windows.results.resolve(ends, fired, count, tables),
        fired: this.#firedRows({ pointer: fired, count }),
      };
    }
    for (const end of changed) windows.touchFired(end);
  }

  /** Rows that `ends` tells the windows of. */
  #firedRows({ pointer, count }: Selection): FiredRows {
    const { ends } = this.#scratch;
    return {
      rows: this.#scratch.rows(pointer, count),
      endOf: (row) => this.#kernel.memory.view.getBigInt64(ends + row * 8, true),
    };
  }

  /** Takes out the rows whose key, or whose string for an accumulator, is too long. */
  #withoutOverlong(input: TaskInput, record: LogRecord, scratch: Scratch): Selection {
    const { selection } = input;
    const reasons = new Map<number, string>();
    const note = (tooLong: Selection, reason: string) => {
      if (tooLong.count > 0)
        for (const row of scratch.rows(tooLong.pointer, tooLong.count)) reasons.set(row, reason);
    };
    note(scratch.keys.tooLong, `its key is longer than ${keyBytesMax} bytes`);
    for (const column of this.#keptStrings) {
      const lanes = input.lanesPointer(column);
      const count = selectOverlong(this.#kernel, lanes, selection, this.#stringBytesMax, scratch.late);
      note(
        { pointer: scratch.late, count },
        `its "${this.#nameOf(column)}" is longer than ${this.#stringBytesMax} bytes`,
      );
    }
    if (reasons.size === 0) return selection;
    for (const [row, message] of [...reasons].sort(([a], [b]) => a - b))
      this.#write(input, record, row, { reason: "bad", message });
    const all = selection.pointer === 0 ? undefined : scratch.rows(selection.pointer, selection.count);
    const rows = all ?? Array.from({ length: selection.count }, (_, row) => row);
    return scratch.keep(rows.filter((row) => !reasons.has(row)));
  }

  /** For how many rows of the source the selected ones stand. */
  #weigh(input: TaskInput, { pointer, count }: Selection): number {
    const { rowCountColumn } = this.#plan;
    if (rowCountColumn === undefined || count === 0) return count;
    const counts = this.#kernel.memory.i64(input.lanesPointer(rowCountColumn), input.rows);
    if (pointer === 0) return counts.subarray(0, count).reduce((sum, each) => sum + Number(each), 0);
    return this.#kernel.memory.u32(pointer, count).reduce((sum, row) => sum + Number(counts[row]), 0);
  }

  #writeLate(input: TaskInput, record: LogRecord, watermark: bigint, rows: readonly number[]): void {
    for (const row of rows) {
      const time = input.value(this.#plan.eventTimeColumn, row);
      const lateBy = Number(watermark - BigInt(time as bigint));
      const message = `late: its time is ${lateBy} ms behind the watermark`;
      this.#write(input, record, row, { reason: "late", message, lateBy });
    }
  }

  #write(
    input: TaskInput,
    { offset, appendTime }: LogRecord,
    row: number,
    why: Pick<KeptRow, "reason" | "message" | "lateBy">,
  ): void {
    if (this.#isSilent) return;
    const content: Record<string, unknown> = {};
    let isWhole = this.#plan.rowCountColumn === undefined;
    this.#plan.sourceColumns.forEach(({ name, type }, index) => {
      const value = formatValue(input.value(index, row), type);
      content[name] = typeof value === "string" ? value.slice(0, letterTextMax) : value;
      if (typeof value === "string" && value.length > letterTextMax) isWhole = false;
    });
    this.#letters.add({ offset, row, ...why, appendTime, content, ...(!isWhole && { isCut: true }) });
  }

  #nameOf(column: number): string {
    const { sourceColumns, computedColumns } = this.#plan;
    return (
      (sourceColumns[column] ?? computedColumns[column - sourceColumns.length])?.name ?? `column ${column}`
    );
  }

  /** Memory for `rows` rows: kept between batches of like size. */
  #reserve(rows: number): Scratch {
    if (this.#scratch.rowsMax < rows || this.#scratch.rowsMax > 64 + 16 * rows) {
      this.#scratch.release();
      this.#scratch = new Scratch(this.#kernel, rows);
    }
    return this.#scratch;
  }
}

/** Arrays by row for one batch. */
class Scratch {
  readonly rowsMax: number;
  readonly keys: KeyColumns;
  readonly ends: number;
  readonly tables: number;
  readonly kept: number;
  readonly late: number;
  readonly fired: number;
  readonly early: number;
  readonly cells: number;
  readonly #clean: number;
  readonly #kernel: Kernel;

  constructor(kernel: Kernel, rowsMax: number) {
    this.#kernel = kernel;
    this.rowsMax = rowsMax;
    this.keys = new KeyColumns(kernel, rowsMax);
    const words = rowsMax + 16;
    this.ends = kernel.memory.allocate(words * (8 + 7 * 4));
    this.tables = this.ends + words * 8;
    this.kept = this.tables + words * 4;
    this.late = this.kept + words * 4;
    this.fired = this.late + words * 4;
    this.early = this.fired + words * 4;
    this.cells = this.early + words * 4;
    this.#clean = this.cells + words * 4;
  }

  rows(pointer: number, count: number): number[] {
    return count === 0 ? [] : Array.from(this.#kernel.memory.u32(pointer, count));
  }

  /** Makes a selection of these rows. */
  keep(rows: readonly number[]): Selection {
    this.#kernel.memory.u32(this.#clean, rows.length).set(rows);
    return { pointer: this.#clean, count: rows.length };
  }

  release(): void {
    this.keys.release();
    this.#kernel.memory.release(this.ends);
  }
}
