/**
 * The tables of one family of a task, by the start of the time that they are of: all of them open.
 */
import type { OpenTable, TaskTables } from "./task-tables.ts";

const largest = Number.MAX_SAFE_INTEGER;

export class OpenTables {
  readonly #tables: TaskTables;
  readonly #family: number;
  // Rebuilt on open. Ascending by start.
  #byStart: Map<bigint, OpenTable>;
  /** The greatest start that there ever was. */
  #last: bigint | undefined;

  constructor(tables: TaskTables, family: number) {
    this.#tables = tables;
    this.#family = family;
    const entries = tables.range(family, -largest, largest, false, largest);
    this.#byStart = new Map(entries.map((entry) => [BigInt(entry.window), tables.openEntry(entry)]));
    this.#last = this.starts().at(-1);
  }

  /** Ascending; good until tables come or go. */
  starts(): bigint[] {
    return [...this.#byStart.keys()];
  }

  get(start: bigint): OpenTable | undefined {
    return this.#byStart.get(start);
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

  /** Drops the first tables that are all `isDone`. */
  dropWhile(isDone: (start: bigint) => boolean): void {
    for (const [start, { entry }] of this.#byStart) {
      if (!isDone(start)) return;
      this.#byStart.delete(start);
      this.#tables.drop(entry);
    }
  }

  #put(start: bigint, open: OpenTable): void {
    const isLast = this.#last === undefined || start > this.#last;
    this.#byStart.set(start, open);
    if (isLast) this.#last = start;
    else this.#byStart = new Map([...this.#byStart].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}
