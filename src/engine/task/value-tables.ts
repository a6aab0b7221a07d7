/**
 * The values of all rows that there are now, for accumulators that need them: of distinct values, and where
 * rows may be taken back the least, the largest, the first and the last.
 *
 * Each column has its tables of counted values, per window where there are windows. What a row changes of the
 * distinct values is added to the cell as it comes; what is least, largest, first or last after an update is
 * written into the cell, where everything else reads it. What a key loses otherwise than by retraction (it
 * expired, or all its rows are gone) is cleared here before its cell starts anew or goes; those of a window
 * go with it.
 */
import { assert } from "../../base/assert.ts";
import type { AccumulatorSpec } from "../../columnar/accumulator.ts";
import { type Kind, kindOf } from "../../columnar/schema.ts";
import { type KeyedRows, updateAccumulator } from "../../kernel/aggregates.ts";
import { ColumnBatch } from "../../kernel/column-batch.ts";
import {
  clearKeys,
  clearValues,
  readBound,
  updateArrivals,
  updateValues,
} from "../../kernel/counted-values.ts";
import { KeyedTable } from "../../kernel/keyed-table.ts";
import type { PageCache } from "../../kernel/page-cache.ts";
import type { CellValue } from "../../kernel/page-view.ts";
import type { TableFailure } from "../../kernel/table-failure.ts";
import type { TableLayout } from "../../kernel/table-layout.ts";
import { TouchedCells } from "../../kernel/touched-cells.ts";
import type { CountedColumn, CountedValuesPlan, TaskPlan } from "../plan/task-plan.ts";
import { continuousWindow, ValuesTable, valuesFamily } from "../state/window-directory.ts";
import type { TaskInput } from "./task-input.ts";
import type { TaskTables } from "./task-tables.ts";

const changesKind = kindOf({ name: "BIGINT" });

/**
 * Rows of a batch, where there is one table of values. Each may touch two or three of its pages, of up to 32
 * KiB; all that a batch touches must fit into half the page budget.
 */
const batchRowsMax = 128;

/** What is the same for all rows of a batch. */
export interface AppliedRows {
  readonly input: TaskInput;
  readonly appendTime: number;
  /** Of the order of arrival. */
  readonly orderBase: bigint;
}

/** Rows whose cells lie in one table, that of `window`. */
interface WindowRows {
  readonly rows: KeyedRows;
  readonly window: number;
}

export class ValueTables {
  readonly #cache: PageCache;
  readonly #accumulators: readonly AccumulatorSpec[];
  readonly #counted: CountedValuesPlan;
  readonly #layout: TableLayout;
  readonly #tables: TaskTables;

  /** `layout` is that of the cells. */
  constructor(
    cache: PageCache,
    { accumulators }: Pick<TaskPlan, "accumulators">,
    counted: CountedValuesPlan,
    layout: TableLayout,
    tables: TaskTables,
  ) {
    this.#cache = cache;
    this.#accumulators = accumulators;
    this.#counted = counted;
    this.#layout = layout;
    this.#tables = tables;
  }

  /** How many rows one batch may have: it depends on the plan alone. */
  get rowsMax(): number {
    const tables = this.#counted.columns.reduce((sum, { distinct, bounds, ends }) => {
      return sum + (distinct.length + bounds.length > 0 ? 1 : 0) + (ends.length > 0 ? 2 : 0);
    }, 0);
    return Math.max(1, Math.floor(batchRowsMax / tables));
  }

  /** True for accumulators that are brought up to date here alone. */
  isKept(accumulator: number): boolean {
    return this.#counted.columns.some(({ distinct, bounds, ends }) =>
      [distinct, bounds, ends].some((some) => some.includes(accumulator)),
    );
  }

  /** Applies rows, whose cells have been found, and brings these up to date. */
  update(rows: KeyedRows, applied: AppliedRows): TableFailure | undefined {
    return this.#byWindow(rows, (some) => {
      let failure: TableFailure | undefined;
      this.#counted.columns.forEach((column, place) => {
        failure ??= this.#updateValues(column, place, some, applied);
        failure ??= this.#updateArrivals(column, place, some, applied);
      });
      // Last of all, since cells may move then, and only one row of each is told where to.
      return failure ?? this.#updateBounds(some, applied);
    });
  }

  /** Forgets the values of the keys of some of a batch's rows; there are no windows. */
  clear(rows: KeyedRows, chosen: readonly number[]): void {
    if (chosen.length === 0) return;
    this.#choose(chosen, (selection) => {
      const some = { ...rows, selection, count: chosen.length };
      for (const table of this.#existing()) clearValues(this.#cache.kernel, table, some);
    });
  }

  /** Forgets the values of the keys of cells that are about to go. It is a batch of its own. */
  forget(cells: readonly CellValue[]): void {
    if (cells.length === 0) return;
    this.#cache.beginBatch();
    for (const table of this.#existing()) clearKeys(this.#cache.kernel, table, cells);
  }

  #updateValues(
    { column, distinct, bounds }: CountedColumn,
    place: number,
    { rows, window }: WindowRows,
    { input, appendTime }: AppliedRows,
  ): TableFailure | undefined {
    if (distinct.length + bounds.length === 0) return undefined;
    const { kernel } = this.#cache;
    const table = this.#open(place, ValuesTable.Values, window, appendTime);
    const sum = distinct.find((index) => this.#accumulators[index]?.operation === "sum");
    const kind = sum === undefined ? changesKind : this.#kindOf(sum);
    return this.#withColumns([changesKind, kind], input.rows, (changes, signed) => {
      const weighed = { values: input.columnPointer(column), weights: this.#weights(input) };
      const written = { changes, signed: sum === undefined ? undefined : signed };
      let failure = updateValues(kernel, table, rows, weighed, written);
      for (const index of distinct) {
        failure ??= updateAccumulator(
          kernel,
          this.#layout,
          index,
          rows,
          index === sum ? signed : changes,
          0n,
        );
      }
      return failure;
    });
  }

  #updateArrivals(
    { column, ends }: CountedColumn,
    place: number,
    { rows, window }: WindowRows,
    { input, appendTime, orderBase }: AppliedRows,
  ): TableFailure | undefined {
    if (ends.length === 0) return undefined;
    const weights = this.#weights(input);
    assert(weights !== undefined, "arrivals are kept where rows may be taken back");
    const weighed = { values: input.columnPointer(column), weights };
    const tables = {
      arrivals: this.#open(place, ValuesTable.Arrivals, window, appendTime),
      places: this.#open(place, ValuesTable.Places, window, appendTime),
    };
    return updateArrivals(this.#cache.kernel, tables, rows, weighed, orderBase);
  }

  #updateBounds({ rows, window }: WindowRows, { input, appendTime }: AppliedRows): TableFailure | undefined {
    const { kernel } = this.#cache;
    const wanted = this.#counted.columns.flatMap(({ bounds, ends }, place) => [
      ...bounds.map((index) => ({ index, place, table: ValuesTable.Values })),
      ...ends.map((index) => ({ index, place, table: ValuesTable.Arrivals })),
    ]);
    if (wanted.length === 0) return undefined;
    const touched = new TouchedCells(kernel, this.#layout, rows);
    return this.#choose(touched.firstRows, (selection) => {
      const firsts = { ...rows, selection, count: touched.firstRows.length };
      let failure: TableFailure | undefined;
      for (const { index, place, table } of wanted) {
        const { operation } = this.#accumulators[index] as AccumulatorSpec;
        assert(operation !== "count" && operation !== "sum", "sums have no bounds");
        const values = this.#open(place, table, window, appendTime);
        failure ??= this.#withColumns([this.#kindOf(index)], input.rows, (found) => {
          readBound(kernel, values, firsts, operation, found);
          touched.reset(index);
          return updateAccumulator(kernel, this.#layout, index, firsts, found, 0n);
        });
      }
      return failure;
    });
  }

  #kindOf(accumulator: number): Kind {
    const spec = this.#accumulators[accumulator];
    assert(spec, "the plan has the accumulator");
    return spec.kind;
  }

  #weights(input: TaskInput): number | undefined {
    const { weightColumn } = this.#counted;
    return weightColumn === undefined ? undefined : input.columnPointer(weightColumn);
  }

  #open(place: number, table: ValuesTable, window: number, appendTime: number): KeyedTable {
    const family = valuesFamily(place, table);
    return (this.#tables.find(family, window) ?? this.#tables.create(family, window, 0, appendTime)).keyed;
  }

  /** Of a task without windows. */
  #existing(): KeyedTable[] {
    return this.#counted.columns.flatMap((_, place) =>
      Object.values(ValuesTable).flatMap(
        (table) => this.#tables.find(valuesFamily(place, table), continuousWindow)?.keyed ?? [],
      ),
    );
  }

  /** Rows by the table of their cells, until one fails. */
  #byWindow(rows: KeyedRows, use: (rows: WindowRows) => TableFailure | undefined): TableFailure | undefined {
    const { tables, selection, count } = rows;
    if (tables instanceof KeyedTable) {
      return use({ rows, window: this.#tables.at(tables.pointer).entry.window });
    }
    const { memory } = this.#cache.kernel;
    const all = selection === 0 ? undefined : memory.u32(selection, count);
    const byPointer = new Map<number, number[]>();
    for (let place = 0; place < count; place++) {
      const row = all?.[place] ?? place;
      const pointer = memory.view.getUint32(tables + row * 4, true);
      const some = byPointer.get(pointer);
      if (some) some.push(row);
      else byPointer.set(pointer, [row]);
    }
    let failure: TableFailure | undefined;
    for (const [pointer, some] of byPointer) {
      const { keyed, entry } = this.#tables.at(pointer);
      failure ??= this.#choose(some, (chosen) =>
        use({
          rows: { ...rows, tables: keyed, selection: chosen, count: some.length },
          window: entry.window,
        }),
      );
    }
    return failure;
  }

  /** Columns of so many rows for the time of `use`, which gets their addresses. */
  #withColumns(
    kinds: readonly Kind[],
    rows: number,
    use: (first: number, second: number) => TableFailure | undefined,
  ): TableFailure | undefined {
    const columns = new ColumnBatch(this.#cache.kernel.memory, kinds, rows);
    columns.rows = rows;
    try {
      return use(columns.columnPointer(0), columns.columnPointer(kinds.length - 1));
    } finally {
      columns.release();
    }
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
