/**
 * The keys of a batch, by column: bytes, null bits and hashes of the key columns of every selected row.
 *
 * All arrays are indexed by row number. Lanes of `keys` point into the batch, into what the batch points to,
 * or into a heap of this object: they are good until the next `build`, `release`, or the batch's own end.
 */
import { READ_AHEAD_BYTES } from "../../assembly/abi.ts";
import { assert } from "../base/assert.ts";
import { keyBytesMax, keyColumnsMax } from "../base/limits.ts";
import type { ColumnRows } from "./column-batch.ts";
import type { Kernel } from "./kernel.ts";
import type { Selection } from "./selection.ts";

export class KeyColumns {
  /** BYTES lane (pointer u32, length u32) per row. */
  readonly keys: number;
  /** u16 per row; bit i: key column i is null. */
  readonly keyNulls: number;
  /** u64 per row: XXH64 of the key's bytes, seeded by its null bits. */
  readonly hashes: number;
  readonly rowsMax: number;
  readonly #kernel: Kernel;
  readonly #block: number;
  readonly #columns: number;
  readonly #tooLong: number;
  #tooLongCount = 0;
  #heap = 0;

  constructor(kernel: Kernel, rowsMax: number) {
    this.#kernel = kernel;
    this.rowsMax = rowsMax;
    const rowsPadded = Math.ceil((rowsMax + 1) / 8) * 8;
    this.#block = kernel.memory.allocate(rowsPadded * 22 + keyColumnsMax * 4);
    this.keys = this.#block;
    this.hashes = this.keys + rowsPadded * 8;
    this.#tooLong = this.hashes + rowsPadded * 8;
    this.keyNulls = this.#tooLong + rowsPadded * 4;
    this.#columns = this.keyNulls + rowsPadded * 2;
  }

  /**
   * Fills `keys`, `keyNulls` and `hashes` at the selected rows; 0 selects all.
   *
   * Rows whose key is longer than `keyBytesMax` are hashed like the others and listed in `tooLong`: the
   * caller must take them out before anything looks the keys up.
   */
  build(batch: ColumnRows, columns: readonly number[], selection: Selection | 0): void {
    const { exports, memory } = this.#kernel;
    const rows = selection === 0 ? 0 : selection.pointer;
    const count = selection === 0 ? batch.rows : selection.count;
    assert(batch.rows <= this.rowsMax, "the batch has no more rows than its keys have room for");
    assert(columns.length <= keyColumnsMax, "a key has at most 16 columns");
    memory.u32(this.#columns, columns.length).set(columns.map((index) => batch.columnPointer(index)));
    const heapBytes = exports.keysMeasure(
      this.#columns,
      columns.length,
      rows,
      count,
      this.keys,
      this.keyNulls,
    );
    this.#reserveHeap(heapBytes);
    exports.keysBuild(this.#columns, columns.length, rows, count, this.keys, this.keyNulls, this.#heap);
    const longest = exports.keysHash(this.keys, this.keyNulls, rows, count, this.hashes);
    this.#tooLongCount =
      longest <= keyBytesMax ? 0 : exports.keysTooLong(this.keys, rows, count, keyBytesMax, this.#tooLong);
  }

  /** The rows of the last `build` whose keys are over-long. */
  get tooLong(): Selection {
    return { pointer: this.#tooLong, count: this.#tooLongCount };
  }

  release(): void {
    if (this.#heap !== 0) this.#kernel.memory.release(this.#heap);
    this.#kernel.memory.release(this.#block);
  }

  /** Keeps the heap between builds of like size: a small batch gives back the heap of a large one. */
  #reserveHeap(keyBytes: number): void {
    const { memory } = this.#kernel;
    const bytes = keyBytes + READ_AHEAD_BYTES;
    if (this.#heap !== 0) {
      const held = memory.blockBytes(this.#heap);
      if (held >= bytes && held <= 16 * bytes) return;
      memory.release(this.#heap);
      this.#heap = 0;
    }
    if (keyBytes > 0) this.#heap = memory.allocate(bytes);
  }
}

/** Writes the selected rows whose BYTES lane is longer than `bytesMax` to `found`; returns how many. */
export function selectOverlong(
  kernel: Kernel,
  lanes: number,
  { pointer, count }: Selection,
  bytesMax: number,
  found: number,
): number {
  return kernel.exports.keysTooLong(lanes, pointer, count, bytesMax, found);
}
