/**
 * A table of the catalog as a relation: its stored columns, the computed ones above them, and its time
 * attributes.
 */
import { isUserCall } from "../../interpreter/call-user-function.ts";
import {
  type CallExpression,
  mapInputs,
  type RowExpression,
  walkExpression,
} from "../../interpreter/row-expression.ts";
import { formatShape } from "../../interpreter/types/sql-type.ts";
import { storedColumns, type TableColumn, type TableDefinition } from "../catalog/table-definition.ts";
import { parseExpressionText } from "../parse/parse-statements.ts";
import { notSupported, statementError } from "../parse/syntax-error.ts";
import { ExpressionBinder } from "./bind-expression.ts";
import type { Field, Relation, ScanRelation } from "./logical-plan.ts";
import type { ScopeColumn } from "./scope.ts";
import type { FindFunction } from "./user-function.ts";

/** Binds an expression that a table's definition has, over its stored columns. */
export function bindTableExpression(
  text: string,
  columns: readonly ScopeColumn[],
  functions?: FindFunction,
): RowExpression {
  const scope = { columns, ...(functions && { functions }) };
  return new ExpressionBinder({ text }, scope).bind(parseExpressionText(text));
}

/** Returns what reading `table` gives. Throws `SQL_INVALID` where its definition does not fit together. */
export function bindScan(table: TableDefinition, functions: FindFunction): Relation {
  const stored = storedColumns(table);
  const isComputed = table.columns.length > stored.length;
  const fieldOf = ({ name, type }: TableColumn): Field => {
    return { name, type, ...(table.watermark?.column === name && { time: "event" as const }) };
  };
  const expressions = table.columns.map((column): RowExpression => {
    const { name, type, computed } = column;
    if (computed !== undefined) return bindTableExpression(computed, stored, functions);
    return { node: "input", index: stored.findIndex((each) => each.name === name), type };
  });
  const watermark = watermarkOf(table, expressions, functions);
  const scan: ScanRelation = {
    node: "scan",
    table,
    columns: stored.map(({ name }) => name),
    fields: stored.map(fieldOf),
    ...(watermark && { watermark }),
  };
  if (!isComputed) return scan;
  return {
    node: "calc",
    input: scan,
    projection: expressions,
    fields: table.columns.map((column, index) => {
      const expression = expressions[index] as RowExpression;
      const isProcessing = expression.node === "call" && expression.function === "PROCTIME";
      const field = { ...fieldOf(column), type: expression.type };
      return isProcessing ? { ...field, time: "processing" as const } : field;
    }),
  };
}

/** The watermark over the stored columns: what it says of a computed column is put in its place. */
function watermarkOf(
  { columns, watermark }: TableDefinition,
  expressions: readonly RowExpression[],
  functions: FindFunction,
): RowExpression | undefined {
  if (!watermark) return undefined;
  const all = columns.map(({ name }, index) => ({ name, type: (expressions[index] as RowExpression).type }));
  const { expression: text, column } = watermark;
  const span = { start: 0, end: text.length };
  const bound = bindTableExpression(text, all, functions);
  if (hasCall(bound, (call) => isUserCall(call.function))) {
    const what = "a function of one's own in a WATERMARK; have it in a computed column, and name that here";
    throw notSupported({ text }, span, what);
  }
  const timeType = all.find(({ name }) => name === watermark.column)?.type;
  const isTime = (type = timeType) => type?.name === "TIMESTAMP" || type?.name === "TIMESTAMP_LTZ";
  if (!isTime() || !isTime(bound.type)) {
    const found = isTime() ? formatShape(bound.type) : timeType && formatShape(timeType);
    const message =
      `The watermark for ${column} must be a TIMESTAMP(3) or TIMESTAMP_LTZ(3), as ${column} must; ` +
      `found ${found}`;
    throw statementError({ text }, span, message);
  }
  const whole = mapInputs(bound, (input) => expressions[input.index] ?? input);
  if (!hasCall(whole, isUndetermined)) return whole;
  const what = `a WATERMARK by a function that is not deterministic, as ${column} is`;
  throw notSupported({ text }, span, what);
}

function isUndetermined({ function: called, options }: CallExpression): boolean {
  return isUserCall(called) && options?.volatile === "true";
}

function hasCall(expression: RowExpression, is: (call: CallExpression) => boolean): boolean {
  let found = false;
  walkExpression(expression, (part) => {
    if (part.node === "call" && is(part)) found = true;
  });
  return found;
}
