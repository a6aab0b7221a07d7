/**
 * Values as Java prints them: what Flink's tests compare.
 */
import { formatDecimal } from "../../src/columnar/decimal-text.ts";
import type { SqlType } from "../../src/interpreter/types/sql-type.ts";
import { splitTimestamp } from "../../src/interpreter/values/calendar.ts";
import { formatDouble, formatFloat } from "../../src/interpreter/values/number-text.ts";
import { entriesOf, type SqlValue } from "../../src/interpreter/values/sql-value.ts";
import { formatDateText } from "../../src/interpreter/values/time-text.ts";

/** `+I[a, 1, null]`. */
export function javaRow(kind: string, row: readonly SqlValue[], types: readonly SqlType[]): string {
  return `${kind}[${row.map((value, index) => javaText(value, types[index] as SqlType)).join(", ")}]`;
}

function javaText(value: SqlValue, type: SqlType): string {
  if (value === null) return "null";
  switch (type.name) {
    case "FLOAT":
      return formatFloat(value as number);
    case "DOUBLE":
      return formatDouble(value as number);
    case "DECIMAL":
      return formatDecimal(value as bigint, type.scale);
    case "DATE":
      return formatDateText(value as number);
    case "TIME":
      return javaTime(BigInt(value as number) * 1_000_000n);
    case "TIMESTAMP":
    case "TIMESTAMP_LTZ": {
      const { days, nanosOfDay } = splitTimestamp(value as bigint);
      const isInstant = type.name === "TIMESTAMP_LTZ";
      return `${formatDateText(days)}T${javaTime(nanosOfDay, isInstant)}${isInstant ? "Z" : ""}`;
    }
    case "ARRAY":
      return `[${(value as readonly SqlValue[]).map((item) => javaText(item, type.element)).join(", ")}]`;
    case "MAP":
      return `{${entriesOf(value)
        .map(([key, each]) => `${javaText(key, type.key)}=${javaText(each, type.value)}`)
        .join(", ")}}`;
    case "MULTISET":
      return `{${entriesOf(value)
        .map(([key, count]) => `${javaText(key, type.element)}=${count}`)
        .join(", ")}}`;
    case "ROW": {
      const types = type.fields.map((field) => field.type);
      return javaRow("+I", value as readonly SqlValue[], types);
    }
    default:
      return String(value);
  }
}

/** Zero seconds are left out, but of an instant; a fraction has digits in groups of three. */
function javaTime(nanosOfDay: bigint, hasSeconds = false): string {
  const seconds = Number(nanosOfDay / 1_000_000_000n);
  const [hour, minute, second] = [seconds / 3600, (seconds / 60) % 60, seconds % 60].map((part) =>
    String(Math.floor(part)).padStart(2, "0"),
  );
  const fraction = String(nanosOfDay % 1_000_000_000n)
    .padStart(9, "0")
    .replace(/(000){1,3}$/, "");
  if (second === "00" && fraction === "" && !hasSeconds) return `${hour}:${minute}`;
  return `${hour}:${minute}:${second}${fraction === "" ? "" : `.${fraction}`}`;
}
