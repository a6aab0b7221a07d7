/**
 * What a cast does to a value.
 */
import { type EvaluationContext, evaluationError } from "../scalar-function.ts";
import { formatSqlType, isSameShape, type SqlType } from "../types/sql-type.ts";
import type { SqlValue } from "../values/sql-value.ts";

/** Returns what makes a value of `to` of one of `from` that is not null; it throws where it has none. */
export function prepareCast(
  from: SqlType,
  to: SqlType,
  _context: EvaluationContext,
): (value: SqlValue | undefined) => SqlValue {
  if (isSameShape(from, to)) return (value) => value as SqlValue;
  return () => {
    throw evaluationError(`No cast from ${formatSqlType(from)} to ${formatSqlType(to)}.`);
  };
}
