/**
 * The types of what accumulators are kept as.
 */
import type { SqlShape, SqlType } from "../types/sql-type.ts";

export function nullable(shape: SqlShape): SqlType {
  return { ...shape, isNullable: true };
}

export function notNull(shape: SqlShape): SqlType {
  return { ...shape, isNullable: false };
}

/** A ROW of such fields, by their names. */
export function record(fields: Readonly<Record<string, SqlType>>): SqlType {
  const named = Object.entries(fields).map(([name, type]) => ({ name, type }));
  return notNull({ name: "ROW", fields: named });
}

export function listOf(element: SqlType): SqlType {
  return notNull({ name: "ARRAY", element });
}
