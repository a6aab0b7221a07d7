/**
 * A page of a view as a table: the values that its JSON has, by column, and the same read back as typed ones.
 */
import type { OutputColumn } from "../../engine/plan/task-plan.ts";
import { decodeResult, type ResultJson } from "../../interpreter/values/result-json.ts";
import type { JsonTable } from "./row-texts.ts";
import type { ResultTable } from "./statement-result.ts";
import { sqlTypeOf } from "./type-of-column.ts";

type Outputs = readonly Pick<OutputColumn, "name" | "type">[];
type Rows = readonly Readonly<Record<string, unknown>>[];

/** Columns are the outputs, and `final`. */
export function jsonTableOfView(outputs: Outputs, rows: Rows): JsonTable {
  const names = [...outputs.map(({ name }) => name), "final"];
  return { names, rows: rows.map((row) => names.map((name) => (row[name] ?? null) as ResultJson)) };
}

/** Any but `final` may be null: a window has none of what it did not count. */
export function tableOfView(outputs: Outputs, rows: Rows): ResultTable {
  const fields = [
    ...outputs.map(({ name, type }) => ({ name, type: sqlTypeOf(type, true) })),
    { name: "final", type: sqlTypeOf({ name: "BOOLEAN" }, false) },
  ];
  const { rows: values } = jsonTableOfView(outputs, rows);
  return {
    fields,
    rows: values.map((row) => fields.map(({ type }, at) => decodeResult(row[at] ?? null, type) ?? null)),
  };
}
