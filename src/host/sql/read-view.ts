/**
 * The rows of a view as rows of SQL: all of its pages, one after the other.
 */
import { EngineError } from "../../base/errors.ts";
import { queryRowsMax } from "../../base/limits.ts";
import type { SqlType } from "../../interpreter/types/sql-type.ts";
import { decodeResult, type ResultJson } from "../../interpreter/values/result-json.ts";
import type { Row } from "../../interpreter/values/sql-value.ts";
import { readViewQuery } from "../../protocol/view-query.ts";
import type { ScanRelation } from "../../sql/bind/logical-plan.ts";
import type { SqlPorts } from "./sql-ports.ts";

/** Rows of one page. */
const pageRows = 1000;

/** Returns what `scan` reads of its view. Throws what reading answers, and QUERY_INVALID for too much. */
export async function readViewRows(scan: ScanRelation, { views }: SqlPorts): Promise<Row[]> {
  const { table, columns, fields } = scan;
  const rows: Row[] = [];
  let cursor: string | undefined;
  do {
    const parameters = new URLSearchParams({
      limit: String(pageRows),
      ...(cursor !== undefined && { cursor }),
    });
    const answer = await views.read(table.name, readViewQuery(parameters));
    if (!answer.ok) throw new EngineError(answer.error.code, { message: answer.error.message });
    for (const row of answer.value.rows) {
      rows.push(
        columns.map((name, index) => {
          const type = fields[index]?.type as SqlType;
          return decodeResult((row[name] ?? null) as ResultJson, type) ?? null;
        }),
      );
    }
    if (rows.length > queryRowsMax) {
      const message = `${table.name} has more than ${queryRowsMax} rows, the most that a query reads.`;
      throw new EngineError("QUERY_INVALID", { message });
    }
    ({ cursor } = answer.value);
  } while (cursor !== undefined);
  return rows;
}
