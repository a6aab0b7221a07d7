/**
 * Expressions evaluated row by row with BigInt: slow, and meant to be read beside
 * `protocol/expression-json.ts`.
 */
import type { DataType } from "../../src/columnar/schema.ts";
import type { LaneValue } from "../../src/columnar/values.ts";
import type { CallExpression, TypedExpression } from "../../src/engine/expressions/typed-expression.ts";

type Row = readonly LaneValue[];

/** Returns the value of `expression` for a row of the stream's columns. */
export function evaluate(expression: TypedExpression, row: Row): LaneValue {
  if (expression.node === "column") return row[expression.column] as LaneValue;
  if (expression.node === "literal") return expression.value;
  return evaluateCall(expression, row);
}

function evaluateCall(call: CallExpression, row: Row): LaneValue {
  const values = call.arguments.map((argument) => evaluate(argument, row));
  const [a, b, c] = values as [LaneValue, LaneValue, LaneValue];
  switch (call.operator) {
    case "and":
      if (a === 0n || b === 0n) return 0n;
      return a === null || b === null ? null : 1n;
    case "or":
      if (a === 1n || b === 1n) return 1n;
      return a === null || b === null ? null : 0n;
    case "is null":
      return a === null ? 1n : 0n;
    case "is not null":
      return a === null ? 0n : 1n;
    case "case":
      return a === 1n ? b : c;
    case "coalesce":
      return a ?? b;
    default:
      return values.includes(null) ? null : ofPresent(call, a as Present, b as Present);
  }
}

type Present = bigint | number | Uint8Array;

function ofPresent(call: CallExpression, a: Present, b: Present): LaneValue {
  const [left, right] = call.arguments.map(({ type }) => type) as [DataType, DataType];
  switch (call.operator) {
    case "not":
      return 1n - (a as bigint);
    case "=":
      return truth(order(a, left, b, right) === 0);
    case "<>":
      return truth(order(a, left, b, right) !== 0);
    case "<":
      return truth((order(a, left, b, right) ?? 1) < 0);
    case "<=":
      return truth((order(a, left, b, right) ?? 1) <= 0);
    case "cast":
      return castTo(a as bigint | number, left, call.type);
    case "negate":
    case "abs":
    case "floor":
    case "ceil":
      return unary(call.operator, a as bigint | number, call.type);
    default:
      return arithmetic(call, a as bigint | number, b as bigint | number);
  }
}

function unary(operator: "negate" | "abs" | "floor" | "ceil", a: bigint | number, type: DataType): LaneValue {
  if (typeof a === "number") {
    return { negate: () => -a, abs: () => Math.abs(a), floor: () => Math.floor(a), ceil: () => Math.ceil(a) }[
      operator
    ]();
  }
  return wrap(operator === "abs" && a >= 0n ? a : -a, type);
}

function arithmetic(call: CallExpression, a: bigint | number, b: bigint | number): LaneValue {
  if (typeof a === "number" || typeof b === "number") {
    const [x, y] = [Number(a), Number(b)];
    return { "+": x + y, "-": x - y, "*": x * y, "/": x / y, "%": x % y }[call.operator as "+"];
  }
  if (call.type.name === "DECIMAL") return decimalArithmetic(call, call.type, a, b);
  switch (call.operator) {
    case "+":
      return wrap(a + b, call.type);
    case "-":
      return wrap(a - b, call.type);
    case "*":
      return wrap(a * b, call.type);
    case "/":
      return b === 0n ? null : wrap(a / b, call.type);
    default:
      return b === 0n ? null : wrap(a % b, call.type);
  }
}

/**
 * With both sides as fractions over a power of ten, the result as numerator and denominator, rounded once.
 */
function decimalArithmetic(
  call: CallExpression,
  type: Extract<DataType, { name: "DECIMAL" }>,
  a: bigint,
  b: bigint,
): LaneValue {
  const scales = call.arguments.map((argument) => scaleOf(argument.type)) as [number, number];
  const common = Math.max(...scales);
  const x = a * ten(common - scales[0]);
  const y = b * ten(common - scales[1]);
  switch (call.operator) {
    case "+":
      return rounded(x + y, ten(common), type);
    case "-":
      return rounded(x - y, ten(common), type);
    case "*":
      return rounded(a * b, ten(scales[0] + scales[1]), type);
    case "/":
      return y === 0n ? null : rounded(x, y, type);
    default:
      return y === 0n ? null : rounded(x % y, ten(common), type);
  }
}

function castTo(a: bigint | number, from: DataType, to: DataType): LaneValue {
  switch (to.name) {
    case "BOOLEAN":
      return truth(Number(a) !== 0);
    case "DOUBLE":
      // The nearest double of an exact decimal text is what parsing it gives.
      return typeof a === "number" ? a : Number(`${a}e-${scaleOf(from)}`);
    case "DECIMAL": {
      if (typeof a === "bigint") return rounded(a, ten(scaleOf(from)), to);
      if (!Number.isFinite(a)) return null;
      const [numerator, denominator] = exactFraction(a);
      return rounded(numerator, denominator, to);
    }
    default: {
      if (typeof a === "bigint") return wrap(a / ten(scaleOf(from)), to);
      const bits = to.name === "INT" ? 31n : 63n;
      if (Number.isNaN(a)) return 0n;
      if (a >= Number(2n ** bits)) return 2n ** bits - 1n;
      if (a <= Number(-(2n ** bits))) return -(2n ** bits);
      return BigInt(Math.trunc(a));
    }
  }
}

/** Below, at or above zero; undefined where NaN is in play. */
function order(a: Present, left: DataType, b: Present, right: DataType): number | undefined {
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b);
  if (typeof a === "number" || typeof b === "number") {
    return Number.isNaN(a) || Number.isNaN(b) ? undefined : a < b ? -1 : a > b ? 1 : 0;
  }
  const x = (a as bigint) * ten(scaleOf(right));
  const y = (b as bigint) * ten(scaleOf(left));
  return x < y ? -1 : x > y ? 1 : 0;
}

function rounded(
  numerator: bigint,
  denominator: bigint,
  type: Extract<DataType, { name: "DECIMAL" }>,
): bigint | null {
  const isNegative = numerator < 0n !== denominator < 0n;
  const [n, d] = [magnitude(numerator) * ten(type.scale), magnitude(denominator)];
  const result = (2n * n + d) / (2n * d);
  if (result >= ten(type.precision)) return null;
  return isNegative ? -result : result;
}

function exactFraction(value: number): [bigint, bigint] {
  let denominator = 1n;
  let scaled = value;
  while (!Number.isInteger(scaled)) {
    scaled *= 2;
    denominator *= 2n;
  }
  return [BigInt(scaled), denominator];
}

function wrap(value: bigint, type: DataType): bigint {
  return BigInt.asIntN(type.name === "INT" ? 32 : 64, value);
}

function scaleOf(type: DataType): number {
  return type.name === "DECIMAL" ? type.scale : 0;
}

function truth(value: boolean): bigint {
  return value ? 1n : 0n;
}

function ten(exponent: number): bigint {
  return 10n ** BigInt(exponent);
}

function magnitude(value: bigint): bigint {
  return value < 0n ? -value : value;
}
