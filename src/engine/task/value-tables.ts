/**
 * The values of all rows that there are now, for accumulators that keep the least or largest of rows that may
 * be taken back.
 *
 * Each of them has a table of counted values; what is least or largest after an update is written into the
 * cell, where everything else reads it. What a key loses otherwise than by retraction (it expired, or all its
 * rows are gone) is cleared here before its cell starts anew or goes.
 */
import { assert } from "../../base/assert.ts";
import { type KeyedRows, updateAccumulator } from "../../kernel/aggregates.ts";
import { ColumnBatch } from "../../kernel/column-batch.ts";
import {
  clearKeys,
  clearValues,
  readBound,
  updateValues,
  type ValueRows,
} from "../../kernel/counted-values.ts";
import type { KeyedTable } from "../../kernel/keyed-table.ts";
import type { PageCache } from "../../kernel/page-cache.ts";
import type { CellValue } from "../../kernel/page-view.ts";
import type { TableFailure } from "../../kernel/table-failure.ts";
import type { TableLayout } from "../../kernel/table-layout.ts";
import type { TouchedCells } from "../../kernel/touched-cells.ts";
import type { TaskPlan } from "../plan/task-plan.ts";
import { TableFamily } from "../state/window-directory.ts";
import type { TaskInput } from "./task-input.ts";
import type { TaskTables } from "./task-tables.ts";

/** Rows and their cells, and one row for each cell. */
interface Update {
  readonly rows: KeyedRows;
  readonly firsts: KeyedRows;
  readonly touched: TouchedCells;
  readonly input: TaskInput;
  readonly appendTime: number;
}

export class ValueTables {
  readonly #cache: PageCache;
  readonly #plan: TaskPlan;
  readonly #layout: TableLayout;
  readonly #tables: TaskTables;
  readonly #accumulators: readonly number[];

  /** `layout` is that of the cells. */
  constructor(cache: PageCache, plan: TaskPlan, layout: TableLayout, tables: TaskTables) {
    this.#cache = cache;
    this.#plan = plan;
    this.#layout = layout;
    this.#tables = tables;
    this.#accumulators = plan.countedValues?.accumulators ?? [];
  }

  /** Applies rows, whose cells are `touched`, and brings these up to date. */
  update(
    rows: KeyedRows,
    touched: TouchedCells,
    input: TaskInput,
    appendTime: number,
  ): TableFailure | undefined {
    return this.#choose(touched.firstRows, (selection) => {
      const firsts = { ...rows, selection, count: touched.firstRows.length };
      for (const index of this.#accumulators) {
        const failure = this.#updateOne(index, { rows, firsts, touched, input, appendTime });
        if (failure) return failure;
      }
      return undefined;
    });
  }

  /** Forgets the values of the keys of some of a batch's rows. */
  clear(rows: KeyedRows, chosen: readonly number[]): void {
    if (chosen.length === 0) return;
    this.#choose(chosen, (selection) => {
      const some: ValueRows = { ...rows, selection, count: chosen.length };
      for (const table of this.#existing()) clearValues(this.#cache.kernel, table, some);
    });
  }

  /** Forgets the values of the keys of cells that are about to go. It is a batch of its own. */
  forget(cells: readonly CellValue[]): void {
    if (cells.length === 0) return;
    this.#cache.beginBatch();
    for (const table of this.#existing()) clearKeys(this.#cache.kernel, table, cells);
  }

  #updateOne(index: number, { rows, firsts, touched, input, appendTime }: Update): TableFailure | undefined {
    const { kernel } = this.#cache;
    const { accumulators, countedValues } = this.#plan;
    const spec = accumulators[index];
    assert(countedValues && spec && spec.argument !== null, "the least or largest is of some column");
    assert(spec.operation === "min" || spec.operation === "max", "only bounds need all values");
    const open = this.#tables.find(TableFamily.Values, index);
    const table = (open ?? this.#tables.create(TableFamily.Values, index, 0, appendTime)).keyed;
    const weights = input.columnPointer(countedValues.weightColumn);
    const failure = updateValues(kernel, table, rows, input.columnPointer(spec.argument), weights);
    if (failure) return failure;
    const bounds = new ColumnBatch(kernel.memory, [spec.kind], input.rows);
    try {
      bounds.rows = input.rows;
      readBound(kernel, table, firsts, spec.operation, bounds.columnPointer(0));
      touched.reset(index);
      return updateAccumulator(kernel, this.#layout, index, firsts, bounds.columnPointer(0), 0n);
    } finally {
      bounds.release();
    }
  }

  #existing(): KeyedTable[] {
    return this.#accumulators.flatMap((index) => {
      return this.#tables.find(TableFamily.Values, index)?.keyed ?? [];
    });
  }

  /** Puts row numbers into kernel memory for the time of `use`. */
  #choose<Value>(rows: readonly number[], use: (selection: number) => Value): Value {
    const { memory } = this.#cache.kernel;
    const block = memory.allocate(Math.max(1, rows.length) * 4);
    memory.u32(block, rows.length).set(rows);
    try {
      return use(block);
    } finally {
      memory.release(block);
    }
  }
}
