/**
 * From a bound expression to a function over a row. Code generation is not allowed where this runs: it is a
 * tree of closures.
 */
import { assert } from "../base/assert.ts";
import { compileUserCall, isUserCall } from "./call-user-function.ts";
import { findFunction } from "./functions/built-in.ts";
import type { RowExpression } from "./row-expression.ts";
import type { BoundCall, EagerFunction, EvaluationContext, RowEvaluator } from "./scalar-function.ts";
import type { SqlValue } from "./values/sql-value.ts";
import { decodeValueJson } from "./values/value-json.ts";

/** Returns what calculates `expression` for a row. */
export function compileExpression(expression: RowExpression, context: EvaluationContext): RowEvaluator {
  if (expression.node === "input") {
    const { index } = expression;
    return (row) => row[index] as SqlValue;
  }
  if (expression.node === "literal") {
    const value = decodeValueJson(expression.value);
    return () => value;
  }
  const operands = expression.arguments.map((argument) => compileExpression(argument, context));
  if (isUserCall(expression.function)) return compileUserCall(expression, operands, context);
  const called = findFunction(expression.function);
  assert(called, `The plan calls a function that is not there: ${expression.function}.`);
  const call: BoundCall = {
    name: called.name,
    types: expression.arguments.map(({ type }) => type),
    type: expression.type,
    constants: expression.arguments.map((argument) =>
      argument.node === "literal" ? decodeValueJson(argument.value) : undefined,
    ),
    options: expression.options ?? {},
    context,
  };
  return "prepareLazy" in called ? called.prepareLazy(call, operands) : eager(called, call, operands);
}

function eager(called: EagerFunction, call: BoundCall, operands: readonly RowEvaluator[]): RowEvaluator {
  const evaluate = called.prepare(call);
  const takesNulls = called.takesNulls === true;
  const [first, second] = operands;
  if (!first) return () => evaluate();
  if (!second) {
    return (row) => {
      const value = first(row);
      return value === null && !takesNulls ? null : evaluate(value);
    };
  }
  if (operands.length === 2) {
    return (row) => {
      const [one, other] = [first(row), second(row)];
      return (one === null || other === null) && !takesNulls ? null : evaluate(one, other);
    };
  }
  return (row) => {
    const values = operands.map((operand) => operand(row));
    return !takesNulls && values.includes(null) ? null : evaluate(...values);
  };
}
