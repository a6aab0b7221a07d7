/**
 * What the cells of a plan's tables look like: its accumulators in the kernel's terms, and how long a string
 * may be that one of them keeps.
 *
 * The order of the accumulators, and each one's form, decide the bytes of stored pages: a plan keeps its form
 * for as long as its state lives. Plans of version 1 add up DECIMALs in 64 bits.
 */
import { accumulatorStringBytesMax, cellStringBytesMax } from "../../base/limits.ts";
import type { AccumulatorSpec } from "../../columnar/accumulator.ts";
import { isBytesKind, kindOf } from "../../columnar/schema.ts";
import type { AccumulatorSpec as CellSpec } from "../../kernel/table-layout.ts";

/** Returns the accumulators as the tables of a plan of `planVersion` keep them. */
export function cellSpecsOf(accumulators: readonly AccumulatorSpec[], planVersion: number): CellSpec[] {
  return accumulators.map((spec): CellSpec => {
    const { operation, kind, wide, nullable, distinct } = spec;
    if (operation === "count" && distinct) return { operation: "sum", kind: kindOf({ name: "BIGINT" }) };
    if (operation === "sum" && wide && planVersion >= 2) return { operation: "sumDecimal", nullable };
    return operation === "count" ? { operation } : { operation, kind, nullable };
  });
}

/** Input columns whose strings accumulators keep, each once. */
export function keptStrings(accumulators: readonly AccumulatorSpec[]): number[] {
  return [...new Set(keeping(accumulators).flatMap(({ argument }) => argument ?? []))];
}

/** Longest string that each of them may keep: all together must fit a page. */
export function keptStringBytesMax(accumulators: readonly AccumulatorSpec[]): number {
  const share = Math.floor(cellStringBytesMax / (keeping(accumulators).length + 1) / 8) * 8;
  return Math.min(accumulatorStringBytesMax, share);
}

function keeping(accumulators: readonly AccumulatorSpec[]): AccumulatorSpec[] {
  return accumulators.filter(({ operation, kind, distinct }) => {
    return (operation !== "count" || distinct) && isBytesKind(kind);
  });
}
