/**
 * The change table of a task: what its view's results were and became, for those who follow them.
 *
 * Changes are numbered by what the log caused, so a replay makes the same ones at the same places. They are
 * written in the turn that commits the checkpoint which includes their record, many to a row; until then they
 * lie in memory and may be read there. The oldest go after `changesKeptMs`, or beyond `changesBytesMax`.
 *
 * Nothing is recorded before the first follower came, nor for long after the last one left. That is in
 * storage in the turn that says so, as the offset from which records are recorded: a replay goes by it.
 *
 * Invariant: every change from `from` up to `head` is here, once.
 */
import { assert } from "../../base/assert.ts";
import { EngineError } from "../../base/errors.ts";
import { changePageBytesMax, changesBytesMax, changesKeptMs, KiB } from "../../base/limits.ts";
import type { LogRecord } from "../log/records.ts";
import type { SqlStorage } from "../ports.ts";
import { decodeChanges, encodeChanges } from "./change-codec.ts";
import {
  type ChangePage,
  type ChangePlace,
  comparePlaces,
  laterOf,
  type ViewChange,
} from "./change-types.ts";
import { type FollowedKeys, type StoredFollower, TaskFollowers } from "./task-followers.ts";

/** What a checkpoint says of the table. */
export interface StoredChanges {
  /** The first record whose changes are recorded. */
  readonly since: number;
  /** The first place from which all changes are held, [offset, row]. */
  readonly from: readonly [number, number];
  /** Changes of the record that is not done. */
  readonly row: number;
  readonly followers: readonly StoredFollower[];
  /** When the last follower left. */
  readonly leftAt?: number;
}

/** Bytes at which a row of the table is full: a character takes up to 3, a value of SQLite 2 MB. */
const rowLengthMax = 128 * KiB;

/** Characters that one reading goes through, whether they are wanted or not. */
const readLengthMax = 4 * changePageBytesMax;

export class ChangeTable {
  readonly followers: TaskFollowers;
  readonly #sql: SqlStorage;
  readonly #task: number;
  #pending: ViewChange[] = [];
  #pendingBytes = 0;
  #appendTime = 0;
  /** No change is at this place or behind it, where that is known. */
  #quietFrom: ChangePlace | undefined;
  /** Bytes of all rows in storage, once asked for. */
  #storedBytes: number | undefined;
  // In the checkpoint.
  #since: number | undefined;
  #from: ChangePlace;
  #head: ChangePlace;

  static createTables(sql: SqlStorage): void {
    sql.run(
      `CREATE TABLE IF NOT EXISTS changes (task INTEGER, last_offset INTEGER, last_row INTEGER, at INTEGER,
       bytes BLOB, PRIMARY KEY (task, last_offset, last_row)) WITHOUT ROWID`,
    );
  }

  /** Begins with what the task's checkpoint says, which is that of the records up to `offset`. */
  constructor(
    sql: SqlStorage,
    task: number,
    { changes, offset }: { readonly changes?: StoredChanges | undefined; readonly offset: number },
  ) {
    this.#sql = sql;
    this.#task = task;
    this.#since = changes?.since;
    this.#head = { offset: offset + 1, row: changes?.row ?? 0 };
    this.#from = changes ? { offset: changes.from[0], row: changes.from[1] } : this.#head;
    this.followers = new TaskFollowers(changes?.followers ?? [], changes?.leftAt);
  }

  /** True where records are recorded from some offset on, which may be still to come. */
  get isOn(): boolean {
    return this.#since !== undefined;
  }

  /** True where what the record at hand changes is recorded. */
  get isRecording(): boolean {
    return this.#since !== undefined && this.#head.offset >= this.#since;
  }

  /** The first place from which all changes are held. */
  get from(): ChangePlace {
    return this.#from;
  }

  /** Behind the last change that there is. */
  get head(): ChangePlace {
    return this.#head;
  }

  /** Bytes of changes that are not written yet, about. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** What a checkpoint of this moment says of it. */
  get state(): StoredChanges | undefined {
    if (this.#since === undefined) return undefined;
    const { offset, row } = this.#from;
    return { since: this.#since, from: [offset, row], row: this.#head.row, ...this.followers.state };
  }

  /** Records from the next record on, unless it does already; `next` is the offset of that. */
  start(next: number): void {
    if (this.#since !== undefined) return;
    this.#since = next;
    this.#from = { offset: next, row: 0 };
  }

  /** Must be called before a record's changes are added, in every step of it. */
  begin({ appendTime, offset }: LogRecord): void {
    this.#appendTime = appendTime;
    // Records may be left out that the log no longer had.
    if (offset > this.#head.offset) this.#head = { offset, row: 0 };
  }

  /** Adds what the record at hand has changed, in order. */
  add(change: Omit<ViewChange, "at">): void {
    assert(this.isRecording, "changes are added where they are recorded");
    const at = this.#head;
    this.#head = { offset: at.offset, row: at.row + 1 };
    this.#pending.push({ ...change, at });
    this.#quietFrom = this.#head;
    this.#pendingBytes += change.row.length + changeOverhead;
  }

  /** The record at hand is done. */
  end(offset: number): void {
    this.#head = { offset: offset + 1, row: 0 };
  }

  /**
   * Writes what is pending and lets go of what is too old, or too much: part of a checkpoint's last turn.
   * Ends recording where nobody has followed for long.
   */
  write(now: number): void {
    if (this.#since === undefined) return;
    if (this.followers.isLeftSince(now - changesKeptMs)) {
      this.#stop();
      return;
    }
    let chunk: ViewChange[] = [];
    let length = 0;
    for (const change of this.#pending) {
      chunk.push(change);
      length += change.row.length + changeOverhead;
      if (length < rowLengthMax) continue;
      this.#writeRow(chunk);
      chunk = [];
      length = 0;
    }
    if (chunk.length > 0) this.#writeRow(chunk);
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#trim();
  }

  /**
   * Reads changes from a place on, of some keys or of all, about `changePageBytesMax` of them. Throws
   * `CHANGES_GONE` where some are not held any more, or never were.
   */
  read(from: ChangePlace, keys?: FollowedKeys): ChangePage {
    if (this.#since === undefined || comparePlaces(from, this.#from) < 0) throw this.#gone(from);
    const isQuiet = this.#quietFrom && comparePlaces(from, this.#quietFrom) >= 0;
    if (isQuiet) return { changes: [], next: laterOf(from, this.#head), hasMore: false };
    const page = new PageOfChanges(from, keys);
    const [unwritten] = this.#pending;
    const isStored = !unwritten || comparePlaces(from, unwritten.at) < 0;
    for (let key = from; isStored && !page.isFull; ) {
      const [row] = this.#sql.run(
        `SELECT last_offset, last_row, bytes FROM changes
         WHERE task = ? AND (last_offset, last_row) >= (?, ?) ORDER BY last_offset, last_row LIMIT 1`,
        ...[this.#task, key.offset, key.row],
      );
      if (!row) break;
      for (const change of decodeChanges(row[2] as Uint8Array)) page.take(change);
      key = { offset: row[0] as number, row: (row[1] as number) + 1 };
    }
    for (let index = this.#firstPending(page.next); !page.isFull; index++) {
      const change = this.#pending[index];
      if (!change) break;
      page.take(change);
    }
    if (comparePlaces(page.next, from) === 0) this.#quietFrom = from;
    const hasMore = page.isFull && comparePlaces(page.next, this.#head) < 0;
    return { changes: page.changes, next: hasMore ? page.next : laterOf(from, this.#head), hasMore };
  }

  /** The first change in memory that is not before a place. */
  #firstPending(place: ChangePlace): number {
    let [low, high] = [0, this.#pending.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const change = this.#pending[middle] as ViewChange;
      if (comparePlaces(change.at, place) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #gone({ offset, row }: ChangePlace): EngineError {
    const held = this.#since === undefined ? "none are" : `they are from ${this.#from.offset} on`;
    return new EngineError("CHANGES_GONE", {
      message: `Changes from offset ${offset}, row ${row} on are not held any more: ${held}.`,
    });
  }

  #stop(): void {
    this.#sql.run("DELETE FROM changes WHERE task = ?", this.#task);
    this.#since = undefined;
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#storedBytes = 0;
    this.#head = { offset: this.#head.offset, row: 0 };
  }

  #writeRow(changes: readonly ViewChange[]): void {
    const last = changes.at(-1);
    assert(last !== undefined, "a row holds a change");
    const bytes = encodeChanges(changes);
    if (this.#storedBytes !== undefined) this.#storedBytes += bytes.byteLength;
    this.#sql.run(
      "INSERT OR REPLACE INTO changes (task, last_offset, last_row, at, bytes) VALUES (?, ?, ?, ?, ?)",
      ...[this.#task, last.at.offset, last.at.row, this.#appendTime, bytes],
    );
  }

  #trim(): void {
    this.#storedBytes ??= this.#sumStored();
    while (true) {
      const [oldest] = this.#sql.run(
        `SELECT last_offset, last_row, at, length(bytes) FROM changes WHERE task = ?
         ORDER BY last_offset, last_row LIMIT 1`,
        this.#task,
      );
      if (!oldest) return;
      const [offset, row, at, bytes] = oldest as [number, number, number, number];
      if (this.#storedBytes <= changesBytesMax && at >= this.#appendTime - changesKeptMs) return;
      this.#sql.run(
        "DELETE FROM changes WHERE task = ? AND last_offset = ? AND last_row = ?",
        ...[this.#task, offset, row],
      );
      this.#storedBytes -= bytes;
      this.#from = { offset, row: row + 1 };
    }
  }

  #sumStored(): number {
    const sum = this.#sql.run("SELECT sum(length(bytes)) FROM changes WHERE task = ?", this.#task)[0]?.[0];
    return typeof sum === "number" ? sum : 0;
  }
}

/** A page while it is filled. */
class PageOfChanges {
  readonly changes: ViewChange[] = [];
  next: ChangePlace;
  #taken = 0;
  #passed = 0;
  readonly #keys: FollowedKeys;

  constructor(from: ChangePlace, keys: FollowedKeys) {
    this.next = from;
    this.#keys = keys;
  }

  get isFull(): boolean {
    return this.#taken >= changePageBytesMax || this.#passed >= readLengthMax;
  }

  /** Takes the change in, unless it is before the page, not wanted, or there is no room. */
  take(change: ViewChange): void {
    const { at, hash, row } = change;
    if (this.isFull || comparePlaces(at, this.next) < 0) return;
    this.next = { offset: at.offset, row: at.row + 1 };
    this.#passed += row.length + changeOverhead;
    if (this.#keys && !this.#keys.has(hash)) return;
    this.#taken += row.length + changeOverhead;
    this.changes.push(change);
  }
}

/** What a change takes besides its row. */
const changeOverhead = 64;
