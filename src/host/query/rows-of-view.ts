/**
 * Rows of a view as rows of its table.
 *
 * Where a declarative job keeps the view, the table's rows are made of the job's by their shape. Those of a
 * dataflow are rows of the table; what has no lane is text, the JSON of the value.
 */
import type { ViewRow } from "../../engine/partition-types.ts";
import { laneTypeOf } from "../../engine/plan/lane-values.ts";
import type { SqlType } from "../../interpreter/types/sql-type.ts";
import { decodeResult, type ResultJson } from "../../interpreter/values/result-json.ts";
import type { Row, SqlValue } from "../../interpreter/values/sql-value.ts";
import { decodeValueJson } from "../../interpreter/values/value-json.ts";
import type { ShapedColumn, TableShape } from "../../protocol/table-shape.ts";
import type { ScanRelation } from "../../sql/bind/logical-plan.ts";

/** Returns the rows of a page of a view as those that a scan of its table has. */
export function rowsOfView(
  rows: readonly ViewRow[],
  { fields, columns }: Pick<ScanRelation, "fields" | "columns">,
  shape: TableShape | undefined,
): Row[] {
  const valuesOf = fields.map(({ type }, index) => {
    const name = columns[index] as string;
    const column = shape?.columns.find((each) => each.name === name);
    return shape && !column ? () => null : (row: ViewRow) => valueIn(row, name, type, column);
  });
  const there = shape?.isWindowed ? rows.filter(({ final }) => final) : rows;
  return there.map((row) => valuesOf.map((read) => read(row)));
}

function valueIn(
  { values }: ViewRow,
  name: string,
  type: SqlType,
  column: ShapedColumn | undefined,
): SqlValue {
  const json: ResultJson = values[column?.output ?? name] ?? null;
  if (json === null) return null;
  if (!column && !laneTypeOf(type)) return decodeValueJson(JSON.parse(String(json)));
  if (!column?.narrow) return decodeResult(json, type) ?? null;
  const wrapped = BigInt.asIntN(32, BigInt(String(json)));
  return type.name === "BIGINT" ? wrapped : Number(wrapped);
}
