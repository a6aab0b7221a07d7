/**
 * Changes for people, a line for each as it comes: its kind, then its values. A column is as wide as its
 * widest value so far, since nobody knows what is still to come.
 */
import type { ResultJson } from "../interpreter/values/result-json.ts";
import { cellText, isNumeric, padded, widthOf } from "./draw-results.ts";
import type { ResultColumn } from "./sql-answers.ts";

export class ChangeLines {
  readonly #columns: readonly ResultColumn[];
  readonly #widths: number[];

  constructor(columns: readonly ResultColumn[]) {
    this.#columns = columns;
    this.#widths = columns.map(({ name }) => widthOf(name));
  }

  /** The names, with a rule below. */
  head(): string {
    const names = this.#line(
      "op",
      this.#columns.map(({ name }) => name),
    );
    return `${names}${"-".repeat(names.length - 1)}\n`;
  }

  change(kind: string, row: Readonly<Record<string, ResultJson>>): string {
    return this.#line(
      kind,
      this.#columns.map(({ name }) => cellText(row[name] ?? null)),
    );
  }

  #line(kind: string, cells: readonly string[]): string {
    const parts = cells.map((cell, index) => {
      const width = Math.max(this.#widths[index] ?? 0, widthOf(cell));
      this.#widths[index] = width;
      return padded(cell, width, isNumeric(this.#columns[index]?.type ?? ""));
    });
    return `${[kind, ...parts].join(" | ").trimEnd()}\n`;
  }
}
