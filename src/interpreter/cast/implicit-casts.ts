/**
 * Which values become another type without being told to: Flink's implicit casts, which lose nothing.
 */
import type { SqlShape, SqlType } from "../types/sql-type.ts";

const numbers: readonly string[] = Object.freeze([
  "TINYINT",
  "SMALLINT",
  "INT",
  "BIGINT",
  "DECIMAL",
  "FLOAT",
  "DOUBLE",
]);

/** True where a value of `from` is taken where `to` is expected. Nullability is not looked at. */
export function canCastImplicitly(from: SqlType, to: SqlType): boolean {
  return from.name === "NULL" || canCastShape(from, to);
}

function canCastShape(from: SqlShape, to: SqlShape): boolean {
  const [fromNumber, toNumber] = [numbers.indexOf(from.name), numbers.indexOf(to.name)];
  if (fromNumber >= 0 && toNumber >= 0) return fromNumber <= toNumber;
  switch (to.name) {
    case "VARCHAR":
      return from.name === "CHAR" || from.name === "VARCHAR";
    case "VARBINARY":
      return from.name === "BINARY" || from.name === "VARBINARY";
    case "TIMESTAMP":
    case "TIMESTAMP_LTZ":
      return from.name === "DATE" || from.name === "TIMESTAMP" || from.name === "TIMESTAMP_LTZ";
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
        from.fields.every(({ type }, index) => {
          const target = to.fields[index];
          return target !== undefined && canCastImplicitly(type, target.type);
        })
      );
    default:
      return from.name === to.name;
  }
}
