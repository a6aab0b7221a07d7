/**
 * Scalars of JSON as values of SQL. A number is cut to a whole one, or rounded to a DECIMAL; text is read as
 * a number or as a truth value where such is asked for. A number is no truth value, nor the other way round.
 */
import { divideHalfUp, parseDecimal } from "../../columnar/decimal-text.ts";
import type { SqlShape } from "../types/sql-type.ts";
import type { SqlValue } from "../values/sql-value.ts";
import { isJsonNumber, type JsonNode } from "./json-node.ts";
import { writeJsonText } from "./json-text.ts";

/** Returns undefined where the node is no value of the type; null is null. */
export type JsonScalarConversion = (node: JsonNode) => SqlValue | undefined;

const integerBits: ReadonlyMap<string, number> = new Map([
  ["TINYINT", 8],
  ["SMALLINT", 16],
  ["INT", 32],
  ["BIGINT", 64],
]);

const truths: ReadonlyMap<string, boolean> = new Map([
  ...["true", "t", "yes", "1"].map((text): [string, boolean] => [text, true]),
  ...["false", "f", "no", "0"].map((text): [string, boolean] => [text, false]),
]);

/** Returns the conversion to a type; undefined where there is none. */
export function jsonScalarTo(type: SqlShape): JsonScalarConversion | undefined {
  const convert = conversionTo(type);
  return convert && ((node) => (node === null ? null : convert(node)));
}

function conversionTo(type: SqlShape): JsonScalarConversion | undefined {
  switch (type.name) {
    case "VARCHAR":
      return textOf;
    case "BOOLEAN":
      return (node) => (typeof node === "string" ? truths.get(node.trim().toLowerCase()) : truthOf(node));
    case "TINYINT":
    case "SMALLINT":
    case "INT":
    case "BIGINT":
      return (node) => wholeOf(node, integerBits.get(type.name) ?? 64);
    case "FLOAT":
      return (node) => finite(Math.fround(numberOf(node)));
    case "DOUBLE":
      return (node) => finite(numberOf(node));
    case "DECIMAL":
      return (node) => decimalOf(node, type.precision, type.scale);
    default:
      return undefined;
  }
}

/** What has parts is its JSON. */
function textOf(node: JsonNode): string {
  return typeof node === "string" ? node : writeJsonText(node);
}

function truthOf(node: JsonNode): boolean | undefined {
  return typeof node === "boolean" ? node : undefined;
}

function digitsOf(node: JsonNode): string | undefined {
  if (typeof node === "string") return node;
  return isJsonNumber(node) ? node.number : undefined;
}

function numberOf(node: JsonNode): number {
  const digits = digitsOf(node);
  return digits !== undefined && /^[+-]?(?:\d|\.\d)/.test(digits) ? Number(digits) : Number.NaN;
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}

function wholeOf(node: JsonNode, bits: number): SqlValue | undefined {
  const number = parseDecimal(digitsOf(node) ?? "");
  if (!number) return undefined;
  const whole = number.unscaled / 10n ** BigInt(number.scale);
  if (BigInt.asIntN(bits, whole) !== whole) return undefined;
  return bits === 64 ? whole : Number(whole);
}

function decimalOf(node: JsonNode, precision: number, scale: number): bigint | undefined {
  const number = parseDecimal(digitsOf(node) ?? "");
  if (!number) return undefined;
  const shift = scale - number.scale;
  const unscaled =
    shift >= 0
      ? number.unscaled * 10n ** BigInt(shift)
      : divideHalfUp(number.unscaled, 10n ** BigInt(-shift));
  const limit = 10n ** BigInt(precision);
  return unscaled < limit && unscaled > -limit ? unscaled : undefined;
}
