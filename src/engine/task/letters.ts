/**
 * Letters of one task: rows that its job counted in no window, kept readable.
 *
 * A letter is named by the offset and the row that it came from. Letters are written in the turn that
 * commits the checkpoint which includes their record, many to a row, so a replay writes the same letters
 * and none twice.
 */
import { lettersBytesMax } from "../../base/limits.ts";
import type { Letter, LetterPage } from "../partition-types.ts";
import type { SqlStorage } from "../ports.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class LetterBox {
  readonly #sql: SqlStorage;
  readonly #task: number;
  #pending: Letter[] = [];
  #pendingBytes = 0;

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
    this.#pending.push(letter);
    this.#pendingBytes += 64 + JSON.stringify(letter.content).length;
  }

  /**
   * Writes what is pending and drops the oldest rows beyond `lettersBytesMax`: part of a checkpoint's last
   * turn.
   */
  write(): void {
    while (this.#pending.length > 0) {
      const chunk = this.#pending.splice(0, lettersPerRow);
      const first = chunk[0] as Letter;
      this.#sql.run(
        "INSERT OR REPLACE INTO letters (task, first_offset, first_row, bytes) VALUES (?, ?, ?, ?)",
        this.#task,
        first.offset,
        first.row,
        encoder.encode(JSON.stringify(chunk)),
      );
    }
    if (this.#pendingBytes > 0) this.#trim();
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
      for (const letter of JSON.parse(decoder.decode(next[2] as Uint8Array)) as Letter[]) {
        if (isBehind(letter, offset ?? -1, row ?? -1)) letters.push(letter);
      }
      key = [next[0] as number, (next[1] as number) + 1];
    }
    for (const letter of this.#pending) {
      if (letters.length <= limit && isBehind(letter, offset ?? -1, row ?? -1)) letters.push(letter);
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

  #trim(): void {
    const rows = this.#sql.run(
      `SELECT first_offset, first_row, length(bytes) FROM letters
       WHERE task = ? ORDER BY first_offset, first_row`,
      this.#task,
    );
    let total = rows.reduce((sum, row) => sum + (row[2] as number), 0);
    for (const [offset, row, bytes] of rows) {
      if (total <= lettersBytesMax) return;
      this.#sql.run(
        "DELETE FROM letters WHERE task = ? AND first_offset = ? AND first_row = ?",
        this.#task,
        offset as number,
        row as number,
      );
      total -= bytes as number;
    }
  }
}

const lettersPerRow = 2000;

function isBehind(letter: Letter, offset: number, row: number): boolean {
  return letter.offset > offset || (letter.offset === offset && letter.row > row);
}
