/**
 * Finding the cells of a batch's rows and updating their accumulators, one kernel loop per aggregate.
 *
 * `findCells` first, then `updateAccumulator` once per accumulator of the layout, in any order, within one
 * batch of the page cache (`beginBatch`). Updating BYTES may grow or split pages: it corrects `rows.cells`
 * before it returns, so later aggregates see right cells. Cells are worth nothing after the batch.
 *
 * A failure leaves some rows applied: the caller drops the kernel's state and recovers from its checkpoint.
 */
import { assert } from "../base/assert.ts";
import type { Kernel } from "./kernel.ts";
import type { KeyedTable } from "./keyed-table.ts";
import type { Selection } from "./selection.ts";
import { failureOf, type TableFailure } from "./table-failure.ts";
import { isInHeap, type TableLayout } from "./table-layout.ts";

/**
 * Rows of a batch with their keys: pointers to arrays indexed by row number (see KEYS in `assembly/abi.ts`).
 */
export interface KeyedRows {
  /** u32[count] of row numbers, or 0 for the rows 0..count-1. */
  readonly selection: number;
  readonly count: number;
  /** BYTES lane per row. */
  readonly keys: number;
  /** u16 per row. */
  readonly keyNulls: number;
  /** u64 per row. */
  readonly hashes: number;
  /**
   * One table for all rows, or a pointer to the TABLE pointer (u32) of each row; then all have the same
   * layout.
   */
  readonly tables: KeyedTable | number;
  /** u32 per row: `findCells` writes the address of the row's cell. */
  readonly cells: number;
}

/**
 * Finds or inserts the cell of every row and sets its `changed` to `appendTime`, a time in milliseconds.
 *
 * A cell last changed before `expireBefore` starts anew, as if just inserted; 0n where nothing expires.
 */
export function findCells(
  kernel: Kernel,
  rows: KeyedRows,
  appendTime: bigint,
  expireBefore = 0n,
): TableFailure | undefined {
  const { selection, count, keys, keyNulls, hashes, cells } = rows;
  const { table, tables } = tablesOf(rows);
  kernel.exports.tableFind(
    table,
    tables,
    selection,
    count,
    keys,
    keyNulls,
    hashes,
    appendTime,
    expireBefore,
    cells,
  );
  return failureOf(kernel);
}

/**
 * Updates the accumulator at `index` of `layout` with the rows' values in `column`, the address of a COLUMN.
 *
 * For COUNT column 0 counts rows; every other accumulator leaves out nulls. FIRST and LAST compare arrival:
 * row i has the order `orderBase` + i, and orders of one key never repeat.
 */
export function updateAccumulator(
  kernel: Kernel,
  layout: TableLayout,
  index: number,
  rows: KeyedRows,
  column: number,
  orderBase: bigint,
): TableFailure | undefined {
  const accumulator = layout.accumulators[index];
  assert(accumulator !== undefined, "the layout has the accumulator");
  const { selection, count, keys, keyNulls, hashes, cells } = rows;
  if (!isInHeap(accumulator.operation)) {
    kernel.exports.accumulatorUpdate(layout.pointer, index, selection, count, cells, column, orderBase);
    return undefined;
  }
  const { table, tables } = tablesOf(rows);
  kernel.exports.accumulatorUpdateBytes(
    index,
    table,
    tables,
    selection,
    count,
    keys,
    keyNulls,
    hashes,
    cells,
    column,
    orderBase,
  );
  return failureOf(kernel);
}

/**
 * Selects the rows whose cell no earlier row has: one for each cell. Writes them to `target` (u32, room for
 * `rows.count`). The cells' `changed` is worth nothing afterwards: for tables that are never stored.
 */
export function selectFirstRows(kernel: Kernel, rows: KeyedRows, target: number): Selection {
  const { selection, count, cells } = rows;
  return { pointer: target, count: kernel.exports.cellsFirstRows(selection, count, cells, target) };
}

/**
 * Writes the accumulator at `index` of the cells of `rows` into `column`, the address of a COLUMN, each at
 * its row's number. Lanes of BYTES point into pages: good until the batch ends.
 *
 * Returns false where a DECIMAL sum does not fit 64 bits; the column is then worth nothing.
 */
export function gatherAccumulator(kernel: Kernel, index: number, rows: KeyedRows, column: number): boolean {
  const { selection, count, hashes, cells } = rows;
  const { table, tables } = tablesOf(rows);
  return (
    kernel.exports.accumulatorGather(index, table, tables, selection, count, hashes, cells, column) === 1
  );
}

function tablesOf(rows: KeyedRows): { table: number; tables: number } {
  return typeof rows.tables === "number"
    ? { table: 0, tables: rows.tables }
    : { table: rows.tables.pointer, tables: 0 };
}
