/**
 * Reading pages in kernel memory as plain values: for queries, walks and tests, never for work by row.
 *
 * Pages are drawn in `assembly/table/page.ts`. A view is read before the next call that may load, grow or
 * evict pages.
 */

import {
  ACCUMULATOR_FIRST,
  ACCUMULATOR_LAST,
  ACCUMULATOR_MAX_F64,
  ACCUMULATOR_MIN_F64,
  ACCUMULATOR_SUM_DECIMAL,
  ACCUMULATOR_SUM_F64,
  CELL_CHANGED,
  CELL_HASH,
  CELL_KEY_LENGTH,
  CELL_KEY_NULLS,
  CELL_KEY_OFFSET,
  KIND_F64,
  PAGE_BYTES,
  PAGE_CELL_BYTES,
  PAGE_CELL_COUNT,
  PAGE_FIRST_HASH,
  PAGE_HEADER_BYTES,
  PAGE_HEAP_TOP,
  PAGE_LOCAL_DEPTH,
  PAGE_PROBE_LOG2,
} from "../../assembly/abi.ts";
import { assert } from "../base/assert.ts";
import type { LaneValue } from "../columnar/values.ts";
import type { KernelMemory } from "./kernel-memory.ts";
import { type Accumulator, isInHeap, type TableLayout } from "./table-layout.ts";

/**
 * A cell as plain values; `accumulators` in the order of the layout's specs. A DECIMAL sum may need 128 bits.
 */
export interface CellValue {
  readonly hash: bigint;
  /** Append time in milliseconds of the last change. */
  readonly changed: bigint;
  readonly key: Uint8Array;
  readonly keyNulls: number;
  readonly accumulators: readonly LaneValue[];
}

/**
 * One page: it holds the cells whose hash is in [firstHash, nextHash); undefined = to the end of the hashes.
 */
export class PageView {
  readonly address: number;
  readonly firstHash: bigint;
  readonly nextHash: bigint | undefined;
  readonly cellCount: number;
  readonly byteLength: number;
  /** Bytes between the cells and the heap. */
  readonly freeBytes: number;
  /** Address of the first cell; the others follow, `layout.cellBytes` apart. */
  readonly cellsPointer: number;
  readonly #memory: KernelMemory;
  readonly #layout: TableLayout;

  constructor(memory: KernelMemory, layout: TableLayout, page: number) {
    const view = memory.view;
    this.#memory = memory;
    this.#layout = layout;
    this.address = page;
    assert(
      view.getUint16(page + PAGE_CELL_BYTES, true) === layout.cellBytes,
      "the page has the table's layout",
    );
    this.firstHash = view.getBigUint64(page + PAGE_FIRST_HASH, true);
    this.nextHash = nextHashOf(this.firstHash, view.getUint16(page + PAGE_LOCAL_DEPTH, true));
    this.cellCount = view.getUint32(page + PAGE_CELL_COUNT, true);
    this.byteLength = view.getUint32(page + PAGE_BYTES, true);
    this.cellsPointer = page + PAGE_HEADER_BYTES + (2 << view.getUint32(page + PAGE_PROBE_LOG2, true));
    const cellsEnd = this.cellsPointer - page + this.cellCount * layout.cellBytes;
    this.freeBytes = view.getUint32(page + PAGE_HEAP_TOP, true) - cellsEnd;
  }

  /** The cell at `index`, in the page's order. */
  cell(index: number): CellValue {
    assert(index < this.cellCount, "the page has the cell");
    return readCell(
      this.#memory,
      this.#layout,
      this.address,
      this.cellsPointer + index * this.#layout.cellBytes,
    );
  }

  /** All cells in the page's order. */
  *cells(): Generator<CellValue> {
    for (let index = 0; index < this.cellCount; index++) yield this.cell(index);
  }
}

/** First hash behind a page's range, undefined behind the last page. */
export function nextHashOf(firstHash: bigint, localDepth: number): bigint | undefined {
  const next = firstHash + (1n << BigInt(64 - localDepth));
  return next >> 64n === 0n ? next : undefined;
}

/** Reads the cell at address `cell`, which lies in the page at address `page`. */
export function readCell(memory: KernelMemory, layout: TableLayout, page: number, cell: number): CellValue {
  const view = memory.view;
  const key = page + view.getUint16(cell + CELL_KEY_OFFSET, true);
  const presence = layout.presenceOffset > 0 ? view.getBigUint64(cell + layout.presenceOffset, true) : 0n;
  return {
    hash: view.getBigUint64(cell + CELL_HASH, true),
    changed: view.getBigInt64(cell + CELL_CHANGED, true),
    key: memory.bytes.slice(key, key + view.getUint16(cell + CELL_KEY_LENGTH, true)),
    keyNulls: view.getUint16(cell + CELL_KEY_NULLS, true),
    accumulators: layout.accumulators.map((accumulator) => {
      const { presenceBit } = accumulator;
      if (presenceBit !== undefined && ((presence >> BigInt(presenceBit)) & 1n) === 0n) return null;
      return readAccumulator(memory, accumulator, page, cell + accumulator.offset);
    }),
  };
}

function readAccumulator(
  memory: KernelMemory,
  accumulator: Accumulator,
  page: number,
  word: number,
): LaneValue {
  const view = memory.view;
  const { operation, kind } = accumulator;
  if (isInHeap(operation)) {
    const offset = view.getUint16(word, true);
    if (offset === 0) return null;
    return memory.bytes.slice(page + offset, page + offset + view.getUint16(word + 2, true));
  }
  switch (operation) {
    case ACCUMULATOR_SUM_F64:
    case ACCUMULATOR_MIN_F64:
    case ACCUMULATOR_MAX_F64:
      return view.getFloat64(word, true);
    case ACCUMULATOR_SUM_DECIMAL:
      return (view.getBigInt64(word + 8, true) << 64n) | view.getBigUint64(word, true);
    case ACCUMULATOR_FIRST:
    case ACCUMULATOR_LAST:
      return kind === KIND_F64 ? view.getFloat64(word, true) : view.getBigInt64(word, true);
    default:
      return view.getBigInt64(word, true);
  }
}
