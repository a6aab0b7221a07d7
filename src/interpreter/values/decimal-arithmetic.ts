/**
 * Arithmetic of DECIMAL values: unscaled integers, each with a scale that its type says.
 *
 * Results are exact, then rounded half away from zero to the scale of the result. A quotient is rounded to
 * 38 digits before that, as Flink does.
 */
import { divideHalfUp } from "../../columnar/decimal-text.ts";
import type { DecimalShape } from "../types/decimal-type.ts";
import { decimalPrecisionMax } from "../types/sql-type.ts";

export function powerOfTen(exponent: number): bigint {
  return 10n ** BigInt(exponent);
}

/** Writes a value with another scale, rounded half away from zero. A scale may be negative. */
export function rescaleDecimal(unscaled: bigint, from: number, to: number): bigint {
  if (to >= from) return unscaled * powerOfTen(to - from);
  return divideHalfUp(unscaled, powerOfTen(from - to));
}

/** The same, where digits that are too many are cut off. */
export function truncateDecimal(unscaled: bigint, from: number, to: number): bigint {
  return to >= from ? unscaled * powerOfTen(to - from) : unscaled / powerOfTen(from - to);
}

/** Rounds to the digits of `to`; null where there are too many before the point. */
export function fitDecimal(unscaled: bigint, scale: number, to: DecimalShape): bigint | null {
  const fitted = rescaleDecimal(unscaled, scale, to.scale);
  const bound = powerOfTen(to.precision);
  return fitted < bound && fitted > -bound ? fitted : null;
}

/** Returns one / other with `scale` digits behind the point; `other` is not zero. */
export function divideDecimals(
  one: bigint,
  oneScale: number,
  other: bigint,
  otherScale: number,
  scale: number,
): bigint {
  const dividend = magnitude(one) * powerOfTen(otherScale);
  const divisor = magnitude(other) * powerOfTen(oneScale);
  if (dividend === 0n) return 0n;
  // So many digits behind the point make 38 or 39 digits in all.
  let places = decimalPrecisionMax - (digitsOf(dividend) - digitsOf(divisor));
  if (truncateDecimal(dividend, 0, places) / divisor >= powerOfTen(decimalPrecisionMax)) places--;
  const quotient =
    places >= 0
      ? divideHalfUp(dividend * powerOfTen(places), divisor)
      : divideHalfUp(dividend, divisor * powerOfTen(-places));
  const rounded = rescaleDecimal(quotient, places, scale);
  return one < 0n === other < 0n ? rounded : -rounded;
}

function magnitude(value: bigint): bigint {
  return value < 0n ? -value : value;
}

function digitsOf(value: bigint): number {
  return String(value).length;
}
