/**
 * Which pages leave memory first: a hand goes round the directories of all tables, and takes pages that no
 * batch has touched since it came by last.
 *
 * It finds them where the directories say they are: there is no list of pages to keep equal. A call goes on
 * where the last one stopped, so what a page costs does not grow with how many there are.
 */
import {
  COUNTERS_BATCH,
  PAGE_DIRTY,
  PAGE_LOCAL_DEPTH,
  PAGE_STAMP,
  TABLE_DEPTH,
  TABLE_DIRECTORY,
  TABLE_PAGE_COUNT,
} from "../../assembly/abi.ts";
import type { Kernel } from "./kernel.ts";
import type { KeyedTable } from "./keyed-table.ts";

/** A page in memory. */
export interface PagePlace {
  readonly table: KeyedTable;
  readonly page: number;
}

/** Clean pages left alone for a round; all clean ones; dirty ones. Never those of the current batch. */
type Wanted = "Old" | "Clean" | "Dirty";

export class PageClock {
  readonly #kernel: Kernel;
  #tableNumber = 0;
  #index = 0;
  /** Batch in which the round before this one began, and this one. */
  #before = 0;
  #begun = 0;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** Clean pages to evict, those first that were left alone for a round. The consumer evicts each. */
  *clean(tables: readonly KeyedTable[]): Generator<PagePlace> {
    yield* this.#round(tables, "Old");
    yield* this.#round(tables, "Clean");
  }

  /** Dirty pages that the current batch has not touched. The consumer may evict each. */
  *dirty(tables: readonly KeyedTable[]): Generator<PagePlace> {
    yield* this.#round(tables, "Dirty");
  }

  /** Once around from where the hand is; `tables` are in the order of their numbers. */
  *#round(tables: readonly KeyedTable[], wanted: Wanted): Generator<PagePlace> {
    const found = tables.findIndex(({ number }) => number >= this.#tableNumber);
    const first = found === -1 ? 0 : found;
    if (tables[first]?.number !== this.#tableNumber) this.#index = 0;
    for (let turn = 0; turn <= tables.length; turn++) {
      const table = tables[(first + turn) % tables.length];
      if (!table) return;
      if (turn > 0) this.#index = 0;
      if (this.#tableNumber > table.number || (turn > 0 && tables.length === 1)) this.#beginRound();
      this.#tableNumber = table.number;
      yield* this.#pagesOf(table, wanted);
    }
  }

  #beginRound(): void {
    this.#before = this.#begun;
    this.#begun = this.#batch;
  }

  *#pagesOf(table: KeyedTable, wanted: Wanted): Generator<PagePlace> {
    const { memory } = this.#kernel;
    if (memory.view.getUint32(table.pointer + TABLE_PAGE_COUNT, true) === 0) return;
    const entries = 2 ** memory.view.getUint32(table.pointer + TABLE_DEPTH, true);
    const directory = memory.u32(memory.view.getUint32(table.pointer + TABLE_DIRECTORY, true), entries);
    while (this.#index < entries) {
      const page = directory[this.#index] as number;
      if (page === 0) {
        this.#index++;
        continue;
      }
      const { view } = memory;
      const depth = view.getUint16(page + PAGE_LOCAL_DEPTH, true);
      // Read before the consumer may free the page; a directory that grew puts the hand a little back.
      this.#index += entries / 2 ** depth;
      const stamp = view.getUint32(page + PAGE_STAMP, true);
      if (stamp === this.#batch) continue;
      if ((view.getUint32(page + PAGE_DIRTY, true) !== 0) !== (wanted === "Dirty")) continue;
      if (wanted === "Old" && stamp > this.#before) continue;
      yield { table, page };
    }
  }

  get #batch(): number {
    const { memory, exports } = this.#kernel;
    return memory.view.getUint32(exports.tableCounters() + COUNTERS_BATCH, true);
  }
}
