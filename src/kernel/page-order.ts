/**
 * A batch whose pages do not fit in memory together, cut into parts whose pages do: by tables, and within a
 * table by ranges of hashes that end where pages do. Every page is then loaded once for the batch.
 *
 * Invariant: whether and where a batch is cut changes nothing but time. The rows of a page stay in one part
 * and in their order, so what is done to the page is the same; only where no value lies in a page's heap may
 * they be parted, since updating a cell then never changes its page's shape.
 */
import { TABLE_PAGE_COUNT } from "../../assembly/abi.ts";
import { pageBytesMax } from "../base/limits.ts";
import type { KeyedRows } from "./aggregates.ts";
import { KeyedTable, lastHash } from "./keyed-table.ts";
import type { PageCache } from "./page-cache.ts";
import type { PageView } from "./page-view.ts";

/** Share of the budget that one part's pages may take, with what its rows add to them. */
const partShare = 0.75;

/** The same of a batch that is left as it is: rather that than sorting its rows. */
const wholeShare = 0.95;

/** What new content may take as pages, where these have three eighths free: they may then double for it. */
const growthFactor = 2.7;

/** Entry of the probe table, and room that a heap value of a usual length takes. */
const probeBytes = 4;
const heapValueBytes = 32;

/** Hashes from `first` to `last`. */
export interface HashRange {
  readonly first: bigint;
  readonly last: bigint;
}

export class PageOrder {
  readonly #cache: PageCache;

  constructor(cache: PageCache) {
    this.#cache = cache;
  }

  /**
   * The rows in parts, mostly one: of all tables, in the order of rows. Each is to be applied in a batch of
   * its own before the next is asked for. `areCellsWhole`: all rows of a cell are in one part, for whoever
   * looks at cells before and after it.
   */
  *parts<Rows extends KeyedRows>(rows: Rows, areCellsWhole = false): Generator<Rows> {
    if (rows.count === 0) return;
    const roomBytes = this.#cache.budgetBytes * partShare;
    const rowBytes = this.#measure(rows, this.#cache.budgetBytes * wholeShare);
    if (rowBytes === undefined) {
      yield rows;
      return;
    }
    const { memory } = this.#cache.kernel;
    const list = memory.allocate(rows.count * 4);
    try {
      for (const table of this.#tablesOf(rows)) {
        const isWhole = areCellsWhole || table.layout.heapCount > 0;
        const partRows = isWhole ? rows.count : Math.max(64, Math.floor(roomBytes / rowBytes));
        for (const range of this.#ranges(table, rows, list, rowBytes)) {
          const count = this.#select(table, rows, range, list);
          for (let from = 0; from < count; from += partRows) {
            const some = { selection: list + 4 * from, count: Math.min(partRows, count - from) };
            yield { ...rows, ...some, tables: table };
          }
        }
      }
    } finally {
      memory.release(list);
    }
  }

  /**
   * The rows of a table with hashes in a range. Writes their numbers to `list`, which has room for all rows.
   */
  within<Rows extends KeyedRows & { readonly tables: KeyedTable }>(
    rows: Rows,
    range: HashRange,
    list: number,
  ): Rows {
    return { ...rows, selection: list, count: this.#select(rows.tables, rows, range, list) };
  }

  /** What a new row takes in a page; undefined where the rows' pages, and what they grow by, have room. */
  #measure(rows: KeyedRows, roomBytes: number): number | undefined {
    const { table, tables, layout } = this.#facts(rows);
    const rowBytes = layout.cellBytes + probeBytes + layout.heapCount * heapValueBytes;
    const grownBytes = (rowBytes + 16) * growthFactor;
    // All of them may be new, each in a page that is not in memory.
    if (rows.count * (2 * pageBytesMax + grownBytes) + this.#cache.bytes < roomBytes) return undefined;
    let [bytes, missing, keyBytes] = this.#touch(rows, table, tables);
    // A table that is new has its first page to come, and no other.
    if (missing > 0 && this.#loadFirstPages(rows)) {
      [bytes, missing, keyBytes] = this.#touch(rows, table, tables);
    }
    const grown = rows.count * rowBytes + keyBytes;
    const needed = bytes + 2 * missing * pageBytesMax + grown * growthFactor;
    return needed <= roomBytes ? undefined : (grown / rows.count) * growthFactor;
  }

  /** What pages in memory that the rows touch may take, rows that touch others, bytes of keys. */
  #touch(rows: KeyedRows, table: number, tables: number): [number, number, number] {
    const { memory, exports } = this.#cache.kernel;
    const { selection, count, hashes, keys } = rows;
    this.#cache.beginBatch();
    const touched = memory.allocate(16);
    exports.rowsTouch(table, tables, selection, count, hashes, keys, touched);
    const [bytes = 0, missing = 0, keyBytes = 0] = memory.u32(touched, 3);
    memory.release(touched);
    return [bytes, missing, keyBytes];
  }

  /** Loads a page of each of the rows' tables that has none in memory; false where there are no such. */
  #loadFirstPages(rows: KeyedRows): boolean {
    const { memory } = this.#cache.kernel;
    const isEmpty = ({ pointer }: KeyedTable) =>
      memory.view.getUint32(pointer + TABLE_PAGE_COUNT, true) === 0;
    const empty = this.#tablesOf(rows).filter(isEmpty);
    for (const table of empty) table.pageAt(0n);
    return empty.length > 0;
  }

  #facts({ tables, selection }: KeyedRows) {
    if (tables instanceof KeyedTable) return { table: tables.pointer, tables: 0, layout: tables.layout };
    const { view } = this.#cache.kernel.memory;
    const row = selection === 0 ? 0 : view.getUint32(selection, true);
    return { table: 0, tables, layout: this.#cache.tableOf(view.getUint32(tables + 4 * row, true)).layout };
  }

  /** The rows' tables, in the order of their first rows. */
  #tablesOf({ tables, selection, count }: KeyedRows): KeyedTable[] {
    if (tables instanceof KeyedTable) return [tables];
    const { memory } = this.#cache.kernel;
    const pointers = new Set<number>();
    const chosen = selection === 0 ? undefined : memory.u32(selection, count);
    for (let place = 0; place < count; place++) {
      pointers.add(memory.view.getUint32(tables + 4 * (chosen?.[place] ?? place), true));
    }
    return [...pointers].map((pointer) => this.#cache.tableOf(pointer));
  }

  /** Writes the rows of a table within a range to `list`, in their order; returns how many. */
  #select(table: KeyedTable, rows: KeyedRows, { first, last }: HashRange, list: number): number {
    const { selection, count, hashes } = rows;
    const { tables } = this.#facts(rows);
    const { exports } = this.#cache.kernel;
    return exports.rowsWithin(table.pointer, tables, selection, count, hashes, first, last, list);
  }

  /** Ranges of hashes whose pages, with what the rows add, have room; their pages are loaded on the way. */
  *#ranges(table: KeyedTable, rows: KeyedRows, list: number, rowBytes: number): Generator<HashRange> {
    const room = this.#cache.budgetBytes * partShare;
    const hashes = this.#sortedHashes(table, rows, list);
    for (let from = 0; from < hashes.length; ) {
      this.#cache.beginBatch();
      let needed = 0;
      let to = from;
      let last = lastHash;
      while (to < hashes.length) {
        const page = table.hold(hashes[to] as bigint);
        const { nextHash } = page;
        const end = nextHash === undefined ? hashes.length : lowerBound(hashes, nextHash, to);
        const more = roomOf(page) + (end - to) * rowBytes;
        if (needed > 0 && needed + more > room) break;
        needed += more;
        to = end;
        last = nextHash === undefined ? lastHash : nextHash - 1n;
      }
      yield { first: hashes[from] as bigint, last };
      from = to;
    }
  }

  #sortedHashes(table: KeyedTable, rows: KeyedRows, list: number): BigUint64Array {
    const { memory } = this.#cache.kernel;
    const count = this.#select(table, rows, { first: 0n, last: lastHash }, list);
    const chosen = memory.u32(list, count);
    const hashes = new BigUint64Array(count);
    const { view } = memory;
    for (let place = 0; place < count; place++) {
      hashes[place] = view.getBigUint64(rows.hashes + 8 * (chosen[place] as number), true);
    }
    return hashes.sort();
  }
}

/** See `roomOf` in assembly/table/order.ts. */
function roomOf({ byteLength, freeBytes }: PageView): number {
  return freeBytes < (byteLength / 8) * 3 ? 2 * byteLength : byteLength;
}

/** The first place from `from` on whose hash is not below `hash`. */
function lowerBound(hashes: BigUint64Array, hash: bigint, from: number): number {
  // Mostly a few places on.
  let step = 1;
  let low = from;
  while (low + step < hashes.length && (hashes[low + step] as bigint) < hash) {
    low += step;
    step *= 2;
  }
  let high = Math.min(low + step, hashes.length);
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((hashes[middle] as bigint) < hash) low = middle + 1;
    else high = middle;
  }
  return low;
}
