/**
 * The log's tables, with the newest rows in memory.
 *
 *   log         one row per group commit, under the offset of its first record
 *   acceptance  the newest acceptance body in chunks; a new one overwrites the old one, which costs no delete
 *
 * A task that keeps up reads what was just appended, so the newest rows stay as they were written until all
 * have read them. Older ones are loaded one at a time, a few are kept because several tasks may replay side
 * by side.
 *
 * Invariant: `#recent` is a gapless run of rows up to the log's end.
 */
import { EngineError } from "../../base/errors.ts";
import { logRowBytesMax, MiB } from "../../base/limits.ts";
import type { SqlStorage, SqlValue } from "../ports.ts";
import { decodeAcceptance } from "./acceptance-codec.ts";
import type { LogState } from "./log-state.ts";
import { decodeRow, type LogRow } from "./row-codec.ts";

/** Bytes of the newest rows kept in memory, and of older rows that were read again. */
const recentBytesMax = 4 * MiB;
const olderBytesMax = 4 * MiB;

/** What a record takes in memory besides its bytes, about. */
const recordMemoryBytes = 300;

/** Size and age of a row, without its bytes. */
export interface RowFacts {
  readonly offset: number;
  readonly records: number;
  readonly appendTime: number;
  readonly bytes: number;
}

/** The newest acceptance row: its state, and the size of its body. */
export interface StoredAcceptance {
  readonly state: LogState;
  readonly bytes: number;
  readonly chunks: number;
}

export class LogRows {
  readonly #sql: SqlStorage;
  readonly #recent: LogRow[] = [];
  #recentBytes = 0;
  /** Least recently read first. */
  readonly #older: LogRow[] = [];
  #olderBytes = 0;
  /** The oldest row, once asked for. */
  #first: RowFacts | undefined;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.run(
      "CREATE TABLE IF NOT EXISTS log (offset INTEGER PRIMARY KEY, records INTEGER NOT NULL," +
        " appended INTEGER NOT NULL, bytes BLOB NOT NULL)",
    );
    sql.run(
      "CREATE TABLE IF NOT EXISTS acceptance (chunk INTEGER PRIMARY KEY, offset INTEGER NOT NULL," +
        " body BLOB NOT NULL)",
    );
  }

  insert(row: LogRow): void {
    this.#sql.run(
      "INSERT INTO log (offset, records, appended, bytes) VALUES (?, ?, ?, ?)",
      row.offset,
      row.records.length,
      row.appendTime,
      row.bytes,
    );
  }

  /** Keeps the row that is now the log's last one. */
  remember(row: LogRow): void {
    this.#recent.push(row);
    this.#recentBytes += memoryOf(row);
    while (this.#recentBytes > recentBytesMax && this.#recent.length > 1) {
      this.#recentBytes -= memoryOf(this.#recent.shift() as LogRow);
    }
  }

  /**
   * Lets go of the newest rows that lie wholly below `offset`. What stays long is moved by the garbage
   * collector, and makes its pauses longer and more frequent.
   */
  forgetUntil(offset: number): void {
    for (let [row] = this.#recent; row && endOf(row) <= offset; [row] = this.#recent) {
      this.#recentBytes -= memoryOf(row);
      this.#recent.shift();
    }
  }

  /** Returns the row that holds the record at `offset`, which must be in the log. */
  containing(offset: number): LogRow {
    return this.#findRecent(offset) ?? this.#findOlder(offset) ?? this.#load(offset);
  }

  /** Reads the first row that begins at or behind `offset`, if the log has one; keeps nothing. */
  readFrom(offset: number): LogRow | undefined {
    const [found] = this.#sql.run(
      "SELECT offset, bytes FROM log WHERE offset >= ? ORDER BY offset LIMIT 1",
      offset,
    );
    return found && decodeRow(found[0] as number, found[1] as Uint8Array);
  }

  /** Offset of the first row that was appended at `time` (ms) or later; undefined where there is none. */
  firstSince(time: number): number | undefined {
    const [found] = this.#sql.run("SELECT offset FROM log WHERE appended >= ? ORDER BY offset LIMIT 1", time);
    return found?.[0] as number | undefined;
  }

  /** The oldest row; undefined where there is none. */
  get first(): RowFacts | undefined {
    this.#first ??= this.oldest(1)[0];
    return this.#first;
  }

  /** The oldest rows, at most `limit`. */
  oldest(limit: number): RowFacts[] {
    const found = this.#sql.run(
      "SELECT offset, records, appended, length(bytes) FROM log ORDER BY offset LIMIT ?",
      limit,
    );
    return found.map((columns) => {
      const [offset, records, appendTime, bytes] = columns as [number, number, number, number];
      return { offset, records, appendTime, bytes };
    });
  }

  /** Bytes of the rows from the one that holds `offset` on, without reading them. */
  bytesFrom(offset: number): number {
    const first = "SELECT max(offset) FROM log WHERE offset <= ?";
    const [found] = this.#sql.run(
      `SELECT sum(length(bytes)) FROM log WHERE offset >= coalesce((${first}), 0)`,
      offset,
    );
    return Number(found?.[0] ?? 0);
  }

  /** Offset behind the last record of the row that holds `offset`, without reading it. */
  endOf(offset: number): number {
    const columns = "SELECT offset, records FROM log WHERE offset <= ? ORDER BY offset DESC LIMIT 1";
    const [found] = this.#sql.run(columns, offset);
    const end = Number(found?.[0] ?? offset) + Number(found?.[1] ?? 1);
    return Math.max(end, offset + 1);
  }

  /** Deletes all rows that begin before `offset`. */
  deleteBefore(offset: number): void {
    this.#sql.run("DELETE FROM log WHERE offset < ?", offset);
    this.#first = undefined;
    const kept = this.#recent.filter((row) => row.offset >= offset);
    this.#recent.splice(0, this.#recent.length, ...kept);
    this.#recentBytes = kept.reduce((sum, row) => sum + memoryOf(row), 0);
    this.#older.length = 0;
    this.#olderBytes = 0;
  }

  /**
   * Overwrites the acceptance body; `chunksBefore` is how many rows the one before took. Returns how many it
   * takes.
   */
  writeAcceptance(offset: number, body: Uint8Array, chunksBefore: number): number {
    const chunks = Math.ceil(body.byteLength / logRowBytesMax);
    for (let chunk = 0; chunk < chunks; chunk++) {
      this.#sql.run(
        "INSERT INTO acceptance (chunk, offset, body) VALUES (?, ?, ?)" +
          " ON CONFLICT (chunk) DO UPDATE SET offset = excluded.offset, body = excluded.body",
        chunk,
        offset,
        body.subarray(chunk * logRowBytesMax, (chunk + 1) * logRowBytesMax),
      );
    }
    if (chunks < chunksBefore) this.#sql.run("DELETE FROM acceptance WHERE chunk >= ?", chunks);
    return chunks;
  }

  /** Reads the state at the newest acceptance row; undefined before the first one. */
  readAcceptance(): StoredAcceptance | undefined {
    const found = this.#sql.run("SELECT offset, body FROM acceptance ORDER BY chunk");
    const [first] = found;
    if (!first) return undefined;
    const bytes = found.reduce((sum, columns) => sum + bodyOf(columns).byteLength, 0);
    const body = new Uint8Array(bytes);
    let at = 0;
    for (const columns of found) {
      body.set(bodyOf(columns), at);
      at += bodyOf(columns).byteLength;
    }
    return { state: decodeAcceptance(first[0] as number, body), bytes, chunks: found.length };
  }

  #findRecent(offset: number): LogRow | undefined {
    const [first] = this.#recent;
    if (!first || offset < first.offset) return undefined;
    let low = 0;
    let high = this.#recent.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#recent[middle] as LogRow).offset <= offset) low = middle;
      else high = middle - 1;
    }
    return this.#recent[low];
  }

  #findOlder(offset: number): LogRow | undefined {
    const index = this.#older.findIndex((row) => row.offset <= offset && offset < endOf(row));
    if (index < 0) return undefined;
    const [row] = this.#older.splice(index, 1) as [LogRow];
    this.#older.push(row);
    return row;
  }

  #load(offset: number): LogRow {
    const [found] = this.#sql.run(
      "SELECT offset, bytes FROM log WHERE offset <= ? ORDER BY offset DESC LIMIT 1",
      offset,
    );
    const row = found && decodeRow(found[0] as number, found[1] as Uint8Array);
    if (!row || endOf(row) <= offset) {
      throw new EngineError("FRAME_CORRUPT", {
        message: `The log row of offset ${offset} is missing. Restore the partition from a savepoint.`,
        details: { offset },
      });
    }
    this.#older.push(row);
    this.#olderBytes += memoryOf(row);
    while (this.#olderBytes > olderBytesMax && this.#older.length > 1) {
      this.#olderBytes -= memoryOf(this.#older.shift() as LogRow);
    }
    return row;
  }
}

function bodyOf(columns: readonly SqlValue[]): Uint8Array {
  return columns[1] as Uint8Array;
}

function endOf(row: LogRow): number {
  return row.offset + row.records.length;
}

function memoryOf(row: LogRow): number {
  return row.bytes.byteLength + row.records.length * recordMemoryBytes;
}
