/**
 * Types of results: Flink SQL's rules, with 18 digits as the largest DECIMAL in place of 38.
 */
import type { DataType } from "../../columnar/schema.ts";

export const decimalPrecisionMax = 18;

type DecimalType = Extract<DataType, { name: "DECIMAL" }>;

export function isNumeric(type: DataType): boolean {
  return isExact(type) || type.name === "DOUBLE";
}

export function isInteger(type: DataType): boolean {
  return type.name === "INT" || type.name === "BIGINT";
}

/** INT, BIGINT and DECIMAL. */
export function isExact(type: DataType): boolean {
  return isInteger(type) || type.name === "DECIMAL";
}

export function isTimestamp(type: DataType): boolean {
  return type.name === "TIMESTAMP" || type.name === "TIMESTAMP_LTZ";
}

export function isSameType(a: DataType, b: DataType): boolean {
  if (a.name === "DECIMAL" && b.name === "DECIMAL") return a.precision === b.precision && a.scale === b.scale;
  return a.name === b.name;
}

/** Digits behind the point of an exact type. */
export function scaleOf(type: DataType): number {
  return type.name === "DECIMAL" ? type.scale : 0;
}

/** Returns the type of an arithmetic operation on two numeric types. */
export function arithmeticType(operator: "+" | "-" | "*" | "/" | "%", a: DataType, b: DataType): DataType {
  if (a.name === "DOUBLE" || b.name === "DOUBLE") return { name: "DOUBLE" };
  if (a.name !== "DECIMAL" && b.name !== "DECIMAL") {
    return a.name === "INT" && b.name === "INT" ? { name: "INT" } : { name: "BIGINT" };
  }
  const left = asDecimal(a);
  const right = asDecimal(b);
  const wholeDigits = [left.precision - left.scale, right.precision - right.scale] as const;
  const scaleMax = Math.max(left.scale, right.scale);
  switch (operator) {
    case "+":
    case "-":
      return fitDecimal(Math.max(...wholeDigits) + scaleMax + 1, scaleMax);
    case "*":
      return fitDecimal(left.precision + right.precision + 1, left.scale + right.scale);
    case "/": {
      const scale = Math.max(6, left.scale + right.precision + 1);
      return fitDecimal(wholeDigits[0] + right.scale + scale, scale);
    }
    case "%":
      return fitDecimal(Math.min(...wholeDigits) + scaleMax, scaleMax);
  }
}

/**
 * Returns the type that values of both types convert to in CASE and COALESCE, undefined where there is none.
 */
export function commonType(a: DataType, b: DataType): DataType | undefined {
  if (isSameType(a, b)) return a;
  if (!isNumeric(a) || !isNumeric(b)) return undefined;
  if (a.name === "DOUBLE" || b.name === "DOUBLE") return { name: "DOUBLE" };
  if (isInteger(a) && isInteger(b)) return { name: "BIGINT" };
  const left = asDecimal(a);
  const right = asDecimal(b);
  const scale = Math.max(left.scale, right.scale);
  return fitDecimal(Math.max(left.precision - left.scale, right.precision - right.scale) + scale, scale);
}

/** True where a value of `from` can be cast to `to`. */
export function isCastable(from: DataType, to: DataType): boolean {
  const isNumberLike = (type: DataType): boolean => type.name === "BOOLEAN" || isNumeric(type);
  return isSameType(from, to) || (isNumberLike(from) && isNumberLike(to));
}

function asDecimal(type: DataType): DecimalType {
  if (type.name === "DECIMAL") return type;
  return { name: "DECIMAL", precision: type.name === "INT" ? 10 : 19, scale: 0 };
}

/** Too many digits are taken from behind the point first, but no more than leave six there. */
function fitDecimal(precision: number, scale: number): DecimalType {
  if (precision <= decimalPrecisionMax) return { name: "DECIMAL", precision: Math.max(precision, 1), scale };
  const wholeDigits = precision - scale;
  const fitted = Math.max(decimalPrecisionMax - wholeDigits, Math.min(scale, 6));
  return { name: "DECIMAL", precision: decimalPrecisionMax, scale: fitted };
}
