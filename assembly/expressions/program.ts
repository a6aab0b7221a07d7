/**
 * Runs programs of column instructions (`abi.ts`), chunk by chunk, one dispatch per instruction.
 */
import {
  INSTRUCTION_A,
  INSTRUCTION_B,
  INSTRUCTION_BYTES,
  INSTRUCTION_C,
  INSTRUCTION_OPCODE,
  INSTRUCTION_PARAMETER,
  INSTRUCTION_TARGET,
  PROGRAM_CHUNK_ROWS,
  REGISTER_BYTES,
  OP_COPY,
  OP_SELECT,
  OP_COALESCE,
  OP_IS_NULL,
  OP_IS_NOT_NULL,
  OP_AND,
  OP_OR,
  OP_NOT,
  OP_ADD_I64,
  OP_SUBTRACT_I64,
  OP_MULTIPLY_I64,
  OP_DIVIDE_I64,
  OP_REMAINDER_I64,
  OP_NEGATE_I64,
  OP_ABSOLUTE_I64,
  OP_WRAP_I32,
  OP_ADD_F64,
  OP_SUBTRACT_F64,
  OP_MULTIPLY_F64,
  OP_DIVIDE_F64,
  OP_REMAINDER_F64,
  OP_NEGATE_F64,
  OP_ABSOLUTE_F64,
  OP_FLOOR_F64,
  OP_CEIL_F64,
  OP_ADD_DECIMAL,
  OP_SUBTRACT_DECIMAL,
  OP_MULTIPLY_DECIMAL,
  OP_DIVIDE_DECIMAL,
  OP_REMAINDER_DECIMAL,
  OP_RESCALE_DECIMAL,
  OP_I64_TO_F64,
  OP_F64_TO_I64,
  OP_DECIMAL_TO_I64,
  OP_DECIMAL_TO_F64,
  OP_F64_TO_DECIMAL,
  OP_EQUAL_I64,
  OP_NOT_EQUAL_I64,
  OP_LESS_I64,
  OP_LESS_OR_EQUAL_I64,
  OP_EQUAL_F64,
  OP_NOT_EQUAL_F64,
  OP_LESS_F64,
  OP_LESS_OR_EQUAL_F64,
  OP_EQUAL_BYTES,
  OP_NOT_EQUAL_BYTES,
  OP_LESS_BYTES,
  OP_LESS_OR_EQUAL_BYTES,
  OP_EQUAL_DECIMAL,
  OP_NOT_EQUAL_DECIMAL,
  OP_LESS_DECIMAL,
  OP_LESS_OR_EQUAL_DECIMAL,
} from "./abi";
import { divideI64, f64ToI64, i64ToF64, lanesApply, remainderF64, remainderI64 } from "./arithmetic";
import {
  decimalAdd,
  decimalCompare,
  decimalDivide,
  decimalMultiply,
  decimalRemainder,
  decimalRescale,
  decimalToF64,
  decimalToI64,
  f64ToDecimal,
} from "./decimal";
import { bytesCompare, choose, coalesce, isNull, logicalAnd, logicalOr } from "./logic";
import {
  first,
  operandSet,
  second,
  target,
  targetFinish,
  targetNulls,
  third,
  validityOfBoth,
  validityOfBothAlways,
  validityOfFirst,
} from "./operand";

/**
 * Runs `count` INSTRUCTIONs over the rows 0..rows-1 of `registers` (REGISTER by number).
 *
 * Columns that are targets have room for the rows, rounded up to even, and for 16 more bytes of validity;
 * their null counts are those of all rows afterwards. A target is never an operand of its instruction.
 */
export function programRun(instructions: usize, count: u32, registers: usize, rows: u32): void {
  const end = instructions + <usize>count * INSTRUCTION_BYTES;
  for (let base: u32 = 0; base < rows; base += PROGRAM_CHUNK_ROWS) {
    const chunkRows = min<u32>(PROGRAM_CHUNK_ROWS, rows - base);
    for (let instruction = instructions; instruction < end; instruction += INSTRUCTION_BYTES) {
      operandSet(target, registerAt(registers, load<u16>(instruction, INSTRUCTION_TARGET)), base);
      operandSet(first, registerAt(registers, load<u16>(instruction, INSTRUCTION_A)), base);
      operandSet(second, registerAt(registers, load<u16>(instruction, INSTRUCTION_B)), base);
      operandSet(third, registerAt(registers, load<u16>(instruction, INSTRUCTION_C)), base);
      const opcode = <i32>load<u16>(instruction, INSTRUCTION_OPCODE);
      const parameter = load<u32>(instruction, INSTRUCTION_PARAMETER);
      const isLogic = opcode < OP_ADD_I64;
      const nulls = isLogic ? applyLogic(opcode, chunkRows) : apply(opcode, parameter, chunkRows);
      targetFinish(nulls, chunkRows, base);
    }
  }
}

@inline
function registerAt(registers: usize, number: u16): usize {
  return registers + <usize>number * REGISTER_BYTES;
}

/** Instructions with rules of their own for nulls. Returns the target's nulls. */
function applyLogic(opcode: i32, rows: u32): u32 {
  switch (opcode) {
    case OP_COPY: {
      lanesApply(OP_COPY, rows);
      return validityOfFirst(rows);
    }
    case OP_SELECT:
      return choose(rows);
    case OP_COALESCE:
      return coalesce(rows);
    case OP_IS_NULL: {
      isNull(1, rows);
      return 0;
    }
    case OP_IS_NOT_NULL: {
      isNull(0, rows);
      return 0;
    }
    case OP_AND:
      return logicalAnd(rows);
    case OP_OR:
      return logicalOr(rows);
    default: {
      assert(opcode == OP_NOT);
      lanesApply(OP_NOT, rows);
      return validityOfFirst(rows);
    }
  }
}

/**
 * Instructions whose result is null where an operand is, and some that make nulls. Returns the target's
 * nulls.
 */
function apply(opcode: i32, parameter: u32, rows: u32): u32 {
  if (isPartial(opcode)) {
    validityOfBothAlways(rows);
    applyPartial(opcode, parameter, rows);
    return targetNulls(rows);
  }
  if (opcode >= OP_EQUAL_I64) applyComparison(opcode, parameter, rows);
  else applyTotal(opcode, parameter, rows);
  return validityOfBoth(rows);
}

/** True for instructions that can make a null from operands that are not. */
@inline
function isPartial(opcode: i32): bool {
  return (
    (opcode >= OP_ADD_DECIMAL && opcode <= OP_RESCALE_DECIMAL) ||
    opcode == OP_DIVIDE_I64 ||
    opcode == OP_REMAINDER_I64 ||
    opcode == OP_F64_TO_DECIMAL
  );
}

function applyPartial(opcode: i32, parameter: u32, rows: u32): void {
  switch (opcode) {
    case OP_DIVIDE_I64: return divideI64(rows);
    case OP_REMAINDER_I64: return remainderI64(rows);
    case OP_ADD_DECIMAL: return decimalAdd(OP_ADD_DECIMAL, parameter, rows);
    case OP_SUBTRACT_DECIMAL: return decimalAdd(OP_SUBTRACT_DECIMAL, parameter, rows);
    case OP_MULTIPLY_DECIMAL: return decimalMultiply(parameter, rows);
    case OP_DIVIDE_DECIMAL: return decimalDivide(parameter, rows);
    case OP_REMAINDER_DECIMAL: return decimalRemainder(parameter, rows);
    case OP_RESCALE_DECIMAL: return decimalRescale(parameter, rows);
    default: return f64ToDecimal(parameter, rows);
  }
}

function applyTotal(opcode: i32, parameter: u32, rows: u32): void {
  switch (opcode) {
    case OP_ADD_I64: return lanesApply(OP_ADD_I64, rows);
    case OP_SUBTRACT_I64: return lanesApply(OP_SUBTRACT_I64, rows);
    case OP_MULTIPLY_I64: return lanesApply(OP_MULTIPLY_I64, rows);
    case OP_NEGATE_I64: return lanesApply(OP_NEGATE_I64, rows);
    case OP_ABSOLUTE_I64: return lanesApply(OP_ABSOLUTE_I64, rows);
    case OP_WRAP_I32: return lanesApply(OP_WRAP_I32, rows);
    case OP_ADD_F64: return lanesApply(OP_ADD_F64, rows);
    case OP_SUBTRACT_F64: return lanesApply(OP_SUBTRACT_F64, rows);
    case OP_MULTIPLY_F64: return lanesApply(OP_MULTIPLY_F64, rows);
    case OP_DIVIDE_F64: return lanesApply(OP_DIVIDE_F64, rows);
    case OP_REMAINDER_F64: return remainderF64(rows);
    case OP_NEGATE_F64: return lanesApply(OP_NEGATE_F64, rows);
    case OP_ABSOLUTE_F64: return lanesApply(OP_ABSOLUTE_F64, rows);
    case OP_FLOOR_F64: return lanesApply(OP_FLOOR_F64, rows);
    case OP_CEIL_F64: return lanesApply(OP_CEIL_F64, rows);
    case OP_I64_TO_F64: return i64ToF64(rows);
    case OP_F64_TO_I64: return f64ToI64(parameter, rows);
    case OP_DECIMAL_TO_I64: return decimalToI64(parameter, rows);
    default: {
      assert(opcode == OP_DECIMAL_TO_F64);
      return decimalToF64(parameter, rows);
    }
  }
}

function applyComparison(opcode: i32, parameter: u32, rows: u32): void {
  switch (opcode) {
    case OP_EQUAL_I64: return lanesApply(OP_EQUAL_I64, rows);
    case OP_NOT_EQUAL_I64: return lanesApply(OP_NOT_EQUAL_I64, rows);
    case OP_LESS_I64: return lanesApply(OP_LESS_I64, rows);
    case OP_LESS_OR_EQUAL_I64: return lanesApply(OP_LESS_OR_EQUAL_I64, rows);
    case OP_EQUAL_F64: return lanesApply(OP_EQUAL_F64, rows);
    case OP_NOT_EQUAL_F64: return lanesApply(OP_NOT_EQUAL_F64, rows);
    case OP_LESS_F64: return lanesApply(OP_LESS_F64, rows);
    case OP_LESS_OR_EQUAL_F64: return lanesApply(OP_LESS_OR_EQUAL_F64, rows);
    case OP_EQUAL_BYTES: return bytesCompare(OP_EQUAL_BYTES, rows);
    case OP_NOT_EQUAL_BYTES: return bytesCompare(OP_NOT_EQUAL_BYTES, rows);
    case OP_LESS_BYTES: return bytesCompare(OP_LESS_BYTES, rows);
    case OP_LESS_OR_EQUAL_BYTES: return bytesCompare(OP_LESS_OR_EQUAL_BYTES, rows);
    case OP_EQUAL_DECIMAL: return decimalCompare(OP_EQUAL_DECIMAL, parameter, rows);
    case OP_NOT_EQUAL_DECIMAL: return decimalCompare(OP_NOT_EQUAL_DECIMAL, parameter, rows);
    case OP_LESS_DECIMAL: return decimalCompare(OP_LESS_DECIMAL, parameter, rows);
    default: {
      assert(opcode == OP_LESS_OR_EQUAL_DECIMAL);
      return decimalCompare(OP_LESS_OR_EQUAL_DECIMAL, parameter, rows);
    }
  }
}
