/**
 * Counted values: of each key the values of its rows in order, each with how many rows have it, in a keyed
 * table of their own (`assembly/table/values.ts`). So the least and the largest are known when one is taken
 * back.
 *
 * Calls belong to the current batch of the page cache. They look at no cells: `rows.cells` is not used.
 */
import { KIND_BYTES } from "../../assembly/abi.ts";
import type { KeyedRows } from "./aggregates.ts";
import { fillBatch } from "./fill-batch.ts";
import type { Kernel } from "./kernel.ts";
import type { KeyedTable } from "./keyed-table.ts";
import type { CellValue } from "./page-view.ts";
import { failureOf, type TableFailure } from "./table-failure.ts";
import type { AccumulatorSpec } from "./table-layout.ts";

/**
 * What the cells of such a table hold: a node of a tree, which is bytes to all else. Merging one such table
 * into another is copying, since no two partitions have nodes of one key.
 */
export const countedValuesSpecs: readonly AccumulatorSpec[] = [{ operation: "min", kind: KIND_BYTES }];

/** Rows by key; all in one table. */
export type ValueRows = Pick<KeyedRows, "selection" | "count" | "keys" | "keyNulls" | "hashes">;

/**
 * Adds the values in `column` with the weights in `weights`, addresses of a COLUMN of I64 or F64 and of one
 * of I64 without nulls. Rows without a value do nothing, nor do those that take back what never came.
 */
export function updateValues(
  kernel: Kernel,
  table: KeyedTable,
  { selection, count, keys, keyNulls, hashes }: ValueRows,
  column: number,
  weights: number,
): TableFailure | undefined {
  const { exports } = kernel;
  exports.valuesUpdate(table.pointer, selection, count, keys, keyNulls, hashes, column, weights);
  return failureOf(kernel);
}

/** Writes the least or the largest value of each row's key, or null, into `column` at the row's number. */
export function readBound(
  kernel: Kernel,
  table: KeyedTable,
  { selection, count, keys, keyNulls, hashes }: ValueRows,
  bound: "min" | "max",
  column: number,
): void {
  const isLast = bound === "max" ? 1 : 0;
  kernel.exports.valuesBound(table.pointer, selection, count, keys, keyNulls, hashes, isLast, column);
}

/** Forgets all values of the rows' keys. */
export function clearValues(
  kernel: Kernel,
  table: KeyedTable,
  { selection, count, keys, keyNulls, hashes }: ValueRows,
): void {
  kernel.exports.valuesClear(table.pointer, selection, count, keys, keyNulls, hashes);
}

/** Forgets all values of keys that stand in cells, which lie in another table. */
export function clearKeys(kernel: Kernel, table: KeyedTable, cells: readonly CellValue[]): void {
  const { memory } = kernel;
  const count = cells.length;
  const { batch, release } = fillBatch(kernel, [KIND_BYTES], [cells.map(({ key }) => key)]);
  const hashes = memory.allocate(Math.max(1, count) * 10);
  const keyNulls = hashes + count * 8;
  memory.i64(hashes, count).set(cells.map(({ hash }) => BigInt.asIntN(64, hash)));
  memory.u16(keyNulls, count).set(cells.map((cell) => cell.keyNulls));
  try {
    clearValues(kernel, table, { selection: 0, count, keys: batch.lanesPointer(0), keyNulls, hashes });
  } finally {
    release();
    memory.release(hashes);
  }
}
