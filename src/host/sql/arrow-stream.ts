/**
 * Rows as an Arrow IPC stream, typed as SQL types them.
 *
 *   DECIMAL            Decimal128 with its precision and scale
 *   TIMESTAMP(p)       Timestamp in milli-, micro- or nanoseconds, whichever p needs; of LTZ in UTC
 *   DATE, TIME         Date32, Time32 in milliseconds
 *   intervals          Interval of months; Duration in microseconds
 *   ARRAY, MAP, ROW    List, Map, Struct; a MULTISET is a Map to counts
 *
 * A column is built of the integers that Arrow stores and declared as what they mean: the library's own
 * conversions go through milliseconds in a double, which loses digits.
 */
import {
  binary,
  bool,
  columnFromValues,
  type DataType,
  dateDay,
  decimal128,
  duration,
  field,
  float32,
  float64,
  IntervalUnit,
  int8,
  int16,
  int32,
  int64,
  interval,
  list,
  map,
  nullType,
  struct,
  Table,
  TimeUnit,
  tableToIPC,
  timeMillisecond,
  timestamp,
  utf8,
  Version,
} from "@uwdata/flechette";
import { EngineError } from "../../base/errors.ts";
import type { SqlType } from "../../interpreter/types/sql-type.ts";
import { entriesOf, type Row, type SqlValue } from "../../interpreter/values/sql-value.ts";
import type { ResultTable } from "./statement-result.ts";

/** Rows of one batch: a reader may begin with the first before it has the last. */
const batchRows = 65_536;

export function toArrowStream({ fields, rows }: ResultTable): Uint8Array {
  const declared = fields.map(({ name, type }) => field(name, arrowType(type), type.isNullable));
  const columns = fields.map(({ type }, index) =>
    columnFromValues(valuesOf(rows, index, type), storedType(type), { maxBatchRows: batchRows }),
  );
  const schema = { version: Version.V5, endianness: 0, fields: declared, metadata: null } as const;
  return tableToIPC(new Table(schema, columns), { format: "stream" }) ?? new Uint8Array(0);
}

function* valuesOf(rows: readonly Row[], index: number, type: SqlType): Generator<SqlValue> {
  for (const row of rows) yield storedValue(row[index] ?? null, type);
}

/** What a reader is told. */
function arrowType(type: SqlType): DataType {
  switch (type.name) {
    case "DATE":
      return dateDay();
    case "TIME":
      return timeMillisecond();
    case "TIMESTAMP":
      return timestamp(unitOf(type.precision));
    case "TIMESTAMP_LTZ":
      return timestamp(unitOf(type.precision), "UTC");
    case "INTERVAL YEAR TO MONTH":
      return interval(IntervalUnit.YEAR_MONTH);
    case "INTERVAL DAY TO SECOND":
      return duration(TimeUnit.MICROSECOND);
    default:
      return nestedType(type, arrowType, (name) => name) ?? storedType(type);
  }
}

/** What lies in the buffers. Fields of a ROW go by their places, as its values do. */
function storedType(type: SqlType): DataType {
  switch (type.name) {
    case "NULL":
      return nullType();
    case "BOOLEAN":
      return bool();
    case "TINYINT":
      return int8();
    case "SMALLINT":
      return int16();
    case "INT":
    case "DATE":
    case "TIME":
    case "INTERVAL YEAR TO MONTH":
      return int32();
    case "BIGINT":
    case "TIMESTAMP":
    case "TIMESTAMP_LTZ":
    case "INTERVAL DAY TO SECOND":
      return int64();
    case "FLOAT":
      return float32();
    case "DOUBLE":
      return float64();
    case "DECIMAL":
      return decimal128(type.precision, type.scale);
    case "CHAR":
    case "VARCHAR":
      return utf8();
    case "BINARY":
    case "VARBINARY":
      return binary();
    default:
      return nestedType(type, storedType, (_name, place) => String(place)) as DataType;
  }
}

function nestedType(
  type: SqlType,
  of: (type: SqlType) => DataType,
  nameOf: (name: string, place: number) => string,
): DataType | undefined {
  switch (type.name) {
    case "ARRAY":
      return list(field("item", of(type.element), type.element.isNullable));
    case "MAP":
      return mapOf(of(type.key), of(type.value), type.value.isNullable);
    case "MULTISET":
      return mapOf(of(type.element), int32(), false);
    case "ROW":
      return struct(
        type.fields.map((each, place) => {
          return field(nameOf(each.name, place), of(each.type), each.type.isNullable);
        }),
      );
    default:
      return undefined;
  }
}

function mapOf(key: DataType, value: DataType, isNullable: boolean): DataType {
  return map(field("key", key, false), field("value", value, isNullable));
}

function unitOf(precision: number) {
  if (precision <= 3) return TimeUnit.MILLISECOND;
  return precision <= 6 ? TimeUnit.MICROSECOND : TimeUnit.NANOSECOND;
}

/** The value as it is stored: a time in its unit, all else as it is. */
function storedValue(value: SqlValue, type: SqlType): SqlValue {
  if (value === null) return null;
  switch (type.name) {
    case "TIMESTAMP":
    case "TIMESTAMP_LTZ":
      return storedTime(value as bigint, type.precision);
    case "INTERVAL DAY TO SECOND":
      return BigInt(Math.round((value as number) * 1000));
    case "ARRAY":
      return (value as readonly SqlValue[]).map((each) => storedValue(each, type.element));
    case "MAP":
      return storedPairs(value, type.key, type.value);
    case "MULTISET":
      return storedPairs(value, type.element, { name: "INT", isNullable: false });
    case "ROW": {
      const values = value as readonly SqlValue[];
      return type.fields.map((each, place) => storedValue(values[place] ?? null, each.type));
    }
    default:
      return value;
  }
}

function storedPairs(value: SqlValue, key: SqlType, other: SqlType): SqlValue {
  return entriesOf(value).map((pair) => [storedValue(pair[0], key), storedValue(pair[1], other)]);
}

function storedTime(nanos: bigint, precision: number): bigint {
  if (precision <= 6) return nanos / (precision <= 3 ? 1_000_000n : 1_000n);
  if (nanos === BigInt.asIntN(64, nanos)) return nanos;
  const message =
    "Arrow counts a TIMESTAMP with more than six digits in nanoseconds, and has room for the years 1678 to " +
    "2262 only; CAST it to TIMESTAMP(6).";
  throw new EngineError("SQL_EVALUATION_FAILED", { message });
}
