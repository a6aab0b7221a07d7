/**
 * JSON in memory, as the functions of JSON need it: numbers keep their digits, an object keeps the order of
 * its keys, and of equal keys the last value.
 */
import { formatDecimal, parseDecimal } from "../../columnar/decimal-text.ts";
import { formatDouble } from "../values/number-text.ts";

export type JsonNode = null | boolean | string | JsonNumber | JsonArray | JsonObject;

/** Its digits as they are written. */
export interface JsonNumber {
  readonly number: string;
}

export type JsonArray = readonly JsonNode[];
export type JsonObject = ReadonlyMap<string, JsonNode>;

export function isJsonObject(node: JsonNode): node is JsonObject {
  return node instanceof Map;
}

export function isJsonArray(node: JsonNode): node is JsonArray {
  return Array.isArray(node);
}

export function isJsonNumber(node: JsonNode): node is JsonNumber {
  return typeof node === "object" && node !== null && "number" in node;
}

/** True for what has no parts; null among them. */
export function isJsonScalar(node: JsonNode): boolean {
  return !isJsonObject(node) && !isJsonArray(node);
}

/** Returns the number of valid digits: whole ones as they are, others as Java's BigDecimal writes them. */
export function jsonNumber(digits: string): JsonNumber {
  const match = /^(-?\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(digits);
  const [, whole = "0", fraction = "", exponent = "0"] = match ?? [];
  const scale = fraction.length - Number(exponent);
  const isWhole = /^-?\d+$/.test(digits);
  return isWhole ? { number: String(BigInt(digits)) } : jsonDecimal(BigInt(whole + fraction), scale);
}

/** Exponents are written where there would be zeros before the point, or too many behind it. */
export function jsonDecimal(unscaled: bigint, scale: number): JsonNumber {
  const digits = String(unscaled < 0n ? -unscaled : unscaled);
  const exponent = digits.length - 1 - scale;
  if (scale >= 0 && exponent >= -6) return { number: formatDecimal(unscaled, scale) };
  const fraction = digits.length > 1 ? `.${digits.slice(1)}` : "";
  const sign = unscaled < 0n ? "-" : "";
  return { number: `${sign}${digits[0]}${fraction}E${exponent < 0 ? "" : "+"}${exponent}` };
}

/** A DOUBLE; what is no number in JSON is text. */
export function jsonDouble(value: number): JsonNode {
  return Number.isFinite(value) ? jsonNumber(formatDouble(value)) : String(value);
}

/** Exact where the numbers are not far too long for it. */
export function compareJsonNumbers(one: JsonNumber, other: JsonNumber): number {
  const [left, right] = [parseDecimal(one.number), parseDecimal(other.number)];
  if (!left || !right) return Number(one.number) - Number(other.number);
  const scale = Math.max(left.scale, right.scale);
  const [first, second] = [left, right].map((each) => each.unscaled * 10n ** BigInt(scale - each.scale));
  return Number((first ?? 0n) > (second ?? 0n)) - Number((first ?? 0n) < (second ?? 0n));
}
