/**
 * Expressions that are bound and interpreted over one row, as the cases want it.
 */
import { compileExpression } from "../../src/interpreter/compile-expression.ts";
import type { RowExpression } from "../../src/interpreter/row-expression.ts";
import type { EvaluationContext } from "../../src/interpreter/scalar-function.ts";
import type { Row, SqlValue } from "../../src/interpreter/values/sql-value.ts";
import { ExpressionBinder } from "../../src/sql/bind/bind-expression.ts";
import type { ScopeColumn } from "../../src/sql/bind/scope.ts";
import { parseStatements } from "../../src/sql/parse/parse-statements.ts";

/** Binds a list of expressions separated by commas. */
export function bindList(sql: string, columns: readonly ScopeColumn[]): RowExpression[] {
  const text = `SELECT ${sql}`;
  const [statement] = parseStatements(text);
  if (statement?.kind !== "query" || statement.query.kind !== "select") throw new Error("no list");
  const binder = new ExpressionBinder({ text }, { columns });
  return statement.query.items.map(({ expression }) => binder.bind(expression));
}

/** A moment that does not move: 2021-03-04 05:06:07.089 UTC. */
export function contextOf(timeZone: string): EvaluationContext {
  const moment = { processingTime: 1_614_834_367_089, watermark: null, random: () => 0.5 };
  return { timeZone, moment };
}

export function evaluateList(
  bound: readonly RowExpression[],
  row: Row,
  context: EvaluationContext,
): SqlValue[] {
  return bound.map((expression) => compileExpression(expression, context)(row));
}
