/**
 * The first of two phases of an aggregate: what a record's rows add up to, one row per key and slice, so that
 * less has to travel.
 *
 * It keeps nothing from one record to the next. A row of its output is the first row of its key and slice,
 * with the accumulators' values in place of their arguments; the next stage aggregates these again. A row
 * that the next stage will not aggregate (late, or too long) is not added to others: it travels alone, as one
 * that counts once. So do all rows of a record that has nearly as many keys as rows, or a sum that fits no
 * lane.
 */
import {
  findCells,
  gatherAccumulator,
  type KeyedRows,
  selectFirstRows,
  updateAccumulator,
} from "../../kernel/aggregates.ts";
import { ColumnBatch, type ColumnRows, lanesPointerAt, validityAt } from "../../kernel/column-batch.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { KeyedTable } from "../../kernel/keyed-table.ts";
import { type KeyColumns, selectOverlong } from "../../kernel/keys.ts";
import type { PageCache } from "../../kernel/page-cache.ts";
import type { Selection } from "../../kernel/selection.ts";
import { Slices } from "../../kernel/slices.ts";
import { TableLayout } from "../../kernel/table-layout.ts";
import { cellSpecsOf, keptStringBytesMax, keptStrings } from "../plan/cell-layout.ts";
import type { LocalPlan, SentColumn } from "../plan/task-plan.ts";
import { gridOfPlan } from "../windows/grid-of-plan.ts";

/** A record is aggregated where that leaves at most this share of its rows. */
const shareMax = 0.5;

/** After a record that was not, so many are not even tried. */
const recordsPassedOver = 31;

/** Its tables are never stored: they have the newest form. */
const localPlanVersion = Number.POSITIVE_INFINITY;

/** Rows that travel: the columns of the send plan, and which of them. */
export interface SentRows {
  readonly columns: ColumnRows;
  readonly selection: Selection;
}

/** What one record brought. */
export interface LocalInput {
  readonly columns: ColumnRows;
  readonly selection: Selection;
  /** Of the selected rows. */
  readonly keys: KeyColumns;
  /** The sender's, before the record. */
  readonly watermark: bigint;
}

export class LocalAggregate {
  readonly #cache: PageCache;
  readonly #kernel: Kernel;
  readonly #plan: LocalPlan;
  readonly #columns: readonly SentColumn[];
  readonly #layout: TableLayout;
  readonly #slices: Slices | undefined;
  #tables: KeyedTable[] = [];
  #scratch: Scratch | undefined;
  // In the checkpoint: what travels depends on it.
  #toPassOver: number;

  /** `toPassOver` is as a checkpoint of the task says it, 0 at first. */
  constructor(cache: PageCache, plan: LocalPlan, columns: readonly SentColumn[], toPassOver: number) {
    this.#toPassOver = toPassOver;
    this.#cache = cache;
    this.#kernel = cache.kernel;
    this.#plan = plan;
    this.#columns = columns;
    this.#layout = new TableLayout(this.#kernel.memory, cellSpecsOf(plan.accumulators, localPlanVersion));
    if (plan.window) this.#slices = new Slices(cache, gridOfPlan(plan.window), () => this.#openTable());
  }

  /** How many of the coming records travel as they are, since one before them had too many keys. */
  get toPassOver(): number {
    return this.#toPassOver;
  }

  /** Aggregates the rows of one record. What it returns is good until `end`, which must follow. */
  aggregate(input: LocalInput): SentRows[] {
    const scratch = this.#reserve(input.columns.rows);
    if (this.#toPassOver > 0) {
      this.#toPassOver--;
      return [this.#alone(input, input.selection, scratch)];
    }
    const [rows, alone] = this.#separate(input, scratch);
    if (rows.count === 0) return [this.#alone(input, input.selection, scratch)];
    const firsts = this.#fold(input, rows, scratch);
    if (!firsts) return [this.#alone(input, input.selection, scratch)];
    const merged = { columns: this.#view(input, scratch.merged, true), selection: firsts };
    return alone.count === 0 ? [merged] : [merged, this.#alone(input, alone, scratch)];
  }

  /** Lets go of what the record's rows were added up in. */
  end(): void {
    this.#slices?.delete(...this.#slices.entries().map(([start]) => start));
    for (const table of this.#tables) this.#cache.dropTable(table);
    this.#tables = [];
  }

  release(): void {
    this.end();
    this.#slices?.release();
    this.#scratch?.release();
    this.#layout.release();
  }

  /** Adds rows up; returns the first row of each key and slice, or undefined where that gains nothing. */
  #fold({ columns, keys }: LocalInput, rows: TabledRows, scratch: Scratch): Selection | undefined {
    const arrays = { keys: keys.keys, keyNulls: keys.keyNulls, hashes: keys.hashes, cells: scratch.cells };
    const keyed: KeyedRows = { ...arrays, selection: rows.pointer, count: rows.count, tables: rows.tables };
    const { accumulators } = this.#plan;
    let failure = findCells(this.#kernel, keyed, 0n);
    const firsts = failure ? undefined : selectFirstRows(this.#kernel, keyed, scratch.firsts);
    if (!firsts) return undefined;
    if (firsts.count > rows.count * shareMax) {
      this.#toPassOver = recordsPassedOver;
      return undefined;
    }
    accumulators.forEach(({ argument }, index) => {
      const column = argument === null ? 0 : columns.columnPointer(argument);
      failure ??= updateAccumulator(this.#kernel, this.#layout, index, keyed, column, 0n);
    });
    if (failure) return undefined;
    const cells = { ...keyed, selection: firsts.pointer, count: firsts.count };
    const fits = accumulators.every((_, index) =>
      gatherAccumulator(this.#kernel, index, cells, scratch.merged.columnPointer(index)),
    );
    return fits ? firsts : undefined;
  }

  /** Rows to add up, with the table of each, and rows that travel alone. */
  #separate(input: LocalInput, scratch: Scratch): [TabledRows, Selection] {
    const overlong = this.#overlong(input, scratch);
    const selection = overlong.size === 0 ? input.selection : scratch.without(input.selection, overlong);
    const alone = [...overlong];
    if (!this.#slices) return [{ ...selection, tables: this.#openTable() }, scratch.alone(alone)];
    const assignment = this.#slices.assign({
      times: lanesPointerAt(this.#kernel.memory, input.columns, this.#plan.eventTimeColumn),
      selection: selection.pointer,
      count: selection.count,
      watermark: input.watermark,
      lateness: BigInt(this.#plan.latenessMs),
      tables: scratch.tables,
      kept: scratch.kept,
      late: scratch.late,
    });
    alone.push(...this.#kernel.memory.u32(scratch.late, assignment.lateCount));
    const rows = { pointer: assignment.selection, count: assignment.count, tables: assignment.tables };
    return [rows, scratch.alone(alone)];
  }

  /** Rows whose key, or whose string for an accumulator, fits no cell. */
  #overlong({ columns, selection, keys }: LocalInput, scratch: Scratch): Set<number> {
    const { memory } = this.#kernel;
    const found = new Set<number>(memory.u32(keys.tooLong.pointer, keys.tooLong.count));
    const bytesMax = keptStringBytesMax(this.#plan.accumulators);
    for (const column of keptStrings(this.#plan.accumulators)) {
      const lanes = lanesPointerAt(memory, columns, column);
      const count = selectOverlong(this.#kernel, lanes, selection, bytesMax, scratch.late);
      for (const row of memory.u32(scratch.late, count)) found.add(row);
    }
    return found;
  }

  /** Rows as they are: each counts once, and everything else is its own argument. */
  #alone(input: LocalInput, selection: Selection, scratch: Scratch): SentRows {
    const { columns } = input;
    const { memory } = this.#kernel;
    const rows = selection.pointer === 0 ? undefined : memory.u32(selection.pointer, selection.count);
    this.#plan.accumulators.forEach(({ operation, argument }, index) => {
      if (operation !== "count") return;
      const lanes = memory.i64(scratch.single.lanesPointer(index), columns.rows);
      const validity = argument === null ? undefined : validityAt(memory, columns, argument);
      if (!rows && !validity) lanes.fill(1n);
      else {
        for (let place = 0; place < selection.count; place++) {
          const row = rows?.[place] ?? place;
          lanes[row] = validity?.[row] === 0 ? 0n : 1n;
        }
      }
    });
    return { columns: this.#view(input, scratch.single, false), selection };
  }

  #view({ columns }: LocalInput, made: ColumnBatch, isMerged: boolean): ColumnRows {
    const { accumulators } = this.#plan;
    return {
      rows: columns.rows,
      columnPointer: (index) => {
        const { from } = this.#columns[index] as SentColumn;
        if (from.from === "column") return columns.columnPointer(from.column);
        const argument = accumulators[from.accumulator]?.argument ?? null;
        const isCount = accumulators[from.accumulator]?.operation === "count";
        return isMerged || isCount || argument === null
          ? made.columnPointer(from.accumulator)
          : columns.columnPointer(argument);
      },
    };
  }

  #openTable(): KeyedTable {
    const table = this.#cache.openTable(this.#layout, () => undefined);
    this.#tables.push(table);
    return table;
  }

  /** Memory for `rows` rows: kept between batches of like size. */
  #reserve(rows: number): Scratch {
    const rowsMax = this.#scratch?.rowsMax ?? 0;
    if (!this.#scratch || rowsMax < rows || rowsMax > 64 + 16 * rows) {
      this.#scratch?.release();
      this.#scratch = new Scratch(this.#kernel, rows, this.#plan);
    }
    this.#scratch.merged.rows = rows;
    this.#scratch.single.rows = rows;
    return this.#scratch;
  }
}

interface TabledRows extends Selection {
  readonly tables: KeyedTable | number;
}

/** Arrays by row for one record, and a column per accumulator. */
class Scratch {
  readonly rowsMax: number;
  readonly merged: ColumnBatch;
  readonly single: ColumnBatch;
  readonly tables: number;
  readonly kept: number;
  readonly late: number;
  readonly cells: number;
  readonly firsts: number;
  readonly #separated: number;
  readonly #alone: number;
  readonly #kernel: Kernel;

  constructor(kernel: Kernel, rowsMax: number, { accumulators }: LocalPlan) {
    this.#kernel = kernel;
    this.rowsMax = rowsMax;
    const kinds = accumulators.map(({ kind }) => kind);
    this.merged = new ColumnBatch(kernel.memory, kinds, rowsMax);
    this.single = new ColumnBatch(kernel.memory, kinds, rowsMax);
    const words = (rowsMax + 16) * 4;
    this.tables = kernel.memory.allocate(words * 7);
    this.kept = this.tables + words;
    this.late = this.kept + words;
    this.cells = this.late + words;
    this.firsts = this.cells + words;
    this.#separated = this.firsts + words;
    this.#alone = this.#separated + words;
  }

  without({ pointer, count }: Selection, excluded: ReadonlySet<number>): Selection {
    const { memory } = this.#kernel;
    const all =
      pointer === 0 ? Array.from({ length: count }, (_, row) => row) : [...memory.u32(pointer, count)];
    return this.#write(
      this.#separated,
      all.filter((row) => !excluded.has(row)),
    );
  }

  alone(rows: readonly number[]): Selection {
    return this.#write(
      this.#alone,
      [...rows].sort((first, second) => first - second),
    );
  }

  release(): void {
    this.merged.release();
    this.single.release();
    this.#kernel.memory.release(this.tables);
  }

  #write(pointer: number, rows: readonly number[]): Selection {
    this.#kernel.memory.u32(pointer, rows.length).set(rows);
    return { pointer, count: rows.length };
  }
}
