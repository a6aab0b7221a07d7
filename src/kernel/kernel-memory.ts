/**
 * The memory of one kernel instance: who uses which part of it, and the only views over it.
 *
 * Wasm allocates nothing itself. This allocator hands out power-of-two blocks (a buddy system, so that
 * freed small blocks become large ones again) above the kernel's static data, and asks Wasm for more memory
 * only when no free block fits. Pointers stay valid when memory grows; views do not, therefore no one keeps
 * a view across a call.
 */
import { assert } from "../base/assert.ts";
import { EngineError } from "../base/errors.ts";

const blockBytesMin = 128;
const wasmPageBytes = 65_536;

export class KernelMemory {
  readonly #memory: WebAssembly.Memory;
  readonly #freeByOrder: Set<number>[] = [];
  readonly #orderOf = new Map<number, number>();
  readonly #base: number;
  #end: number;
  #bytesInUse = 0;
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;

  /** `heapBase` is the first byte behind the kernel's static data. */
  constructor(memory: WebAssembly.Memory, heapBase: number) {
    this.#memory = memory;
    this.#base = Math.ceil(heapBase / wasmPageBytes) * wasmPageBytes;
    this.#end = this.#base;
    this.#bytes = new Uint8Array(memory.buffer);
    this.#view = new DataView(memory.buffer);
    this.#addRange(memory.buffer.byteLength);
  }

  /** Bytes handed out, rounded up to their blocks. */
  get bytesInUse(): number {
    return this.#bytesInUse;
  }

  /** Size of the whole memory in bytes. */
  get bytesTotal(): number {
    return this.#bytes.byteLength;
  }

  /** All of memory as bytes; valid until memory grows. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** All of memory as a DataView; valid until memory grows. */
  get view(): DataView {
    return this.#view;
  }

  u16(pointer: number, count: number): Uint16Array {
    return new Uint16Array(this.#bytes.buffer, pointer, count);
  }

  u32(pointer: number, count: number): Uint32Array {
    return new Uint32Array(this.#bytes.buffer, pointer, count);
  }

  i64(pointer: number, count: number): BigInt64Array {
    return new BigInt64Array(this.#bytes.buffer, pointer, count);
  }

  f64(pointer: number, count: number): Float64Array {
    return new Float64Array(this.#bytes.buffer, pointer, count);
  }

  /** Returns a block of at least `bytes`, aligned to 128. Its content is undefined. */
  allocate(bytes: number): number {
    const order = orderFor(bytes);
    let pointer = this.#take(order);
    if (pointer === undefined) {
      this.#grow(sizeOf(order));
      pointer = this.#take(order);
    }
    assert(pointer !== undefined, "memory that was just added holds the block");
    this.#orderOf.set(pointer, order);
    this.#bytesInUse += sizeOf(order);
    return pointer;
  }

  /** Gives a block back. */
  release(pointer: number): void {
    let order = this.#orderOf.get(pointer);
    assert(order !== undefined, "only an allocated block is released, and once");
    this.#orderOf.delete(pointer);
    this.#bytesInUse -= sizeOf(order);
    let block = pointer;
    while (true) {
      const size = sizeOf(order);
      const buddy = this.#base + ((block - this.#base) ^ size);
      const free = this.#freeByOrder[order];
      if (!free?.delete(buddy)) break;
      block = Math.min(block, buddy);
      order++;
    }
    this.#free(block, order);
  }

  /** Size in bytes of the block at `pointer`. */
  blockBytes(pointer: number): number {
    const order = this.#orderOf.get(pointer);
    assert(order !== undefined, "the block is allocated");
    return sizeOf(order);
  }

  /** True when a block of `bytes` can be had without growing. */
  hasRoom(bytes: number): boolean {
    for (let order = orderFor(bytes); order < this.#freeByOrder.length; order++) {
      if ((this.#freeByOrder[order]?.size ?? 0) > 0) return true;
    }
    return false;
  }

  #take(order: number): number | undefined {
    for (let larger = order; larger < this.#freeByOrder.length; larger++) {
      const free = this.#freeByOrder[larger];
      if (!free || free.size === 0) continue;
      const block = free.values().next().value as number;
      free.delete(block);
      for (let half = larger - 1; half >= order; half--) this.#free(block + sizeOf(half), half);
      return block;
    }
    return undefined;
  }

  #free(block: number, order: number): void {
    while (this.#freeByOrder.length <= order) this.#freeByOrder.push(new Set());
    this.#freeByOrder[order]?.add(block);
  }

  #grow(bytes: number): void {
    // A block of 2^n bytes lies at a multiple of 2^n behind the base: room for two always holds an aligned
    // one.
    const needed = Math.max(2 * bytes, 1_048_576);
    try {
      this.#memory.grow(Math.ceil(needed / wasmPageBytes));
    } catch (cause) {
      const message = `${needed} bytes more than ${this.#memory.buffer.byteLength} are not to be had.`;
      throw new EngineError("MEMORY_EXHAUSTED", { message, cause });
    }
    this.#refresh();
    this.#addRange(this.#memory.buffer.byteLength);
  }

  #addRange(end: number): void {
    while (this.#end < end) {
      const offset = this.#end - this.#base;
      let order = orderFor(end - this.#end);
      while (sizeOf(order) > end - this.#end || offset % sizeOf(order) !== 0) order--;
      this.#orderOf.set(this.#end, order);
      this.#bytesInUse += sizeOf(order);
      this.#end += sizeOf(order);
      this.release(this.#end - sizeOf(order));
    }
  }

  #refresh(): void {
    this.#bytes = new Uint8Array(this.#memory.buffer);
    this.#view = new DataView(this.#memory.buffer);
  }
}

/** Bytes of a block of an order. */
function sizeOf(order: number): number {
  return blockBytesMin * (1 << order);
}

/** The order of the smallest block that holds `bytes`. */
function orderFor(bytes: number): number {
  return 32 - Math.clz32(Math.max(1, Math.ceil(bytes / blockBytesMin)) - 1);
}
