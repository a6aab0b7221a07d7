/**
 * Rows of tables with the connector `print`, on their way to the log: of each record no more than a log can
 * take, and how many there were besides. A record that is done again after a crash is shown again.
 */
import { formatRow } from "../../interpreter/values/result-json.ts";
import type { PrintPlan } from "../plan/chain-plan.ts";
import type { PrintedRow } from "../ports.ts";
import type { Outlet } from "./chain-output.ts";
import { type ChainRow, rowKindNames } from "./chain-row.ts";

/** Rows of one record that are shown. */
const shownMax = 100;

export class PrintedRows {
  readonly outlets: readonly Outlet[];
  readonly #print: (row: PrintedRow) => void;
  /** Of the record, by table. */
  readonly #counts = new Map<string, number>();

  constructor(plans: readonly PrintPlan[], print: (row: PrintedRow) => void) {
    this.#print = print;
    this.outlets = plans.map((plan) => ({ of: plan.of, push: (row) => this.#show(plan, row) }));
  }

  /** The record is done: says what was left out. */
  endRecord(): void {
    for (const [table, count] of this.#counts) {
      if (count > shownMax) this.#print({ table, text: `and ${count - shownMax} rows more` });
    }
    this.#counts.clear();
  }

  #show({ name, types }: PrintPlan, { kind, values }: ChainRow): void {
    const count = (this.#counts.get(name) ?? 0) + 1;
    this.#counts.set(name, count);
    if (count > shownMax) return;
    this.#print({ table: name, text: `${rowKindNames[kind]}${formatRow(values, types)}` });
  }
}
