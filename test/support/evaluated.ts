/**
 * Expressions of SQL as their type and value in text, for tables of inputs and results.
 */
import { prepareCast } from "../../src/interpreter/cast/prepare-cast.ts";
import { compileExpression } from "../../src/interpreter/compile-expression.ts";
import type { RowExpression } from "../../src/interpreter/row-expression.ts";
import type { EvaluationContext } from "../../src/interpreter/scalar-function.ts";
import { stringShape } from "../../src/interpreter/signatures.ts";
import { formatSqlType } from "../../src/interpreter/types/sql-type.ts";
import type { Row, SqlValue } from "../../src/interpreter/values/sql-value.ts";
import { ExpressionBinder } from "../../src/sql/bind/bind-expression.ts";
import type { ScopeColumn } from "../../src/sql/bind/scope.ts";
import { parseExpressionText } from "../../src/sql/parse/parse-statements.ts";

export const stillContext: EvaluationContext = {
  timeZone: "UTC",
  moment: { processingTime: 0, watermark: null, random: () => 0.5 },
};

export function bindSql(sql: string, columns: readonly ScopeColumn[] = []): RowExpression {
  return new ExpressionBinder({ text: sql }, { columns }).bind(parseExpressionText(sql));
}

export function evaluateSql(sql: string, columns: readonly ScopeColumn[] = [], row: Row = []): SqlValue {
  return compileExpression(bindSql(sql, columns), stillContext)(row);
}

/** The value as text, or NULL, and its type: `2.50: DECIMAL(3, 2) NOT NULL`. */
export function evaluated(sql: string): string {
  const bound = bindSql(sql);
  const value = compileExpression(bound, stillContext)([]);
  const toText = prepareCast(bound.type, { ...stringShape, isNullable: true }, stillContext);
  return `${value === null ? "NULL" : toText(value)}: ${formatSqlType(bound.type)}`;
}
