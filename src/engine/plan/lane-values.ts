/**
 * Values of SQL as they lie in the lanes of columns.
 *
 * A type without a lane of its own (a TIME, a long DECIMAL, a timestamp with more than three digits, all
 * collections) is wide: in streams and between stages its values are BYTES, as `encodeRow` makes them of one
 * value; in views they are text, the JSON that reads back to the same value.
 */
import { decodeUtf8, encodeUtf8 } from "../../base/utf8.ts";
import type { DataType } from "../../columnar/schema.ts";
import type { LaneValue } from "../../columnar/values.ts";
import type { SqlType } from "../../interpreter/types/sql-type.ts";
import { nanosPerMilli, type SqlValue } from "../../interpreter/values/sql-value.ts";
import { decodeRow, encodeRow } from "../../interpreter/values/value-codec.ts";
import { encodeValueJson } from "../../interpreter/values/value-json.ts";

/** Most digits of a DECIMAL in a lane. */
const lanePrecision = 18;

/** Digits of a second that a timestamp has in a lane. */
const laneFraction = 3;

/** How values of wide types are kept. */
export type WideForm = "bytes" | "text";

/** The type of a column of a stream that holds such values; undefined for a wide type. */
export function laneTypeOf(type: SqlType): DataType | undefined {
  switch (type.name) {
    case "BOOLEAN":
    case "BIGINT":
    case "DATE":
      return { name: type.name };
    case "TINYINT":
    case "SMALLINT":
    case "INT":
      return { name: "INT" };
    case "FLOAT":
    case "DOUBLE":
      return { name: "DOUBLE" };
    case "DECIMAL":
      if (type.precision > lanePrecision) return undefined;
      return { name: "DECIMAL", precision: type.precision, scale: type.scale };
    case "CHAR":
    case "VARCHAR":
      return { name: "STRING" };
    case "BINARY":
    case "VARBINARY":
      return { name: "BYTES" };
    case "TIMESTAMP":
    case "TIMESTAMP_LTZ":
      return type.precision > laneFraction ? undefined : { name: type.name, precision: 3 };
    default:
      return undefined;
  }
}

/** The type of a column for values of `type`, wide ones as `form` says. */
export function columnTypeOf(type: SqlType, form: WideForm): DataType {
  return laneTypeOf(type) ?? { name: form === "bytes" ? "BYTES" : "STRING" };
}

/** Returns what puts values of `type` into a lane of `columnTypeOf(type, form)`. */
export function laneWriter(type: SqlType, form: WideForm): (value: SqlValue) => LaneValue {
  const write = writerOf(type, form);
  return (value) => (value === null ? null : write(value));
}

/** Returns what reads values of `type` from lanes of a stream. */
export function laneReader(type: SqlType): (value: LaneValue) => SqlValue {
  const read = readerOf(type);
  return (value) => (value === null ? null : read(value));
}

/** The whole milliseconds of a timestamp, rounded down. */
export function millisOf(nanos: bigint): bigint {
  const millis = nanos / nanosPerMilli;
  return millis * nanosPerMilli > nanos ? millis - 1n : millis;
}

function writerOf(type: SqlType, form: WideForm): (value: Exclude<SqlValue, null>) => LaneValue {
  const lane = laneTypeOf(type);
  if (!lane && form === "bytes") return (value) => encodeRow([type], [value]);
  if (!lane) return (value) => encodeUtf8(JSON.stringify(encodeValueJson(value)));
  switch (lane.name) {
    case "BOOLEAN":
      return (value) => (value ? 1n : 0n);
    case "INT":
    case "DATE":
      return (value) => BigInt(value as number);
    case "STRING":
      return (value) => encodeUtf8(value as string);
    case "TIMESTAMP":
    case "TIMESTAMP_LTZ":
      return (value) => millisOf(value as bigint);
    default:
      return (value) => value as LaneValue;
  }
}

function readerOf(type: SqlType): (value: Exclude<LaneValue, null>) => SqlValue {
  const lane = laneTypeOf(type);
  if (!lane) return (value) => decodeRow([type], value as Uint8Array)[0] as SqlValue;
  switch (lane.name) {
    case "BOOLEAN":
      return (value) => value !== 0n;
    case "INT":
    case "DATE":
      return Number;
    case "STRING":
      return (value) => decodeUtf8(value as Uint8Array);
    case "TIMESTAMP":
    case "TIMESTAMP_LTZ":
      return (value) => (value as bigint) * nanosPerMilli;
    default:
      return type.name === "FLOAT" ? (value) => Math.fround(value as number) : (value) => value;
  }
}
