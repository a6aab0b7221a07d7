/**
 * The tables of one task: opened in the page cache, stored as shadow pages, listed in the window directory.
 *
 * Live tables are those a record can still change: slices, and results of windows that have not closed.
 * They stay open. The result of a closed window is opened when somebody reads it and let go with the next
 * checkpoint.
 */
import { assert } from "../../base/assert.ts";
import type { DirtyPage, KeyedTable } from "../../kernel/keyed-table.ts";
import type { PageCache } from "../../kernel/page-cache.ts";
import type { PageVersion } from "../state/page-pins.ts";
import type { PageStore, PagesOfTable } from "../state/page-store.ts";
import type { TableEntry, UnchangedEntries, WindowDirectory } from "../state/window-directory.ts";
import { dirtyShareMax } from "./decide-checkpoint.ts";
import type { TaskLayouts } from "./task-layouts.ts";

/** Rows of dropped tables that one turn deletes, each a page of up to 32 KiB. */
const deletedRowsPerTurn = 1024;

/** What a checkpoint says of its task's tables. */
export interface TablesInCheckpoint {
  /** Number of the next new table: above all that may ever have been written. */
  readonly nextTable: number;
  /** Dropped tables of which rows may be left. Absent in the first release's rows: none. */
  readonly garbage?: readonly number[];
}

/** An open table with its directory entry. */
export interface OpenTable {
  readonly keyed: KeyedTable;
  entry: TableEntry;
  /** False while no page of it was ever stored. */
  isStored: boolean;
}

export class TaskTables {
  // Configuration.
  readonly #cache: PageCache;
  readonly #layouts: TaskLayouts;
  readonly #store: PageStore;
  readonly #directory: WindowDirectory;
  // Rebuilt on open: by family and window; by address.
  readonly #open = new Map<string, OpenTable>();
  readonly #byPointer = new Map<number, OpenTable>();
  /** Tables that are gone from the next checkpoint on. */
  #dropped: number[] = [];
  /** Tables that are gone, but not all of their rows. In the checkpoint. */
  #garbage: number[];
  /** What left memory dirty since the last checkpoint. */
  #spilled = { pages: 0, bytes: 0 };
  readonly #beforeSpill: () => void;
  // In the checkpoint.
  #nextTable: number;

  /** `beforeSpill` is called before a page is stored because memory is full. */
  constructor(
    cache: PageCache,
    layouts: TaskLayouts,
    store: PageStore,
    directory: WindowDirectory,
    { nextTable, garbage = [] }: TablesInCheckpoint,
    beforeSpill: () => void = () => undefined,
  ) {
    this.#beforeSpill = beforeSpill;
    this.#cache = cache;
    this.#layouts = layouts;
    this.#store = store;
    this.#directory = directory;
    this.#nextTable = nextTable;
    this.#garbage = [...garbage];
  }

  /** Number that the next new table gets; part of the checkpoint. */
  get nextTable(): number {
    return this.#nextTable;
  }

  /** True when dirty pages take so much of the budget that a checkpoint should come before more are made. */
  get isFull(): boolean {
    return this.#cache.dirtyBytes >= this.#cache.budgetBytes * dirtyShareMax;
  }

  /** True when some page of this task differs from storage. */
  get hasDirty(): boolean {
    for (const page of this.#cache.dirtyPages()) if (this.#byPointer.has(page.table.pointer)) return true;
    return false;
  }

  /** Tables that are dropped, and not all of their rows deleted. */
  get garbage(): readonly number[] {
    return this.#garbage;
  }

  /** True while `sweepGarbage` has something to do. */
  get hasGarbage(): boolean {
    return this.#garbage.some((table) => !this.#store.isPinned(table));
  }

  /** Entries of the directory, and dropped tables, that the next checkpoint must write. */
  get unwrittenCount(): number {
    return this.#directory.changeCount + this.#dropped.length;
  }

  /** The table of a slice or result, opened if it exists; undefined where there is none. */
  find(family: number, window: number): OpenTable | undefined {
    const open = this.#open.get(nameOf(family, window));
    if (open) return open;
    const entry = this.#directory.get(family, window);
    return entry && this.openEntry(entry);
  }

  /** Opens the table of a directory entry, or returns it where it is open. */
  openEntry(entry: TableEntry): OpenTable {
    const name = nameOf(entry.family, entry.window);
    const found = this.#open.get(name);
    if (found) return found;
    const { table } = entry;
    const load = (hash: bigint) => {
      const page = open.isStored ? this.#store.load(table, hash) : undefined;
      return page && { bytes: page.bytes, tag: tagOf(page.version) };
    };
    const keyed = this.#cache.openTable(this.#layouts.of(entry), load, (page) => this.#spill(open, page));
    const open: OpenTable = { keyed, entry, isStored: true };
    this.#open.set(name, open);
    this.#byPointer.set(keyed.pointer, open);
    return open;
  }

  /** What is stored of a table. */
  storedPages({ entry }: OpenTable): PagesOfTable {
    return this.#store.pagesOf(entry.table);
  }

  /** The open table at an address. */
  at(pointer: number): OpenTable {
    const open = this.#byPointer.get(pointer);
    assert(open !== undefined, "rows lie in tables that are open");
    return open;
  }

  /** Reads the table of an entry: lets go of it afterwards where it was not open before. */
  readEntry<Value>(entry: TableEntry, use: (table: KeyedTable) => Value): Value {
    const name = nameOf(entry.family, entry.window);
    const wasOpen = this.#open.has(name);
    try {
      return use(this.openEntry(entry).keyed);
    } finally {
      if (!wasOpen) this.#close(name);
    }
  }

  /** Makes a new, empty table. */
  create(family: number, window: number, firedAt: number, changedAt: number): OpenTable {
    assert(!this.#open.has(nameOf(family, window)), "a slice or result has one table");
    const open = this.openEntry({ family, window, table: this.#nextTable++, firedAt, changedAt });
    open.isStored = false;
    this.#directory.put(open.entry);
    return open;
  }

  /** Replaces what the directory says of an open table. */
  update(open: OpenTable, change: Partial<Pick<TableEntry, "firedAt" | "changedAt">>): void {
    open.entry = { ...open.entry, ...change };
    this.#directory.put(open.entry);
  }

  /** Gives a table to another family, or to another window. */
  move(open: OpenTable, family: number, window = open.entry.window): void {
    const { entry } = open;
    this.#directory.remove(entry.family, entry.window);
    this.#open.delete(nameOf(entry.family, entry.window));
    open.entry = { ...entry, family, window };
    assert(!this.#open.has(nameOf(family, window)), "a slice or result has one table in a family");
    this.#open.set(nameOf(family, window), open);
    this.#directory.put(open.entry);
  }

  /** Drops a table: its memory at once, its rows with the next checkpoint. */
  drop(entry: TableEntry): void {
    this.#close(nameOf(entry.family, entry.window));
    this.#directory.remove(entry.family, entry.window);
    this.#dropped.push(entry.table);
  }

  /** Drops the counted values of a window that no row reaches any more. */
  dropValues(window: number): void {
    for (const family of this.#layouts.valuesFamilies) {
      const entry = this.#directory.get(family, window);
      if (entry) this.drop(entry);
    }
  }

  /**
   * A table that is never stored: for a result that is put together to be read once. Give it to `discard`.
   */
  temporary(): KeyedTable {
    return this.#cache.openTable(this.#layouts.cells, () => undefined);
  }

  discard(table: KeyedTable): void {
    this.#cache.dropTable(table);
  }

  /** Entries of all tables in storage: right after a commit, all there are. */
  stored(): TableEntry[] {
    return this.#directory.all();
  }

  /** Directory entries of a family, window in [from, to]; see `WindowDirectory.range`. */
  range(family: number, from: number, to: number, isDescending: boolean, limit: number): TableEntry[] {
    return this.#directory.range(family, from, to, isDescending, limit);
  }

  /** Results that fired and have not changed since `changedBefore`; see `WindowDirectory.unchangedSince`. */
  unchangedSince(changedBefore: number, after: number, upTo: number, limit: number): UnchangedEntries {
    return this.#directory.unchangedSince(changedBefore, after, upTo, limit);
  }

  /**
   * Writes dirty pages of this task until about `bytesMax` are written. Returns pages and bytes; 0 bytes: all
   * clean.
   */
  writeDirty(bytesMax: number): { pages: number; bytes: number } {
    let pages = 0;
    let bytes = 0;
    for (const page of this.#dirtyPages()) {
      if (bytes >= bytesMax) break;
      const open = this.#byPointer.get(page.table.pointer);
      assert(open !== undefined, "a dirty page belongs to an open table");
      const written = this.#write(open, page);
      this.#cache.markClean(page);
      pages++;
      bytes += written;
    }
    return { pages, bytes };
  }

  #spill(open: OpenTable, page: DirtyPage): void {
    this.#beforeSpill();
    this.#spilled.bytes += this.#write(open, page);
    this.#spilled.pages++;
  }

  /** Writes a page under the epoch being written; returns its bytes. */
  #write(open: OpenTable, page: DirtyPage): number {
    const image = page.bytes();
    open.isStored = true;
    page.tag = tagOf(this.#store.write(open.entry.table, page.firstHash, image, versionOf(page.tag)));
    return image.length;
  }

  /**
   * The storage part of a checkpoint's last turn: remaining pages, directory, some rows of dropped tables.
   * Afterwards tables that `isLive` does not hold any more are let go from memory. Returns what was written,
   * with what was spilled before.
   */
  commit(isLive: (entry: TableEntry) => boolean): { pages: number; bytes: number } {
    const rest = this.writeDirty(Number.POSITIVE_INFINITY);
    const spilled = this.#spilled;
    this.#spilled = { pages: 0, bytes: 0 };
    this.#directory.write();
    this.#garbage.push(...this.#dropped);
    this.#dropped = [];
    this.sweepGarbage();
    for (const [name, { entry }] of this.#open) if (!isLive(entry)) this.#close(name);
    return { pages: rest.pages + spilled.pages, bytes: rest.bytes + spilled.bytes };
  }

  /**
   * Deletes some rows of tables that are gone and that no savepoint needs; returns false where there are
   * none. A crash may forget how far it came: deleting again does nothing.
   */
  sweepGarbage(): boolean {
    if (!this.hasGarbage) return false;
    let rowsLeft = deletedRowsPerTurn;
    this.#garbage = this.#garbage.filter((table) => {
      if (rowsLeft <= 0 || this.#store.isPinned(table)) return true;
      const deleted = this.#store.deletePages(table, rowsLeft);
      rowsLeft -= Math.max(1, deleted);
      return rowsLeft <= 0 && deleted > 0;
    });
    return true;
  }

  /** Gives all memory back, dirty pages too; storage keeps what was committed. */
  closeAll(): void {
    for (const name of [...this.#open.keys()]) this.#close(name);
  }

  *#dirtyPages(): Generator<DirtyPage> {
    for (const page of [...this.#cache.dirtyPages()]) if (this.#byPointer.has(page.table.pointer)) yield page;
  }

  #close(name: string): void {
    const open = this.#open.get(name);
    if (!open) return;
    this.#open.delete(name);
    this.#byPointer.delete(open.keyed.pointer);
    this.#cache.dropTable(open.keyed);
  }
}

function nameOf(family: number, window: number): string {
  return `${family} ${window}`;
}

function tagOf(version: PageVersion): number {
  return version.epoch * 2 + version.slot;
}

function versionOf(tag: number | undefined): PageVersion | undefined {
  return tag === undefined ? undefined : { slot: tag % 2 === 0 ? 0 : 1, epoch: Math.floor(tag / 2) };
}
