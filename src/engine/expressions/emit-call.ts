/**
 * Which instructions make an operator on given types.
 */
import { assert } from "../../base/assert.ts";
import type { DataType } from "../../columnar/schema.ts";
import { decimalParameter, Opcode } from "../../kernel/program-code.ts";
import type { Emitter, Operand } from "./emitter.ts";
import { isExact, scaleOf } from "./type-rules.ts";
import type { CallExpression } from "./typed-expression.ts";

type Arithmetic = "+" | "-" | "*" | "/" | "%";
type Comparison = "=" | "<>" | "<" | "<=";

interface ByFamily {
  readonly integer: number;
  readonly double: number;
  readonly decimal: number;
}

const arithmetic: Readonly<Record<Arithmetic, ByFamily>> = {
  "+": { integer: Opcode.AddI64, double: Opcode.AddF64, decimal: Opcode.AddDecimal },
  "-": { integer: Opcode.SubtractI64, double: Opcode.SubtractF64, decimal: Opcode.SubtractDecimal },
  "*": { integer: Opcode.MultiplyI64, double: Opcode.MultiplyF64, decimal: Opcode.MultiplyDecimal },
  "/": { integer: Opcode.DivideI64, double: Opcode.DivideF64, decimal: Opcode.DivideDecimal },
  "%": { integer: Opcode.RemainderI64, double: Opcode.RemainderF64, decimal: Opcode.RemainderDecimal },
};

const comparison: Readonly<Record<Comparison, ByFamily & { readonly bytes: number }>> = {
  "=": {
    integer: Opcode.EqualI64,
    double: Opcode.EqualF64,
    decimal: Opcode.EqualDecimal,
    bytes: Opcode.EqualBytes,
  },
  "<>": {
    integer: Opcode.NotEqualI64,
    double: Opcode.NotEqualF64,
    decimal: Opcode.NotEqualDecimal,
    bytes: Opcode.NotEqualBytes,
  },
  "<": {
    integer: Opcode.LessI64,
    double: Opcode.LessF64,
    decimal: Opcode.LessDecimal,
    bytes: Opcode.LessBytes,
  },
  "<=": {
    integer: Opcode.LessOrEqualI64,
    double: Opcode.LessOrEqualF64,
    decimal: Opcode.LessOrEqualDecimal,
    bytes: Opcode.LessOrEqualBytes,
  },
};

/** Emits a call with its arguments and returns its result. */
export function emitCall(call: CallExpression, emitter: Emitter): Operand {
  const operands = call.arguments.map((argument) => emitter.expression(argument));
  const types = call.arguments.map(({ type }) => type);
  const isDouble = types[0]?.name === "DOUBLE";
  switch (call.operator) {
    case "+":
    case "-":
    case "*":
    case "/":
    case "%":
      return emitArithmetic(call.operator, call, operands, emitter);
    case "negate":
      return wrapped(
        emitter.step(isDouble ? Opcode.NegateF64 : Opcode.NegateI64, operands),
        call.type,
        emitter,
      );
    case "abs":
      return wrapped(
        emitter.step(isDouble ? Opcode.AbsoluteF64 : Opcode.AbsoluteI64, operands),
        call.type,
        emitter,
      );
    case "floor":
      return emitter.step(Opcode.FloorF64, operands);
    case "ceil":
      return emitter.step(Opcode.CeilF64, operands);
    case "=":
    case "<>":
    case "<":
    case "<=":
      return emitComparison(call.operator, types, operands, emitter);
    case "and":
      return emitter.step(Opcode.And, operands);
    case "or":
      return emitter.step(Opcode.Or, operands);
    case "not":
      return emitter.step(Opcode.Not, operands);
    case "is null":
      return emitter.step(Opcode.IsNull, operands);
    case "is not null":
      return emitter.step(Opcode.IsNotNull, operands);
    case "case":
      return emitter.step(Opcode.Select, operands);
    case "coalesce":
      return emitter.step(Opcode.Coalesce, operands);
    case "cast":
      return emitCast(operands[0] as Operand, types[0] as DataType, call.type, emitter);
  }
}

function emitArithmetic(
  operator: Arithmetic,
  call: CallExpression,
  operands: readonly Operand[],
  emitter: Emitter,
): Operand {
  const opcodes = arithmetic[operator];
  if (call.type.name === "DOUBLE") return emitter.step(opcodes.double, operands);
  if (call.type.name !== "DECIMAL")
    return wrapped(emitter.step(opcodes.integer, operands), call.type, emitter);
  const { precision, scale } = call.type;
  const [left, right] = call.arguments.map(({ type }) => scaleOf(type)) as [number, number];
  const scaleMax = Math.max(left, right);
  switch (operator) {
    case "+":
    case "-":
    case "%": {
      const down = scaleMax - scale;
      const parameter = decimalParameter({
        first: scaleMax - left,
        second: scaleMax - right,
        down,
        precision,
      });
      return emitter.step(opcodes.decimal, operands, parameter);
    }
    case "*":
      return emitter.step(
        opcodes.decimal,
        operands,
        decimalParameter({ down: left + right - scale, precision }),
      );
    case "/":
      return emitter.step(
        opcodes.decimal,
        operands,
        decimalParameter({ first: scale + right - left, precision }),
      );
  }
}

function emitComparison(
  operator: Comparison,
  types: readonly DataType[],
  operands: readonly Operand[],
  emitter: Emitter,
): Operand {
  const [left, right] = types as [DataType, DataType];
  const opcodes = comparison[operator];
  if (left.name === "DOUBLE") return emitter.step(opcodes.double, operands);
  if (left.name === "STRING" || left.name === "BYTES") return emitter.step(opcodes.bytes, operands);
  const scaleMax = Math.max(scaleOf(left), scaleOf(right));
  const parameter = decimalParameter({ first: scaleMax - scaleOf(left), second: scaleMax - scaleOf(right) });
  return parameter === 0
    ? emitter.step(opcodes.integer, operands)
    : emitter.step(opcodes.decimal, operands, parameter);
}

function emitCast(operand: Operand, from: DataType, to: DataType, emitter: Emitter): Operand {
  if (to.name === "BOOLEAN") {
    const isDouble = from.name === "DOUBLE";
    const zero = emitter.literal(isDouble ? 0 : 0n, isDouble ? from : { name: "BIGINT" });
    return emitter.step(isDouble ? Opcode.NotEqualF64 : Opcode.NotEqualI64, [operand, zero]);
  }
  if (to.name === "DECIMAL") {
    const { precision, scale } = to;
    if (from.name === "DOUBLE")
      return emitter.step(Opcode.F64ToDecimal, [operand], decimalParameter({ first: scale, precision }));
    const more = scale - scaleOf(from);
    const parameter = decimalParameter({ first: Math.max(0, more), down: Math.max(0, -more), precision });
    return emitter.step(Opcode.RescaleDecimal, [operand], parameter);
  }
  if (to.name === "DOUBLE") {
    return from.name === "DECIMAL"
      ? emitter.step(Opcode.DecimalToF64, [operand], decimalParameter({ first: from.scale }))
      : emitter.step(Opcode.I64ToF64, [operand]);
  }
  assert(to.name === "INT" || to.name === "BIGINT", "bind lets through only these casts");
  if (from.name === "DOUBLE") return emitter.step(Opcode.F64ToI64, [operand], to.name === "INT" ? 32 : 64);
  if (from.name === "DECIMAL") {
    const cut = emitter.step(Opcode.DecimalToI64, [operand], decimalParameter({ first: from.scale }));
    return wrapped(cut, to, emitter);
  }
  return isExact(from) && from.name !== "INT" ? wrapped(operand, to, emitter) : operand;
}

/** INT lives in 64-bit lanes: what may have left its range wraps. */
function wrapped(operand: Operand, type: DataType, emitter: Emitter): Operand {
  return type.name === "INT" ? emitter.step(Opcode.WrapI32, [operand]) : operand;
}
