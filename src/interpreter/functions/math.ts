/**
 * Functions of numbers: ABS, SIN, LOG…. What rounds is in `rounding.ts`.
 *
 * What is calculated as a DOUBLE is NaN or an infinity outside of its domain, not an error.
 */
import type { Evaluator, ScalarFunction } from "../scalar-function.ts";
import {
  bigintShape,
  doubleShape,
  returns,
  returnsArgument,
  returnsNotNull,
  stringShape,
  takes,
} from "../signatures.ts";
import type { SqlType } from "../types/sql-type.ts";
import { powerOfTen } from "../values/decimal-arithmetic.ts";
import { asDouble, isText, numberOrText, wholeName, wrapTo } from "./number-arguments.ts";
import { roundingFunctions } from "./rounding.ts";

const degreesPerRadian = 180 / Math.PI;
const radiansPerDegree = Math.PI / 180;

const ofOneNumber: Readonly<Record<string, (value: number) => number>> = {
  ACOS: Math.acos,
  ASIN: Math.asin,
  ATAN: Math.atan,
  COS: Math.cos,
  COSH: Math.cosh,
  COT: (value) => 1 / Math.tan(value),
  DEGREES: (value) => value * degreesPerRadian,
  EXP: Math.exp,
  LN: Math.log,
  LOG: Math.log,
  LOG10: Math.log10,
  LOG2: (value) => Math.log(value) / Math.log(2),
  RADIANS: (value) => value * radiansPerDegree,
  SIN: Math.sin,
  SINH: Math.sinh,
  SQRT: Math.sqrt,
  TAN: Math.tan,
  TANH: Math.tanh,
};

const ofTwoNumbers: Readonly<Record<string, (one: number, other: number) => number>> = {
  ATAN2: Math.atan2,
  LOG: (base, value) => Math.log(value) / Math.log(base),
  POWER: Math.pow,
};

const oneNumber = takes([asDouble], returns(doubleShape));
const twoNumbers = takes([asDouble, asDouble], returns(doubleShape));

function double(name: string): ScalarFunction {
  const [ofOne, ofTwo] = [ofOneNumber[name], ofTwoNumbers[name]];
  return {
    name,
    usage: `${name}(${[ofOne && "number", ofTwo && "number, number"].filter(Boolean).join(") or (")})`,
    signatures: [...(ofOne ? [oneNumber] : []), ...(ofTwo ? [twoNumbers] : [])],
    prepare: ({ types }): Evaluator => {
      if (types.length === 1 && ofOne) return (value) => ofOne(value as number);
      return (one, other) => ofTwo?.(one as number, other as number) ?? null;
    },
  };
}

function constant(name: string, value: number): ScalarFunction {
  return {
    name,
    usage: `${name}()`,
    signatures: [takes([], returnsNotNull(doubleShape))],
    prepare: () => () => value,
  };
}

const sameNumber = takes([numberOrText], returnsArgument(0));

/** The smallest whole number of a type stays what it is: its positive is not in that type. */
function absolute(type: SqlType): Evaluator {
  const whole = wholeName(type);
  const keep = whole ? wrapTo(whole) : (value: number | bigint) => value;
  return (value) => {
    if (typeof value === "bigint") return keep(value < 0n ? -value : value);
    return keep(Math.abs(value as number));
  };
}

/** Minus one, zero or one as a number of the same type. */
function sign(type: SqlType): Evaluator {
  if (type.name === "DECIMAL" || type.name === "BIGINT") {
    const one = powerOfTen(type.name === "DECIMAL" ? type.scale : 0);
    return (value) => ((value as bigint) > 0n ? one : (value as bigint) < 0n ? -one : 0n);
  }
  return (value) => Math.sign(value as number);
}

export const mathFunctions: readonly ScalarFunction[] = [
  ...[...new Set([...Object.keys(ofOneNumber), ...Object.keys(ofTwoNumbers)])].map(double),
  ...roundingFunctions,
  constant("E", Math.E),
  constant("PI", Math.PI),
  {
    name: "ABS",
    usage: "ABS(number)",
    signatures: [sameNumber],
    prepare: ({ type }) => absolute(type),
  },
  {
    name: "SIGN",
    usage: "SIGN(number)",
    signatures: [sameNumber],
    prepare: ({ type }) => sign(type),
  },
  {
    name: "BIN",
    usage: "BIN(integer)",
    signatures: [
      takes(
        [
          (type) =>
            wholeName(type) || isText(type) || type.name === "NULL"
              ? { ...bigintShape, isNullable: type.isNullable }
              : undefined,
        ],
        returns(stringShape),
      ),
    ],
    prepare: () => (value) => BigInt.asUintN(64, value as bigint).toString(2),
  },
];
