/**
 * Decodes whole bodies with the kernel and compares them with the reference; used by tests and by the long
 * run.
 */
import { partBytesMax, partRowsMax } from "../../src/base/limits.ts";
import { type BadRecord, rejectedBytesKept } from "../../src/columnar/bad-record.ts";
import type { Schema } from "../../src/columnar/schema.ts";
import type { LaneValue } from "../../src/columnar/values.ts";
import { type BodyFormat, type BodyPosition, bodyStart } from "../../src/kernel/json-body.ts";
import { type DecodedPart, JsonDecoder, type PartLimits } from "../../src/kernel/json-decoder.ts";
import type { Kernel } from "../../src/kernel/kernel.ts";
import type { GeneratedBody } from "../arbitraries/json-bodies.ts";
import { decodeReference } from "../reference/json-decoder.ts";

export const usualLimits: PartLimits = { partBytesMax, partRowsMax };

export interface DecodedBody {
  readonly rows: readonly (readonly LaneValue[])[];
  readonly rejected: readonly BadRecord[];
  readonly records: number;
  /** The parts as text, and where they were cut. */
  readonly parts: readonly { readonly text: string; readonly records: number }[];
}

/** Decodes a body with a decoder of its own, or with the one given. */
export function decodeBody(
  kernel: Kernel,
  schema: Schema,
  body: Uint8Array,
  format: BodyFormat,
  limits: PartLimits = usualLimits,
  decoder: JsonDecoder = new JsonDecoder(kernel, schema, limits),
): DecodedBody {
  const rows: LaneValue[][] = [];
  const rejected: BadRecord[] = [];
  const parts: { text: string; records: number }[] = [];
  let records = 0;
  for (let from: BodyPosition | undefined = bodyStart; from; ) {
    const part = decoder.decode(body, format, from);
    if (part.batch.rows !== part.rows) throw new Error("the batch holds the accepted records");
    for (let row = 0; row < part.rows; row++) {
      rows.push(schema.columns.map((_column, index) => part.batch.value(index, row)));
    }
    for (const index of schema.columns.keys()) checkNulls(kernel, part, index);
    rejected.push(...part.rejected);
    records += part.records;
    if (part.records !== part.rows + part.rejected.length)
      throw new Error("records are accepted or rejected");
    const { bytesPointer, bytesLength } = part;
    const text = Buffer.from(kernel.memory.bytes.subarray(bytesPointer, bytesPointer + bytesLength));
    parts.push({ text: text.toString("latin1"), records: part.records });
    from = part.next;
    part.release();
  }
  return { rows, rejected, records, parts };
}

/** The count of nulls and the lanes of nulls are part of the batch's promise. */
function checkNulls(kernel: Kernel, { batch, rows }: DecodedPart, index: number): void {
  const nulls = Array.from({ length: rows }, (_, row) => row).filter(
    (row) => batch.value(index, row) === null,
  );
  if (batch.nullCount(index) !== nulls.length) throw new Error(`column ${index} counts its nulls wrongly`);
  for (const row of nulls) {
    const lane = kernel.memory.view.getBigInt64(batch.lanesPointer(index) + 8 * row, true);
    if (lane !== 0n) throw new Error("the lane of a null is zero");
  }
}

/** Returns how the kernel's result differs from the reference's, `undefined` where it does not. */
export function differenceOf(
  kernel: Kernel,
  { schema, format, body }: GeneratedBody,
  limits: PartLimits = usualLimits,
): string | undefined {
  const expected = decodeReference(body, format, schema, limits.partBytesMax);
  const decoder = new JsonDecoder(kernel, schema, limits);
  const actual = decodeBody(kernel, schema, body, format, limits, decoder);
  decoder.release();
  const numbers = actual.rejected.map(({ record }) => record);
  if (numbers.join() !== expected.rejected.join()) {
    const reasons = actual.rejected.map(({ record, message }) => `${record}: ${message}`).slice(0, 5);
    return `rejected ${numbers.join()}, expected ${expected.rejected.join()}\n${reasons.join("\n")}`;
  }
  if (actual.rows.length !== expected.rows.length) {
    return `${actual.rows.length} rows, expected ${expected.rows.length}`;
  }
  for (const [row, values] of actual.rows.entries()) {
    for (const [index, value] of values.entries()) {
      const wanted = expected.rows[row]?.[index] ?? null;
      if (!isSame(value, wanted)) {
        const column = JSON.stringify(schema.columns[index]);
        return `row ${row}, column ${column}: ${textOf(value)}, expected ${textOf(wanted)}`;
      }
    }
  }
  const odd = actual.rejected.find((bad) => !isPlausible(bad));
  return odd && `implausible: record ${odd.record}, column ${odd.column}: ${odd.message}`;
}

/** A rejection names a character of the record, or the place behind it, and has something to say. */
function isPlausible(bad: BadRecord): boolean {
  const charactersMax = bad.bytes.length < rejectedBytesKept ? bad.bytes.length : Number.POSITIVE_INFINITY;
  return bad.column >= 1 && bad.column <= charactersMax + 1 && /^Found .*expected .*\.$/su.test(bad.message);
}

function isSame(left: LaneValue, right: LaneValue): boolean {
  if (left instanceof Uint8Array && right instanceof Uint8Array) return Buffer.compare(left, right) === 0;
  return Object.is(left, right);
}

function textOf(value: LaneValue): string {
  return value instanceof Uint8Array ? JSON.stringify(Buffer.from(value).toString()) : String(value);
}
