/**
 * The type of SQL that a column of a stream, or of a view, has.
 */
import type { DataType } from "../../columnar/schema.ts";
import { bytesShape, stringShape } from "../../interpreter/signatures.ts";
import type { SqlType } from "../../interpreter/types/sql-type.ts";

export function sqlTypeOf(type: DataType, isNullable: boolean): SqlType {
  switch (type.name) {
    case "STRING":
      return { ...stringShape, isNullable };
    case "BYTES":
      return { ...bytesShape, isNullable };
    case "DECIMAL":
      return { name: "DECIMAL", precision: type.precision, scale: type.scale, isNullable };
    case "TIMESTAMP":
    case "TIMESTAMP_LTZ":
      return { name: type.name, precision: type.precision, isNullable };
    default:
      return { name: type.name, isNullable };
  }
}
