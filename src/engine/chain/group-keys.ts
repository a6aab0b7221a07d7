/**
 * The key of a row, as bytes; and whether two rows are equal.
 */
import type { SqlType } from "../../interpreter/types/sql-type.ts";
import type { Row, SqlValue } from "../../interpreter/values/sql-value.ts";
import { encodeRow } from "../../interpreter/values/value-codec.ts";

/** Returns what gives a row's values at `columns`, and what makes bytes of such. */
export function keyOf(columns: readonly number[], types: readonly SqlType[]) {
  return {
    valuesOf: (row: Row): Row => columns.map((column) => row[column] as SqlValue),
    encode: (values: Row): Uint8Array => encodeRow(types, values),
  };
}

/** True where both hold the same values; NaN is equal to itself, 0 to -0. */
export function areEqualRows(one: Row, other: Row): boolean {
  return one.every((value, index) => areEqual(value, other[index] as SqlValue));
}

function areEqual(one: SqlValue, other: SqlValue): boolean {
  if (one === other) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) {
    return Number.isNaN(one) && Number.isNaN(other);
  }
  const [left, right] = [one as ArrayLike<SqlValue>, other as ArrayLike<SqlValue>];
  if (left.length !== right.length) return false;
  for (let index = 0; index < left.length; index++) {
    if (!areEqual(left[index] as SqlValue, right[index] as SqlValue)) return false;
  }
  return true;
}

/** Bytes that are spread over the arguments of one call: a stack has room for so many. */
const spreadMax = 8192;

/** What a Map knows the bytes of a key by: a character for each. */
export function keyName(bytes: Uint8Array): string {
  if (bytes.length <= spreadMax) return String.fromCharCode(...bytes);
  let name = "";
  for (let from = 0; from < bytes.length; from += spreadMax) {
    name += String.fromCharCode(...bytes.subarray(from, from + spreadMax));
  }
  return name;
}
