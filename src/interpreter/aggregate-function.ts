/**
 * What an aggregate function is: which arguments it takes, of what type its value is, and how rows change an
 * accumulator, which is what is kept of all rows of a group.
 */
import { assert } from "../base/assert.ts";
import type { BoundCall, Signature } from "./scalar-function.ts";
import type { SqlType } from "./types/sql-type.ts";
import type { Row, SqlValue } from "./values/sql-value.ts";

export interface AggregateFunction {
  /** In upper case. */
  readonly name: string;
  /** How it is called, for messages: `LISTAGG(text [, separator])`. */
  readonly usage: string;
  /** Tried in order. Their type is that of a group that has rows. */
  readonly signatures: readonly Signature[];
  /** Rows can be taken back. */
  readonly canRetract: boolean;
  /** False: `merge` throws. Absent: parts of a group can be put together. */
  readonly canMerge?: boolean;
  /** Rows count whose arguments are null. Absent: a row with a null argument changes nothing. */
  readonly takesNulls?: true;
  /** It has a value without rows too. Absent: its value is null then. */
  readonly hasValueOfNothing?: true;
  /** Equal arguments do not change it: DISTINCT says nothing. */
  readonly ignoresDistinct?: true;
  /** What may be said of nulls after the arguments; nothing where absent. */
  readonly nullTreatments?: readonly ("IGNORE" | "RESPECT")[];
  /** What depends on the types and on constant arguments is done once, here. */
  prepare(call: AggregateCall): Accumulating;
}

/** A call whose types are known; what is said of nulls is its option `nulls`. */
export interface AggregateCall extends BoundCall {
  /** Rows may be taken back: more must be kept of them. */
  readonly isRetracting: boolean;
}

/**
 * How rows change an accumulator, and what its value is. Accumulators are changed in place.
 *
 * Rows may be taken back before they come, where parts are merged later: `merge` settles that.
 */
export interface Accumulating<Accumulator = unknown> {
  create(): Accumulator;
  /** Takes a row's arguments in. Throws by `evaluationError`, and has changed nothing then. */
  accumulate(accumulator: Accumulator, values: Row): void;
  /** Takes the arguments of a row back. */
  retract(accumulator: Accumulator, values: Row): void;
  /** Adds what is kept of rows that came after those of `accumulator`; `other` is of no use afterwards. */
  merge(accumulator: Accumulator, other: Accumulator): void;
  value(accumulator: Accumulator): SqlValue;
  /** Of what `encode` returns. State keeps it: to change it is to change a format. */
  readonly accumulatorType: SqlType;
  encode(accumulator: Accumulator): SqlValue;
  decode(value: SqlValue): Accumulator;
}

/** The `retract` of what keeps no more than rows that stay need. */
export function neverRetracts(): void {
  assert(false, "rows are taken back only where the call said so");
}
