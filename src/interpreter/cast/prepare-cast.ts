/**
 * What a cast does to a value.
 */
import { type EvaluationContext, evaluationError } from "../scalar-function.ts";
import { formatSqlType, isSameShape, type SqlType } from "../types/sql-type.ts";
import type { SqlValue } from "../values/sql-value.ts";
import { type Cast, identity } from "./cast.ts";
import { castToBytes } from "./to-bytes.ts";
import { castToCollection } from "./to-collection.ts";
import { castToApproximate, castToBoolean, castToDecimal, castToInteger } from "./to-number.ts";
import { castToText } from "./to-text.ts";
import { castToDate, castToInterval, castToTime, castToTimestamp } from "./to-time.ts";

/** Returns what makes a value of `to` of one of `from` that is not null; it throws where it has none. */
export function prepareCast(
  from: SqlType,
  to: SqlType,
  context: EvaluationContext,
): (value: SqlValue | undefined) => SqlValue {
  const cast = findCast(from, to, context);
  if (cast) return (value) => cast(value as SqlValue);
  return () => {
    throw evaluationError(`No cast from ${formatSqlType(from)} to ${formatSqlType(to)}.`);
  };
}

function findCast(from: SqlType, to: SqlType, context: EvaluationContext): Cast | undefined {
  if (from.name === "NULL" || isSameShape(from, to)) return identity;
  switch (to.name) {
    case "BOOLEAN":
      return castToBoolean(from, to);
    case "TINYINT":
    case "SMALLINT":
    case "INT":
    case "BIGINT":
      return castToInteger(from, to);
    case "FLOAT":
    case "DOUBLE":
      return castToApproximate(from, to);
    case "DECIMAL":
      return castToDecimal(from, to);
    case "CHAR":
    case "VARCHAR":
      return castToText(from, to, context);
    case "BINARY":
    case "VARBINARY":
      return castToBytes(from, to);
    case "DATE":
      return castToDate(from, to, context);
    case "TIME":
      return castToTime(from, to, context);
    case "TIMESTAMP":
    case "TIMESTAMP_LTZ":
      return castToTimestamp(from, to, context);
    case "INTERVAL YEAR TO MONTH":
    case "INTERVAL DAY TO SECOND":
      return castToInterval(from, to);
    case "NULL":
      return undefined;
    default:
      return castToCollection(from, to, context, findCast);
  }
}
