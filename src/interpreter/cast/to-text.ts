/**
 * Casts to CHAR and VARCHAR: what is too long is cut, and a CHAR is filled with spaces.
 *
 * Collections are written with their parts: `[1, NULL]`, `{a=1}`, and rows as `(1, TRUE)`.
 */
import { formatDecimal } from "../../columnar/decimal-text.ts";
import { type EvaluationContext, evaluationError } from "../scalar-function.ts";
import { type LengthShape, lengthMax, type SqlShape } from "../types/sql-type.ts";
import { formatDouble, formatFloat } from "../values/number-text.ts";
import { entriesOf, nanosPerMilli, type SqlValue } from "../values/sql-value.ts";
import { formatDateText, formatTimestampText, formatTimeText } from "../values/time-text.ts";
import { timeZoneOf } from "../values/time-zone.ts";
import { toHex } from "../values/value-json.ts";
import type { Cast } from "./cast.ts";

/** Writes a value that is not null. */
type Formatter = (value: SqlValue) => string;

export function castToText(from: SqlShape, to: LengthShape, context: EvaluationContext): Cast {
  const format = formatterOf(from, context);
  const cut = fitterOf(from, to);
  return cut ? (value) => cut(format(value)) : format;
}

/** Undefined where any text of `from` has a length that `to` takes. */
function fitterOf(from: SqlShape, { name, length }: LengthShape): ((text: string) => string) | undefined {
  if (length === lengthMax) return undefined;
  const isText = from.name === "CHAR" || from.name === "VARCHAR";
  if (name === "VARCHAR" && isText && from.length <= length) return undefined;
  return (text) => {
    if (name === "VARCHAR" && text.length <= length) return text;
    const characters = [...text];
    if (characters.length > length) return characters.slice(0, length).join("");
    return name === "CHAR" ? text + " ".repeat(length - characters.length) : text;
  };
}

function formatterOf(type: SqlShape, context: EvaluationContext): Formatter {
  switch (type.name) {
    case "CHAR":
    case "VARCHAR":
      return (value) => value as string;
    case "BOOLEAN":
      return (value) => (value === true ? "TRUE" : "FALSE");
    case "FLOAT":
      return (value) => formatFloat(value as number);
    case "DOUBLE":
      return (value) => formatDouble(value as number);
    case "DECIMAL":
      return (value) => formatDecimal(value as bigint, type.scale);
    case "BINARY":
    case "VARBINARY":
      return bytesFormatter();
    case "DATE":
      return (value) => formatDateText(value as number);
    case "TIME":
      return (value) => formatTime(value as number, type.precision);
    case "TIMESTAMP":
      return (value) => formatTimestampText(value as bigint, type.precision);
    case "TIMESTAMP_LTZ": {
      const zone = timeZoneOf(context.timeZone);
      return (value) => formatTimestampText(zone.localOfInstant(value as bigint), type.precision);
    }
    case "INTERVAL YEAR TO MONTH":
      return (value) => formatMonths(value as number);
    case "INTERVAL DAY TO SECOND":
      return (value) => formatMillis(value as number);
    case "ARRAY": {
      const part = partFormatter(type.element, context);
      return (value) => `[${(value as readonly SqlValue[]).map(part).join(", ")}]`;
    }
    case "MAP":
      return mapFormatter(type.key, type.value, context);
    case "MULTISET":
      return mapFormatter(type.element, { name: "INT" }, context);
    case "ROW": {
      const parts = type.fields.map((field) => partFormatter(field.type, context));
      return (value) => {
        const fields = value as readonly SqlValue[];
        return `(${parts.map((format, index) => format(fields[index] ?? null)).join(", ")})`;
      };
    }
    default:
      return String;
  }
}

function partFormatter(type: SqlShape, context: EvaluationContext): Formatter {
  const format = formatterOf(type, context);
  return (value) => (value === null ? "NULL" : format(value));
}

function mapFormatter(key: SqlShape, value: SqlShape, context: EvaluationContext): Formatter {
  const [formatKey, formatValue] = [partFormatter(key, context), partFormatter(value, context)];
  return (map) =>
    `{${entriesOf(map)
      .map(([name, held]) => `${formatKey(name)}=${formatValue(held)}`)
      .join(", ")}}`;
}

function bytesFormatter(): Formatter {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  return (value) => {
    try {
      return decoder.decode(value as Uint8Array);
    } catch {
      throw evaluationError(`The bytes x'${toHex(value as Uint8Array)}' are no UTF-8.`);
    }
  };
}

/** Zeros at the end of a fraction are left out, but its first digit. */
function formatTime(millis: number, precision: number): string {
  const text = formatTimeText(BigInt(millis) * nanosPerMilli, Math.min(precision, 3));
  return precision > 1 ? text.replace(/(\.\d)(\d*?)0+$/, "$1$2") : text;
}

/** `+1-06`. */
function formatMonths(months: number): string {
  const magnitude = Math.abs(months);
  return `${months < 0 ? "-" : "+"}${Math.floor(magnitude / 12)}-${twoDigits(magnitude % 12)}`;
}

/** `+1 12:00:00.000`. */
function formatMillis(millis: number): string {
  const magnitude = Math.abs(millis);
  const [days, rest] = [Math.floor(magnitude / 86_400_000), magnitude % 86_400_000];
  return `${millis < 0 ? "-" : "+"}${days} ${formatTimeText(BigInt(rest) * nanosPerMilli, 3)}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}
