/**
 * A batch of rows in kernel memory: one BATCH with its columns (layout: `assembly/abi.ts`).
 *
 * BYTES lanes point into memory that someone else owns (a request body, a frame, a heap): a batch is read
 * before that is released.
 */
import {
  BATCH_COLUMN_COUNT,
  BATCH_COLUMNS,
  BATCH_ROWS,
  COLUMN_BYTES,
  COLUMN_KIND,
  COLUMN_LANES,
  COLUMN_NULL_COUNT,
  COLUMN_VALIDITY,
  KIND_BYTES,
  KIND_F64,
} from "../../assembly/abi.ts";
import type { Kind } from "../columnar/schema.ts";
import type { LaneValue } from "../columnar/values.ts";
import type { KernelMemory } from "./kernel-memory.ts";

/** Rows as columns in kernel memory, whoever owns them: a batch, or a program with its computed columns. */
export interface ColumnRows {
  readonly rows: number;
  /** Address of the COLUMN at `index`. */
  columnPointer(index: number): number;
}

export class ColumnBatch implements ColumnRows {
  readonly pointer: number;
  readonly kinds: readonly Kind[];
  readonly rowsMax: number;
  readonly #memory: KernelMemory;

  /**
   * Allocates one block for `rowsMax` rows of the given kinds, rows 0. Release it with `release`.
   *
   * With `present`, only the columns at these indexes have lanes of their own; the others are all null for
   * good (their `nullCount` is `rowsMax`) and share lanes, so nothing may be written to them.
   */
  constructor(memory: KernelMemory, kinds: readonly Kind[], rowsMax: number, present?: readonly number[]) {
    this.#memory = memory;
    this.kinds = kinds;
    this.rowsMax = rowsMax;
    const lanesBytes = rowsMax * 8;
    const validityBytes = Math.ceil((rowsMax + 16) / 16) * 16;
    const header = Math.ceil((BATCH_COLUMNS + kinds.length * COLUMN_BYTES) / 16) * 16;
    const isPresent = (index: number) => present === undefined || present.includes(index);
    const lanesCount = kinds.filter((_, index) => isPresent(index)).length;
    const sharedCount = lanesCount < kinds.length ? 1 : 0;
    const columnBytes = lanesBytes + validityBytes;
    this.pointer = memory.allocate(header + (lanesCount + sharedCount) * columnBytes);
    const view = memory.view;
    view.setUint32(this.pointer + BATCH_ROWS, 0, true);
    view.setUint32(this.pointer + BATCH_COLUMN_COUNT, kinds.length, true);
    const shared = this.pointer + header;
    if (sharedCount > 0) memory.bytes.fill(0, shared, shared + columnBytes);
    let next = shared + sharedCount * columnBytes;
    kinds.forEach((kind, index) => {
      const column = this.columnPointer(index);
      const lanes = isPresent(index) ? next : shared;
      view.setUint32(column + COLUMN_LANES, lanes, true);
      view.setUint32(column + COLUMN_VALIDITY, lanes + lanesBytes, true);
      view.setUint32(column + COLUMN_KIND, kind, true);
      view.setUint32(column + COLUMN_NULL_COUNT, isPresent(index) ? 0 : rowsMax, true);
      if (isPresent(index)) next += columnBytes;
    });
  }

  get rows(): number {
    return this.#memory.view.getUint32(this.pointer + BATCH_ROWS, true);
  }

  set rows(count: number) {
    this.#memory.view.setUint32(this.pointer + BATCH_ROWS, count, true);
  }

  /** Address of the COLUMN of the column at `index`. */
  columnPointer(index: number): number {
    return this.pointer + BATCH_COLUMNS + index * COLUMN_BYTES;
  }

  lanesPointer(index: number): number {
    return lanesPointerAt(this.#memory, this, index);
  }

  validityPointer(index: number): number {
    return this.#memory.view.getUint32(this.columnPointer(index) + COLUMN_VALIDITY, true);
  }

  nullCount(index: number): number {
    return this.#memory.view.getUint32(this.columnPointer(index) + COLUMN_NULL_COUNT, true);
  }

  /** Reads one value; for answers and tests, never for work by row. */
  value(index: number, row: number): LaneValue {
    return readValueAt(this.#memory, this, index, row);
  }

  release(): void {
    this.#memory.release(this.pointer);
  }
}

/** Address of the lanes of the column at `index`, 8 bytes per row. */
export function lanesPointerAt(memory: KernelMemory, rows: ColumnRows, index: number): number {
  return memory.view.getUint32(rows.columnPointer(index) + COLUMN_LANES, true);
}

/** The validity bytes of the column at `index`, 0 for a null; undefined where no value is null. */
export function validityAt(memory: KernelMemory, rows: ColumnRows, index: number): Uint8Array | undefined {
  const column = rows.columnPointer(index);
  if (memory.view.getUint32(column + COLUMN_NULL_COUNT, true) === 0) return undefined;
  const start = memory.view.getUint32(column + COLUMN_VALIDITY, true);
  return memory.bytes.subarray(start, start + rows.rows);
}

/** Reads one value of any rows; for answers and letters, never for work by row. */
export function readValueAt(memory: KernelMemory, rows: ColumnRows, index: number, row: number): LaneValue {
  const { view } = memory;
  const column = rows.columnPointer(index);
  if (view.getUint32(column + COLUMN_NULL_COUNT, true) > 0) {
    if (view.getUint8(view.getUint32(column + COLUMN_VALIDITY, true) + row) === 0) return null;
  }
  const lane = view.getUint32(column + COLUMN_LANES, true) + row * 8;
  const kind = view.getUint32(column + COLUMN_KIND, true);
  if (kind === KIND_F64) return view.getFloat64(lane, true);
  if (kind !== KIND_BYTES) return view.getBigInt64(lane, true);
  const start = view.getUint32(lane, true);
  return memory.bytes.slice(start, start + view.getUint32(lane + 4, true));
}

/** Copies the values of a column: for work that outlives the rows. */
export function copyColumn(memory: KernelMemory, columns: ColumnRows, index: number): LaneValue[] {
  const { rows } = columns;
  if (rows === 0) return [];
  const validity = validityAt(memory, columns, index);
  const read = laneReader(memory, columns, index);
  return Array.from({ length: rows }, (_, row) => (validity?.[row] === 0 ? null : read(row)));
}

function laneReader(memory: KernelMemory, columns: ColumnRows, index: number): (row: number) => LaneValue {
  const pointer = lanesPointerAt(memory, columns, index);
  const kind = memory.view.getUint32(columns.columnPointer(index) + COLUMN_KIND, true);
  if (kind === KIND_F64) {
    const lanes = memory.f64(pointer, columns.rows);
    return (row) => lanes[row] as number;
  }
  if (kind !== KIND_BYTES) {
    const lanes = memory.i64(pointer, columns.rows);
    return (row) => lanes[row] as bigint;
  }
  const lanes = memory.u32(pointer, columns.rows * 2);
  const { bytes } = memory;
  return (row) => {
    const start = lanes[row * 2] as number;
    return bytes.slice(start, start + (lanes[row * 2 + 1] as number));
  };
}
