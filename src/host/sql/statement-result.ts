/**
 * What a statement gave, with typed values; each format of an answer is made of it.
 */
import { formatSqlType, lengthMax, type SqlField, type SqlType } from "../../interpreter/types/sql-type.ts";
import { encodeResult } from "../../interpreter/values/result-json.ts";
import type { Row } from "../../interpreter/values/sql-value.ts";
import type { StatementAnswer } from "../../protocol/sql-answers.ts";
import type { ContinuousQuery } from "./continuous-query.ts";

export interface StatementResult extends Pick<StatementAnswer, "statement" | "message" | "job"> {
  readonly table?: ResultTable;
  /** Of a query that never ends, where the caller reads such. */
  readonly query?: ContinuousQuery;
}

/** Rows with as many values as there are fields. */
export interface ResultTable {
  readonly fields: readonly SqlField[];
  readonly rows: readonly Row[];
}

export const stringType: SqlType = Object.freeze({ name: "VARCHAR", length: lengthMax, isNullable: true });

/** Fields of texts. */
export function textFields(...names: readonly string[]): SqlField[] {
  return names.map((name) => ({ name, type: stringType }));
}

/** A result of one column of texts. */
export function textResult(statement: string, column: string, lines: readonly string[]): StatementResult {
  return { statement, table: { fields: textFields(column), rows: lines.map((line) => [line]) } };
}

/** A result that only says what was done. */
export function done(statement: string, message: string): StatementResult {
  return { statement, message };
}

/** A result as JSON has it; a query that never ends has columns alone. */
export function answerOf({ table, query, ...said }: StatementResult): StatementAnswer {
  if (!table) return query ? { ...said, columns: query.columns } : said;
  const { fields, rows } = table;
  return {
    ...said,
    columns: fields.map(({ name, type }) => ({ name, type: formatSqlType(type) })),
    rows: rows.map((row) => fields.map(({ type }, index) => encodeResult(row[index] ?? null, type))),
  };
}
