/**
 * What all casts are, and what they say where there is no value.
 */
import type { EngineError } from "../../base/errors.ts";
import { type EvaluationContext, evaluationError } from "../scalar-function.ts";
import { formatShape, type SqlShape, type SqlType } from "../types/sql-type.ts";
import type { SqlValue } from "../values/sql-value.ts";

/** Makes a value of one type of one of another that is not null; throws where it has none. */
export type Cast = (value: SqlValue) => SqlValue;

/** Finds the cast from one type to another; undefined where there is none. */
export type FindCast = (from: SqlType, to: SqlType, context: EvaluationContext) => Cast | undefined;

export const identity: Cast = (value) => value;

/** The same for values that may be null. */
export function nullSafe(cast: Cast): Cast {
  return (value) => (value === null ? null : cast(value));
}

/** Returns the error of a text that cannot be read as `to`. */
export function unreadable(text: SqlValue, to: SqlShape): EngineError {
  return evaluationError(`'${String(text)}' cannot be read as ${formatShape(to)}.`);
}
