/**
 * What a view's results were and are, written into the change table of its task.
 *
 * A view of windows has those that have fired: its changes begin when they fire.
 */
import { hashKey } from "../../columnar/key-encoding.ts";
import { formatValue, type LaneValue } from "../../columnar/values.ts";
import type { PageView } from "../../kernel/page-view.ts";
import { type Cell, finishValues, hasRows, type WindowBounds } from "../plan/finish-row.ts";
import type { TaskPlan } from "../plan/task-plan.ts";
import { continuousWindow } from "../state/window-directory.ts";
import type { ChangeTable } from "./change-table.ts";
import type { ChangeKind } from "./change-types.ts";

export class ViewChanges {
  readonly #plan: TaskPlan;
  readonly #table: ChangeTable;

  constructor(plan: TaskPlan, table: ChangeTable) {
    this.#plan = plan;
    this.#table = table;
  }

  get isRecording(): boolean {
    return this.#table.isRecording;
  }

  /** Adds the results of one page of a window that has fired. */
  addPage(page: PageView, window: WindowBounds): void {
    if (!this.isRecording) return;
    for (const cell of page.cells()) {
      if (hasRows(this.#plan, cell))
        this.#add("+I", cell.hash, finishValues(this.#plan, cell, window), window);
    }
  }

  /** Adds that the result of a key was one and is another; undefined where there is none. */
  addUpdate(
    hash: bigint,
    was: readonly LaneValue[] | undefined,
    is: readonly LaneValue[] | undefined,
    window: WindowBounds | undefined,
  ): void {
    if (!this.isRecording || (was && is && areEqual(was, is))) return;
    if (was) this.#add(is ? "-U" : "-D", hash, was, window);
    if (is) this.#add(was ? "+U" : "+I", hash, is, window);
  }

  /**
   * Adds what a row that came as `kind` does to the row of its key, which was one and is another; values are
   * in the order of the plan's accumulators.
   */
  addRow(
    key: Pick<Cell, "key" | "keyNulls">,
    kind: ChangeKind,
    was: readonly LaneValue[] | undefined,
    is: readonly LaneValue[] | undefined,
  ): void {
    if (!this.isRecording || (was && is && areEqual(was, is))) return;
    const hash = hashKey(key.key, key.keyNulls);
    const add = (as: ChangeKind, accumulators: readonly LaneValue[]) =>
      this.#add(as, hash, finishValues(this.#plan, { ...key, accumulators }, undefined), undefined);
    const isTaken = kind === "-U" || kind === "-D";
    if (was) add(is ? "-U" : isTaken ? kind : "-D", was);
    if (is) add(was ? "+U" : kind, is);
  }

  #add(kind: ChangeKind, hash: bigint, values: readonly LaneValue[], window: WindowBounds | undefined): void {
    const row = rowText(this.#plan, values);
    const end = window ? Number(window.end) : continuousWindow;
    this.#table.add({ kind, hash: hexOf(hash), window: end, row });
  }
}

/** A row of a view as JSON, in the order of its columns. */
function rowText({ outputs }: Pick<TaskPlan, "outputs">, values: readonly LaneValue[]): string {
  const columns = outputs.map(({ name, type }, index) => {
    return `${JSON.stringify(name)}:${JSON.stringify(formatValue(values[index] as LaneValue, type))}`;
  });
  return `{${columns.join(",")}}`;
}

/** A hash as sixteen hex digits: their order is that of the hashes. */
export function hexOf(hash: bigint): string {
  return hash.toString(16).padStart(16, "0");
}

export function areEqual(first: readonly LaneValue[], second: readonly LaneValue[]): boolean {
  return first.every((value, index) => {
    const other = second[index] as LaneValue;
    if (!(value instanceof Uint8Array) || !(other instanceof Uint8Array)) return Object.is(value, other);
    return value.length === other.length && value.every((byte, at) => byte === other[at]);
  });
}
