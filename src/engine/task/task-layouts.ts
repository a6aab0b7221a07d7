/**
 * What the cells of a task's tables hold, by family.
 */
import { assert } from "../../base/assert.ts";
import { countedValuesSpecs } from "../../kernel/counted-values.ts";
import type { KernelMemory } from "../../kernel/kernel-memory.ts";
import { TableLayout } from "../../kernel/table-layout.ts";
import { cellSpecsOf } from "../plan/cell-layout.ts";
import type { TaskPlan } from "../plan/task-plan.ts";
import { isOfValues, type TableEntry, ValuesTable, valuesFamily } from "../state/window-directory.ts";

export class TaskLayouts {
  /** Of slices and results. */
  readonly cells: TableLayout;
  /** Families of counted values. */
  readonly valuesFamilies: readonly number[];
  readonly #values: TableLayout | undefined;

  constructor(memory: KernelMemory, { accumulators, planVersion, countedValues, chain }: TaskPlan) {
    this.cells = new TableLayout(memory, cellSpecsOf(accumulators, planVersion));
    if (countedValues || chain) this.#values = new TableLayout(memory, countedValuesSpecs);
    this.valuesFamilies = (countedValues?.columns ?? []).flatMap((_, place) =>
      Object.values(ValuesTable).map((table) => valuesFamily(place, table)),
    );
  }

  /** Of a chain's state. */
  get state(): TableLayout {
    assert(this.#values, "a chain has state");
    return this.#values;
  }

  of(entry: Pick<TableEntry, "family">): TableLayout {
    return isOfValues(entry) && this.#values ? this.#values : this.cells;
  }

  /** Gives the layouts' memory back; no table may use them any more. */
  release(): void {
    this.cells.release();
    this.#values?.release();
  }
}
