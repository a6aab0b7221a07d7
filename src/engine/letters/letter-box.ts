/**
 * Letters of one task: rows that its job counted in no window, kept readable.
 *
 * A letter is named by the offset and the row that it came from. Letters are written in the turn that
 * commits the checkpoint which includes their record, many to a row, so a replay writes the same letters
 * and none twice.
 */
import { assert } from "../../base/assert.ts";
import { EngineError } from "../../base/errors.ts";
import { lettersBytesMax } from "../../base/limits.ts";
import { readSealedJson, sealJsonBytes } from "../log/sealed-json.ts";
import type { PartitionIdentity } from "../partition-types.ts";
import type { SqlStorage } from "../ports.ts";
import { isBehind, type Letter, type LetterLook, type LetterPage, scannedBytesMax } from "./letter.ts";

/** A letter as it is stored. Of those that release 0.4.0 wrote, `kind` is what the reason begins with. */
interface StoredLetter
  extends Pick<Letter, "offset" | "row" | "appendTime" | "content" | "lateBy" | "isCut"> {
  /** The sentence. */
  readonly reason: string;
  readonly kind?: "late" | "bad";
}

/** What a task keeps of a row. */
export interface KeptRow
  extends Pick<Letter, "offset" | "row" | "appendTime" | "content" | "lateBy" | "isCut"> {
  readonly reason: "late" | "bad";
  readonly message: string;
}

interface PendingLetter {
  readonly letter: StoredLetter;
  /** Of its JSON. */
  readonly length: number;
}

export class LetterBox {
  readonly #sql: SqlStorage;
  readonly #task: number;
  readonly #isKept: () => boolean;
  #pending: PendingLetter[] = [];
  #pendingBytes = 0;
  /** Bytes of all rows in storage, once asked for. */
  #storedBytes: number | undefined;
  /** When the last letter of the oldest row came, once asked for; without a row it is never. */
  #oldestTime: number | undefined;

  static createTables(sql: SqlStorage): void {
    sql.run(
      `CREATE TABLE IF NOT EXISTS letters (task INTEGER, first_offset INTEGER, first_row INTEGER, bytes BLOB,
       PRIMARY KEY (task, first_offset, first_row)) WITHOUT ROWID`,
    );
  }

  /** `isKept` says whether letters are kept now, or only counted. */
  constructor(sql: SqlStorage, task: number, isKept: () => boolean = () => true) {
    this.#sql = sql;
    this.#task = task;
    this.#isKept = isKept;
  }

  /** Bytes of letters not yet written, about. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  add({ reason: kind, message, ...rest }: KeptRow): void {
    if (!this.#isKept()) return;
    const letter: StoredLetter = { ...rest, reason: message, kind };
    const { length } = JSON.stringify(letter);
    this.#pending.push({ letter, length });
    this.#pendingBytes += length;
  }

  /**
   * Writes what is pending, and drops the oldest rows: those whose letters all came before `since` (ms), and
   * those beyond `lettersBytesMax`. Part of a checkpoint's last turn.
   */
  write(since = 0): void {
    let chunk: StoredLetter[] = [];
    let length = 0;
    for (const pending of this.#pending) {
      chunk.push(pending.letter);
      length += pending.length;
      if (length < letterRowLengthMax) continue;
      this.#writeRow(chunk);
      chunk = [];
      length = 0;
    }
    if (chunk.length > 0) this.#writeRow(chunk);
    if (this.#pending.length > 0) this.#storedBytes ??= this.#sumStored();
    this.#trim(since);
    this.#pending = [];
    this.#pendingBytes = 0;
  }

  /** Reads letters, oldest first. */
  read({ after, limit, from = 0, to = Number.POSITIVE_INFINITY, isWanted }: LetterLook): LetterPage {
    const letters: Letter[] = [];
    /** Returns what the page ends with; undefined where it goes on. */
    const take = (stored: StoredLetter): LetterPage | undefined => {
      const letter = letterOf(stored, this.#task);
      if (letter.appendTime >= to) return { letters, next: undefined };
      if (!isBehind(letter, after) || letter.appendTime < from || !isWanted(letter)) return undefined;
      letters.push(letter);
      return letters.length < limit ? undefined : { letters, next: letter };
    };
    let key: readonly [number, number] = this.#rowBefore(after?.offset ?? -1, after?.row ?? -1);
    for (let scanned = 0; ; ) {
      const next = this.#sql.run(
        `SELECT first_offset, first_row, bytes FROM letters
         WHERE task = ? AND (first_offset, first_row) >= (?, ?)
         ORDER BY first_offset, first_row LIMIT 1`,
        this.#task,
        ...key,
      )[0];
      if (!next) break;
      const [offset, row, bytes] = next as [number, number, Uint8Array];
      if (scanned > scannedBytesMax) return { letters, next: { run: this.#task, offset, row: row - 1 } };
      scanned += bytes.byteLength;
      for (const stored of lettersIn(bytes)) {
        const page = take(stored);
        if (page) return page;
      }
      key = [offset, row + 1];
    }
    for (const { letter } of this.#pending) {
      const page = take(letter);
      if (page) return page;
    }
    return { letters, next: undefined };
  }

  /** The letter at a place; undefined where it is gone, or none was. */
  find(offset: number, row: number): Letter | undefined {
    const isSame = (letter: Pick<Letter, "offset" | "row">) => letter.offset === offset && letter.row === row;
    const pending = this.#pending.find(({ letter }) => isSame(letter));
    if (pending) return letterOf(pending.letter, this.#task);
    const [stored] = this.#sql.run(
      "SELECT bytes FROM letters WHERE task = ? AND first_offset = ? AND first_row = ?",
      this.#task,
      ...this.#rowBefore(offset, row),
    );
    const found = stored && lettersIn(stored[0] as Uint8Array).find(isSame);
    return found && letterOf(found, this.#task);
  }

  /** Offset below which no letter is; undefined where there is none at all. */
  get firstOffset(): number | undefined {
    const [oldest] = this.#sql.run("SELECT min(first_offset) FROM letters WHERE task = ?", this.#task);
    return (oldest?.[0] as number | null | undefined) ?? this.#pending[0]?.letter.offset;
  }

  #rowBefore(offset: number, row: number): readonly [number, number] {
    const found = this.#sql.run(
      `SELECT first_offset, first_row FROM letters WHERE task = ? AND (first_offset, first_row) <= (?, ?)
       ORDER BY first_offset DESC, first_row DESC LIMIT 1`,
      this.#task,
      offset,
      row,
    )[0];
    return found ? [found[0] as number, found[1] as number] : [-1, -1];
  }

  #writeRow(letters: readonly StoredLetter[]): void {
    const [first] = letters;
    assert(first !== undefined, "a row holds a letter");
    const bytes = sealJsonBytes({ letters });
    if (this.#storedBytes !== undefined) this.#storedBytes += bytes.byteLength;
    if (this.#oldestTime === Number.POSITIVE_INFINITY) this.#oldestTime = undefined;
    this.#sql.run(
      "INSERT OR REPLACE INTO letters (task, first_offset, first_row, bytes) VALUES (?, ?, ?, ?)",
      this.#task,
      first.offset,
      first.row,
      bytes,
    );
  }

  #trim(since: number): void {
    const isOver = () => this.#storedBytes !== undefined && this.#storedBytes > lettersBytesMax;
    while (isOver() || (this.#oldestTime ?? 0) < since) {
      const [oldest] = this.#sql.run(
        `SELECT first_offset, first_row, bytes FROM letters WHERE task = ?
         ORDER BY first_offset, first_row LIMIT 1`,
        this.#task,
      );
      if (!oldest) {
        this.#oldestTime = Number.POSITIVE_INFINITY;
        return;
      }
      const [offset, row, bytes] = oldest as [number, number, Uint8Array];
      if (!isOver()) {
        this.#oldestTime = lettersIn(bytes).at(-1)?.appendTime ?? 0;
        if (this.#oldestTime >= since) return;
      }
      this.#sql.run(
        "DELETE FROM letters WHERE task = ? AND first_offset = ? AND first_row = ?",
        this.#task,
        offset,
        row,
      );
      this.#oldestTime = undefined;
      if (this.#storedBytes !== undefined) this.#storedBytes -= bytes.byteLength;
    }
  }

  #sumStored(): number {
    const sum = this.#sql.run("SELECT sum(length(bytes)) FROM letters WHERE task = ?", this.#task)[0]?.[0];
    return typeof sum === "number" ? sum : 0;
  }
}

/**
 * The time in ms before which letters go: as old as the stream's retention lets events be. What lies between
 * stages keeps no events for their age; its letters have only the limit of bytes.
 */
export function lettersSince({ retention, inputs }: PartitionIdentity, now: number): number {
  return inputs ? 0 : now - retention.timeMs;
}

/** Length of JSON at which a row is full: a character takes up to 3 bytes, a value of SQLite 2 MB. */
const letterRowLengthMax = 128 * 1024;

/** The letters of a row; in those of 0.4.0 and before they are the whole of it. */
function lettersIn(bytes: Uint8Array): readonly StoredLetter[] {
  const text = new TextDecoder().decode(bytes);
  const found = text.startsWith("[") ? `{"letters":${text}}` : text;
  const { letters } = readSealedJson(found, damaged);
  if (Array.isArray(letters)) return letters as StoredLetter[];
  throw damaged("it holds none");
}

function damaged(what: string): EngineError {
  const message = `A row of letters is damaged: ${what}. Read those behind it with a later cursor.`;
  return new EngineError("STATE_CORRUPT", { message });
}

function letterOf({ reason: message, kind, ...rest }: StoredLetter, run: number): Letter {
  return { run, reason: kind ?? (message.startsWith("late: ") ? "late" : "bad"), message, ...rest };
}
