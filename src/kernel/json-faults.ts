/**
 * What was wrong with a record, in words: what was found, and what was expected instead.
 */
import {
  JSON_EXPECTED_CHARACTER,
  JSON_EXPECTED_COLON,
  JSON_EXPECTED_COMMA_OR_BRACE,
  JSON_EXPECTED_COMMA_OR_BRACKET,
  JSON_EXPECTED_DEPTH,
  JSON_EXPECTED_DIGIT,
  JSON_EXPECTED_END,
  JSON_EXPECTED_ESCAPE,
  JSON_EXPECTED_FIELD,
  JSON_EXPECTED_HEX,
  JSON_EXPECTED_NAME,
  JSON_EXPECTED_NEXT_RECORD,
  JSON_EXPECTED_OBJECT,
  JSON_EXPECTED_RANGE,
  JSON_EXPECTED_RECORD,
  JSON_EXPECTED_SCALE,
  JSON_EXPECTED_TYPE,
  JSON_EXPECTED_UTF8,
  JSON_EXPECTED_VALUE,
} from "../../assembly/json/abi.ts";
import { assert } from "../base/assert.ts";
import { type BadRecord, BadRecordReason, rejectedBytesKept } from "../columnar/bad-record.ts";
import { type Column, type DataType, formatType } from "../columnar/schema.ts";
import type { BodyFormat } from "./json-body.ts";

/** A record that the kernel rejected: offsets are in the record's bytes. */
export interface Fault {
  readonly record: number;
  /** The record's bytes; may be a view that is about to change. */
  readonly bytes: Uint8Array;
  readonly offset: number;
  /** JSON_EXPECTED_* */
  readonly expected: number;
  readonly column: Column | undefined;
  readonly format: BodyFormat;
}

const foundCharsMax = 40;

const syntax: ReadonlyMap<number, string> = new Map([
  [JSON_EXPECTED_VALUE, "a JSON value"],
  [JSON_EXPECTED_NAME, "a field name in double quotes"],
  [JSON_EXPECTED_COLON, "a colon behind the field name"],
  [JSON_EXPECTED_COMMA_OR_BRACE, "a comma or a closing brace"],
  [JSON_EXPECTED_COMMA_OR_BRACKET, "a comma or a closing bracket"],
  [JSON_EXPECTED_ESCAPE, 'one of " \\ / b f n r t u behind the backslash'],
  [JSON_EXPECTED_HEX, "four hexadecimal digits behind \\u"],
  [JSON_EXPECTED_CHARACTER, "the string to go on or a closing quote; control characters must be escaped"],
  [JSON_EXPECTED_DIGIT, "a digit of a JSON number"],
  [JSON_EXPECTED_NEXT_RECORD, "a comma or the array's closing bracket"],
]);

const typeHints: Readonly<Record<DataType["name"], string>> = {
  BOOLEAN: "true or false",
  INT: "an integer",
  BIGINT: "an integer, as a number or in a string",
  DECIMAL: "a number, or a string that holds one",
  DOUBLE: "a number",
  STRING: "a string",
  BYTES: "a string in padded base64",
  DATE: 'a string such as "2024-01-31"',
  TIMESTAMP: 'a string such as "2024-01-31T12:00:00Z", or milliseconds since 1970',
  TIMESTAMP_LTZ: 'a string such as "2024-01-31T12:00:00Z", or milliseconds since 1970',
};

/** Returns the fault as a rejected record; it keeps a copy of the bytes. */
export function badRecordOf(fault: Fault): BadRecord {
  const { record, bytes, offset, column } = fault;
  return {
    record,
    column: columnOf(bytes, offset),
    reason: reasonOf(fault),
    field: column?.name,
    message: messageOf(fault),
    bytes: bytes.slice(0, rejectedBytesKept),
  };
}

/** Returns the 1-based character of a record at a byte offset. */
function columnOf(bytes: Uint8Array, offset: number): number {
  let column = 1;
  for (let index = 0; index < Math.min(offset, bytes.length); index++) {
    if (((bytes[index] ?? 0) & 0xc0) !== 0x80) column++;
  }
  return column;
}

function reasonOf({ expected, column }: Fault): BadRecordReason {
  switch (expected) {
    case JSON_EXPECTED_UTF8:
      return BadRecordReason.NotUtf8;
    case JSON_EXPECTED_RECORD:
      return BadRecordReason.NotAnObject;
    case JSON_EXPECTED_DEPTH:
      return BadRecordReason.TooDeep;
    case JSON_EXPECTED_TYPE:
    case JSON_EXPECTED_OBJECT:
      return BadRecordReason.WrongType;
    case JSON_EXPECTED_SCALE:
      return column?.type.name === "DECIMAL" ? BadRecordReason.OutOfRange : BadRecordReason.WrongType;
    case JSON_EXPECTED_RANGE:
      return BadRecordReason.OutOfRange;
    case JSON_EXPECTED_FIELD:
      return BadRecordReason.MissingValue;
    default:
      return BadRecordReason.NotJson;
  }
}

function messageOf(fault: Fault): string {
  const { expected, column, bytes, offset, format } = fault;
  const known = syntax.get(expected);
  if (known) return `Found ${characterAt(fault)}, expected ${known}.`;
  switch (expected) {
    case JSON_EXPECTED_END:
      return `Found ${characterAt(fault)} behind the ${endOf(format)}.`;
    case JSON_EXPECTED_UTF8:
      return `Found the byte 0x${(bytes[offset] ?? 0).toString(16)}, expected valid UTF-8.`;
    case JSON_EXPECTED_RECORD:
      return `Found ${valueAt(bytes, offset)}, expected an object.`;
    case JSON_EXPECTED_DEPTH:
      return "Found a 65th level of nesting, expected at most 64.";
    case JSON_EXPECTED_OBJECT:
      return `Found ${valueAt(bytes, offset)}, expected an object with the fields of ${pathOf(column)}.`;
    case JSON_EXPECTED_FIELD:
      return bytes[offset] === 0x6e
        ? `Found null for ${pathOf(column)}, expected a value, since the column is not nullable.`
        : `Found no field ${pathOf(column)}, expected a value, since the column is not nullable.`;
    default:
      assert(column, "only values of columns have types");
      return `Found ${valueAt(bytes, offset)}, expected ${hintOf(column.type, expected)}.`;
  }
}

function endOf(format: BodyFormat): string {
  switch (format) {
    case "ndjson":
      return "record, expected the end of the line";
    case "array":
      return "array, expected the end of the body";
    case "object":
      return "record, expected the end of the body; send several records as application/x-ndjson";
  }
}

function pathOf(column: Column | undefined): string {
  return (column?.path ?? [column?.name ?? ""]).map((name) => JSON.stringify(name)).join(".");
}

function hintOf(type: DataType, expected: number): string {
  const name = formatType(type);
  if (expected === JSON_EXPECTED_SCALE) {
    if (type.name === "DECIMAL") return `${name}: at most ${type.scale} digits behind the point`;
    return type.name === "INT" || type.name === "BIGINT"
      ? `${name}: an integer`
      : `${name}: a whole number of milliseconds`;
  }
  if (expected !== JSON_EXPECTED_RANGE) return `${name}: ${typeHints[type.name]}`;
  switch (type.name) {
    case "INT":
      return `${name}: -2147483648 to 2147483647`;
    case "BIGINT":
      return `${name}: -9223372036854775808 to 9223372036854775807`;
    case "DECIMAL":
      return `${name}: at most ${type.precision - type.scale} digits before the point`;
    case "DOUBLE":
      return `${name}: a number within ±1.7976931348623157e308`;
    default:
      return `${name}: a day and time that exist`;
  }
}

/** Names the character at the fault, or the end that was met there. */
function characterAt({ bytes, offset, format }: Fault): string {
  const byte = bytes[offset];
  if (byte === undefined) return format === "ndjson" ? "the end of the line" : "the end of the body";
  if (byte < 0x20 || byte === 0x7f) {
    return `the control character U+${byte.toString(16).toUpperCase().padStart(4, "0")}`;
  }
  const [character] = new TextDecoder().decode(bytes.subarray(offset, offset + 4));
  return character === '"' ? "a double quote" : JSON.stringify(character);
}

/** Names the value that begins at the fault, cut where it is long. */
function valueAt(bytes: Uint8Array, offset: number): string {
  const text = new TextDecoder().decode(bytes.subarray(offset, offset + 4 * foundCharsMax));
  if (text.startsWith("{")) return "an object";
  if (text.startsWith("[")) return "an array";
  const value = (/^"(?:[^"\\]|\\.)*"|^[^,\]}\s]*/s.exec(text)?.[0] ?? text) || text;
  return value.length > foundCharsMax ? `${value.slice(0, foundCharsMax)}…` : value;
}
