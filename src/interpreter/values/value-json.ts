/**
 * Values as JSON that reads back to the same value: literals in plans.
 *
 *   null, boolean, string, finite number     itself
 *   any other number (NaN, infinities, -0)   { "number": "NaN" }
 *   bigint                                   { "integer": "42" }
 *   bytes                                    { "bytes": "00ff" }
 *   array, map, row                          array
 */
import type { SqlValue } from "./sql-value.ts";

export type ValueJson =
  | null
  | boolean
  | number
  | string
  | readonly ValueJson[]
  | { readonly number: string }
  | { readonly integer: string }
  | { readonly bytes: string };

export function encodeValueJson(value: SqlValue): ValueJson {
  if (typeof value === "bigint") return { integer: String(value) };
  if (typeof value === "number") {
    if (Number.isFinite(value) && !Object.is(value, -0)) return value;
    return { number: Object.is(value, -0) ? "-0" : String(value) };
  }
  if (value instanceof Uint8Array) return { bytes: toHex(value) };
  if (typeof value === "object" && value !== null) return value.map(encodeValueJson);
  return value;
}

export function decodeValueJson(json: ValueJson): SqlValue {
  if (json === null || typeof json !== "object") return json;
  if (isList(json)) return json.map(decodeValueJson);
  if ("integer" in json) return BigInt(json.integer);
  if ("number" in json) return Number(json.number);
  return fromHex(json.bytes);
}

function isList(json: object): json is readonly ValueJson[] {
  return Array.isArray(json);
}

/** Lower-case hexadecimal digits. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Reads an even number of hexadecimal digits. */
export function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));
}
