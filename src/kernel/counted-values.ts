/**
 * Counted values: of each key the values of its rows in order, each with how many rows have it, in a keyed
 * table of their own (`assembly/table/value-tree.ts`). So the least and the largest are known when one is
 * taken back, and which rows have a value that no other has.
 *
 * By arrival they lie in two tables, one in the order in which rows came, one that finds a value's first.
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

/** Bytes of the order before a value in a table by arrival. */
const orderBytes = 8;

/** Rows by key; all in one table. */
export type ValueRows = Pick<KeyedRows, "selection" | "count" | "keys" | "keyNulls" | "hashes">;

/** Addresses of COLUMNs by row. */
export interface WeighedValues {
  readonly values: number;
  /** I64 without nulls; undefined: each row weighs 1. */
  readonly weights: number | undefined;
}

/** Where `updateValues` writes: addresses of COLUMNs. */
export interface ValueChanges {
  /** I64: 1 where the row's value is new, -1 where it is gone, else 0. */
  readonly changes: number;
  /** Of the values' kind, no BYTES: the value or its negative where that is so, else null. */
  readonly signed: number | undefined;
}

/**
 * Adds the rows' values with their weights. Rows without a value do nothing, nor do those that take back what
 * never came.
 */
export function updateValues(
  kernel: Kernel,
  table: KeyedTable,
  { selection, count, keys, keyNulls, hashes }: ValueRows,
  { values, weights = 0 }: WeighedValues,
  { changes, signed = 0 }: ValueChanges,
): TableFailure | undefined {
  const { exports } = kernel;
  const { pointer } = table;
  exports.valuesUpdate(
    ...([pointer, selection, count, keys, keyNulls, hashes] as const),
    ...([values, weights, changes, signed] as const),
  );
  return failureOf(kernel);
}

/** The tables of values by arrival. */
export interface ArrivalTables {
  readonly arrivals: KeyedTable;
  readonly places: KeyedTable;
}

/** The same by arrival, `orderBase` + the row's number: what is taken back is the earliest of its equals. */
export function updateArrivals(
  kernel: Kernel,
  { arrivals, places }: ArrivalTables,
  { selection, count, keys, keyNulls, hashes }: ValueRows,
  { values, weights }: { readonly values: number; readonly weights: number },
  orderBase: bigint,
): TableFailure | undefined {
  const { exports } = kernel;
  exports.arrivalsUpdate(
    ...([arrivals.pointer, places.pointer, selection, count, keys, keyNulls, hashes] as const),
    ...([values, weights, orderBase] as const),
  );
  return failureOf(kernel);
}

/**
 * Writes the least or the largest value of each row's key, or null, into `column` at the row's number; first
 * and last are those of a table by arrival. BYTES lie in pages: good until the batch ends or they change.
 */
export function readBound(
  kernel: Kernel,
  table: KeyedTable,
  { selection, count, keys, keyNulls, hashes }: ValueRows,
  bound: "min" | "max" | "first" | "last",
  column: number,
): void {
  const isLast = bound === "max" || bound === "last" ? 1 : 0;
  const skipped = bound === "first" || bound === "last" ? orderBytes : 0;
  const { exports } = kernel;
  exports.valuesBound(
    ...([table.pointer, selection, count, keys, keyNulls, hashes] as const),
    ...([isLast, skipped, column] as const),
  );
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
