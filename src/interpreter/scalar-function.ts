/**
 * What a scalar function is: which arguments it takes, of what type its value is, and how it is calculated.
 */
import { EngineError } from "../base/errors.ts";
import type { CallOptions } from "./row-expression.ts";
import type { SqlType } from "./types/sql-type.ts";
import type { UserFunctions } from "./user-functions.ts";
import type { Row, SqlValue } from "./values/sql-value.ts";

export type ScalarFunction = EagerFunction | LazyFunction;

interface FunctionFacts {
  /** In upper case, or an operator's sign. */
  readonly name: string;
  /** How it is called, for messages: `SUBSTRING(text, from [, length])`. */
  readonly usage: string;
  /** Tried in order: the first that takes the arguments is used. */
  readonly signatures: readonly Signature[];
  /** Its value differs from row to row although its arguments do not: it is never calculated ahead. */
  readonly isVolatile?: true;
}

/** Its arguments are calculated first. */
export interface EagerFunction extends FunctionFacts {
  /** It is called where arguments are null. Absent: its value is null then, and it is not called. */
  readonly takesNulls?: true;
  /** What depends on the types and on constant arguments is done once, here. */
  readonly prepare: (call: BoundCall) => Evaluator;
}

/** It decides which of its arguments are calculated. */
export interface LazyFunction extends FunctionFacts {
  readonly prepareLazy: (call: BoundCall, operands: readonly RowEvaluator[]) => RowEvaluator;
}

/** From the values of the arguments to the value. Throws by `evaluationError` where there is none. */
export type Evaluator = (...values: readonly SqlValue[]) => SqlValue;

export type RowEvaluator = (row: Row) => SqlValue;

/** A call whose types are known. */
export interface BoundCall {
  readonly name: string;
  /** Of the arguments, as the signature took them. */
  readonly types: readonly SqlType[];
  readonly type: SqlType;
  /** The values of those arguments that are literals; undefined for others. */
  readonly constants: readonly (SqlValue | undefined)[];
  readonly options: CallOptions;
  readonly context: EvaluationContext;
}

/** What is the same for all rows of a job, and the moment of the row that is calculated. */
export interface EvaluationContext {
  /** `table.local-time-zone`: UTC, or a name such as Asia/Tokyo. */
  readonly timeZone: string;
  /** Changed from record to record by who evaluates. */
  readonly moment: Moment;
  /** What the worker registers for CREATE FUNCTION. */
  readonly functions?: UserFunctions | undefined;
}

export interface Moment {
  /** When the record was appended, in milliseconds since 1970. */
  processingTime: number;
  /** The watermark in milliseconds since 1970; null before the first. */
  watermark: number | null;
  /** The next number in [0, 1) of those that the record's seed gives. */
  random: () => number;
}

/** A call while its types are looked at. */
export interface CallShape {
  readonly types: readonly SqlType[];
  readonly constants: readonly (SqlValue | undefined)[];
  readonly options: CallOptions;
  /** What the call says its value is: RETURNING. */
  readonly returning?: SqlType;
}

/**
 * Decides whether a function takes such arguments: the types to which they are cast (implicitly, where
 * another) and the type of the value; undefined where it does not; or why not, which ends the search.
 */
export type Signature = (call: CallShape) => Resolution | Refusal | undefined;

export interface Resolution {
  readonly types: readonly SqlType[];
  readonly type: SqlType;
}

export interface Refusal {
  /** A sentence without full stop. */
  readonly refusal: string;
}

/** Returns the error of a row for which an expression has no value; `message` is a whole sentence. */
export function evaluationError(message: string): EngineError {
  return new EngineError("SQL_EVALUATION_FAILED", { message });
}
