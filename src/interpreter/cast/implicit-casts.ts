/**
 * Which values become another type without being told to: Flink's implicit casts, which lose nothing but
 * digits of numbers, and parts of timestamps.
 */
import type { SqlType } from "../types/sql-type.ts";

const integers = ["TINYINT", "SMALLINT", "INT", "BIGINT"] as const;
const numbers: readonly string[] = [...integers, "DECIMAL", "FLOAT", "DOUBLE"];

/** What is taken for each type beside itself. */
const sources: Readonly<Record<string, readonly string[]>> = Object.freeze({
  VARCHAR: ["CHAR"],
  VARBINARY: ["BINARY"],
  SMALLINT: ["TINYINT"],
  INT: ["TINYINT", "SMALLINT"],
  BIGINT: integers,
  DECIMAL: numbers,
  FLOAT: [...integers, "DECIMAL"],
  DOUBLE: numbers,
  DATE: ["TIMESTAMP"],
  TIME: ["TIMESTAMP"],
  TIMESTAMP: ["TIMESTAMP_LTZ"],
  TIMESTAMP_LTZ: ["TIMESTAMP"],
});

/** True where a value of `from` is taken where `to` is expected. Nullability is not looked at. */
export function canCastImplicitly(from: SqlType, to: SqlType): boolean {
  if (from.name === "NULL") return true;
  switch (to.name) {
    case "ARRAY":
    case "MULTISET":
      return from.name === to.name && canCastImplicitly(from.element, to.element);
    case "MAP":
      return (
        from.name === "MAP" && canCastImplicitly(from.key, to.key) && canCastImplicitly(from.value, to.value)
      );
    case "ROW":
      return (
        from.name === "ROW" &&
        from.fields.length === to.fields.length &&
        from.fields.every(({ type }, index) => canCastImplicitly(type, to.fields[index]?.type ?? type))
      );
    default:
      return from.name === to.name || (sources[to.name]?.includes(from.name) ?? false);
  }
}
