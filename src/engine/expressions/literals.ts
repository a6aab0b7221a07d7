/**
 * Literals whose type depends on what stands beside them, and conversions of literals done once, while
 * binding.
 */
import { parseDecimal } from "../../columnar/decimal-text.ts";
import type { DataType } from "../../columnar/schema.ts";
import { type JsonScalar, type LaneValue, readValue } from "../../columnar/values.ts";
import { decimalPrecisionMax } from "./type-rules.ts";
import type { LiteralExpression } from "./typed-expression.ts";

/** A literal that was written without a type: a number, a text or null. */
export interface OpenLiteral {
  readonly node: "open";
  readonly value: number | string | null;
}

export function literalOf(value: LaneValue, type: DataType): LiteralExpression {
  return { node: "literal", value, type, nullable: value === null };
}

/** Returns the literal that `json` is as a `type`; undefined where it is none. */
export function readLiteral(json: JsonScalar, type: DataType): LiteralExpression | undefined {
  const value = readValue(json, type);
  return value === undefined ? undefined : literalOf(value, type);
}

/**
 * Returns an open literal with the type it has by itself; undefined for null and for integers beyond 2^53.
 */
export function closeAlone(open: OpenLiteral): LiteralExpression | undefined {
  const { value } = open;
  if (value === null) return undefined;
  if (typeof value === "string") return readLiteral(value, { name: "STRING" });
  if (!Number.isInteger(value)) return literalOf(value, { name: "DOUBLE" });
  if (!Number.isSafeInteger(value)) return undefined;
  return readLiteral(value, { name: "INT" }) ?? readLiteral(value, { name: "BIGINT" });
}

/**
 * Returns an open literal as it is meant beside a value of `type`; undefined where it does not go with it.
 */
export function closeBeside(open: OpenLiteral, type: DataType): LiteralExpression | undefined {
  const { value } = open;
  if (value === null) return literalOf(null, type);
  if (type.name === "DECIMAL") {
    const decimal = parseDecimal(String(value));
    if (decimal && decimal.precision <= decimalPrecisionMax) {
      const { precision, scale } = decimal;
      return literalOf(decimal.unscaled, { name: "DECIMAL", precision, scale });
    }
  }
  if (typeof value === "number") return closeAlone(open);
  switch (type.name) {
    case "STRING":
    case "BYTES":
    case "DATE":
    case "TIMESTAMP":
    case "TIMESTAMP_LTZ":
      return readLiteral(value, type);
    default:
      return undefined;
  }
}

/**
 * Returns a DECIMAL or integer literal with `scale` digits behind the point, where that is exact and fits.
 */
export function rescaleLiteral(literal: LiteralExpression, scale: number): LiteralExpression {
  const from = literal.type.name === "DECIMAL" ? literal.type.scale : 0;
  if (typeof literal.value !== "bigint" || from >= scale) return literal;
  const unscaled = literal.value * 10n ** BigInt(scale - from);
  const limit = 10n ** BigInt(decimalPrecisionMax);
  if (unscaled >= limit || unscaled <= -limit) return literal;
  return literalOf(unscaled, { name: "DECIMAL", precision: decimalPrecisionMax, scale });
}
