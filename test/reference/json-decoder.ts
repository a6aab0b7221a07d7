/**
 * The JSON decoder, slow and obvious: JSON.parse for the grammar, BigInt for exact numbers, TextDecoder for
 * UTF-8.
 *
 * It says which records are accepted and with which values, and the numbers of those rejected; not why.
 */
import type { Column, DataType, Schema } from "../../src/columnar/schema.ts";
import type { LaneValue } from "../../src/columnar/values.ts";
import type { BodyFormat } from "../../src/kernel/json-body.ts";
import { dayOf, timeOf } from "./json-times.ts";

export interface ReferenceResult {
  readonly rows: readonly (readonly LaneValue[])[];
  /** Numbers of the rejected records. */
  readonly rejected: readonly number[];
}

/** What a record's bytes are: values, nothing (a blank line), or bad. */
type Outcome = readonly LaneValue[] | "blank" | "bad";

const depthMax = 64;
const timeMax = 8_640_000_000_000_000n;
const numberGrammar = /^(-?)(0|[1-9]\d*)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;
const base64Grammar = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** A number with its literal, which JSON.parse alone would round. */
class NumberLiteral {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }
}

class Unfit extends Error {}

/** Decodes a whole body. `partBytesMax` bounds a record (NDJSON: with its line feed). */
export function decodeReference(
  body: Uint8Array,
  format: BodyFormat,
  schema: Schema,
  partBytesMax: number,
): ReferenceResult {
  const hasMark = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf;
  const text = hasMark ? body.subarray(3) : body;
  const outcomes =
    format === "ndjson"
      ? lineOutcomes(text, schema, partBytesMax)
      : format === "array"
        ? elementOutcomes(text, schema, partBytesMax)
        : [text.length > partBytesMax ? "bad" : recordOutcome(text, schema)];
  return {
    rows: outcomes.filter((outcome) => typeof outcome !== "string"),
    rejected: outcomes.flatMap((outcome, index) => (outcome === "bad" ? [index + 1] : [])),
  };
}

function lineOutcomes(text: Uint8Array, schema: Schema, partBytesMax: number): Outcome[] {
  const outcomes: Outcome[] = [];
  for (let start = 0; start < text.length; ) {
    const lineFeed = text.indexOf(0x0a, start);
    const end = lineFeed < 0 ? text.length : lineFeed;
    const next = lineFeed < 0 ? end : end + 1;
    outcomes.push(next - start > partBytesMax ? "bad" : recordOutcome(text.subarray(start, end), schema));
    start = next;
  }
  return outcomes;
}

/** Cuts an array at the commas and the bracket that lie in no string and no brackets. */
function elementOutcomes(text: Uint8Array, schema: Schema, partBytesMax: number): Outcome[] {
  const open = skipSpace(text, 0);
  if (open === text.length) return [];
  if (text[open] !== 0x5b) return ["bad"];
  const outcomes: Outcome[] = [];
  if (text[skipSpace(text, open + 1)] === 0x5d) {
    return skipSpace(text, skipSpace(text, open + 1) + 1) < text.length ? ["bad"] : [];
  }
  for (let start = open + 1, partStart = open; ; ) {
    const end = delimiterBehind(text, start);
    if (end === undefined) return [...outcomes, "bad"];
    const outcome = recordOutcome(text.subarray(start, end), schema);
    outcomes.push(outcome === "blank" || end + 1 - partStart > partBytesMax ? "bad" : outcome);
    start = end + 1;
    partStart = start;
    if (text[end] === 0x5d) return skipSpace(text, start) < text.length ? [...outcomes, "bad"] : outcomes;
  }
}

function delimiterBehind(text: Uint8Array, start: number): number | undefined {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const character = String.fromCharCode(text[at] ?? 0);
    if (character === '"') {
      for (at++; at < text.length && text[at] !== 0x22; at++) if (text[at] === 0x5c) at++;
    } else if (depth === 0 && (character === "," || character === "]")) {
      return at;
    } else if (character === "{" || character === "[") {
      depth++;
    } else if (depth > 0 && (character === "}" || character === "]")) {
      depth--;
    }
  }
  return undefined;
}

function skipSpace(text: Uint8Array, start: number): number {
  let at = start;
  while (at < text.length && " \t\r\n".includes(String.fromCharCode(text[at] ?? 0))) at++;
  return at;
}

function recordOutcome(bytes: Uint8Array, schema: Schema): Outcome {
  if (skipSpace(bytes, 0) === bytes.length) return "blank";
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    const record = parseWithLiterals(text);
    if (depthOf(text) > depthMax) return "bad";
    if (!isObject(record)) return "bad";
    return schema.columns.map((column) => columnValueOf(column, record));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError || error instanceof Unfit) return "bad";
    throw error;
  }
}

type Parsed =
  | string
  | boolean
  | null
  | NumberLiteral
  | readonly Parsed[]
  | { readonly [name: string]: Parsed };

function parseWithLiterals(text: string): Parsed {
  const revive = (_name: string, value: Parsed | number, context?: { readonly source: string }) =>
    typeof value === "number" ? new NumberLiteral(context?.source ?? "") : value;
  return JSON.parse(text, revive as (this: unknown, name: string, value: unknown) => unknown);
}

function isObject(value: Parsed): value is { readonly [name: string]: Parsed } {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof NumberLiteral)
  );
}

/**
 * Most containers around any place of valid JSON; also of values that a later one of the same name
 * replaces.
 */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/gs)) {
    if (token === "{" || token === "[") deepest = Math.max(deepest, ++depth);
    else if (token === "}" || token === "]") depth--;
  }
  return deepest;
}

function columnValueOf(column: Column, record: Parsed): LaneValue {
  let value: Parsed | undefined = record;
  for (const name of column.path ?? [column.name]) {
    if (value === undefined || value === null) break;
    if (!isObject(value)) throw new Unfit();
    value = Object.hasOwn(value, name) ? value[name] : undefined;
  }
  if (value !== undefined && value !== null) return convert(column.type, value);
  if (!column.nullable) throw new Unfit();
  return null;
}

function convert(type: DataType, value: Parsed): LaneValue {
  const isNumber = value instanceof NumberLiteral;
  const isText = typeof value === "string";
  switch (type.name) {
    case "BOOLEAN":
      if (typeof value === "boolean") return value ? 1n : 0n;
      break;
    case "INT":
      if (isNumber) return exact(value.source, 0, -(2n ** 31n), 2n ** 31n - 1n);
      break;
    case "BIGINT":
      if (isNumber || isText) return exact(isNumber ? value.source : value, 0, -(2n ** 63n), 2n ** 63n - 1n);
      break;
    case "DECIMAL": {
      const max = 10n ** BigInt(type.precision) - 1n;
      if (isNumber || isText) return exact(isNumber ? value.source : value, type.scale, -max, max);
      break;
    }
    case "DOUBLE":
      if (isNumber && Number.isFinite(Number(value.source))) return Number(value.source);
      break;
    case "STRING":
      if (isText) return new TextEncoder().encode(value);
      break;
    case "BYTES":
      if (isText) return bytesOf(value);
      break;
    case "DATE":
      if (isText) return known(dayOf(value));
      break;
    case "TIMESTAMP":
    case "TIMESTAMP_LTZ":
      if (isText) return known(timeOf(value));
      if (isNumber) return exact(value.source, 0, -timeMax, timeMax);
  }
  throw new Unfit();
}

function known(value: bigint | undefined): bigint {
  if (value === undefined) throw new Unfit();
  return value;
}

function bytesOf(text: string): Uint8Array {
  if (!base64Grammar.test(text)) throw new Unfit();
  const bytes = Buffer.from(text, "base64");
  if (bytes.toString("base64") !== text) throw new Unfit();
  return new Uint8Array(bytes);
}

/** Returns the literal × 10^scale where that is an integer within the bounds. */
export function exact(literal: string, scale: number, min: bigint, max: bigint): bigint {
  const match = numberGrammar.exec(literal);
  if (!match) throw new Unfit();
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = match;
  const digits = (whole + fraction).replace(/0+$/, "");
  const significand = BigInt(digits || "0");
  if (significand === 0n) return 0n;
  const dropped = whole.length + fraction.length - digits.length;
  const shift = BigInt(exponent) - BigInt(fraction.length) + BigInt(dropped) + BigInt(scale);
  if (shift < 0n || shift > 40n) throw new Unfit();
  const value = significand * 10n ** shift * (sign ? -1n : 1n);
  if (value < min || value > max) throw new Unfit();
  return value;
}
