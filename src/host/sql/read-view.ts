/**
 * The rows of a view as rows of SQL: its pages, one after the other.
 *
 * Where a declarative job keeps the view, the table's rows are made of the job's by their shape. Those of a
 * dataflow are rows of the table; what has no lane is text, the JSON of the value.
 */
import { EngineError } from "../../base/errors.ts";
import { queryRowsMax } from "../../base/limits.ts";
import { laneTypeOf } from "../../engine/plan/lane-values.ts";
import { decodeResult, type ResultJson } from "../../interpreter/values/result-json.ts";
import type { Row, SqlValue } from "../../interpreter/values/sql-value.ts";
import { decodeValueJson } from "../../interpreter/values/value-json.ts";
import type { ViewAnswer } from "../../protocol/answers.ts";
import type { ShapedColumn, TableShape } from "../../protocol/table-shape.ts";
import { readViewQuery } from "../../protocol/view-query.ts";
import type { ScanBounds } from "../../sql/batch/scan-bounds.ts";
import type { Field, ScanRelation } from "../../sql/bind/logical-plan.ts";
import type { SqlPorts } from "./sql-ports.ts";

/** Rows of one page. */
const pageRows = 1000;

type ViewRow = ViewAnswer["rows"][number];

/**
 * Returns what a query needs of the view that `scan` reads. Throws what reading answers, and QUERY_INVALID
 * for too much.
 */
export async function readViewRows(
  scan: ScanRelation,
  { equal, rows: enough }: ScanBounds,
  { views }: SqlPorts,
): Promise<Row[]> {
  const { table, columns } = scan;
  const fields = scan.fields.map((field, index) => ({ ...field, name: columns[index] ?? field.name }));
  const rows: Row[] = [];
  let cursor: string | undefined;
  do {
    const parameters = new URLSearchParams({
      limit: String(Math.max(1, Math.min(pageRows, enough))),
      ...(cursor !== undefined && { cursor }),
    });
    const read = await views.readShaped(table.name, { ...readViewQuery(parameters), equal });
    if (!read.ok) throw new EngineError(read.error.code, { message: read.error.message });
    const { answer, shape } = read.value;
    rows.push(...rowsOf(answer.rows, fields, shape));
    if (rows.length > queryRowsMax) {
      const message = `${table.name} has more than ${queryRowsMax} rows, the most that a query reads.`;
      throw new EngineError("QUERY_INVALID", { message });
    }
    ({ cursor } = answer);
  } while (cursor !== undefined && rows.length < enough);
  return rows;
}

/** Returns the rows of a page of a view as those of its table, with the columns that `fields` names. */
export function rowsOf(
  rows: readonly ViewRow[],
  fields: readonly Field[],
  shape: TableShape | undefined,
): Row[] {
  const valuesOf = fields.map((field) => {
    const column = shape?.columns.find(({ name }) => name === field.name);
    return shape && !column ? () => null : (row: ViewRow) => valueIn(row, field, column);
  });
  const there = shape?.isWindowed ? rows.filter(({ final }) => final === true) : rows;
  return there.map((row) => valuesOf.map((read) => read(row)));
}

function valueIn(row: ViewRow, { name, type }: Field, column: ShapedColumn | undefined): SqlValue {
  const json = (row[column?.output ?? name] ?? null) as ResultJson;
  if (json === null) return null;
  if (!column && !laneTypeOf(type)) return decodeValueJson(JSON.parse(String(json)));
  if (!column?.narrow) return decodeResult(json, type) ?? null;
  const wrapped = BigInt.asIntN(32, BigInt(String(json)));
  return type.name === "BIGINT" ? wrapped : Number(wrapped);
}
