/**
 * Expressions of SQL as text at a moment: for tables of inputs and results.
 */
import { prepareCast } from "../../src/interpreter/cast/prepare-cast.ts";
import { compileExpression } from "../../src/interpreter/compile-expression.ts";
import { stringShape } from "../../src/interpreter/signatures.ts";
import { formatSqlType } from "../../src/interpreter/types/sql-type.ts";
import { ExpressionBinder } from "../../src/sql/bind/bind-expression.ts";
import { parseExpressionText } from "../../src/sql/parse/parse-statements.ts";

/**
 * Returns the value as text and its type: `2020-01-01: DATE NOT NULL`. It is 2021-03-04 05:06:07.089 UTC, the
 * watermark is 05:00 of that day, and all that is drawn by chance is 0.5.
 */
export function evaluatedAt(sql: string, timeZone = "UTC"): string {
  const moment = { processingTime: 1_614_834_367_089, watermark: 1_614_834_000_000, random: () => 0.5 };
  const context = { timeZone, moment };
  const bound = new ExpressionBinder({ text: sql }, { columns: [] }).bind(parseExpressionText(sql));
  const value = compileExpression(bound, context)([]);
  const toText = prepareCast(bound.type, { ...stringShape, isNullable: true }, context);
  return `${value === null ? "NULL" : toText(value)}: ${formatSqlType(bound.type)}`;
}
