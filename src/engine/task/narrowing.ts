/**
 * Letting go of the keys that a split has taken away from a task, some pages at a time.
 *
 * It stands between two records: nothing is applied before all are gone. Doing it again changes nothing, so a
 * restart begins it anew.
 */
import type { KeyFilter } from "../state/key-filter.ts";
import type { TableEntry } from "../state/window-directory.ts";
import type { TaskTables } from "./task-tables.ts";

export class Narrowing {
  readonly #tables: TaskTables;
  readonly #filter: KeyFilter;
  readonly #entries: readonly TableEntry[];
  #next = 0;
  #hash: bigint | undefined = 0n;

  /** All tables of the task must be in storage. */
  constructor(tables: TaskTables, filter: KeyFilter) {
    this.#tables = tables;
    this.#filter = filter;
    this.#entries = tables.stored();
  }

  /** Goes through about `cellsMax` cells; returns true when nothing is left to do. */
  step(cellsMax: number): boolean {
    let cells = 0;
    while (cells < cellsMax && !this.#tables.isFull) {
      const entry = this.#entries[this.#next];
      if (!entry) return true;
      const { keyed } = this.#tables.openEntry(entry);
      const hash = this.#hash ?? 0n;
      const { cellCount, nextHash } = keyed.pageAt(hash);
      this.#filter.apply(entry, keyed, hash);
      cells += cellCount + 1;
      this.#hash = nextHash;
      if (nextHash === undefined) this.#next++;
    }
    return this.#next >= this.#entries.length;
  }
}
