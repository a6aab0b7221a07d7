/**
 * Values as the cases write them: `{"$decimal": "1.50"}`, `{"$localdate": "2020-02-29"}`, plain JSON for the
 * rest.
 */
import { parseDecimal } from "../../src/columnar/decimal-text.ts";
import type { SqlShape, SqlType } from "../../src/interpreter/types/sql-type.ts";
import type { SqlValue } from "../../src/interpreter/values/sql-value.ts";
import {
  cutTimestamp,
  parseDateText,
  parseTimestampText,
  parseTimeText,
} from "../../src/interpreter/values/time-text.ts";
import { instantOfLocal } from "../../src/interpreter/values/time-zone.ts";
import { fromHex } from "../../src/interpreter/values/value-json.ts";
import { resolveType } from "../../src/sql/bind/resolve-type.ts";
import { parseExpressionText } from "../../src/sql/parse/parse-statements.ts";

export type Tagged = null | boolean | number | string | Tagged[] | { readonly [tag: string]: Tagged };

/** A case that has a value which Flink's tests do not spell out. */
export class Unresolved extends Error {}

/** Reads a type as Flink writes it. */
export function typeOfText(text: string): SqlType {
  const source = `CAST(a AS ${text})`;
  const tree = parseExpressionText(source);
  if (tree.kind !== "cast") throw new Error(`${text} is no type`);
  return resolveType({ text: source }, tree.type);
}

/** The type that Flink gives a value of Java without being told. */
export function typeOfTagged(tagged: Tagged): SqlType {
  return { ...shapeOfTagged(tagged), isNullable: tagged === null };
}

function shapeOfTagged(tagged: Tagged): SqlShape {
  if (tagged === null) return { name: "NULL" };
  if (typeof tagged === "boolean") return { name: "BOOLEAN" };
  if (typeof tagged === "number") return { name: Number.isInteger(tagged) ? "INT" : "DOUBLE" };
  if (typeof tagged === "string") return { name: "CHAR", length: tagged.length };
  if ("$long" in tagged) return { name: "BIGINT" };
  if ("$decimal" in tagged) {
    const { precision = 1, scale = 0 } = parseDecimal(String(tagged.$decimal)) ?? {};
    return { name: "DECIMAL", precision, scale };
  }
  throw new Unresolved(`no type is known for ${JSON.stringify(tagged)}`);
}

/** Reads a value of `type`; what the type has no place for is cut, as Flink does with values of Java. */
export function decodeTagged(tagged: Tagged | undefined, type: SqlType, zone = "UTC"): SqlValue {
  if (tagged === null || tagged === undefined) return null;
  if (typeof tagged === "object" && "$unresolved" in tagged) throw new Unresolved(String(tagged.$unresolved));
  const plain =
    typeof tagged === "object" && !Array.isArray(tagged) ? (Object.values(tagged)[0] as Tagged) : tagged;
  switch (type.name) {
    case "BIGINT":
      return BigInt(plain as string | number);
    case "FLOAT":
      return Math.fround(doubleOf(String(plain)));
    case "DOUBLE":
      return doubleOf(String(plain));
    case "TINYINT":
      return (Number(plain) << 24) >> 24;
    case "SMALLINT":
      return (Number(plain) << 16) >> 16;
    case "INT":
      return Number(plain);
    case "CHAR":
      return String(plain).padEnd(type.length);
    case "DECIMAL":
      return decimalOf(String(plain), type.scale);
    case "BINARY":
      return fromHex(String(plain).padEnd(2 * type.length, "0"));
    case "VARBINARY":
      return fromHex(String(plain));
    case "DATE":
      return parseDateText(String(plain)) ?? null;
    case "TIME":
      return Number((parseTimeText(String(plain)) ?? 0n) / 1_000_000n);
    case "TIMESTAMP":
    case "TIMESTAMP_LTZ": {
      const nanos = parseTimestampText(String(plain).replace("Z", ""));
      if (nanos === undefined) return null;
      const isLocal =
        type.name === "TIMESTAMP_LTZ" && typeof tagged === "object" && "$localdatetime" in tagged;
      return cutTimestamp(isLocal ? instantOfLocal(nanos, zone) : nanos, type.precision);
    }
    case "INTERVAL YEAR TO MONTH":
      return monthsOf(String(plain));
    case "INTERVAL DAY TO SECOND":
      return Number(plain);
    case "ARRAY":
      return (plain as Tagged[]).map((item) => decodeTagged(item, type.element));
    case "MAP":
      return pairsOf(plain).map(([key, value]) => [
        decodeTagged(key, type.key),
        decodeTagged(value, type.value),
      ]);
    case "MULTISET":
      return pairsOf(plain).map(([key, count]) => [decodeTagged(key, type.element), Number(count)]);
    case "ROW": {
      const values = Array.isArray(plain) ? plain : (plain as { values: Tagged[] }).values;
      return type.fields.map((field, index) => decodeTagged(values[index], field.type));
    }
    default:
      return plain as SqlValue;
  }
}

function pairsOf(plain: Tagged): [Tagged, Tagged][] {
  return (Array.isArray(plain) ? plain : Object.entries(plain as object)) as [Tagged, Tagged][];
}

function decimalOf(text: string, scale: number): bigint {
  const number = parseDecimal(text);
  if (!number) throw new Error(`${text} is no number`);
  const shift = scale - number.scale;
  return shift >= 0 ? number.unscaled * 10n ** BigInt(shift) : number.unscaled / 10n ** BigInt(-shift);
}

/** A number, or a constant of Java's that is none. */
function doubleOf(text: string): number {
  return Number(text.replace("POSITIVE_INFINITY", "Infinity").replace("NEGATIVE_INFINITY", "-Infinity"));
}

/** `P1Y-6M` in months, or a number of them. */
function monthsOf(text: string): number {
  if (/^-?\d+$/.test(text)) return Number(text);
  const match = /^(-?)P(?:(-?\d+)Y)?(?:(-?\d+)M)?(?:-?\d+D)?$/.exec(text);
  if (!match) throw new Error(`${text} is no period`);
  const months = Number(match[2] ?? 0) * 12 + Number(match[3] ?? 0);
  return match[1] === "-" ? -months : months;
}
