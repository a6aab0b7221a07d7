/** Puts values into kernel memory as a batch. */
import { COLUMN_NULL_COUNT, READ_AHEAD_BYTES } from "../../assembly/abi.ts";
import type { Kind } from "../../src/columnar/schema.ts";
import type { LaneValue } from "../../src/columnar/values.ts";
import { ColumnBatch } from "../../src/kernel/column-batch.ts";
import type { Kernel } from "../../src/kernel/kernel.ts";
import type { Selection } from "../../src/kernel/selection.ts";

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

/** Puts row numbers into kernel memory; release `pointer` afterwards. */
export function fillSelection(kernel: Kernel, rows: readonly number[]): Selection {
  const pointer = kernel.memory.allocate(Math.max(1, rows.length) * 4);
  kernel.memory.u32(pointer, rows.length).set(rows);
  return { pointer, count: rows.length };
}

function bytesOf(value: LaneValue): number {
  return value instanceof Uint8Array ? value.length : 0;
}
