/**
 * Values as an API shows them in JSON, and read back from it.
 *
 *   BOOLEAN, numbers     themselves; an integer beyond 2^53, NaN and infinities as text
 *   DECIMAL              text with all digits of its scale
 *   DATE, TIME, TIMESTAMP as SQL writes them, with three or more digits of a fraction where there is one;
 *                        TIMESTAMP_LTZ in UTC with a Z behind it
 *   intervals            the number of months or milliseconds
 *   BINARY, VARBINARY    base64
 *   ARRAY                array
 *   MAP, MULTISET        object where keys are texts, else an array of pairs
 *   ROW                  object by field names
 */
import { decodeBase64, encodeBase64 } from "../../base/base64.ts";
import { formatDecimal, parseDecimal } from "../../columnar/decimal-text.ts";
import type { SqlType } from "../types/sql-type.ts";
import { entriesOf, type Row, type SqlValue } from "./sql-value.ts";
import {
  formatDateText,
  formatTimestampText,
  formatTimeText,
  parseDateText,
  parseTimestampText,
  parseTimeText,
} from "./time-text.ts";

export type ResultJson =
  | null
  | boolean
  | number
  | string
  | readonly ResultJson[]
  | { readonly [key: string]: ResultJson };

/** Writes a value of `type`. */
export function encodeResult(value: SqlValue, type: SqlType): ResultJson {
  if (value === null) return null;
  switch (type.name) {
    case "BIGINT":
      return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
    case "FLOAT":
    case "DOUBLE":
      return Number.isFinite(value) ? (value as number) : String(value);
    case "DECIMAL":
      return formatDecimal(value as bigint, type.scale);
    case "DATE":
      return formatDateText(value as number);
    case "TIME":
      return formatTimeText(BigInt(value as number) * 1_000_000n, type.precision);
    case "TIMESTAMP":
      return formatTimestampText(value as bigint, type.precision);
    case "TIMESTAMP_LTZ":
      return `${formatTimestampText(value as bigint, type.precision)}Z`;
    case "BINARY":
    case "VARBINARY":
      return encodeBase64(value as Uint8Array);
    case "ARRAY":
      return (value as readonly SqlValue[]).map((item) => encodeResult(item, type.element));
    case "MAP":
      return encodePairs(value, type.key, type.value);
    case "MULTISET":
      return encodePairs(value, type.element, { name: "INT", isNullable: false });
    case "ROW": {
      const values = value as readonly SqlValue[];
      return Object.fromEntries(
        type.fields.map((field, index) => [field.name, encodeResult(values[index] ?? null, field.type)]),
      );
    }
    default:
      return value as ResultJson;
  }
}

/** A row as a log shows it: `[ann, 1]`; what is nested is JSON. */
export function formatRow(values: Row, types: readonly SqlType[]): string {
  const texts = types.map((type, index) => {
    const json = encodeResult(values[index] ?? null, type);
    return typeof json === "object" ? JSON.stringify(json) : String(json);
  });
  return `[${texts.join(", ")}]`;
}

function encodePairs(map: SqlValue, key: SqlType, value: SqlType): ResultJson {
  const pairs = entriesOf(map).map(
    ([one, other]) => [encodeResult(one, key), encodeResult(other, value)] as const,
  );
  const areTexts = (key.name === "CHAR" || key.name === "VARCHAR") && pairs.every(([one]) => one !== null);
  return areTexts ? Object.fromEntries(pairs) : pairs;
}

/** Reads what `encodeResult` writes of a value of `type`; undefined for what is none. */
export function decodeResult(json: ResultJson, type: SqlType): SqlValue | undefined {
  if (json === null) return null;
  // An object may have any keys, `toString` too.
  const text = typeof json === "object" ? "" : String(json);
  switch (type.name) {
    case "BIGINT":
      return /^-?\d+$/.test(text) ? BigInt(text) : undefined;
    case "TINYINT":
    case "SMALLINT":
    case "INT":
    case "FLOAT":
    case "DOUBLE":
    case "INTERVAL DAY TO SECOND":
    case "INTERVAL YEAR TO MONTH":
      return Number(json);
    case "DECIMAL": {
      const number = parseDecimal(text);
      const shift = number && type.scale - number.scale;
      return shift === undefined || shift < 0 ? undefined : (number?.unscaled ?? 0n) * 10n ** BigInt(shift);
    }
    case "DATE":
      return parseDateText(text);
    case "TIME":
      return Number((parseTimeText(text) ?? 0n) / 1_000_000n);
    case "TIMESTAMP":
    case "TIMESTAMP_LTZ":
      return parseTimestampText(text.replace(/Z$/, ""));
    case "BINARY":
    case "VARBINARY":
      return decodeBase64(text);
    case "ARRAY":
      return isList(json) ? json.map((item) => decodeResult(item, type.element) ?? null) : undefined;
    case "MAP":
      return pairsOf(json).map(([key, value]) => [
        decodeResult(key, type.key) ?? null,
        decodeResult(value, type.value) ?? null,
      ]);
    case "MULTISET":
      return pairsOf(json).map(([key, count]) => [decodeResult(key, type.element) ?? null, Number(count)]);
    case "ROW": {
      const fields = json as Readonly<Record<string, ResultJson>>;
      return type.fields.map((field) => decodeResult(fields[field.name] ?? null, field.type) ?? null);
    }
    default:
      return json as SqlValue;
  }
}

function isList(json: ResultJson): json is readonly ResultJson[] {
  return Array.isArray(json);
}

function pairsOf(json: ResultJson): readonly (readonly [ResultJson, ResultJson])[] {
  if (isList(json)) return json as unknown as readonly (readonly [ResultJson, ResultJson])[];
  return Object.entries(json as Readonly<Record<string, ResultJson>>);
}
