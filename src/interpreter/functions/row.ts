/**
 * Rows and their fields.
 */
import type { CallShape, Resolution, ScalarFunction } from "../scalar-function.ts";
import type { SqlField } from "../types/sql-type.ts";
import type { Row } from "../values/sql-value.ts";

/** Fields of a row that was written without names. */
function rowOf({ types }: CallShape): Resolution {
  const fields = types.map((type, index): SqlField => ({ name: `EXPR$${index}`, type }));
  return { types, type: { name: "ROW", fields, isNullable: false } };
}

/** `FIELD(row, place)`: the place is a literal, which the binder found by the field's name. */
function fieldOf({ types: [row, place], constants: [, index] }: CallShape): Resolution | undefined {
  if (row?.name !== "ROW" || !place || typeof index !== "number") return undefined;
  const field = row.fields[index];
  if (!field) return undefined;
  const isNullable = row.isNullable || field.type.isNullable;
  return { types: [row, place], type: { ...field.type, isNullable } };
}

export const rowFunctions: readonly ScalarFunction[] = [
  {
    name: "ROW",
    usage: "ROW(value, ...)",
    signatures: [rowOf],
    takesNulls: true,
    prepare:
      () =>
      (...values) =>
        values,
  },
  {
    name: "FIELD",
    usage: "row.field",
    signatures: [fieldOf],
    prepare: ({ constants: [, index] }) => {
      const place = index as number;
      return (row) => (row as Row)[place] ?? null;
    },
  },
];
