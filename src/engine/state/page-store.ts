/**
 * Shadow pages of one task in SQLite.
 *
 * A page is named by the first hash of its range, so the primary key is the durable directory of every
 * table. Each page has two slots: a checkpoint writes into the slot that the last committed checkpoint does
 * not need, so it costs one row per dirty page and no delete, and a crash before the commit leaves the
 * committed version untouched.
 *
 * Rows have row ids and the key is an index of its own, which a slot's first version pays for with a second
 * row. In a table without them SQLite reads whole pages to compare their keys: about sixteen for each that is
 * looked for among 65 536. Objects of 0.4.0 and before have such a table, and keep it.
 *
 * Invariant: a read sees the newest version whose epoch is committed and not aborted, or the one being
 * written now. An epoch that a crash left unfinished is *aborted*: its number is never used again and its
 * rows are never read.
 */

import { assert } from "../../base/assert.ts";
import { pageBytesMax } from "../../base/limits.ts";
import { lastHash } from "../../kernel/keyed-table.ts";
import type { SqlStorage, SqlValue } from "../ports.ts";
import type { PagePins, PageVersion } from "./page-pins.ts";

export interface StoredPage {
  readonly bytes: Uint8Array;
  readonly version: PageVersion;
}

/** What is stored of one table. */
export interface PagesOfTable {
  /** How many pages there are, up to `most`. */
  count(most: number): number;
  /** The last hash of the pages that lie from `first` on and take `bytesMax` together, at least of one. */
  lastWithin(first: bigint, bytesMax: number): bigint;
}

/**
 * Epochs of a task, part of its checkpoint: of the last checkpoint, of the next one (under which no earlier
 * incarnation wrote), and those that crashes left unfinished.
 */
export interface Epochs {
  readonly epoch: number;
  readonly writing: number;
  readonly aborted: readonly number[];
}

export class PageStore {
  readonly #sql: SqlStorage;
  readonly #task: number;
  readonly #pins: PagePins | undefined;
  #committed: number;
  #writing: number;
  #aborted: readonly number[];

  static createTables(sql: SqlStorage): void {
    sql.run(
      `CREATE TABLE IF NOT EXISTS pages
       (task INTEGER, tbl INTEGER, first_hash BLOB, slot INTEGER, epoch INTEGER, bytes BLOB,
       PRIMARY KEY (task, tbl, first_hash, slot))`,
    );
  }

  /** `pins` are those of the partition; a task that is still put together has none. */
  constructor(sql: SqlStorage, task: number, { epoch, writing, aborted }: Epochs, pins?: PagePins) {
    assert(writing > epoch && !aborted.includes(writing), "the epoch being written is unused");
    this.#sql = sql;
    this.#task = task;
    this.#pins = pins;
    this.#committed = epoch;
    this.#aborted = aborted;
    this.#writing = writing;
  }

  get committedEpoch(): number {
    return this.#committed;
  }

  get writingEpoch(): number {
    return this.#writing;
  }

  get abortedEpochs(): readonly number[] {
    return this.#aborted;
  }

  /**
   * Reads the newest visible version of the page of `table` that covers `hash`; undefined when the table has
   * none.
   */
  load(table: number, hash: bigint): StoredPage | undefined {
    const aborted = this.#aborted.length > 0 ? ` AND epoch NOT IN (${this.#aborted.join(", ")})` : "";
    // Sorted by epoch the rows would be read whole, both slots of them: by the key they are not.
    const found = this.#sql.run(
      `SELECT first_hash, slot, epoch FROM pages WHERE task = ? AND tbl = ? AND first_hash <= ?
       AND (epoch <= ? OR epoch = ?)${aborted} ORDER BY first_hash DESC, slot DESC LIMIT 2`,
      this.#task,
      table,
      hashBytes(hash),
      this.#committed,
      this.#writing,
    );
    const [one, other] = found;
    if (!one) return undefined;
    const isOther = other !== undefined && sameBytes(one[0], other[0]) && Number(other[2]) > Number(one[2]);
    const [firstHash, slot, epoch] = isOther ? other : one;
    const [row] = this.#sql.run(
      "SELECT bytes FROM pages WHERE task = ? AND tbl = ? AND first_hash = ? AND slot = ?",
      ...([this.#task, table, firstHash, slot] as SqlValue[]),
    );
    assert(row, "a row that was just found is there");
    return { bytes: row[0] as Uint8Array, version: { slot: slot as 0 | 1, epoch: epoch as number } };
  }

  /**
   * Writes a page under the epoch being written; `previous` is the version it was loaded from or last written
   * to.
   */
  write(table: number, firstHash: bigint, bytes: Uint8Array, previous: PageVersion | undefined): PageVersion {
    const place = [table, hashBytes(firstHash)] as const;
    const isAgain = previous?.epoch === this.#writing;
    const slot = previous === undefined ? 0 : isAgain ? previous.slot : flip(previous.slot);
    if (previous && !isAgain) this.#pins?.keep(this.#task, place, slot, previous);
    this.#sql.run(
      // A value of the same size is written over in place; REPLACE would free its pages and take others.
      `INSERT INTO pages (task, tbl, first_hash, slot, epoch, bytes) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET epoch = excluded.epoch, bytes = excluded.bytes`,
      ...([this.#task, ...place, slot, this.#writing, bytes] satisfies SqlValue[]),
    );
    return { slot, epoch: this.#writing };
  }

  /** What is stored of a table, in any version: pages only split, so the first hash of each stays one. */
  pagesOf(table: number): PagesOfTable {
    return {
      count: (most) => {
        const some = "SELECT DISTINCT first_hash FROM pages WHERE task = ? AND tbl = ? LIMIT ?";
        return Number(this.#sql.run(`SELECT COUNT(*) FROM (${some})`, this.#task, table, most)[0]?.[0] ?? 0);
      },
      lastWithin: (first, bytesMax) => {
        let bytes = 0;
        for (const [firstHash, length] of this.#sizesFrom(table, first, bytesMax)) {
          bytes += length;
          if (bytes > bytesMax && firstHash > first) return firstHash - 1n;
        }
        return lastHash;
      },
    };
  }

  /** First hashes and sizes of a table's pages from a hash on; as many at a time as may take `bytes`. */
  *#sizesFrom(table: number, first: bigint, bytes: number): Generator<[bigint, number]> {
    const rowsMax = Math.ceil(bytes / pageBytesMax) + 1;
    for (let next: bigint | undefined = first; next !== undefined; ) {
      const rows = this.#sql.run(
        `SELECT first_hash, max(length(bytes)) FROM pages WHERE task = ? AND tbl = ? AND first_hash >= ?
         GROUP BY first_hash ORDER BY first_hash LIMIT ?`,
        ...([this.#task, table, hashBytes(next), rowsMax] satisfies SqlValue[]),
      );
      const pages = rows.map(([hash, length]): [bigint, number] => [
        hashOf(hash as Uint8Array),
        Number(length),
      ]);
      yield* pages;
      const last = pages.at(-1)?.[0];
      next = last === undefined || pages.length < rowsMax ? undefined : last + 1n;
    }
  }

  /** True while a savepoint needs the rows of a table, though it is dropped. */
  isPinned(table: number): boolean {
    return this.#pins?.holds(this.#task, table) === true;
  }

  /**
   * Deletes about `rowsMax` versions of pages of `table`, and returns how many; fewer where none is left.
   * Only in or after the turn that commits the epoch which dropped the table.
   */
  deletePages(table: number, rowsMax: number): number {
    const some = "SELECT first_hash FROM pages WHERE task = ? AND tbl = ? ORDER BY first_hash LIMIT ?";
    return this.#sql.run(
      `DELETE FROM pages WHERE task = ? AND tbl = ? AND first_hash IN (${some}) RETURNING 1`,
      this.#task,
      table,
      this.#task,
      table,
      rowsMax,
    ).length;
  }

  /**
   * Makes the epoch being written the committed one. The caller writes the checkpoint row in the same turn.
   */
  commit(): void {
    this.#committed = this.#writing;
    this.#writing++;
  }

  /** Deletes what aborted epochs left in `table`. */
  sweepAborted(table: number): void {
    this.#sql.run(
      `DELETE FROM pages WHERE task = ? AND tbl = ? AND epoch IN (${this.#aborted.join(", ")})`,
      this.#task,
      table,
    );
  }

  /** Forgets the aborted epochs; only when no row of theirs is left. */
  forgetAborted(): void {
    this.#aborted = [];
  }
}

/** Eight bytes, big-endian, so that SQLite's order of blobs is the order of hashes. */
function hashBytes(hash: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, hash);
  return bytes;
}

function hashOf(bytes: Uint8Array): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0);
}

function sameBytes(left: SqlValue | undefined, right: SqlValue | undefined): boolean {
  if (!(left instanceof Uint8Array) || !(right instanceof Uint8Array)) return false;
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}

function flip(slot: 0 | 1): 0 | 1 {
  return slot === 0 ? 1 : 0;
}
