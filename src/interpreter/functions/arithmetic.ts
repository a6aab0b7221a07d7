/**
 * The operators of arithmetic: + - * / %, and signs. What they do with times and intervals is in
 * `interval-arithmetic.ts`.
 *
 * Whole numbers wrap around where they leave their type; a DECIMAL that does not fit is null. A text beside a
 * number is read as such a number.
 */
import {
  type BoundCall,
  type Evaluator,
  evaluationError,
  type ScalarFunction,
  type Signature,
} from "../scalar-function.ts";
import { intShape, returnsArgument, takes } from "../signatures.ts";
import { type ArithmeticOperator, type DecimalShape, decimalResult } from "../types/decimal-type.ts";
import { asDecimal, mergeTypes } from "../types/merge-types.ts";
import type { SqlShape, SqlType } from "../types/sql-type.ts";
import { divideDecimals, fitDecimal, powerOfTen } from "../values/decimal-arithmetic.ts";
import { intervalSignatures, isInterval, prepareIntervals } from "./interval-arithmetic.ts";
import {
  isApproximate,
  isNumber,
  isText,
  numberOrText,
  type WholeName,
  wholeName,
  widestDecimal,
  wrapTo,
} from "./number-arguments.ts";

/** Operands are cast to what they have in common, whole numbers beside a DECIMAL to one. */
function numbers(operator: ArithmeticOperator): Signature {
  return ({ types: given }) => {
    const [one, other] = given;
    if (!one || !other || given.length !== 2) return undefined;
    const isNullable = given.some((type) => type.isNullable);
    const [left, right] = [operandShape(operator, one, other), operandShape(operator, other, one)];
    if (!isNumber(left) || !isNumber(right)) return undefined;
    const shapes = operandShapes(left, right);
    const result =
      one.name === "NULL" || other.name === "NULL" ? left : resultShape(operator, left, right, shapes[0]);
    return {
      types: shapes.map((shape, index) => ({ ...shape, isNullable: given[index]?.isNullable === true })),
      type: { ...result, isNullable },
    };
  };
}

/** NULL and texts are read as what stands beside them; a remainder is one of exact numbers. */
function operandShape(operator: ArithmeticOperator, type: SqlShape, beside: SqlShape): SqlShape {
  if (type.name === "NULL") return beside.name === "NULL" ? intShape : operandShape(operator, beside, beside);
  if (isText(type)) {
    return wholeName(beside) || (isApproximate(beside) && operator !== "%") ? beside : widestDecimal;
  }
  if (operator !== "%" || !isApproximate(type)) return type;
  return type.name === "FLOAT"
    ? { name: "DECIMAL", precision: 14, scale: 7 }
    : { name: "DECIMAL", precision: 30, scale: 15 };
}

function operandShapes(left: SqlShape, right: SqlShape): readonly [SqlShape, SqlShape] {
  const [decimal, otherDecimal] = [asDecimal(left), asDecimal(right)];
  if (decimal && otherDecimal && (left.name === "DECIMAL" || right.name === "DECIMAL")) {
    return [decimal, otherDecimal];
  }
  const common = mergeTypes([left, right].map((shape) => ({ ...shape, isNullable: false }))) ?? left;
  return [common, common];
}

/** The remainder of whole numbers is of the divisor's type. */
function resultShape(
  operator: ArithmeticOperator,
  left: SqlShape,
  right: SqlShape,
  common: SqlShape,
): SqlShape {
  const [one, other] = [asDecimal(left), asDecimal(right)];
  if (operator === "%" && one?.scale === 0 && other?.scale === 0) return right;
  return common.name === "DECIMAL" && one && other ? decimalResult(operator, one, other) : common;
}

function prepareNumbers(operator: ArithmeticOperator, { types, type }: BoundCall): Evaluator {
  const [one, other] = types as readonly [SqlType, SqlType];
  if (one.name === "DECIMAL" && other.name === "DECIMAL") return decimals(operator, one, other, type);
  const [common, result] = [wholeName(one), wholeName(type)];
  if (common && result) return wholeNumbers(operator, common, result);
  const calculate = approximate[operator];
  if (type.name === "FLOAT") return (left, right) => Math.fround(calculate(left as number, right as number));
  return (left, right) => calculate(left as number, right as number);
}

const approximate: Readonly<Record<ArithmeticOperator, (one: number, other: number) => number>> = {
  "+": (one, other) => one + other,
  "-": (one, other) => one - other,
  "*": (one, other) => one * other,
  "/": (one, other) => one / other,
  "%": (one, other) => one % other,
};

const small: Readonly<Record<ArithmeticOperator, (one: number, other: number) => number>> = {
  ...approximate,
  "*": Math.imul,
  "/": (one, other) => Math.trunc(one / divisor(other)),
  "%": (one, other) => one % divisor(other),
};

const large: Readonly<Record<ArithmeticOperator, (one: bigint, other: bigint) => bigint>> = {
  "+": (one, other) => one + other,
  "-": (one, other) => one - other,
  "*": (one, other) => one * other,
  "/": (one, other) => one / divisor(other),
  "%": (one, other) => one % divisor(other),
};

function divisor<Value extends number | bigint>(value: Value): Value {
  if (value === 0 || value === 0n) throw evaluationError("Division by zero.");
  return value;
}

function wholeNumbers(operator: ArithmeticOperator, common: WholeName, result: WholeName): Evaluator {
  const wrap = wrapTo(result);
  if (common === "BIGINT") {
    const calculate = large[operator];
    return (one, other) => wrap(calculate(one as bigint, other as bigint));
  }
  const calculate = small[operator];
  return (one, other) => wrap(calculate(one as number, other as number));
}

function decimals(
  operator: ArithmeticOperator,
  one: DecimalShape,
  other: DecimalShape,
  type: SqlType,
): Evaluator {
  if (operator === "/") {
    const to = type as DecimalShape;
    return (left, right) => {
      const quotient = divideDecimals(
        left as bigint,
        one.scale,
        divisor(right as bigint),
        other.scale,
        to.scale,
      );
      return fitDecimal(quotient, to.scale, to);
    };
  }
  const isProduct = operator === "*";
  const common = Math.max(one.scale, other.scale);
  const scale = isProduct ? one.scale + other.scale : common;
  const [oneFactor, otherFactor] = [one, other].map((each) =>
    isProduct ? 1n : powerOfTen(common - each.scale),
  ) as [bigint, bigint];
  const calculate = large[operator];
  const exact: Evaluator = (left, right) =>
    calculate((left as bigint) * oneFactor, (right as bigint) * otherFactor);
  const whole = wholeName(type);
  if (!whole) return (left, right) => fitDecimal(exact(left, right) as bigint, scale, type as DecimalShape);
  const wrap = wrapTo(whole);
  return (left, right) => wrap(exact(left, right) as bigint);
}

function binary(operator: ArithmeticOperator): ScalarFunction {
  return {
    name: operator,
    usage: `number ${operator} number`,
    signatures: [...intervalSignatures(operator), numbers(operator)],
    prepare: (call) =>
      call.types.some(isInterval) ? prepareIntervals(operator, call) : prepareNumbers(operator, call),
  };
}

const signed: Signature = takes(
  [(type, constant) => (isInterval(type) ? type : numberOrText(type, constant))],
  returnsArgument(0),
);

export const arithmeticFunctions: readonly ScalarFunction[] = [
  binary("+"),
  binary("-"),
  binary("*"),
  binary("/"),
  binary("%"),
  { ...binary("%"), name: "MOD", usage: "MOD(number, divisor)" },
  {
    name: "NEGATE",
    usage: "-number",
    signatures: [signed],
    prepare: ({ type }) => {
      const whole = wholeName(type);
      if (whole) {
        const wrap = wrapTo(whole);
        return (value) => wrap(typeof value === "bigint" ? -value : 0 - (value as number));
      }
      if (isInterval(type)) return (value) => 0 - (value as number);
      return (value) => -(value as number);
    },
  },
  { name: "PLUS", usage: "+number", signatures: [signed], prepare: () => (value) => value ?? null },
];
