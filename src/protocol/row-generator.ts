/**
 * How the rows of a stream are made that comes from nowhere, as Flink's datagen connector makes them.
 */
import type { SqlType } from "../interpreter/types/sql-type.ts";

export interface RowGenerator {
  readonly rowsPerSecond: number;
  /** Absent: rows have no end. */
  readonly numberOfRows?: number;
  readonly columns: readonly GeneratedColumn[];
}

export interface GeneratedColumn {
  readonly name: string;
  readonly type: SqlType;
  readonly values: GeneratedValues;
  /** The part of the rows whose value is null, from 0 to 1. */
  readonly nullRate: number;
}

/** Whole numbers are decimal texts; those of a DECIMAL are of its last digit. */
export type GeneratedValues =
  /** One more in each row, from `start` on. */
  | { readonly kind: "sequence"; readonly start: string }
  | { readonly kind: "whole numbers"; readonly min: string; readonly max: string }
  | { readonly kind: "numbers"; readonly min: number; readonly max: number }
  | { readonly kind: "truths" }
  /** Hexadecimal digits, or bytes; of any length up to `length` where that varies. */
  | { readonly kind: "digits" | "bytes"; readonly length: number; readonly varies: boolean }
  /** When the row is made, or up to so long before. */
  | { readonly kind: "times"; readonly maxPastMs: number };
