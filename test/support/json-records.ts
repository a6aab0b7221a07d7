/** Short ways to decode a few records in tests. */
import type { Column, DataType, Schema } from "../../src/columnar/schema.ts";
import type { LaneValue } from "../../src/columnar/values.ts";
import type { BodyFormat } from "../../src/kernel/json-body.ts";
import type { Kernel } from "../../src/kernel/kernel.ts";
import { type DecodedBody, decodeBody } from "./json-comparison.ts";

export const string: DataType = { name: "STRING" };
export const bigint: DataType = { name: "BIGINT" };
export const double: DataType = { name: "DOUBLE" };
export const timestamp: DataType = { name: "TIMESTAMP", precision: 3 };

export function column(name: string, type: DataType, more: Partial<Column> = {}): Column {
  return { name, type, nullable: false, ...more };
}

export function schemaOf(...columns: readonly Column[]): Schema {
  return { version: 1, columns };
}

/** Decodes a text (or bytes) as a whole body. */
export function decodeText(
  kernel: Kernel,
  schema: Schema,
  text: string | Uint8Array,
  format: BodyFormat = "ndjson",
): DecodedBody {
  return decodeBody(kernel, schema, typeof text === "string" ? Buffer.from(text) : text, format);
}

/** A value for a column of a type: what it became, or the message with which its record was rejected. */
export function decodeValue(kernel: Kernel, type: DataType, valueText: string): LaneValue | string {
  // The first record is of an unknown shape; those behind the null are of a known one. All must come out
  // alike.
  const record = `{"value":${valueText}}\n`;
  const schema = schemaOf(column("value", type, { nullable: true }));
  const { rows, rejected } = decodeText(kernel, schema, `${record}{"value":null}\n${record}${record}`);
  const values = rows.flatMap(([value = null]) => (value === null ? [] : [readable(value)]));
  const results = [...values, ...rejected.map(({ message }) => message)];
  if (results.length !== 3 || results.some((result) => !Object.is(result, results[0]))) {
    throw new Error(`three equal records became ${results.map(String).join(", ")}`);
  }
  return results[0] ?? null;
}

function readable(value: LaneValue): LaneValue | string {
  return value instanceof Uint8Array ? Buffer.from(value).toString("latin1") : value;
}
