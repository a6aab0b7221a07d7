/**
 * Single values: as they lie in lanes, and as JSON and text.
 *
 * As JSON: BOOLEAN is true or false; INT, BIGINT and DOUBLE are numbers, but an integer beyond 2^53 and NaN
 * or an infinity is a string; DECIMAL is a string with all digits of its scale; DATE is `yyyy-MM-dd`,
 * TIMESTAMP `yyyy-MM-dd HH:mm:ss[.SSS]`, TIMESTAMP_LTZ the same in UTC with `Z` behind it; STRING is text and
 * BYTES base64.
 */
import { decodeBase64, encodeBase64 } from "../base/base64.ts";
import { decodeUtf8, encodeUtf8 } from "../base/utf8.ts";
import { formatDecimal, parseDecimal } from "./decimal-text.ts";
import type { DataType } from "./schema.ts";
import { formatDate, formatTimestamp, parseDate, parseTimestamp } from "./time-text.ts";

/**
 * A value as it lies in memory: bigint for I64 (and for wide sums), number for F64, bytes for BYTES, or null.
 */
export type LaneValue = bigint | number | Uint8Array | null;

export type JsonScalar = string | number | boolean | null;

/** Writes a value of `type` as JSON. */
export function formatValue(value: LaneValue, type: DataType): JsonScalar {
  if (value === null) return null;
  if (value instanceof Uint8Array) return type.name === "BYTES" ? encodeBase64(value) : decodeText(value);
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  switch (type.name) {
    case "BOOLEAN":
      return value !== 0n;
    case "DECIMAL":
      return formatDecimal(value, type.scale);
    case "DATE":
      return formatDate(value);
    case "TIMESTAMP":
      return formatTimestamp(value);
    case "TIMESTAMP_LTZ":
      return `${formatTimestamp(value)}Z`;
    default:
      return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)
        ? Number(value)
        : String(value);
  }
}

/**
 * Reads what `formatValue` writes, and the same as text (`"42"`, `"true"`), such as a query's parameter.
 *
 * Returns undefined for what is no value of `type`, or not exactly one: a DECIMAL with more digits, a
 * fraction for INT.
 */
export function readValue(json: JsonScalar, type: DataType): LaneValue | undefined {
  if (json === null) return null;
  const text = String(json);
  switch (type.name) {
    case "BOOLEAN":
      return text === "true" ? 1n : text === "false" ? 0n : undefined;
    case "INT":
      return readInteger(text, 31n);
    case "BIGINT":
      return readInteger(text, 63n);
    case "DOUBLE":
      return typeof json === "boolean" ? undefined : readDouble(text);
    case "DECIMAL":
      return readDecimal(text, type.precision, type.scale);
    case "STRING":
      return typeof json === "string" ? encodeUtf8(json) : undefined;
    case "BYTES":
      return typeof json === "string" ? readBytes(json) : undefined;
    case "DATE":
      return typeof json === "string" ? parseDate(json) : undefined;
    case "TIMESTAMP":
    case "TIMESTAMP_LTZ":
      return typeof json === "boolean" ? undefined : parseTimestamp(text);
  }
}

/**
 * Orders two values of one type: numbers by size with NaN last, text and bytes by their bytes, null before
 * all.
 */
export function compareValues(a: LaneValue, b: LaneValue): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? -1 : 1;
  if (a instanceof Uint8Array && b instanceof Uint8Array) return compareBytes(a, b);
  if (a < b) return -1;
  if (a > b) return 1;
  return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
}

/**
 * Orders values as `formatValue` writes them, whatever their type: false before true, then numbers and texts
 * that are numbers by size (NaN last), then other texts by their UTF-16 code units; null before all.
 *
 * Dates and timestamps so come in order of time. Texts of a STRING that look like numbers come before others.
 */
export function compareJson(a: JsonScalar, b: JsonScalar): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  const difference = jsonRank(a) - jsonRank(b);
  if (difference !== 0) return difference;
  if (jsonRank(a) === 2) return compareNumbers(String(a), String(b));
  const [x, y] = [String(a), String(b)];
  return x < y ? -1 : x > y ? 1 : 0;
}

/** Orders by unsigned bytes, a prefix before what it is a prefix of. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

function jsonRank(value: JsonScalar): number {
  if (value === null) return 0;
  if (typeof value === "boolean") return 1;
  return typeof value === "number" || isNumberText(value) ? 2 : 3;
}

function isNumberText(text: string): boolean {
  return /^-?(\d+(\.\d+)?|Infinity)$|^NaN$/.test(text);
}

/**
 * Orders two numbers as text by their exact size; equal ones (1 and 1.0) by their text, so that the order is
 * total.
 */
function compareNumbers(a: string, b: string): number {
  const [x, y] = [parseDecimal(a), parseDecimal(b)];
  if (!x || !y) return compareValues(Number(a), Number(b));
  const scale = Math.max(x.scale, y.scale);
  const left = x.unscaled * 10n ** BigInt(scale - x.scale);
  const right = y.unscaled * 10n ** BigInt(scale - y.scale);
  return left < right ? -1 : left > right ? 1 : a < b ? -1 : a > b ? 1 : 0;
}

/** Text may begin with a byte order mark: it is a character like others. */
function decodeText(bytes: Uint8Array): string {
  return decodeUtf8(bytes);
}

function readInteger(text: string, bits: bigint): bigint | undefined {
  if (!/^[+-]?\d{1,19}$/.test(text)) return undefined;
  const value = BigInt(text.replace("+", ""));
  return value >= -(2n ** bits) && value < 2n ** bits ? value : undefined;
}

function readDouble(text: string): number | undefined {
  if (/^(NaN|[+-]?Infinity)$/.test(text)) return Number(text);
  return /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text) ? Number(text) : undefined;
}

function readDecimal(text: string, precision: number, scale: number): bigint | undefined {
  const decimal = parseDecimal(text);
  if (!decimal) return undefined;
  const extra = 10n ** BigInt(Math.max(0, decimal.scale - scale));
  if (decimal.unscaled % extra !== 0n) return undefined;
  const unscaled = (decimal.unscaled / extra) * 10n ** BigInt(Math.max(0, scale - decimal.scale));
  return unscaled > -(10n ** BigInt(precision)) && unscaled < 10n ** BigInt(precision) ? unscaled : undefined;
}

function readBytes(text: string): Uint8Array | undefined {
  return /^[A-Za-z0-9+/]*={0,2}$/.test(text) && text.length % 4 === 0 ? decodeBase64(text) : undefined;
}
