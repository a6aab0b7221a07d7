/**
 * The pages in a kernel's memory: a cache of the stored ones within a byte budget.
 *
 * One cache per kernel; it answers the kernel's imports. Clean pages may be evicted at any time between
 * batches, and within a batch if the batch has not touched them. Dirty ones stay until the engine stored them
 * (`markClean`), or are spilled where clean ones alone do not make room. What the directories in kernel
 * memory say is the truth: here is no second list of pages to keep equal.
 */
import {
  COUNTERS_BATCH,
  COUNTERS_DIRTY_BYTES,
  COUNTERS_DIRTY_PAGES,
  COUNTERS_TOUCHES,
  PAGE_BYTES,
  PAGE_DIRTY,
  PAGE_FIRST_HASH,
  PAGE_LOCAL_DEPTH,
  PAGE_STAMP,
  TABLE_BYTES,
  TABLE_CELL_BYTES,
  TABLE_DEPTH,
  TABLE_DIRECTORY,
  TABLE_DIRTY_BYTES,
  TABLE_DIRTY_PAGES,
  TABLE_LAYOUT,
  TABLE_NUMBER,
  TABLE_PAGE_BYTES,
  TABLE_PAGE_COUNT,
} from "../../assembly/abi.ts";
import { assert } from "../base/assert.ts";
import { EngineError } from "../base/errors.ts";
import { MiB, pageBytesMin } from "../base/limits.ts";
import type { Kernel } from "./kernel.ts";
import { type DirtyPage, KeyedTable, type LoadPage, type StorePage } from "./keyed-table.ts";
import { PageClock, type PagePlace } from "./page-clock.ts";
import { pageBytesToStore, pageTag, setPageTag, storedPageProblem } from "./stored-page.ts";
import type { TableLayout } from "./table-layout.ts";

export interface PageCacheStatistics {
  /** Pages that were asked for: by each batch, and for reading. */
  readonly lookups: number;
  readonly loads: number;
  readonly evictions: number;
  /** Of them dirty, stored on their way out. */
  readonly spills: number;
  /** Pages in memory. */
  readonly pages: number;
  /** Bytes of pages and directories. */
  readonly bytes: number;
}

export class PageCache {
  readonly kernel: Kernel;
  /** Most bytes of pages and directories in memory. */
  budgetBytes: number;
  readonly #tables = new Map<number, KeyedTable>();
  readonly #clock: PageClock;
  readonly #sliceOpeners = new Map<number, (start: bigint) => KeyedTable>();
  #nextNumber = 1;
  #bytes = 0;
  /** For reading; the kernel counts those of batches. */
  #lookups = 0;
  #loads = 0;
  #evictions = 0;
  #spills = 0;

  /** Installs itself as the kernel's imports. */
  constructor(kernel: Kernel, options: { readonly budgetBytes: number }) {
    this.kernel = kernel;
    this.budgetBytes = options.budgetBytes;
    this.#clock = new PageClock(kernel);
    kernel.imports = {
      pageAcquire: (bytes) => this.#acquire(bytes),
      pageRelease: (pointer) => this.#release(pointer),
      pageFault: (table, hash) => this.#load(this.#tableAt(table), hash),
      sliceOpen: (slices, start) => this.#openSlice(slices, start),
    };
    this.beginBatch();
  }

  /**
   * Opens a table; `load` is asked for every page that is not in memory. `store` takes a dirty page that has
   * to leave it; without it all of the table's dirty pages stay.
   */
  openTable(layout: TableLayout, load: LoadPage, store?: StorePage): KeyedTable {
    const { memory } = this.kernel;
    const pointer = memory.allocate(TABLE_BYTES);
    const directory = this.#acquire(4);
    const number = this.#nextNumber++;
    memory.bytes.fill(0, pointer, pointer + TABLE_BYTES);
    const view = memory.view;
    view.setUint32(directory, 0, true);
    view.setUint32(pointer + TABLE_DIRECTORY, directory, true);
    view.setUint32(pointer + TABLE_NUMBER, number, true);
    view.setUint32(pointer + TABLE_CELL_BYTES, layout.cellBytes, true);
    view.setUint32(pointer + TABLE_LAYOUT, layout.pointer, true);
    view.setUint32(pointer + TABLE_PAGE_BYTES, pageBytesMin, true);
    const host = {
      noteLookup: () => {
        this.#lookups++;
      },
      beginBatch: () => this.beginBatch(),
      loadPage: (of: KeyedTable, hash: bigint) => this.#load(of, hash),
    };
    const table = new KeyedTable(this.kernel, { pointer, number }, layout, { load, store }, host);
    this.#tables.set(number, table);
    return table;
  }

  /** Frees all pages of the table at once, dirty ones too. */
  dropTable(table: KeyedTable): void {
    assert(this.#tables.delete(table.number), "an open table is dropped, and once");
    for (const page of [...this.#pagesOf(table)]) {
      if (this.kernel.memory.view.getUint32(page + PAGE_DIRTY, true) !== 0) this.#markClean(table, page);
      this.#release(page);
    }
    this.#release(this.kernel.memory.view.getUint32(table.pointer + TABLE_DIRECTORY, true));
    this.kernel.memory.release(table.pointer);
  }

  /** The open table at an address. */
  tableOf(pointer: number): KeyedTable {
    return this.#tableAt(this.kernel.memory.view.getUint32(pointer + TABLE_NUMBER, true));
  }

  /** Starts a batch: the pages that it touches stay in memory until the next one starts. */
  beginBatch(): void {
    const counter = this.kernel.exports.tableCounters() + COUNTERS_BATCH;
    this.kernel.memory.view.setUint32(counter, this.#counter(COUNTERS_BATCH) + 1, true);
  }

  /**
   * Evicts clean pages until `bytes` more fit the budget, as far as it can, and lets memory grow now rather
   * than within the batch. Between batches.
   */
  reserve(bytes: number): void {
    this.beginBatch();
    if (this.#bytes + bytes > this.budgetBytes) this.#evict(this.#bytes + bytes - this.budgetBytes);
    const { memory } = this.kernel;
    const block = Math.min(bytes, MiB);
    if (!memory.hasRoom(block)) memory.release(memory.allocate(block));
  }

  /** Bytes of pages and directories in memory. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Pages that were brought into memory since the cache was made. */
  get loads(): number {
    return this.#loads;
  }

  /** Bytes of pages that changed since they were stored. */
  get dirtyBytes(): number {
    return this.#counter(COUNTERS_DIRTY_BYTES);
  }

  get dirtyPageCount(): number {
    return this.#counter(COUNTERS_DIRTY_PAGES);
  }

  /**
   * Pages to store, of one table or of all, by table number and first hash. They may be marked clean on the
   * way.
   */
  *dirtyPages(only?: KeyedTable): Generator<DirtyPage> {
    for (const table of only ? [only] : this.#tables.values()) {
      if (this.kernel.memory.view.getUint32(table.pointer + TABLE_DIRTY_PAGES, true) === 0) continue;
      for (const page of this.#pagesOf(table)) {
        if (this.kernel.memory.view.getUint32(page + PAGE_DIRTY, true) !== 0)
          yield this.#dirtyPage(table, page);
      }
    }
  }

  /** The page lies in storage as `bytes()` gave it. */
  markClean(page: DirtyPage): void {
    const address = this.kernel.exports.tablePage(page.table.pointer, page.firstHash);
    assert(address !== 0, "a dirty page is in memory");
    this.#markClean(page.table, address);
  }

  get statistics(): PageCacheStatistics {
    let pages = 0;
    for (const table of this.#tables.values()) {
      pages += this.kernel.memory.view.getUint32(table.pointer + TABLE_PAGE_COUNT, true);
    }
    const [loads, evictions, spills] = [this.#loads, this.#evictions, this.#spills];
    const touches = this.kernel.exports.tableCounters() + COUNTERS_TOUCHES;
    const lookups = Number(this.kernel.memory.view.getBigUint64(touches, true)) + this.#lookups;
    return { lookups, loads, evictions, spills, pages, bytes: this.#bytes };
  }

  /** For `Slices`: returns the number by which the kernel asks `open` for the table of a slice. */
  registerSlices(open: (start: bigint) => KeyedTable): number {
    const number = this.#nextNumber++;
    this.#sliceOpeners.set(number, open);
    return number;
  }

  /** For `Slices`: forgets a registration. */
  unregisterSlices(number: number): void {
    this.#sliceOpeners.delete(number);
  }

  #counter(offset: number): number {
    return this.kernel.memory.view.getUint32(this.kernel.exports.tableCounters() + offset, true);
  }

  #tableAt(number: number): KeyedTable {
    const table = this.#tables.get(number);
    assert(table !== undefined, "the kernel asks for pages of open tables");
    return table;
  }

  #openSlice(number: number, start: bigint): number {
    const open = this.#sliceOpeners.get(number);
    assert(open !== undefined, "the kernel asks for slices that are registered");
    return open(start).pointer;
  }

  #dirtyPage(table: KeyedTable, page: number): DirtyPage {
    const kernel = this.kernel;
    const view = kernel.memory.view;
    return {
      table,
      firstHash: view.getBigUint64(page + PAGE_FIRST_HASH, true),
      byteLength: view.getUint32(page + PAGE_BYTES, true),
      get tag() {
        return pageTag(kernel.memory, page);
      },
      set tag(tag: number | undefined) {
        setPageTag(kernel.memory, page, tag);
      },
      bytes: () => pageBytesToStore(kernel, page),
    };
  }

  #markClean(table: KeyedTable, page: number): void {
    const view = this.kernel.memory.view;
    assert(view.getUint32(page + PAGE_DIRTY, true) === 1, "a page is marked clean once");
    view.setUint32(page + PAGE_DIRTY, 0, true);
    const bytes = view.getUint32(page + PAGE_BYTES, true);
    const counters = this.kernel.exports.tableCounters();
    const subtract = (at: number, by: number) => view.setUint32(at, view.getUint32(at, true) - by, true);
    subtract(table.pointer + TABLE_DIRTY_PAGES, 1);
    subtract(table.pointer + TABLE_DIRTY_BYTES, bytes);
    subtract(counters + COUNTERS_DIRTY_PAGES, 1);
    subtract(counters + COUNTERS_DIRTY_BYTES, bytes);
  }

  #acquire(bytes: number): number {
    if (this.#bytes + bytes > this.budgetBytes) this.#evict(this.#bytes + bytes - this.budgetBytes);
    if (this.#bytes + bytes > this.budgetBytes) {
      throw new EngineError("JOB_PAGE_BUDGET", {
        message:
          `One record's pages and those not stored yet take ${this.#bytes} bytes and need ${bytes} more; ` +
          `the page budget is ${this.budgetBytes} bytes. Send smaller batches or keep fewer keys per record.`,
        details: { bytes: this.#bytes, dirtyBytes: this.dirtyBytes, budgetBytes: this.budgetBytes },
      });
    }
    const pointer = this.kernel.memory.allocate(bytes);
    this.#bytes += this.kernel.memory.blockBytes(pointer);
    return pointer;
  }

  #release(pointer: number): void {
    this.#bytes -= this.kernel.memory.blockBytes(pointer);
    this.kernel.memory.release(pointer);
  }

  /**
   * Evicts at least `bytes` of pages that this batch has not touched, if there are: clean ones, and dirty
   * ones only where these are not enough.
   */
  #evict(bytes: number): void {
    const tables = [...this.#tables.values()];
    const least = this.#bytes - bytes;
    // More than was asked for: a cache at its budget shall not look for pages for every one that it loads.
    const target = this.#bytes - Math.max(bytes, this.budgetBytes / 16);
    for (const place of this.#clock.clean(tables)) {
      this.#drop(place);
      if (this.#bytes <= target) return;
    }
    if (this.#bytes <= least) return;
    for (const place of this.#clock.dirty(tables)) {
      const { store } = place.table;
      if (!store) continue;
      store(this.#dirtyPage(place.table, place.page));
      this.#markClean(place.table, place.page);
      this.#drop(place);
      this.#spills++;
      if (this.#bytes <= target) return;
    }
  }

  #drop({ table, page }: PagePlace): void {
    this.#enter(table, page, 0);
    this.#addPages(table, -1);
    this.#release(page);
    this.#evictions++;
  }

  /** Brings the page of `hash` into memory and returns its address. */
  #load(table: KeyedTable, hash: bigint): number {
    const { memory, exports } = this.kernel;
    const stored = table.load(hash);
    if (stored && stored.bytes.length < pageBytesMin) throw corrupt(table, hash, "is too short for a page");
    const bytes = stored
      ? stored.bytes.length
      : memory.view.getUint32(table.pointer + TABLE_PAGE_BYTES, true);
    const page = this.#acquire(bytes);
    if (stored) {
      memory.bytes.set(stored.bytes, page);
      const problem = storedPageProblem(this.kernel, table.layout, page, bytes, hash);
      if (problem) {
        this.#release(page);
        if (problem.version !== undefined) throw versionUnknown(table, problem.version);
        throw corrupt(table, hash, problem.sentence);
      }
    } else {
      exports.pageInitialize(page, bytes, table.layout.cellBytes, 0, 0n);
    }
    exports.tableDeepen(table.pointer, memory.view.getUint16(page + PAGE_LOCAL_DEPTH, true));
    // Older than the current batch: readers alone do not keep it, and the kernel stamps what a batch touches.
    memory.view.setUint32(page + PAGE_STAMP, this.#counter(COUNTERS_BATCH) - 1, true);
    setPageTag(memory, page, stored?.tag);
    this.#enter(table, page, page);
    this.#addPages(table, 1);
    this.#loads++;
    return page;
  }

  /** Sets the entries of the page's range in the table's directory. */
  #enter(table: KeyedTable, page: number, entry: number): void {
    const view = this.kernel.memory.view;
    const depth = view.getUint32(table.pointer + TABLE_DEPTH, true);
    const directory = view.getUint32(table.pointer + TABLE_DIRECTORY, true);
    const first = Number(view.getBigUint64(page + PAGE_FIRST_HASH, true) >> BigInt(64 - depth));
    const count = 2 ** (depth - view.getUint16(page + PAGE_LOCAL_DEPTH, true));
    this.kernel.memory.u32(directory, 2 ** depth).fill(entry, first, first + count);
  }

  #addPages(table: KeyedTable, count: number): void {
    const at = table.pointer + TABLE_PAGE_COUNT;
    this.kernel.memory.view.setUint32(at, this.kernel.memory.view.getUint32(at, true) + count, true);
  }

  /** Addresses of the table's pages in memory, in hash order. */
  *#pagesOf(table: KeyedTable): Generator<number> {
    const memory = this.kernel.memory;
    const entries = 2 ** memory.view.getUint32(table.pointer + TABLE_DEPTH, true);
    const directory = memory.view.getUint32(table.pointer + TABLE_DIRECTORY, true);
    for (let index = 0; index < entries; ) {
      const page = memory.view.getUint32(directory + 4 * index, true);
      // Read before the consumer may free the page.
      index += page === 0 ? 1 : entries / 2 ** memory.view.getUint16(page + PAGE_LOCAL_DEPTH, true);
      if (page !== 0) yield page;
    }
  }
}

function corrupt(table: KeyedTable, hash: bigint, sentence: string): EngineError {
  const at = `0x${hash.toString(16).padStart(16, "0")}`;
  return new EngineError("STATE_CORRUPT", {
    message: `The stored page of table ${table.number} for hash ${at} ${sentence}. Restore a savepoint.`,
    details: { table: table.number, hash: at },
  });
}

function versionUnknown(table: KeyedTable, version: number): EngineError {
  return new EngineError("VERSION_UNKNOWN", {
    message: `A page of table ${table.number} has format version ${version}; this release reads version 1.`,
    details: { table: table.number, version },
  });
}
