/**
 * A keyed table: cells by key in pages, of which some lie in memory.
 *
 * A `PageCache` opens it. Reading here is for queries and walks; work by row goes through `aggregates.ts`.
 * Each call here that may load or change pages is a batch of its own, so a walk over any number of pages
 * stays within the budget: none may come between `findCells` and the last `updateAccumulator` of a batch.
 */
import { CELL_CHANGED, COUNTERS_BATCH, PAGE_STAMP, TABLE_PAGE_BYTES } from "../../assembly/abi.ts";
import { assert } from "../base/assert.ts";
import { keyBytesMax, pageBytesMin } from "../base/limits.ts";
import type { Kernel } from "./kernel.ts";
import { type CellValue, PageView, readCell } from "./page-view.ts";
import { failureOf, type TableFailure } from "./table-failure.ts";
import type { TableLayout } from "./table-layout.ts";

/**
 * A stored page. `tag` is whatever number from 0 the engine keeps with a page in memory, such as a stored
 * version.
 */
export interface StoredPage {
  readonly bytes: Uint8Array;
  readonly tag?: number;
}

/** Returns the stored page that covers `hash`; undefined while nothing of the table is stored. */
export type LoadPage = (hash: bigint) => StoredPage | undefined;

/** A page that changed since it was last stored. Valid until the next call that may grow or split pages. */
export interface DirtyPage {
  readonly table: KeyedTable;
  readonly firstHash: bigint;
  /** Size as stored. */
  readonly byteLength: number;
  /** The engine's number, kept over growth and, in its lower half, over split; undefined for a new page. */
  tag: number | undefined;
  /** A copy as it is stored: checksum filled, fields of memory zero. */
  bytes(): Uint8Array;
}

/** Stores a dirty page that is about to leave memory. */
export type StorePage = (page: DirtyPage) => void;

/** What a table asks of its cache. */
export interface PageHost {
  beginBatch(): void;
  /** Brings the page of a hash into memory and returns its address. */
  loadPage(table: KeyedTable, hash: bigint): number;
  /** Notes that a page is asked for. */
  noteLookup(): void;
}

/** The greatest hash of a key. */
export const lastHash = 2n ** 64n - 1n;

/** Before every append time: marks a cell for deletion. */
const neverChanged = -(2n ** 63n);

export class KeyedTable {
  /** Address of the TABLE. */
  readonly pointer: number;
  /** Number within its cache, ascending by opening, never reused. */
  readonly number: number;
  readonly layout: TableLayout;
  readonly load: LoadPage;
  readonly store: StorePage | undefined;
  readonly #kernel: Kernel;
  readonly #host: PageHost;

  /** For `PageCache.openTable`. */
  constructor(
    kernel: Kernel,
    place: { readonly pointer: number; readonly number: number },
    layout: TableLayout,
    storage: { readonly load: LoadPage; readonly store: StorePage | undefined },
    host: PageHost,
  ) {
    this.#kernel = kernel;
    this.pointer = place.pointer;
    this.number = place.number;
    this.layout = layout;
    this.load = storage.load;
    this.store = storage.store;
    this.#host = host;
  }

  /**
   * Makes the first page of a table that is new, as part of the current batch. Like the pages of `model`, a
   * table that is in memory with about as many keys, it is large from the start, and so are those that it
   * splits into: else they would grow again and again, and each time their cells move.
   *
   * Where pages split stays the same. With values in the heap it would not, for it goes by their garbage,
   * too: their pages begin small.
   */
  begin(model?: KeyedTable): void {
    const like = model && this.layout.heapCount === 0 ? model.#resident(0n) : 0;
    if (model && like !== 0) {
      const { memory } = this.#kernel;
      let { byteLength: bytes, freeBytes, cellCount } = new PageView(memory, model.layout, like);
      // What fits into half a page shall have that. Of a model that is as new nothing is known: a record may
      // be of many slices, and of few rows in each.
      if (cellCount === 0) bytes = Math.max(pageBytesMin, bytes / 2);
      while (cellCount > 0 && bytes > pageBytesMin && freeBytes > bytes / 2) {
        bytes /= 2;
        freeBytes -= bytes;
      }
      memory.view.setUint32(this.pointer + TABLE_PAGE_BYTES, bytes, true);
    }
    this.#host.loadPage(this, 0n);
  }

  /** The page that covers `hash`, loaded if need be. */
  pageAt(hash: bigint): PageView {
    this.#host.noteLookup();
    let page = this.#resident(hash);
    if (page === 0) {
      this.#host.beginBatch();
      page = this.#host.loadPage(this, hash);
    }
    return new PageView(this.#kernel.memory, this.layout, page);
  }

  /** The same, as part of the current batch: it stays in memory until the next one begins. */
  hold(hash: bigint): PageView {
    const { memory, exports } = this.#kernel;
    const page = this.#resident(hash) || this.#host.loadPage(this, hash);
    const batch = memory.view.getUint32(exports.tableCounters() + COUNTERS_BATCH, true);
    memory.view.setUint32(page + PAGE_STAMP, batch, true);
    return new PageView(memory, this.layout, page);
  }

  /** All pages in hash order, each loaded when it is its turn; the table may not change during the walk. */
  *pages(): Generator<PageView> {
    let hash: bigint | undefined = 0n;
    while (hash !== undefined) {
      const page: PageView = this.pageAt(hash);
      hash = page.nextHash;
      yield page;
    }
  }

  /** All cells in the order of the walk: by page, within a page as they were inserted. */
  *cells(): Generator<CellValue> {
    for (const page of this.pages()) {
      for (let index = 0; index < page.cellCount; index++) yield this.pageAt(page.firstHash).cell(index);
    }
  }

  /** The cell of a key, undefined where there is none. Loads its page, changes nothing. */
  lookup(key: Uint8Array, keyNulls: number, hash: bigint): CellValue | undefined {
    if (key.length > keyBytesMax) return undefined;
    this.#host.noteLookup();
    const { memory, exports } = this.#kernel;
    this.#host.beginBatch();
    const copy = memory.allocate(key.length);
    memory.bytes.set(key, copy);
    const cell = exports.tableLookup(this.pointer, copy, key.length, keyNulls, hash);
    memory.release(copy);
    return cell === 0 ? undefined : readCell(memory, this.layout, this.#resident(hash), cell);
  }

  /**
   * Deletes the cells last changed before `changedBefore` from the page that covers `hash`; the others keep
   * their order. Returns how many it deleted.
   */
  deleteExpired(hash: bigint, changedBefore: bigint): number {
    this.#host.beginBatch();
    return this.#kernel.exports.tableDeleteCells(this.pointer, hash, changedBefore, 0n, lastHash);
  }

  /** Deletes the cells whose hashes are not in [first, last] from the page that covers `hash`. */
  keepOnly(hash: bigint, first: bigint, last: bigint): number {
    this.#host.beginBatch();
    return this.#kernel.exports.tableDeleteCells(this.pointer, hash, neverChanged, first, last);
  }

  /** Deletes all cells of the page that covers `hash`. */
  clearPage(hash: bigint): void {
    this.keepOnly(hash, lastHash, 0n);
  }

  /** Deletes the cells whose keys are not `kept` from the page that covers `hash`; returns how many. */
  keepWhere(hash: bigint, kept: (key: Uint8Array, keyNulls: number) => boolean): number {
    this.#host.beginBatch();
    const { memory, exports } = this.#kernel;
    const page = this.pageAt(hash);
    let isWhole = true;
    for (let index = 0; index < page.cellCount; index++) {
      const { key, keyNulls } = page.cell(index);
      if (kept(key, keyNulls)) continue;
      isWhole = false;
      const cell = page.cellsPointer + index * this.layout.cellBytes;
      memory.view.setBigInt64(cell + CELL_CHANGED, neverChanged, true);
    }
    return isWhole ? 0 : exports.tableDeleteCells(this.pointer, hash, neverChanged + 1n, 0n, lastHash);
  }

  /**
   * Merges the cells of the page of this table that covers `hash` into `target`, whose layout has the same
   * specs. A merged cell keeps the later `changed` of both.
   */
  mergePage(hash: bigint, target: KeyedTable): TableFailure | undefined {
    assert(target.layout.cellBytes === this.layout.cellBytes, "both tables have the same specs");
    this.#host.beginBatch();
    this.#kernel.exports.tableMergePage(this.pointer, hash, target.pointer);
    return failureOf(this.#kernel);
  }

  /** Address of the page that covers `hash`, 0 where it is not in memory. */
  #resident(hash: bigint): number {
    return this.#kernel.exports.tablePage(this.pointer, hash);
  }
}
