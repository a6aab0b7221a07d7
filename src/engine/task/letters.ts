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
import type { Letter, LetterPage } from "../partition-types.ts";
import type { SqlStorage } from "../ports.ts";

interface PendingLetter {
  readonly letter: Letter;
  /** Of its JSON. */
  readonly length: number;
}

export class LetterBox {
  readonly #sql: SqlStorage;
  readonly #task: number;
  #pending: PendingLetter[] = [];
  #pendingBytes = 0;
  /** Bytes of all rows in storage, once asked for. */
  #storedBytes: number | undefined;

  static createTables(sql: SqlStorage): void {
    sql.run(
      `CREATE TABLE IF NOT EXISTS letters (task INTEGER, first_offset INTEGER, first_row INTEGER, bytes BLOB,
       PRIMARY KEY (task, first_offset, first_row)) WITHOUT ROWID`,
    );
  }

  constructor(sql: SqlStorage, task: number) {
    this.#sql = sql;
    this.#task = task;
  }

  /** Bytes of letters not yet written, about. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  add(letter: Letter): void {
    const { length } = JSON.stringify(letter);
    this.#pending.push({ letter, length });
    this.#pendingBytes += length;
  }

  /**
   * Writes what is pending and drops the oldest rows beyond `lettersBytesMax`: part of a checkpoint's last
   * turn.
   */
  write(): void {
    let chunk: Letter[] = [];
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
    if (this.#pending.length > 0) this.#trim();
    this.#pending = [];
    this.#pendingBytes = 0;
  }

  /** Reads up to `limit` letters behind the cursor `after` (as given by an earlier page), oldest first. */
  read(after: string | undefined, limit: number): LetterPage {
    const [offset, row] = after === undefined ? [-1, -1] : after.split(".").map(Number);
    const letters: Letter[] = [];
    let key: readonly [number, number] = this.#rowBefore(offset ?? -1, row ?? -1);
    while (letters.length <= limit) {
      const next = this.#sql.run(
        `SELECT first_offset, first_row, bytes FROM letters
         WHERE task = ? AND (first_offset, first_row) >= (?, ?)
         ORDER BY first_offset, first_row LIMIT 1`,
        this.#task,
        ...key,
      )[0];
      if (!next) break;
      for (const letter of readRow(next[2] as Uint8Array)) {
        if (isBehind(letter, offset ?? -1, row ?? -1)) letters.push(letter);
      }
      key = [next[0] as number, (next[1] as number) + 1];
    }
    for (const { letter } of this.#pending) {
      if (letters.length > limit) break;
      if (isBehind(letter, offset ?? -1, row ?? -1)) letters.push(letter);
    }
    const page = letters.slice(0, limit);
    const last = page.at(-1);
    return { letters: page, next: letters.length > limit && last ? `${last.offset}.${last.row}` : undefined };
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

  #writeRow(letters: readonly Letter[]): void {
    const [first] = letters;
    assert(first !== undefined, "a row holds a letter");
    const bytes = sealJsonBytes({ letters });
    if (this.#storedBytes !== undefined) this.#storedBytes += bytes.byteLength;
    this.#sql.run(
      "INSERT OR REPLACE INTO letters (task, first_offset, first_row, bytes) VALUES (?, ?, ?, ?)",
      this.#task,
      first.offset,
      first.row,
      bytes,
    );
  }

  #trim(): void {
    this.#storedBytes ??= this.#sumStored();
    while (this.#storedBytes > lettersBytesMax) {
      const [oldest] = this.#sql.run(
        `SELECT first_offset, first_row, length(bytes) FROM letters WHERE task = ?
         ORDER BY first_offset, first_row LIMIT 1`,
        this.#task,
      );
      const [offset, row, bytes] = oldest as [number, number, number];
      this.#sql.run(
        "DELETE FROM letters WHERE task = ? AND first_offset = ? AND first_row = ?",
        this.#task,
        offset,
        row,
      );
      this.#storedBytes -= bytes;
    }
  }

  #sumStored(): number {
    const sum = this.#sql.run("SELECT sum(length(bytes)) FROM letters WHERE task = ?", this.#task)[0]?.[0];
    return typeof sum === "number" ? sum : 0;
  }
}

/** Length of JSON at which a row is full: a character takes up to 3 bytes, a value of SQLite 2 MB. */
const letterRowLengthMax = 128 * 1024;

/** The letters of a row; in those of 0.4.0 and before they are the whole of it. */
function readRow(bytes: Uint8Array): readonly Letter[] {
  const text = new TextDecoder().decode(bytes);
  const found = text.startsWith("[") ? `{"letters":${text}}` : text;
  const { letters } = readSealedJson(found, damaged);
  if (Array.isArray(letters)) return letters as Letter[];
  throw damaged("it holds none");
}

function damaged(what: string): EngineError {
  const message = `A row of letters is damaged: ${what}. Read those behind it with a later cursor.`;
  return new EngineError("STATE_CORRUPT", { message });
}

function isBehind(letter: Pick<Letter, "offset" | "row">, offset: number, row: number): boolean {
  return letter.offset > offset || (letter.offset === offset && letter.row > row);
}
