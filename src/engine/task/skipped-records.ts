/**
 * Records of its log, or rows of them, that a task leaves out because somebody asked for it: it fails at
 * them.
 *
 * They are stored before the task goes on, so that it leaves out the same however often it is replayed, and
 * forgotten when a checkpoint lies behind them. What is left out is counted as bad and kept as a letter.
 */
import { EngineError } from "../../base/errors.ts";
import { readSealedJson, sealJson } from "../log/sealed-json.ts";
import type { SqlStorage } from "../ports.ts";

/** What is left out, and why. */
export interface Skipped {
  /** One row by its number from 0; absent: all rows of the record. */
  readonly row?: number;
  readonly reason: string;
  /** Set where the record cannot be read in the log, which goes on behind this offset. */
  readonly through?: number;
  /** When the job failed at it, in ms. */
  readonly failedAt?: number;
  /** True where the rows of the frame cannot be read: the letter has none of their values. */
  readonly isUnreadable?: true;
}

export class SkippedRecords {
  readonly #sql: SqlStorage;
  readonly #task: number;
  readonly #skipped = new Map<number, readonly Skipped[]>();

  static createTables(sql: SqlStorage): void {
    sql.run(
      `CREATE TABLE IF NOT EXISTS skipped (task INTEGER, offset INTEGER, row INTEGER, body TEXT,
       PRIMARY KEY (task, offset, row)) WITHOUT ROWID`,
    );
  }

  constructor(sql: SqlStorage, task: number) {
    this.#sql = sql;
    this.#task = task;
    const stored = sql.run("SELECT offset, body FROM skipped WHERE task = ? ORDER BY offset, row", task);
    for (const [offset, body] of stored) {
      const skipped = readSealedJson(String(body), (what) => damaged(task, what));
      this.#note(Number(offset), skipped as unknown as Skipped);
    }
  }

  /** Leaves out one thing more; those below `neededOffset` are never read again and go. */
  add(offset: number, skipped: Skipped, neededOffset: number): void {
    this.#sql.run("DELETE FROM skipped WHERE task = ? AND offset < ?", this.#task, neededOffset);
    this.#sql.run(
      "INSERT OR REPLACE INTO skipped (task, offset, row, body) VALUES (?, ?, ?, ?)",
      ...[this.#task, offset, skipped.row ?? wholeRecord, sealJson(skipped)],
    );
    this.#note(offset, skipped);
  }

  get hasAny(): boolean {
    return this.#skipped.size > 0;
  }

  /** Set where all rows of a record are left out. */
  whole(offset: number): Skipped | undefined {
    return this.#skipped.get(offset)?.find(({ row }) => row === undefined);
  }

  /** Set where a row is left out, by itself or with all others. */
  of(offset: number, row: number): Skipped | undefined {
    return this.#skipped.get(offset)?.find((each) => each.row === row || each.row === undefined);
  }

  #note(offset: number, skipped: Skipped): void {
    this.#skipped.set(offset, [...(this.#skipped.get(offset) ?? []), skipped]);
  }
}

/** In storage: no row has this number. */
const wholeRecord = -1;

function damaged(task: number, what: string): EngineError {
  const message = `What task ${task} leaves out is damaged: ${what}. Start the job anew, from a savepoint.`;
  return new EngineError("STATE_CORRUPT", { message });
}
