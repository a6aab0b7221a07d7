/**
 * Accumulators: what a cell of keyed state keeps for one key, one entry per running value.
 *
 * A plan lists them once; the table lays them out in the cell, the aggregate kernels update and merge them,
 * and the plan's outputs are finished from them (an average from a sum and a count, which other outputs may
 * share).
 *
 * Rows whose argument is null change nothing. Before the first other row an accumulator holds nothing:
 * `count` is then 0, every other operation null.
 */
import type { Kind } from "./schema.ts";
import type { LaneValue } from "./values.ts";

/** `first` and `last` go by arrival, over non-null arguments. */
export type AccumulatorOperation = "count" | "sum" | "min" | "max" | "first" | "last";

export interface AccumulatorSpec {
  readonly operation: AccumulatorOperation;
  /**
   * Kind of the argument, which min, max, first and last keep; KIND_I64 for `count`. A sum is never BYTES.
   */
  readonly kind: Kind;
  /**
   * True where of rows with equal arguments only one counts, for count and sum. Their values must be kept
   * (`CountedValuesPlan`); `kind` is that of the argument then, of a count too.
   */
  readonly distinct?: true;
  /** Index of the argument among the task's input columns; null for count(*) only. */
  readonly argument: number | null;
  /** A 128-bit sum of I64 lanes (DECIMAL). Otherwise sums of I64 wrap at 64 bits. */
  readonly wide: boolean;
  /** False where the argument can hold no null (and for count(*)): its validity need not be read. */
  readonly nullable: boolean;
}

/**
 * An accumulator's value as read from a cell: bigint for I64 and counts (signed, up to 128 bits where
 * `wide`), number for F64, bytes for BYTES, null where it holds nothing.
 */
export type AccumulatorValue = LaneValue;
