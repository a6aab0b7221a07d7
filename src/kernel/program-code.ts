/**
 * Programs as data: what the engine compiles, a plan stores and `Program` runs.
 *
 * Registers number columns: first the source columns, then the computed columns, then the filter (where there
 * is one), then temporaries, then literals.
 */
import {
  OP_ABSOLUTE_F64,
  OP_ABSOLUTE_I64,
  OP_ADD_DECIMAL,
  OP_ADD_F64,
  OP_ADD_I64,
  OP_AND,
  OP_CEIL_F64,
  OP_COALESCE,
  OP_COPY,
  OP_DECIMAL_TO_F64,
  OP_DECIMAL_TO_I64,
  OP_DIVIDE_DECIMAL,
  OP_DIVIDE_F64,
  OP_DIVIDE_I64,
  OP_EQUAL_BYTES,
  OP_EQUAL_DECIMAL,
  OP_EQUAL_F64,
  OP_EQUAL_I64,
  OP_F64_TO_DECIMAL,
  OP_F64_TO_I64,
  OP_FLOOR_F64,
  OP_I64_TO_F64,
  OP_IS_NOT_NULL,
  OP_IS_NULL,
  OP_LESS_BYTES,
  OP_LESS_DECIMAL,
  OP_LESS_F64,
  OP_LESS_I64,
  OP_LESS_OR_EQUAL_BYTES,
  OP_LESS_OR_EQUAL_DECIMAL,
  OP_LESS_OR_EQUAL_F64,
  OP_LESS_OR_EQUAL_I64,
  OP_MULTIPLY_DECIMAL,
  OP_MULTIPLY_F64,
  OP_MULTIPLY_I64,
  OP_NEGATE_F64,
  OP_NEGATE_I64,
  OP_NOT,
  OP_NOT_EQUAL_BYTES,
  OP_NOT_EQUAL_DECIMAL,
  OP_NOT_EQUAL_F64,
  OP_NOT_EQUAL_I64,
  OP_OR,
  OP_REMAINDER_DECIMAL,
  OP_REMAINDER_F64,
  OP_REMAINDER_I64,
  OP_RESCALE_DECIMAL,
  OP_SELECT,
  OP_SUBTRACT_DECIMAL,
  OP_SUBTRACT_F64,
  OP_SUBTRACT_I64,
  OP_WRAP_I32,
} from "../../assembly/expressions/abi.ts";
import type { Kind } from "../columnar/schema.ts";

export interface ProgramCode {
  readonly sourceKinds: readonly Kind[];
  readonly computedKinds: readonly Kind[];
  readonly hasFilter: boolean;
  /** How many chunk-sized scratch columns the instructions use. */
  readonly temporaries: number;
  readonly literals: readonly ProgramLiteral[];
  readonly instructions: readonly ProgramInstruction[];
}

/** `value` as text, since JSON holds neither 64-bit integers nor NaN; BYTES as base64; null for NULL. */
export interface ProgramLiteral {
  readonly kind: Kind;
  readonly value: string | null;
}

/**
 * Opcode, registers of target and operands (unused ones repeat a), parameter. A target is none of its
 * operands.
 */
export type ProgramInstruction = readonly [
  opcode: number,
  target: number,
  a: number,
  b: number,
  c: number,
  parameter: number,
];

/** Opcodes; `assembly/expressions/abi.ts` says what each does. They lie in stored plans. */
export const Opcode = {
  Copy: OP_COPY,
  Select: OP_SELECT,
  Coalesce: OP_COALESCE,
  IsNull: OP_IS_NULL,
  IsNotNull: OP_IS_NOT_NULL,
  And: OP_AND,
  Or: OP_OR,
  Not: OP_NOT,
  AddI64: OP_ADD_I64,
  SubtractI64: OP_SUBTRACT_I64,
  MultiplyI64: OP_MULTIPLY_I64,
  DivideI64: OP_DIVIDE_I64,
  RemainderI64: OP_REMAINDER_I64,
  NegateI64: OP_NEGATE_I64,
  AbsoluteI64: OP_ABSOLUTE_I64,
  WrapI32: OP_WRAP_I32,
  AddF64: OP_ADD_F64,
  SubtractF64: OP_SUBTRACT_F64,
  MultiplyF64: OP_MULTIPLY_F64,
  DivideF64: OP_DIVIDE_F64,
  RemainderF64: OP_REMAINDER_F64,
  NegateF64: OP_NEGATE_F64,
  AbsoluteF64: OP_ABSOLUTE_F64,
  FloorF64: OP_FLOOR_F64,
  CeilF64: OP_CEIL_F64,
  AddDecimal: OP_ADD_DECIMAL,
  SubtractDecimal: OP_SUBTRACT_DECIMAL,
  MultiplyDecimal: OP_MULTIPLY_DECIMAL,
  DivideDecimal: OP_DIVIDE_DECIMAL,
  RemainderDecimal: OP_REMAINDER_DECIMAL,
  RescaleDecimal: OP_RESCALE_DECIMAL,
  I64ToF64: OP_I64_TO_F64,
  F64ToI64: OP_F64_TO_I64,
  DecimalToI64: OP_DECIMAL_TO_I64,
  DecimalToF64: OP_DECIMAL_TO_F64,
  F64ToDecimal: OP_F64_TO_DECIMAL,
  EqualI64: OP_EQUAL_I64,
  NotEqualI64: OP_NOT_EQUAL_I64,
  LessI64: OP_LESS_I64,
  LessOrEqualI64: OP_LESS_OR_EQUAL_I64,
  EqualF64: OP_EQUAL_F64,
  NotEqualF64: OP_NOT_EQUAL_F64,
  LessF64: OP_LESS_F64,
  LessOrEqualF64: OP_LESS_OR_EQUAL_F64,
  EqualBytes: OP_EQUAL_BYTES,
  NotEqualBytes: OP_NOT_EQUAL_BYTES,
  LessBytes: OP_LESS_BYTES,
  LessOrEqualBytes: OP_LESS_OR_EQUAL_BYTES,
  EqualDecimal: OP_EQUAL_DECIMAL,
  NotEqualDecimal: OP_NOT_EQUAL_DECIMAL,
  LessDecimal: OP_LESS_DECIMAL,
  LessOrEqualDecimal: OP_LESS_OR_EQUAL_DECIMAL,
} as const;

/** Packs the parameter of DECIMAL instructions: powers of ten and the digits of the result. */
export function decimalParameter({ first = 0, second = 0, down = 0, precision = 0 }): number {
  return first | (second << 8) | (down << 16) | (precision << 24);
}
