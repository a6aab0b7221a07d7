/**
 * The kernel memory of one decoded part: its bytes, its batch, and a heap for values that are not bytes of
 * the input.
 *
 * A set of buffers is kept from part to part and only replaced where it is too small, since a decoder
 * serves many requests.
 */
import { COLUMN_NULL_COUNT, READ_AHEAD_BYTES } from "../../assembly/abi.ts";
import { assert } from "../base/assert.ts";
import { partRowsMax } from "../base/limits.ts";
import type { Kind } from "../columnar/schema.ts";
import { ColumnBatch } from "./column-batch.ts";
import type { KernelMemory } from "./kernel-memory.ts";

const lineFeed = 0x0a;

export class PartBuffers {
  readonly #memory: KernelMemory;
  readonly #kinds: readonly Kind[];
  #input = 0;
  #heap = 0;
  #batch: ColumnBatch;

  constructor(memory: KernelMemory, kinds: readonly Kind[]) {
    this.#memory = memory;
    this.#kinds = kinds;
    this.#batch = new ColumnBatch(memory, kinds, 0);
  }

  get batch(): ColumnBatch {
    return this.#batch;
  }

  /** Address of the bytes that `load` copied. */
  get input(): number {
    return this.#input;
  }

  /** Address of the heap, 0 where no value needed one. */
  get heap(): number {
    return this.#heap;
  }

  /** Bytes of kernel memory that the buffers occupy. */
  get bytes(): number {
    return [this.#input, this.#heap, this.#batch.pointer]
      .filter((pointer) => pointer !== 0)
      .reduce((sum, pointer) => sum + this.#memory.blockBytes(pointer), 0);
  }

  /** Copies bytes into kernel memory, followed by a line feed and zeros, and empties the batch. */
  load(bytes: Uint8Array, rowsExpected: number): void {
    this.#input = this.#fit(this.#input, bytes.length + READ_AHEAD_BYTES);
    const memory = this.#memory.bytes;
    memory.set(bytes, this.#input);
    const end = this.#input + bytes.length;
    memory[end] = lineFeed;
    memory.fill(0, end + 1, end + READ_AHEAD_BYTES);
    if (this.#batch.rowsMax < rowsExpected) {
      this.#batch.release();
      this.#batch = new ColumnBatch(this.#memory, this.#kinds, rowsExpected);
    }
    this.#batch.rows = 0;
    const view = this.#memory.view;
    this.#kinds.forEach((_, index) => {
      view.setUint32(this.#batch.columnPointer(index) + COLUMN_NULL_COUNT, 0, true);
    });
  }

  /** Returns a heap that holds all values of an input of `bytes` bytes. */
  heapFor(bytes: number): number {
    this.#heap = this.#fit(this.#heap, bytes + READ_AHEAD_BYTES);
    return this.#heap;
  }

  /** Replaces the batch by a larger one that holds its first `rows` rows. */
  growRows(rows: number): void {
    const source = this.#batch;
    assert(source.rowsMax < partRowsMax, "a part has no more rows than the limit");
    const rowsMax = Math.min(Math.max(2 * source.rowsMax, 64), partRowsMax);
    const target = new ColumnBatch(this.#memory, this.#kinds, rowsMax);
    const { view, bytes } = this.#memory;
    this.#kinds.forEach((_, index) => {
      bytes.copyWithin(
        target.lanesPointer(index),
        source.lanesPointer(index),
        source.lanesPointer(index) + 8 * rows,
      );
      const nullCount = source.nullCount(index);
      if (nullCount === 0) return;
      view.setUint32(target.columnPointer(index) + COLUMN_NULL_COUNT, nullCount, true);
      const validity = target.validityPointer(index);
      bytes.copyWithin(validity, source.validityPointer(index), source.validityPointer(index) + rows);
      bytes.fill(1, validity + rows, validity + rowsMax);
    });
    source.release();
    this.#batch = target;
  }

  release(): void {
    if (this.#input) this.#memory.release(this.#input);
    if (this.#heap) this.#memory.release(this.#heap);
    this.#batch.release();
  }

  /** Returns a block of at least `bytes`: the given one (0 = none) where it is large enough. */
  #fit(pointer: number, bytes: number): number {
    if (pointer) {
      if (this.#memory.blockBytes(pointer) >= bytes) return pointer;
      this.#memory.release(pointer);
    }
    return this.#memory.allocate(bytes);
  }
}
