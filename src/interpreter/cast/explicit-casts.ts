/**
 * Which casts may be written: Flink's table of explicit casts.
 */
import { hasOneUnit, isInterval } from "../types/interval-type.ts";
import type { SqlType } from "../types/sql-type.ts";

const texts = ["CHAR", "VARCHAR"] as const;
const bytes = ["BINARY", "VARBINARY"] as const;
const integers = ["TINYINT", "SMALLINT", "INT", "BIGINT"] as const;
const numbers = [...integers, "DECIMAL", "FLOAT", "DOUBLE"] as const;
const timestamps = ["TIMESTAMP", "TIMESTAMP_LTZ"] as const;

/** What can be cast to each type, beside NULL, intervals and collections. */
const sources: Readonly<Record<string, readonly string[]>> = {
  BOOLEAN: ["BOOLEAN", ...texts, ...integers],
  BINARY: [...texts, ...bytes],
  VARBINARY: [...texts, ...bytes],
  ...Object.fromEntries(numbers.map((name) => [name, ["BOOLEAN", ...texts, ...numbers]])),
  DATE: ["DATE", ...timestamps, ...texts],
  TIME: ["TIME", ...timestamps, ...texts],
  TIMESTAMP: ["DATE", "TIME", ...timestamps, ...texts],
  TIMESTAMP_LTZ: ["DATE", "TIME", ...timestamps, ...texts],
};

const exactNumbers: ReadonlySet<string> = new Set([...integers, "DECIMAL"]);

/** True where `CAST(value AS to)` is allowed for values of `from`. */
export function canCast(from: SqlType, to: SqlType): boolean {
  if (from.name === "NULL") return true;
  switch (to.name) {
    case "CHAR":
    case "VARCHAR":
      return true;
    case "ARRAY":
    case "MULTISET":
      return from.name === to.name && canCast(from.element, to.element);
    case "MAP":
      return from.name === "MAP" && canCast(from.key, to.key) && canCast(from.value, to.value);
    case "ROW":
      return (
        from.name === "ROW" &&
        from.fields.length === to.fields.length &&
        from.fields.every(({ type }, index) => canCast(type, to.fields[index]?.type ?? type))
      );
    case "INTERVAL YEAR TO MONTH":
    case "INTERVAL DAY TO SECOND":
      return from.name === to.name || (exactNumbers.has(from.name) && hasOneUnit(to));
    default:
      if (isInterval(from)) return exactNumbers.has(to.name) && hasOneUnit(from);
      return sources[to.name]?.includes(from.name) ?? false;
  }
}
