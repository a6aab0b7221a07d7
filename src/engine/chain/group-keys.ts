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
