/**
 * Expression programs: columns computed from columns, and the selection of rows that pass a filter.
 *
 * The code is data (the engine compiles it, a plan stores it). It runs in the kernel over a few thousand rows at a time,
 * one dispatch per instruction, so that intermediate columns stay in the processor's cache.
 *
 * Registers number columns: first the source columns, then the computed columns, then the filter (where there is one),
 * then temporaries, then literals. After `run`, `batchPointer` is a BATCH of the source columns followed by the
 * computed ones: the task's input columns in one numbering.
 */
import type { Kind } from "../columnar/schema.ts";

export interface ProgramCode {
  readonly sourceKinds: readonly Kind[];
  readonly computedKinds: readonly Kind[];
  readonly hasFilter: boolean;
  readonly temporaryKinds: readonly Kind[];
  readonly literals: readonly ProgramLiteral[];
  readonly instructions: readonly ProgramInstruction[];
}

/** `value` as text, since JSON holds neither 64-bit integers nor NaN; BYTES as base64; null for NULL. */
export interface ProgramLiteral {
  readonly kind: Kind;
  readonly value: string | null;
}

/** Opcode (`OP_*` of `assembly/abi.ts`), target register, up to three operand registers (-1: none), parameter. */
export type ProgramInstruction = readonly [
  opcode: number,
  target: number,
  a: number,
  b: number,
  c: number,
  parameter: number,
];
