/**
 * The tables of a windowed aggregate by time: slice start to table, or window end to table.
 *
 * A slice is the piece of a window that overlapping windows share; it lies in the same windows from its first
 * to its last millisecond. `assign` sorts a batch's rows by it; the kernel finds tables in an open-addressing
 * map and asks for the table of a slice that has none.
 */
import {
  ASSIGNED_BYTES,
  ASSIGNED_KEPT,
  ASSIGNED_LATE,
  ASSIGNED_OUTSIDE,
  ASSIGNED_TABLE,
  SLICE_SLOT_BYTES,
  SLICES_BYTES,
  SLICES_KIND,
  SLICES_LENGTH,
  SLICES_MAP,
  SLICES_MAP_MASK,
  SLICES_NUMBER,
  SLICES_OFFSET,
  SLICES_SIZE,
  SLICES_STEP,
  WINDOW_CUMULATE,
  WINDOW_HOP,
  WINDOW_TUMBLE,
} from "../../assembly/abi.ts";
import { assert } from "../base/assert.ts";
import type { Kernel } from "./kernel.ts";
import type { KeyedTable } from "./keyed-table.ts";
import type { PageCache } from "./page-cache.ts";

/** A window's grid in milliseconds. `step`: tumble size, hop slide, cumulate step. `length`: of a slice. */
export interface WindowGrid {
  readonly kind: "tumble" | "hop" | "cumulate";
  readonly size: bigint;
  readonly step: bigint;
  readonly offset: bigint;
  readonly length: bigint;
}

/** Rows and the watermark that they are judged by: the one before their batch. */
export interface TimedRows {
  /** Pointer to i64 per row; none is null. */
  readonly times: number;
  /** u32[count] of row numbers, or 0 for the rows 0..count-1. */
  readonly selection: number;
  readonly count: number;
  readonly watermark: bigint;
  readonly lateness: bigint;
}

/** Where `assign` writes: the TABLE pointer (u32) by row, and row numbers, each with room for `count`. */
export interface AssignRequest extends TimedRows {
  readonly tables: number;
  readonly kept: number;
  readonly late: number;
}

/**
 * `index` is the window's among those that hold a row, ascending by end, below `windowsPerRowMax`. Written
 * are the windows' ends (i64 by row) and row numbers.
 */
export interface FiredRequest extends TimedRows {
  readonly index: number;
  readonly ends: number;
  readonly fired: number;
}

/** What became of a batch's rows. The three counts add up to the rows given. */
export interface Assignment {
  /** Rows to apply: `selection` has `count` of them (0 = all rows 0..count-1). */
  readonly selection: number;
  readonly count: number;
  /** One table for all of them, or the pointer to the TABLE pointer of each row. */
  readonly tables: KeyedTable | number;
  /** Rows that no open window takes any more: their numbers lie in `late`. */
  readonly lateCount: number;
  /** Rows in the gap between hops: no window ever holds them. */
  readonly outsideCount: number;
}

const windowKinds = { tumble: WINDOW_TUMBLE, hop: WINDOW_HOP, cumulate: WINDOW_CUMULATE } as const;
const slotsMin = 8;

export class Slices {
  readonly #kernel: Kernel;
  readonly #cache: PageCache;
  readonly #open: (start: bigint) => KeyedTable;
  readonly #number: number;
  readonly #pointer: number;
  readonly #tables = new Map<bigint, KeyedTable>();
  readonly #byPointer = new Map<number, KeyedTable>();
  /** The tables by start, ascending; undefined until asked for again. */
  #sorted: (readonly [bigint, KeyedTable])[] | undefined;
  /** The one with the greatest start; undefined until asked for again. */
  #newest: readonly [bigint, KeyedTable] | undefined;
  #map = 0;
  #slots = 0;

  /**
   * `open` makes or reopens the table of a slice that is not in the map; it is called in the middle of a
   * batch. The table it returns is entered, if it did not do so itself.
   */
  constructor(cache: PageCache, grid: WindowGrid, open: (start: bigint) => KeyedTable) {
    this.#cache = cache;
    this.#kernel = cache.kernel;
    this.#open = open;
    this.#number = cache.registerSlices((start) => this.#opened(start));
    this.#pointer = this.#kernel.memory.allocate(SLICES_BYTES + ASSIGNED_BYTES);
    const view = this.#kernel.memory.view;
    view.setUint32(this.#pointer + SLICES_NUMBER, this.#number, true);
    view.setUint32(this.#pointer + SLICES_KIND, windowKinds[grid.kind], true);
    view.setBigInt64(this.#pointer + SLICES_SIZE, grid.size, true);
    view.setBigInt64(this.#pointer + SLICES_STEP, grid.step, true);
    view.setBigInt64(this.#pointer + SLICES_OFFSET, grid.offset, true);
    view.setBigInt64(this.#pointer + SLICES_LENGTH, grid.length, true);
    this.#rebuild(slotsMin);
  }

  /** Tables in ascending order of their start (or end); good until the next `set` or `delete`. */
  entries(): readonly (readonly [bigint, KeyedTable])[] {
    this.#sorted ??= [...this.#tables].sort(([left], [right]) => (left < right ? -1 : 1));
    return this.#sorted;
  }

  /** Starts of the tables (or ends), ascending. */
  *starts(): Generator<bigint> {
    for (const [start] of this.entries()) yield start;
  }

  get(start: bigint): KeyedTable | undefined {
    return this.#tables.get(start);
  }

  /** The table with the greatest start, without sorting them. */
  newest(): readonly [bigint, KeyedTable] | undefined {
    if (this.#newest) return this.#newest;
    for (const entry of this.#tables) if (!this.#newest || entry[0] > this.#newest[0]) this.#newest = entry;
    return this.#newest;
  }

  /** Enters a table, such as one of a checkpoint, under a start that has none. */
  set(start: bigint, table: KeyedTable): void {
    assert(!this.#tables.has(start), "a slice has one table");
    const last = this.#sorted?.at(-1);
    if (last === undefined || last[0] < start) this.#sorted?.push([start, table]);
    else this.#sorted = undefined;
    if (this.#newest && start > this.#newest[0]) this.#newest = [start, table];
    this.#tables.set(start, table);
    this.#byPointer.set(table.pointer, table);
    if (this.#tables.size * 2 > this.#slots) this.#rebuild(this.#slots * 2);
    else this.#kernel.exports.slicesPut(this.#pointer, start, table.pointer);
  }

  /** Forgets tables; their pages are the caller's to drop. The map shrinks when most of it is free. */
  delete(...starts: readonly bigint[]): void {
    for (const start of starts) {
      const table = this.#tables.get(start);
      if (!table) continue;
      if (start === this.#newest?.[0]) this.#newest = undefined;
      this.#tables.delete(start);
      this.#byPointer.delete(table.pointer);
      this.#kernel.exports.slicesRemove(this.#pointer, start);
    }
    const isGone = new Set(starts);
    this.#sorted = this.#sorted?.filter(([start]) => !isGone.has(start));
    let slots = this.#slots;
    while (slots > slotsMin && this.#tables.size * 8 < slots) slots /= 2;
    if (slots < this.#slots) this.#rebuild(slots);
  }

  /**
   * Gives every row its slice's table; a row is late when its last window ends at E and E - 1 + lateness <=
   * watermark.
   */
  assign(request: AssignRequest): Assignment {
    const { times, selection, count, watermark, lateness, tables, kept, late } = request;
    const assigned = this.#pointer + SLICES_BYTES;
    this.#kernel.exports.slicesAssign(
      this.#pointer,
      times,
      selection,
      count,
      watermark,
      lateness,
      tables,
      kept,
      late,
      assigned,
    );
    const view = this.#kernel.memory.view;
    const keptCount = view.getUint32(assigned + ASSIGNED_KEPT, true);
    return {
      selection: keptCount === count ? selection : kept,
      count: keptCount,
      tables: this.#byPointer.get(view.getUint32(assigned + ASSIGNED_TABLE, true)) ?? tables,
      lateCount: view.getUint32(assigned + ASSIGNED_LATE, true),
      outsideCount: view.getUint32(assigned + ASSIGNED_OUTSIDE, true),
    };
  }

  /**
   * Selects the rows whose window `index` has fired but takes late rows still: end - 1 <= watermark < end - 1
   * + lateness. Returns how many they are.
   */
  selectFired(request: FiredRequest): number {
    const { times, selection, count, watermark, lateness, index, ends, fired } = request;
    return this.#kernel.exports.slicesSelectFired(
      this.#pointer,
      times,
      selection,
      count,
      watermark,
      lateness,
      index,
      ends,
      fired,
    );
  }

  /**
   * Looks each row's start (i64 per row in `starts`) up in this map and writes its TABLE pointer to `tables`.
   * Returns what `KeyedRows.tables` takes.
   */
  resolve(starts: number, selection: number, count: number, tables: number): KeyedTable | number {
    const one = this.#kernel.exports.slicesResolve(this.#pointer, starts, selection, count, tables);
    return this.#byPointer.get(one) ?? tables;
  }

  /** Gives the map's memory back; the tables stay. */
  release(): void {
    this.#cache.unregisterSlices(this.#number);
    this.#kernel.memory.release(this.#map);
    this.#kernel.memory.release(this.#pointer);
  }

  #opened(start: bigint): KeyedTable {
    const table = this.#open(start);
    if (!this.#tables.has(start)) this.set(start, table);
    return table;
  }

  #rebuild(slots: number): void {
    const { memory, exports } = this.#kernel;
    if (this.#map !== 0) memory.release(this.#map);
    this.#map = memory.allocate(slots * SLICE_SLOT_BYTES);
    this.#slots = slots;
    memory.bytes.fill(0, this.#map, this.#map + slots * SLICE_SLOT_BYTES);
    memory.view.setUint32(this.#pointer + SLICES_MAP, this.#map, true);
    memory.view.setUint32(this.#pointer + SLICES_MAP_MASK, slots - 1, true);
    for (const [start, table] of this.#tables) exports.slicesPut(this.#pointer, start, table.pointer);
  }
}
