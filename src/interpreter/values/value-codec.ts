/**
 * Rows as bytes, for state, keys and what is sent. The types are not in the bytes: who reads names them.
 *
 *   version       u8, 1
 *   row           null bits of its fields, then those fields that are not null in order
 *
 *   null bits     bit i of so many bytes as are needed: value i is null, and takes no bytes
 *   BOOLEAN       u8, 0 or 1
 *   whole numbers, DATE, TIME, timestamps, intervals, DECIMAL
 *                 the number by which `SqlValue` holds it, as a zigzag varint
 *   FLOAT         f32, little-endian
 *   DOUBLE        f64, little-endian
 *   texts, bytes  varint length in bytes, then UTF-8 or the bytes
 *   ARRAY         varint count, null bits, items
 *   MAP           varint count, null bits of all keys and values in turn, then each key with its value; pairs
 *                 in the order of their keys' bytes, a null key first
 *   MULTISET      a MAP to INT
 *   ROW           a row
 *
 * The same values have the same bytes, so these can be a key. NaN is one value, and -0 another than 0: state
 * gives back what it was given. Rows in state are found by these bytes; a change of them is another version.
 */
import { assert } from "../../base/assert.ts";
import { EngineError } from "../../base/errors.ts";
import { compareBytes } from "../../columnar/values.ts";
import type { SqlType } from "../types/sql-type.ts";
import { ByteReader, ByteWriter, corrupt } from "./byte-stream.ts";
import { entriesOf, type Row, type SqlValue } from "./sql-value.ts";

const version = 1;

/** Encodes one value per type. */
export function encodeRow(types: readonly SqlType[], row: Row): Uint8Array {
  assert(types.length === row.length, "a row has one value per type");
  const writer = new ByteWriter();
  writer.byte(version);
  writeList(writer, (index) => types[index], row);
  return writer.finish();
}

/** Throws `STATE_CORRUPT` or `VERSION_UNKNOWN`. */
export function decodeRow(types: readonly SqlType[], bytes: Uint8Array): Row {
  const reader = new ByteReader(bytes);
  const found = reader.byte();
  if (found !== version) {
    throw new EngineError("VERSION_UNKNOWN", {
      message: `Stored values have version ${found}; this program knows ${version}.`,
    });
  }
  const row = readList(reader, (index) => types[index], types.length);
  if (reader.left > 0) throw corrupt(`${reader.left} bytes are left over`);
  return row;
}

type TypeAt = (index: number) => SqlType | undefined;

function writeList(writer: ByteWriter, typeAt: TypeAt, values: readonly SqlValue[]): void {
  const bits = writer.zeros((values.length + 7) >> 3);
  for (const [index, value] of values.entries()) {
    if (value === null) writer.setBit(bits, index);
    else writeValue(writer, typeAt(index) as SqlType, value);
  }
}

function writeValue(writer: ByteWriter, type: SqlType, value: SqlValue): void {
  switch (type.name) {
    case "NULL":
      assert(false, "a NULL has no value");
      break;
    case "BOOLEAN":
      writer.byte(Number(value));
      break;
    case "BIGINT":
    case "DECIMAL":
    case "TIMESTAMP":
    case "TIMESTAMP_LTZ":
      writer.integer(value as bigint);
      break;
    case "FLOAT":
      writer.float(value as number);
      break;
    case "DOUBLE":
      writer.double(value as number);
      break;
    case "CHAR":
    case "VARCHAR":
      writer.text(value as string);
      break;
    case "BINARY":
    case "VARBINARY":
      writer.bytes(value as Uint8Array);
      break;
    case "ARRAY":
      writer.count((value as Row).length);
      writeList(writer, () => type.element, value as Row);
      break;
    case "MAP":
      writeMap(writer, type.key, type.value, value);
      break;
    case "MULTISET":
      writeMap(writer, type.element, countType, value);
      break;
    case "ROW":
      writeList(writer, (index) => type.fields[index]?.type, value as Row);
      break;
    default:
      writer.whole(value as number);
  }
}

const countType: SqlType = Object.freeze({ name: "INT", isNullable: false });

function writeMap(writer: ByteWriter, keyType: SqlType, valueType: SqlType, map: SqlValue): void {
  const sorted = entriesOf(map)
    .map(([key, value]) => ({ key, value, bytes: encodeRow([keyType], [key]) }))
    .sort(
      (one, other) =>
        Number(other.key === null) - Number(one.key === null) || compareBytes(one.bytes, other.bytes),
    );
  writer.count(sorted.length);
  const pairs = sorted.flatMap(({ key, value }) => [key, value]);
  writeList(writer, (index) => (index % 2 === 0 ? keyType : valueType), pairs);
}

function readList(reader: ByteReader, typeAt: TypeAt, count: number): SqlValue[] {
  const bits = reader.skip((count + 7) >> 3);
  const values: SqlValue[] = [];
  for (let index = 0; index < count; index++) {
    values.push(reader.hasBit(bits, index) ? null : readValue(reader, typeAt(index) as SqlType));
  }
  return values;
}

function readValue(reader: ByteReader, type: SqlType): SqlValue {
  switch (type.name) {
    case "NULL":
      throw corrupt("a NULL has a value");
    case "BOOLEAN":
      return readTruth(reader);
    case "BIGINT":
    case "DECIMAL":
    case "TIMESTAMP":
    case "TIMESTAMP_LTZ":
      return reader.integer();
    case "FLOAT":
      return reader.float();
    case "DOUBLE":
      return reader.double();
    case "CHAR":
    case "VARCHAR":
      return reader.text();
    case "BINARY":
    case "VARBINARY":
      return reader.bytes();
    case "ARRAY":
      return readList(reader, () => type.element, reader.count());
    case "MAP":
      return readMap(reader, type.key, type.value);
    case "MULTISET":
      return readMap(reader, type.element, countType);
    case "ROW":
      return readList(reader, (index) => type.fields[index]?.type, type.fields.length);
    default:
      return reader.whole();
  }
}

function readTruth(reader: ByteReader): boolean {
  const value = reader.byte();
  if (value > 1) throw corrupt(`${value} is neither true nor false`);
  return value === 1;
}

function readMap(reader: ByteReader, keyType: SqlType, valueType: SqlType): SqlValue {
  const count = reader.count();
  const values = readList(reader, (index) => (index % 2 === 0 ? keyType : valueType), count * 2);
  return Array.from({ length: count }, (_, index) => values.slice(index * 2, index * 2 + 2));
}
