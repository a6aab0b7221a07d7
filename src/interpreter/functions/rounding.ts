/**
 * ROUND and TRUNCATE: a number with so many digits behind the point, or with zeros so far before it.
 *
 * A FLOAT or DOUBLE is rounded as the decimal that it is written as: 1.005 to 1.01.
 */
import { formatDecimal, parseDecimal } from "../../columnar/decimal-text.ts";
import { type CallShape, type Evaluator, evaluationError, type ScalarFunction } from "../scalar-function.ts";
import { int, takes } from "../signatures.ts";
import type { DecimalShape } from "../types/decimal-type.ts";
import { decimalPrecisionMax, type SqlType } from "../types/sql-type.ts";
import { fitDecimal, powerOfTen, rescaleDecimal, truncateDecimal } from "../values/decimal-arithmetic.ts";
import type { SqlValue } from "../values/sql-value.ts";
import { numberOrText, wholeName, wrapTo } from "./number-arguments.ts";

/** Writes an unscaled integer with another scale. */
type Rescale = (unscaled: bigint, from: number, to: number) => bigint;

/** Beyond so many zeros before the point, nothing is left of any number. */
const zerosMax = 400;

/** A DECIMAL has as many digits as are asked for, and one more for what rounding carries over. */
function roundedType({ types, constants }: CallShape): SqlType | undefined {
  const [type] = types;
  const isNullable = types.some((each) => each.isNullable);
  const asked = types.length === 1 ? 0 : constants[1];
  if (type?.name !== "DECIMAL" || typeof asked !== "number" || asked >= type.scale) {
    return type && { ...type, isNullable };
  }
  const scale = Math.max(0, asked);
  const precision = Math.min(decimalPrecisionMax, 1 + type.precision - type.scale + scale);
  return { name: "DECIMAL", precision, scale, isNullable };
}

function roundDecimal(rescale: Rescale, from: DecimalShape, to: DecimalShape): Evaluator {
  return (value, digits) => {
    const places = Math.min(placesOf(digits), from.scale);
    return fitDecimal(rescale(value as bigint, from.scale, places), places, to);
  };
}

function roundWhole(rescale: Rescale, type: SqlType): Evaluator {
  const wrap = wrapTo(wholeName(type) ?? "BIGINT");
  return (value, digits) => {
    const places = placesOf(digits);
    if (places >= 0) return value as number | bigint;
    return wrap(rescale(BigInt(value as number | bigint), 0, places) * powerOfTen(-places));
  };
}

function roundApproximate(rescale: Rescale, type: SqlType): Evaluator {
  const rounded = type.name === "FLOAT" ? Math.fround : (value: number) => value;
  return (value, digits) => {
    const number = parseDecimal(String(value));
    if (!number) throw evaluationError(`${value} has no digits to round.`);
    const places = placesOf(digits);
    if (places >= number.scale) return value as number;
    const digitsLeft = rescale(number.unscaled, number.scale, places);
    const text = places < 0 ? `${digitsLeft}e${-places}` : formatDecimal(digitsLeft, places);
    return rounded(Number(text));
  };
}

function placesOf(digits: SqlValue | undefined): number {
  return Math.max(-zerosMax, Number(digits ?? 0));
}

function rounding(name: string, rescale: Rescale): ScalarFunction {
  return {
    name,
    usage: `${name}(number [, digits])`,
    signatures: [takes([numberOrText, int], roundedType, { optional: 1 })],
    prepare: ({ types, type }) => {
      const [from] = types;
      if (from?.name === "DECIMAL" && type.name === "DECIMAL") return roundDecimal(rescale, from, type);
      return wholeName(type) ? roundWhole(rescale, type) : roundApproximate(rescale, type);
    },
  };
}

export const roundingFunctions: readonly ScalarFunction[] = [
  rounding("ROUND", rescaleDecimal),
  rounding("TRUNCATE", truncateDecimal),
];
