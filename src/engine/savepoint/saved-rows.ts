/**
 * The rows that a page of a savepoint holds: what a task kept of each key, with no task running.
 *
 * A result is a row of the job's view. A window of several slices that has not fired has no result yet: what
 * was kept of it are its slices, each a row whose window is the slice.
 */
import { assert } from "../../base/assert.ts";
import { MiB } from "../../base/limits.ts";
import type { JsonScalar } from "../../columnar/values.ts";
import { Kernel } from "../../kernel/kernel.ts";
import { PageCache } from "../../kernel/page-cache.ts";
import { storedPageRange } from "../../kernel/stored-page.ts";
import { TableLayout } from "../../kernel/table-layout.ts";
import { cellSpecsOf } from "../plan/cell-layout.ts";
import { finishRow, hasRows, type WindowBounds } from "../plan/finish-row.ts";
import { isOfSums, isOfValues, type TableEntry, TableFamily } from "../state/window-directory.ts";
import { gridOfPlan } from "../windows/grid-of-plan.ts";
import { windowStartOf } from "../windows/window-arithmetic.ts";
import type { SavedPage } from "./part-codec.ts";
import type { TaskState } from "./task-state.ts";

export interface SavedRow {
  /** The job's outputs by name. */
  readonly values: Readonly<Record<string, JsonScalar>>;
  /** True where the window has fired. */
  readonly isFinal: boolean;
  /** True where it is a slice of windows that have not all fired. */
  readonly isSlice: boolean;
}

/** One page lies in memory at a time. */
const budgetBytes = 1 * MiB;

/** Makes a cache to read with: it is good for any number of tasks. */
export function cacheForReading(module: WebAssembly.Module): PageCache {
  return new PageCache(new Kernel(module), { budgetBytes });
}

/** Reads the pages of a task; give it back with `release`. */
export class SavedRows {
  readonly #cache: PageCache;
  readonly #state: TaskState;
  readonly #layout: TableLayout;

  constructor(cache: PageCache, state: TaskState) {
    const { accumulators, planVersion } = state.plan;
    this.#cache = cache;
    this.#layout = new TableLayout(cache.kernel.memory, cellSpecsOf(accumulators, planVersion));
    this.#state = state;
  }

  release(): void {
    this.#layout.release();
  }

  /**
   * The rows of a page in its order; none of one of counted values, or of sums of slices. Throws
   * `STATE_CORRUPT` for one that is damaged.
   */
  rowsOf({ table, bytes }: SavedPage): SavedRow[] {
    const { plan, tables } = this.#state;
    const entry = tables.find((candidate) => candidate.table === table);
    assert(entry, "a page of a savepoint belongs to a table of its state");
    if (isOfValues(entry) || isOfSums(entry)) return [];
    const window = this.#windowOf(entry);
    const marks = { isFinal: entry.firedAt > 0, isSlice: isSlice(entry) };
    const keyed = this.#cache.openTable(this.#layout, () => ({ bytes }));
    try {
      const cells = [...keyed.pageAt(storedPageRange(bytes).firstHash).cells()];
      const kept = cells.filter((cell) => hasRows(plan, cell));
      return kept.map((cell) => ({ values: finishRow(plan, cell, window), ...marks }));
    } finally {
      this.#cache.dropTable(keyed);
    }
  }

  #windowOf({ family, window }: TableEntry): WindowBounds | undefined {
    if (!this.#state.plan.window) return undefined;
    const [grid, at] = [gridOfPlan(this.#state.plan.window), BigInt(window)];
    if (isSlice({ family })) return { start: at, end: at + grid.length };
    return { start: windowStartOf(grid, at), end: at };
  }
}

function isSlice({ family }: Pick<TableEntry, "family">): boolean {
  return family === TableFamily.Slice || family === TableFamily.Folded;
}
