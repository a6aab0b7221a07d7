/**
 * What can be calculated before there are rows is: calls over literals become literals, and branches that are
 * never taken go.
 *
 * The value of an expression stays what it was, and its type too. Where a call has no value it stays, so that
 * the error comes with the row, as it does without folding. An error may vanish, though: of `a AND FALSE`
 * nothing is left of `a`.
 */
import { EngineError } from "../../base/errors.ts";
import { isUserCall } from "../../interpreter/call-user-function.ts";
import { compileExpression } from "../../interpreter/compile-expression.ts";
import { findFunction } from "../../interpreter/functions/built-in.ts";
import type { CallExpression, LiteralExpression, RowExpression } from "../../interpreter/row-expression.ts";
import type { EvaluationContext } from "../../interpreter/scalar-function.ts";
import type { SqlType } from "../../interpreter/types/sql-type.ts";
import { encodeValueJson, type ValueJson } from "../../interpreter/values/value-json.ts";

/** Plans are stored: a value with more characters of JSON than these stays a call. */
const literalCharactersMax = 4096;

/** Returns an expression of the same value, with what is constant in it calculated. */
export function foldConstants(expression: RowExpression): RowExpression {
  if (expression.node !== "call") return expression;
  const folded = { ...expression, arguments: expression.arguments.map(foldConstants) };
  return simplify(folded) ?? folded;
}

/** Undefined where nothing is simpler. */
function simplify(call: CallExpression): RowExpression | undefined {
  const value = calculate(call);
  if (value) return value;
  switch (call.function) {
    case "AND":
      return simplifyConnective(call, false);
    case "OR":
      return simplifyConnective(call, true);
    case "CASE":
    case "IF":
      return simplifyCase(call);
    case "COALESCE":
    case "IFNULL":
      return simplifyCoalesce(call);
    default:
      return undefined;
  }
}

/** The literal of a call that depends on nothing but literals; undefined for other calls. */
function calculate(call: CallExpression): LiteralExpression | undefined {
  const isVolatile = findFunction(call.function)?.isVolatile === true;
  if (isVolatile || isUserCall(call.function) || !call.arguments.every(isLiteral)) return undefined;
  const watched = new WatchedContext();
  try {
    const value = compileExpression(call, watched)([]);
    // Only a value that overflowed is null in a type without null.
    if (watched.wasRead || (value === null && !call.type.isNullable)) return undefined;
    const json = encodeValueJson(value);
    return JSON.stringify(json).length > literalCharactersMax ? undefined : literalOf(json, call.type);
  } catch (thrown) {
    if (thrown instanceof EngineError && thrown.code === "SQL_EVALUATION_FAILED") return undefined;
    throw thrown;
  }
}

/** Knows whether a value depends on the time zone or on the moment of a record. */
class WatchedContext implements EvaluationContext {
  wasRead = false;

  get timeZone() {
    this.wasRead = true;
    return "UTC";
  }

  get moment() {
    this.wasRead = true;
    return { processingTime: 0, watermark: null, random: () => 0 };
  }
}

/** Of AND with FALSE, of OR with TRUE, nothing else is left; their opposites change nothing. */
function simplifyConnective(call: CallExpression, decides: boolean): RowExpression | undefined {
  if (call.arguments.some((each) => isLiteral(each) && each.value === decides)) {
    return literalOf(decides, call.type);
  }
  const left = call.arguments.filter((each) => !isLiteral(each) || each.value === null);
  return left.length < call.arguments.length ? rest(call, left) : undefined;
}

/** Branches whose condition is known are taken or dropped. */
function simplifyCase(call: CallExpression): RowExpression | undefined {
  const left: RowExpression[] = [];
  const given = call.arguments;
  for (let index = 0; index < given.length; index += 2) {
    const [condition, result] = [given[index] as RowExpression, given[index + 1]];
    if (!result) left.push(condition);
    else if (!isLiteral(condition)) left.push(condition, result);
    else if (condition.value === true) {
      left.push(result);
      break;
    }
  }
  return left.length < given.length ? rest(call, left) : undefined;
}

/** Nulls are passed over, and what stands behind a known value is never looked at. */
function simplifyCoalesce(call: CallExpression): RowExpression | undefined {
  const known = call.arguments.filter((each) => !isLiteral(each) || each.value !== null);
  const end = known.findIndex(isLiteral);
  const left = end >= 0 ? known.slice(0, end + 1) : known;
  if (left.length === 0) return literalOf(null, call.type);
  return left.length < call.arguments.length ? rest(call, left) : undefined;
}

/** The same call with the arguments that are left, or the only one. */
function rest(call: CallExpression, left: readonly RowExpression[]): RowExpression {
  const [only] = left;
  return left.length === 1 && only ? typed(only, call.type) : { ...call, arguments: left };
}

/** A value of a type may be said to be of one that has null, too. */
function typed(expression: RowExpression, type: SqlType): RowExpression {
  if (expression.type.isNullable === type.isNullable) return expression;
  if (expression.node !== "input") return { ...expression, type };
  return { node: "call", function: "CAST", arguments: [expression], type };
}

function isLiteral(expression: RowExpression): expression is LiteralExpression {
  return expression.node === "literal";
}

function literalOf(value: ValueJson, type: SqlType): LiteralExpression {
  return { node: "literal", value, type };
}
