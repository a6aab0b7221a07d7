/**
 * Puts plain values into kernel memory as a batch: for rows that come out of cells, never for work by event.
 */
import { COLUMN_NULL_COUNT, READ_AHEAD_BYTES } from "../../assembly/abi.ts";
import type { Kind } from "../columnar/schema.ts";
import type { LaneValue } from "../columnar/values.ts";
import { ColumnBatch } from "./column-batch.ts";
import type { Kernel } from "./kernel.ts";

/** Release it after last use: lanes of BYTES point into memory of its own. */
export interface FilledBatch {
  readonly batch: ColumnBatch;
  release(): void;
}

/** One array of values per column, all of the same length. Columns without a null keep no validity. */
export function fillBatch(
  kernel: Kernel,
  kinds: readonly Kind[],
  columns: readonly (readonly LaneValue[])[],
): FilledBatch {
  const { memory } = kernel;
  const rows = columns[0]?.length ?? 0;
  const batch = new ColumnBatch(memory, kinds, rows);
  const bytesTotal = columns.flat().reduce((sum: number, value) => sum + bytesOf(value), 0);
  const heap = memory.allocate(bytesTotal + READ_AHEAD_BYTES);
  let next = heap;
  batch.rows = rows;
  columns.forEach((values, index) => {
    const nullCount = values.filter((value) => value === null).length;
    memory.view.setUint32(batch.columnPointer(index) + COLUMN_NULL_COUNT, nullCount, true);
    values.forEach((value, row) => {
      const lane = batch.lanesPointer(index) + row * 8;
      // Where no value is null, validity says null throughout: it must not be read.
      memory.bytes[batch.validityPointer(index) + row] = nullCount > 0 && value !== null ? 1 : 0;
      if (value === null) memory.view.setBigUint64(lane, 0n, true);
      else if (value instanceof Uint8Array) {
        memory.bytes.set(value, next);
        memory.view.setUint32(lane, next, true);
        memory.view.setUint32(lane + 4, value.length, true);
        next += value.length;
      } else if (typeof value === "bigint") memory.view.setBigInt64(lane, value, true);
      else memory.view.setFloat64(lane, value, true);
    });
  });
  const release = () => {
    batch.release();
    memory.release(heap);
  };
  return { batch, release };
}

function bytesOf(value: LaneValue): number {
  return value instanceof Uint8Array ? value.length : 0;
}
