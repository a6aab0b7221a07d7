/**
 * The splits that a partition has taken part in: as the one that was split, or as a sender to it.
 *
 * Every order may come again, so what was done is stored: of the newest split what it handed over, of each
 * one where it lies in the log, and of each map that it is there.
 */
import { logRowBytesMax } from "../base/limits.ts";
import type { Handover } from "./partition-types.ts";
import type { SqlStorage } from "./ports.ts";

export class PartitionSplits {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    sql.run("CREATE TABLE IF NOT EXISTS splits (split INTEGER PRIMARY KEY)");
    sql.run(
      `CREATE TABLE IF NOT EXISTS handovers (split INTEGER, chunk INTEGER, next_offset INTEGER NOT NULL,
       body BLOB NOT NULL, PRIMARY KEY (split, chunk)) WITHOUT ROWID`,
    );
    this.#sql = sql;
  }

  /** Notes a split; false where it is known. */
  begin(split: number): boolean {
    if (this.#sql.run("SELECT 1 FROM splits WHERE split = ?", split).length > 0) return false;
    this.#sql.run("INSERT INTO splits (split) VALUES (?)", split);
    return true;
  }

  /** Keeps what the split handed over; of the one before, which is over, only where that was. */
  keep(split: number, { nextOffset, acceptance }: Handover): void {
    this.#sql.run("DELETE FROM handovers WHERE chunk > 0");
    this.#sql.run("UPDATE handovers SET body = x''");
    for (let chunk = 0; chunk * logRowBytesMax < acceptance.byteLength; chunk++) {
      const body = acceptance.subarray(chunk * logRowBytesMax, (chunk + 1) * logRowBytesMax);
      const statement = "INSERT INTO handovers (split, chunk, next_offset, body) VALUES (?, ?, ?, ?)";
      this.#sql.run(statement, split, chunk, nextOffset, body);
    }
  }

  /** What the newest split handed over; of older ones where that was, with nothing else. */
  handover(split: number): Handover | undefined {
    const statement = "SELECT next_offset, body FROM handovers WHERE split = ? ORDER BY chunk";
    const chunks = this.#sql.run(statement, split) as [number, Uint8Array][];
    const [first] = chunks;
    if (!first) return undefined;
    const acceptance = new Uint8Array(chunks.reduce((sum, [, body]) => sum + body.byteLength, 0));
    let at = 0;
    for (const [, body] of chunks) {
      acceptance.set(body, at);
      at += body.byteLength;
    }
    return { nextOffset: first[0], acceptance };
  }
}
