/**
 * Pins: epochs of tasks that savepoints still read while the tasks go on.
 *
 * A checkpoint writes each page into the slot that the last one does not need, so it is only the second write
 * behind a pin that would overwrite what the pin needs. That write keeps the old version for it first, and
 * the rows of a dropped table stay while a pin needs them. Nothing else is ever copied.
 *
 *   page_pins   one row per task and savepoint, until it is uploaded
 *   kept_pages  versions that pins need and `pages` no longer has
 */
import type { SqlStorage, SqlValue } from "../ports.ts";

/** Which slot holds the newest version of a page, and since which epoch. */
export interface PageVersion {
  readonly slot: 0 | 1;
  readonly epoch: number;
}

/** A place in the order of pages: table and first hash, big-endian. */
export type PagePlace = readonly [table: number, firstHash: Uint8Array];

/** What of a task's pages a savepoint holds: those of its tables as they were when an epoch was committed. */
export interface PinnedState {
  readonly epoch: number;
  readonly aborted: readonly number[];
  /** Numbers of tables, ascending. */
  readonly tables: readonly number[];
  /** The part of all hashes among which the task's keys lie: from, up to, in [0, 1]. */
  readonly hashShare: readonly [number, number];
}

/** A page as a savepoint takes it. */
export interface PinnedPage {
  readonly place: PagePlace;
  readonly bytes: Uint8Array;
}

interface Pin extends PinnedState {
  readonly savepoint: number;
  readonly tableSet: ReadonlySet<number>;
  /** Pages up to here are uploaded. */
  uploaded: PagePlace;
}

export class PagePins {
  readonly #sql: SqlStorage;
  /** By task. */
  readonly #pins = new Map<number, Pin[]>();

  constructor(sql: SqlStorage) {
    sql.run(
      `CREATE TABLE IF NOT EXISTS page_pins (task INTEGER, savepoint INTEGER, state TEXT NOT NULL,
       tbl INTEGER NOT NULL, first_hash BLOB NOT NULL, PRIMARY KEY (task, savepoint)) WITHOUT ROWID`,
    );
    sql.run(
      `CREATE TABLE IF NOT EXISTS kept_pages (task INTEGER, savepoint INTEGER, tbl INTEGER, first_hash BLOB,
       bytes BLOB NOT NULL, PRIMARY KEY (task, savepoint, tbl, first_hash)) WITHOUT ROWID`,
    );
    this.#sql = sql;
    const rows = sql.run("SELECT task, savepoint, state, tbl, first_hash FROM page_pins");
    for (const [task, savepoint, state, table, firstHash] of rows) {
      this.#add(Number(task), Number(savepoint), JSON.parse(String(state)), [
        Number(table),
        firstHash as Uint8Array,
      ]);
    }
  }

  /** Keeps what a task's storage holds; in the turn in which it is committed or later, before any write. */
  pin(task: number, savepoint: number, state: PinnedState): void {
    const begin: PagePlace = [0, new Uint8Array(0)];
    this.#sql.run(
      "INSERT INTO page_pins (task, savepoint, state, tbl, first_hash) VALUES (?, ?, ?, ?, ?)",
      ...([task, savepoint, JSON.stringify(state), ...begin] satisfies SqlValue[]),
    );
    this.#add(task, savepoint, state, begin);
  }

  /** The next pages behind what is uploaded, about `bytesMax` of them; empty where none is left. */
  next(task: number, savepoint: number, bytesMax: number): PinnedPage[] {
    const pin = this.#find(task, savepoint);
    if (!pin) return [];
    const pages: PinnedPage[] = [];
    let bytes = 0;
    for (let place = pin.uploaded; ; ) {
      const rows = this.#read(task, pin, place);
      const unpinned = rows.findIndex((page) => !pin.tableSet.has(page.place[0]));
      for (const page of unpinned < 0 ? rows : rows.slice(0, unpinned)) {
        bytes += page.bytes.byteLength;
        if (pages.length > 0 && bytes > bytesMax) return pages;
        pages.push(page);
      }
      const last = rows[unpinned < 0 ? rows.length - 1 : unpinned];
      if (!last || (unpinned < 0 && rows.length < pagesPerRead)) return pages;
      // Other tables were dropped before: they are passed over whole.
      place = unpinned < 0 ? last.place : [last.place[0], new Uint8Array(8).fill(0xff)];
    }
  }

  /** Notes that the pages up to a place are uploaded: nothing more is kept of them. */
  advance(task: number, savepoint: number, to: PagePlace): void {
    const pin = this.#find(task, savepoint);
    if (!pin) return;
    pin.uploaded = to;
    const where = "WHERE task = ? AND savepoint = ?";
    this.#sql.run(`UPDATE page_pins SET tbl = ?, first_hash = ? ${where}`, ...to, task, savepoint);
    const behind = "(tbl, first_hash) <= (?, ?)";
    this.#sql.run(`DELETE FROM kept_pages ${where} AND ${behind}`, task, savepoint, ...to);
  }

  /** About how much of the pinned pages lies up to a place, in [0, 1]: as in tables of like size. */
  shareUpTo(task: number, savepoint: number, place?: PagePlace): number {
    const pin = this.#find(task, savepoint);
    if (!pin) return 1;
    const [table, firstHash] = place ?? pin.uploaded;
    const before = pin.tables.filter((other) => other < table).length;
    const [from, to] = pin.hashShare;
    const within = Math.max(0, Math.min(1, (fractionOf(firstHash) - from) / (to - from)));
    return (before + (pin.tableSet.has(table) ? within : 0)) / Math.max(1, pin.tables.length);
  }

  release(task: number, savepoint: number): void {
    for (const table of ["page_pins", "kept_pages"]) {
      this.#sql.run(`DELETE FROM ${table} WHERE task = ? AND savepoint = ?`, task, savepoint);
    }
    const left = this.#of(task).filter((pin) => pin.savepoint !== savepoint);
    if (left.length > 0) this.#pins.set(task, left);
    else this.#pins.delete(task);
  }

  /** Forgets all pins of a task that is deleted. */
  forget(task: number): void {
    for (const { savepoint } of this.#of(task)) this.release(task, savepoint);
  }

  /** True while the rows of a table are needed though its task has dropped it. */
  holds(task: number, table: number): boolean {
    return this.#of(task).some(({ tableSet }) => tableSet.has(table));
  }

  /**
   * Keeps the version of a page in `slot` for the pins that need it, before it is overwritten; `newest` is
   * the version that stays.
   */
  keep(task: number, [table, firstHash]: PagePlace, slot: PageVersion["slot"], newest: PageVersion): void {
    for (const { savepoint, epoch, aborted, tableSet, uploaded } of this.#of(task)) {
      if (newest.epoch <= epoch || !tableSet.has(table)) continue;
      if (comparePlaces([table, firstHash], uploaded) <= 0) continue;
      this.#sql.run(
        `INSERT OR IGNORE INTO kept_pages (task, savepoint, tbl, first_hash, bytes)
         SELECT task, ?, tbl, first_hash, bytes FROM pages
         WHERE task = ? AND tbl = ? AND first_hash = ? AND slot = ? AND ${isVisible({ epoch, aborted })}`,
        ...([savepoint, task, table, firstHash, slot] satisfies SqlValue[]),
      );
    }
  }

  /** The first pages behind a place, of all tables up to the last that is pinned. */
  #read(task: number, pin: Pin, behind: PagePlace): PinnedPage[] {
    const stored = this.#sql.run(
      `SELECT tbl, first_hash, bytes, max(epoch) FROM pages
       WHERE task = ? AND (tbl, first_hash) > (?, ?) AND tbl <= ? AND ${isVisible(pin)}
       GROUP BY tbl, first_hash ORDER BY tbl, first_hash LIMIT ${pagesPerRead}`,
      ...([task, ...behind, pin.tables.at(-1) ?? 0] satisfies SqlValue[]),
    );
    const kept = this.#sql.run(
      `SELECT tbl, first_hash, bytes FROM kept_pages
       WHERE task = ? AND savepoint = ? AND (tbl, first_hash) > (?, ?)
       ORDER BY tbl, first_hash LIMIT ${pagesPerRead}`,
      ...([task, pin.savepoint, ...behind] satisfies SqlValue[]),
    );
    const pages = [...stored, ...kept].map(([table, firstHash, bytes]): PinnedPage => {
      return { place: [Number(table), firstHash as Uint8Array], bytes: bytes as Uint8Array };
    });
    if (kept.length > 0) pages.sort((one, other) => comparePlaces(one.place, other.place));
    return pages.slice(0, pagesPerRead);
  }

  #add(task: number, savepoint: number, state: PinnedState, uploaded: PagePlace): void {
    const pin = { ...state, savepoint, tableSet: new Set(state.tables), uploaded };
    this.#pins.set(task, [...this.#of(task), pin]);
  }

  #find(task: number, savepoint: number): Pin | undefined {
    return this.#of(task).find((pin) => pin.savepoint === savepoint);
  }

  #of(task: number): readonly Pin[] {
    return this.#pins.get(task) ?? [];
  }
}

const pagesPerRead = 64;

function isVisible({ epoch, aborted }: Pick<PinnedState, "epoch" | "aborted">): string {
  return `epoch <= ${epoch}${aborted.length > 0 ? ` AND epoch NOT IN (${aborted.join(", ")})` : ""}`;
}

function comparePlaces([table, firstHash]: PagePlace, [otherTable, otherHash]: PagePlace): number {
  if (table !== otherTable) return table - otherTable;
  for (let at = 0; at < Math.min(firstHash.length, otherHash.length); at++) {
    const difference = (firstHash[at] as number) - (otherHash[at] as number);
    if (difference !== 0) return difference;
  }
  return firstHash.length - otherHash.length;
}

/** Where in the range of hashes one lies, in [0, 1). */
function fractionOf(hash: Uint8Array): number {
  return hash.length < 4 ? 0 : new DataView(hash.buffer, hash.byteOffset).getUint32(0) / 2 ** 32;
}
