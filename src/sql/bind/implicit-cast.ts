/**
 * Conversions that a statement does not write.
 */
import type { RowExpression } from "../../interpreter/row-expression.ts";
import { isSameShape, type SqlType } from "../../interpreter/types/sql-type.ts";

/** Says the conversion that a value needs to be of `type`; none where the shape is the same. */
export function implicitCast(value: RowExpression, type: SqlType): RowExpression {
  if (isSameShape(value.type, type)) return value;
  if (value.node === "literal" && value.value === null)
    return { ...value, type: { ...type, isNullable: true } };
  const isNullable = value.type.isNullable;
  return { node: "call", function: "CAST", arguments: [value], type: { ...type, isNullable } };
}
