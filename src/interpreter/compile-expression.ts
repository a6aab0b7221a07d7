/**
 * From a bound expression to a function over a row. Code generation is not allowed where this runs: it is a
 * tree of closures.
 */
import { assert } from "../base/assert.ts";
import { compileUserCall, isUserCall } from "./call-user-function.ts";
import { findFunction } from "./functions/built-in.ts";
import { RepeatedCalls } from "./repeated-calls.ts";
import type { CallExpression, InputExpression, LiteralExpression, RowExpression } from "./row-expression.ts";
import type { BoundCall, EagerFunction, EvaluationContext, RowEvaluator } from "./scalar-function.ts";
import type { Row, SqlValue } from "./values/sql-value.ts";
import { decodeValueJson } from "./values/value-json.ts";

/** Returns what calculates `expression` for a row. */
export function compileExpression(expression: RowExpression, context: EvaluationContext): RowEvaluator {
  return new Compiler([expression], context).compile(expression);
}

/** Returns what calculates each of the expressions; what they have in common is calculated once a row. */
export function compileExpressions(
  expressions: readonly RowExpression[],
  context: EvaluationContext,
): RowEvaluator[] {
  const compiler = new Compiler(expressions, context);
  return expressions.map((expression) => compiler.compile(expression));
}

class Compiler {
  readonly #context: EvaluationContext;
  readonly #repeated: RepeatedCalls;
  readonly #compiled = new Map<number, RowEvaluator>();

  constructor(expressions: readonly RowExpression[], context: EvaluationContext) {
    this.#context = context;
    this.#repeated = new RepeatedCalls(expressions);
  }

  compile(expression: RowExpression): RowEvaluator {
    if (expression.node !== "call") return leaf(expression);
    const number = this.#repeated.find(expression);
    if (number === undefined) return this.#compileCall(expression);
    const evaluate = this.#compiled.get(number) ?? oncePerRow(this.#compileCall(expression));
    this.#compiled.set(number, evaluate);
    return evaluate;
  }

  #compileCall(expression: CallExpression): RowEvaluator {
    const operands = expression.arguments.map((argument) => this.compile(argument));
    if (isUserCall(expression.function)) return compileUserCall(expression, operands, this.#context);
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
      context: this.#context,
    };
    return "prepareLazy" in called ? called.prepareLazy(call, operands) : eager(called, call, operands);
  }
}

function leaf(expression: InputExpression | LiteralExpression): RowEvaluator {
  if (expression.node === "input") {
    const { index } = expression;
    return (row) => row[index] as SqlValue;
  }
  const value = decodeValueJson(expression.value);
  return () => value;
}

/** A value is wanted several times for a row, one row after the other. */
function oncePerRow(evaluate: RowEvaluator): RowEvaluator {
  let last: Row | undefined;
  let value: SqlValue = null;
  return (row) => {
    if (row !== last) {
      value = evaluate(row);
      last = row;
    }
    return value;
  };
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
