/**
 * The DECIMAL types of what is calculated with DECIMAL numbers: as Flink derives them.
 */
import { decimalPrecisionMax } from "./sql-type.ts";

export type ArithmeticOperator = "+" | "-" | "*" | "/" | "%";

export interface DecimalShape {
  readonly name: "DECIMAL";
  readonly precision: number;
  readonly scale: number;
}

/** Digits behind the point that a result keeps though it has too many before it. */
const scaleKept = 6;

/** A DECIMAL of so many digits; where those are too many, digits behind the point are given up first. */
export function decimalType(precision: number, scale: number): DecimalShape {
  if (precision <= decimalPrecisionMax) return { name: "DECIMAL", precision, scale };
  const whole = precision - scale;
  const left = Math.max(decimalPrecisionMax - whole, Math.min(scale, scaleKept));
  return { name: "DECIMAL", precision: decimalPrecisionMax, scale: left };
}

/** Returns the type of `one operator other`. */
export function decimalResult(operator: ArithmeticOperator, one: DecimalShape, other: DecimalShape) {
  const scale = Math.max(one.scale, other.scale);
  const [whole, otherWhole] = [one.precision - one.scale, other.precision - other.scale];
  switch (operator) {
    case "*":
      return decimalType(one.precision + other.precision + 1, one.scale + other.scale);
    case "/": {
      const quotientScale = Math.max(scaleKept, one.scale + other.precision + 1);
      return decimalType(whole + other.scale + quotientScale, quotientScale);
    }
    case "%":
      return decimalType(Math.min(whole, otherWhole) + scale, scale);
    default:
      return decimalType(Math.max(whole, otherWhole) + scale + 1, scale);
  }
}
