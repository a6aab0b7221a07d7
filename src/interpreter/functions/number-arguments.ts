/**
 * Numbers as arguments: what is taken for one, and whole numbers within the bounds of their types.
 */
import { type ArgumentRule, doubleShape, numeric } from "../signatures.ts";
import type { DecimalShape } from "../types/decimal-type.ts";
import type { SqlShape } from "../types/sql-type.ts";

export type WholeName = "TINYINT" | "SMALLINT" | "INT" | "BIGINT";

/** What a text is cast to where any number would do. */
export const widestDecimal: DecimalShape = Object.freeze({
  name: "DECIMAL",
  precision: 38,
  scale: 19,
});

export function isText({ name }: SqlShape): boolean {
  return name === "CHAR" || name === "VARCHAR";
}

/** The name of a type of whole numbers; undefined for others. */
export function wholeName({ name }: SqlShape): WholeName | undefined {
  return name === "TINYINT" || name === "SMALLINT" || name === "INT" || name === "BIGINT" ? name : undefined;
}

export function isApproximate({ name }: SqlShape): boolean {
  return name === "FLOAT" || name === "DOUBLE";
}

export function isNumber(type: SqlShape): boolean {
  return wholeName(type) !== undefined || isApproximate(type) || type.name === "DECIMAL";
}

/** A number as it is; a text as the widest DECIMAL. */
export const numberOrText: ArgumentRule = (type, constant) =>
  isText(type) ? { ...widestDecimal, isNullable: type.isNullable } : numeric(type, constant);

/** A number or a text as a DOUBLE. */
export const asDouble: ArgumentRule = (type) =>
  isNumber(type) || isText(type) || type.name === "NULL"
    ? { ...doubleShape, isNullable: type.isNullable }
    : undefined;

/** Returns what keeps whole numbers within a type by dropping their upper bits. */
export function wrapTo(name: WholeName): (value: number | bigint) => number | bigint {
  if (name === "BIGINT") return (value) => BigInt.asIntN(64, BigInt(value));
  const unused = { TINYINT: 24, SMALLINT: 16, INT: 0 }[name];
  return (value) => {
    const low = typeof value === "bigint" ? Number(BigInt.asIntN(32, value)) : value;
    return (low << unused) >> unused;
  };
}
