/**
 * The newest event time of some rows, from which a frame's watermark is made.
 */
import { type ColumnRows, lanesPointerAt } from "./column-batch.ts";
import type { Kernel } from "./kernel.ts";
import type { Selection } from "./selection.ts";

/** Returns the largest value of an I64 column that has no nulls, over at least one selected row. */
export function newestTime(kernel: Kernel, batch: ColumnRows, column: number, rows: Selection): bigint {
  return kernel.exports.lanesMaxI64(lanesPointerAt(kernel.memory, batch, column), rows.pointer, rows.count);
}
