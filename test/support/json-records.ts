/** Short ways to decode a few records in tests. */
import type { Column, DataType, Schema } from "../../src/columnar/schema.ts";
import type { LaneValue } from "../../src/kernel/column-batch.ts";
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
  // The third record takes the path of the first: both ways to read a value must agree.
  const lines = `{"value":${valueText}}\n`.repeat(3);
  const { rows, rejected } = decodeText(kernel, schemaOf(column("value", type)), lines);
  const results = rows.length > 0 ? rows.map(([value]) => value ?? null) : rejected.map((bad) => bad.message);
  const [first, second, third] = results.map(readable);
  if (results.length !== 3 || !Object.is(first, second) || !Object.is(second, third)) {
    throw new Error(`three equal records became ${JSON.stringify(results.map(String))}`);
  }
  return first ?? null;
}

function readable(value: LaneValue | string): LaneValue | string {
  return value instanceof Uint8Array ? Buffer.from(value).toString("latin1") : value;
}
