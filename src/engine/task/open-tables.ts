/**
 * The tables of one family of a task, by the start of the time that they are of: all of them open.
 */
import { assert } from "../../base/assert.ts";
import type { OpenTable, TaskTables } from "./task-tables.ts";

const largest = Number.MAX_SAFE_INTEGER;

export class OpenTables {
  readonly #tables: TaskTables;
  readonly #family: number;
  // Rebuilt on open.
  readonly #byStart: Map<bigint, OpenTable>;
  /** Ascending; undefined until asked for again. */
  #starts: bigint[] | undefined;

  constructor(tables: TaskTables, family: number) {
    this.#tables = tables;
    this.#family = family;
    const entries = tables.range(family, -largest, largest, false, largest);
    this.#byStart = new Map(entries.map((entry) => [BigInt(entry.window), tables.openEntry(entry)]));
  }

  /** Ascending; good until tables come or go. */
  starts(): readonly bigint[] {
    this.#starts ??= [...this.#byStart.keys()].sort((a, b) => (a < b ? -1 : 1));
    return this.#starts;
  }

  get(start: bigint): OpenTable | undefined {
    return this.#byStart.get(start);
  }

  /** The table with the greatest start. */
  newest(): OpenTable | undefined {
    const start = this.starts().at(-1);
    return start === undefined ? undefined : this.#byStart.get(start);
  }

  /** The table at `start`: a new one where there is none. */
  open(start: bigint): OpenTable {
    const found = this.#byStart.get(start);
    if (found) return found;
    const made = this.#tables.create(this.#family, Number(start), 0, 0);
    this.#put(start, made);
    return made;
  }

  /** Takes a table over from another family, under a start that has none. */
  adopt(open: OpenTable): void {
    this.#tables.move(open, this.#family);
    this.#put(BigInt(open.entry.window), open);
  }

  /** Gives the table at `start` to another family, under `window`. */
  giveAway(start: bigint, family: number, window: bigint): OpenTable {
    const open = this.#byStart.get(start);
    assert(open, "a table that is given away is there");
    this.#byStart.delete(start);
    this.#starts = this.#starts?.filter((other) => other !== start);
    this.#tables.move(open, family, Number(window));
    return open;
  }

  /** Drops the first tables that are all `isDone`. */
  dropWhile(isDone: (start: bigint) => boolean): void {
    const kept = this.starts().findIndex((start) => !isDone(start));
    const done = this.starts().slice(0, kept === -1 ? undefined : kept);
    if (done.length === 0) return;
    for (const start of done) {
      const open = this.#byStart.get(start);
      this.#byStart.delete(start);
      if (open) this.#tables.drop(open.entry);
    }
    this.#starts = this.starts().slice(done.length);
  }

  #put(start: bigint, open: OpenTable): void {
    const last = this.#starts?.at(-1);
    this.#byStart.set(start, open);
    if (last === undefined || last < start) this.#starts?.push(start);
    else this.#starts = undefined;
  }
}
