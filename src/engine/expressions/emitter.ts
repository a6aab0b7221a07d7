/**
 * What lies between walking an expression and writing a program: operands, and who takes instructions.
 */
import type { DataType } from "../../columnar/schema.ts";
import type { LaneValue } from "../../columnar/values.ts";
import type { TypedExpression } from "./typed-expression.ts";

/** An operand before registers are given out: a source column, a literal, or the result of an instruction. */
export type Operand = { readonly place: "source" | "literal" | "result"; readonly index: number };

/** Takes instructions as they are found necessary. */
export interface Emitter {
  expression(expression: TypedExpression): Operand;
  literal(value: LaneValue, type: DataType): Operand;
  /** Returns the result of an instruction over all of `operands`. */
  step(opcode: number, operands: readonly Operand[], parameter?: number): Operand;
}
