/**
 * One expression of SQL over one row: its type and its value.
 */
import { formatSqlType } from "../../src/interpreter/types/sql-type.ts";
import type { SqlValue } from "../../src/interpreter/values/sql-value.ts";
import { bindList, contextOf, evaluateList } from "../conformance/evaluate-sql.ts";
import { typeOfText } from "../conformance/tagged-values.ts";

/** A type as Flink writes it, and a value of it. */
export type Columns = Readonly<Record<string, readonly [type: string, value: SqlValue]>>;

export interface Evaluated {
  readonly type: string;
  readonly value: SqlValue;
}

/** Binds and calculates `sql`, which is an expression over the columns of a row. */
export function evaluateSql(sql: string, columns: Columns = {}): Evaluated {
  const entries = Object.entries(columns);
  const bound = bindList(
    sql,
    entries.map(([name, [type]]) => ({ name, type: typeOfText(type) })),
  );
  const row = entries.map(([, [, value]]) => value);
  const [value = null] = evaluateList(bound, row, contextOf("UTC"));
  return { type: bound[0] ? formatSqlType(bound[0].type) : "", value };
}
