/**
 * Replays of a partition's letters: which have been replayed, and the one that is under way.
 *
 * A replay is begun before anything is sent, under a number that is its sequence as an append: the log of who
 * receives it drops what comes twice. There is one at a time, so a receiver needs to remember the last alone.
 * What a caller left unfinished, the next one finishes before it begins its own.
 *
 * Invariant: a letter is marked when all of its replay is acknowledged, and in the turn that ends the replay.
 */

import { EngineError } from "../../base/errors.ts";
import type { LetterPlace } from "../../protocol/letter-id.ts";
import { readSealedJson, sealJson } from "../log/sealed-json.ts";
import type { SqlStorage } from "../ports.ts";

/** Letters on their way into a stream. */
export interface Replay {
  /** From 1 on, in the order in which they were begun. */
  readonly number: number;
  readonly into: ReplayTarget;
  readonly places: readonly ReplayPlace[];
}

/** A letter to replay. */
export interface ReplayPlace extends LetterPlace {
  /** The record, where it is not sent as it came: it was mended. */
  readonly text?: string;
}

export interface ReplayTarget {
  readonly stream: string;
  readonly generation: number;
}

interface StoredReplays {
  /** Number of the last one that was begun. */
  readonly last: number;
  readonly pending?: Replay;
}

interface Marks {
  readonly ranges: RowRanges;
  readonly at: number;
}

/** Rows of one record that were replayed, as pairs of first and last. */
type RowRanges = readonly (readonly [first: number, last: number])[];

export class Replays {
  readonly #sql: SqlStorage;
  /** What was asked for last: letters of one record are asked for one after the other. */
  #latest: { readonly run: number; readonly offset: number; readonly found: Marks | undefined } | undefined;

  /** `task` is the letter's run, as in the other tables of tasks. */
  static createTables(sql: SqlStorage): void {
    sql.run("CREATE TABLE IF NOT EXISTS replays (id INTEGER PRIMARY KEY, body TEXT)");
    sql.run(
      "CREATE TABLE IF NOT EXISTS replayed (task INTEGER, offset INTEGER, rows TEXT, at INTEGER," +
        " PRIMARY KEY (task, offset)) WITHOUT ROWID",
    );
  }

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** The replay that was begun and not ended. */
  get pending(): Replay | undefined {
    return this.#stored().pending;
  }

  begin(into: ReplayTarget, places: readonly ReplayPlace[]): Replay {
    const last = this.#stored().last + 1;
    const pending = { number: last, into, places };
    this.#store({ last, pending });
    return pending;
  }

  /** Ends the pending replay, if it is that one, and marks what of it was `done` at `now`. */
  end(number: number, done: readonly LetterPlace[], now: number): void {
    const { last, pending } = this.#stored();
    if (pending?.number !== number) return;
    const byRecord = Map.groupBy(done, ({ run, offset }) => `${run}.${offset}`);
    for (const places of byRecord.values()) this.#mark(places, now);
    this.#store({ last });
  }

  /** When a letter was replayed last, in ms. */
  replayedAt({ run, offset, row }: LetterPlace): number | undefined {
    const marked = this.#marked(run, offset);
    return marked?.ranges.some(([first, last]) => first <= row && row <= last) ? marked.at : undefined;
  }

  /** Forgets marks of a run's letters below `offset`: they are gone. */
  forgetBelow(run: number, offset: number): void {
    this.#latest = undefined;
    this.#sql.run("DELETE FROM replayed WHERE task = ? AND offset < ?", run, offset);
  }

  #mark(places: readonly LetterPlace[], now: number): void {
    const [{ run, offset }] = places as [LetterPlace];
    const before = (this.#marked(run, offset)?.ranges ?? []).flatMap(([first, last]) =>
      Array.from({ length: last - first + 1 }, (_, index) => first + index),
    );
    this.#latest = undefined;
    const ranges = JSON.stringify(rangesOf([...before, ...places.map(({ row }) => row)]));
    this.#sql.run(
      "INSERT OR REPLACE INTO replayed (task, offset, rows, at) VALUES (?, ?, ?, ?)",
      ...[run, offset, ranges, now],
    );
  }

  #marked(run: number, offset: number): Marks | undefined {
    if (this.#latest?.run === run && this.#latest.offset === offset) return this.#latest.found;
    const [row] = this.#sql.run("SELECT rows, at FROM replayed WHERE task = ? AND offset = ?", run, offset);
    const found = row && { ranges: JSON.parse(row[0] as string) as RowRanges, at: row[1] as number };
    this.#latest = { run, offset, found };
    return found;
  }

  #stored(): StoredReplays {
    const [found] = this.#sql.run("SELECT body FROM replays WHERE id = 1");
    return found ? (readSealedJson(String(found[0]), damaged) as unknown as StoredReplays) : { last: 0 };
  }

  #store(stored: StoredReplays): void {
    this.#sql.run("INSERT OR REPLACE INTO replays (id, body) VALUES (1, ?)", sealJson(stored));
  }
}

function damaged(what: string): EngineError {
  const message = `What this shard knows of replays of its dead letters is damaged: ${what}.`;
  return new EngineError("STATE_CORRUPT", { message });
}

function rangesOf(rows: readonly number[]): RowRanges {
  const ranges: [number, number][] = [];
  for (const row of [...new Set(rows)].sort((one, other) => one - other)) {
    const last = ranges.at(-1);
    if (last && last[1] === row - 1) last[1] = row;
    else ranges.push([row, row]);
  }
  return ranges;
}
