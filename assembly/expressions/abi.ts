/**
 * Programs of column instructions (expressions). `programRun` goes through the rows in chunks of
 * PROGRAM_CHUNK_ROWS.
 *
 * INSTRUCTION, 16 bytes: opcode u16, target, a, b, c u16 (numbers of registers; unused ones repeat a), 0 u16,
 * parameter u32.
 *
 * REGISTER, 8 bytes: pointer to its COLUMN u32, PLACE_* u32. A column holds all rows; a temporary holds the
 * rows of a chunk; a literal holds its lane twice, one after the other, and its validity 16 times.
 *
 * DECIMAL parameter: powers of ten, u8 each: first and second operand times 10^(bits 0-7), 10^(bits 8-15);
 * the result divided by 10^(bits 16-23), half away from zero; results of more than (bits 24-31) digits are
 * null. DIVIDE takes the first only: (a * 10^n) / b. Conversions between DECIMAL and DOUBLE: the scale in
 * bits 0-7.
 *
 * Opcodes lie in stored plans: never reuse one.
 */
export const PROGRAM_CHUNK_ROWS = 1024;

export const INSTRUCTION_BYTES = 16;
export const INSTRUCTION_OPCODE = 0;
export const INSTRUCTION_TARGET = 2;
export const INSTRUCTION_A = 4;
export const INSTRUCTION_B = 6;
export const INSTRUCTION_C = 8;
export const INSTRUCTION_PARAMETER = 12;

export const REGISTER_BYTES = 8;
export const REGISTER_COLUMN = 0;
export const REGISTER_PLACE = 4;

export const PLACE_COLUMN = 0;
export const PLACE_TEMPORARY = 1;
export const PLACE_LITERAL = 2;

export const OP_COPY = 1;
export const OP_SELECT = 2;
export const OP_COALESCE = 3;
export const OP_IS_NULL = 4;
export const OP_IS_NOT_NULL = 5;
export const OP_AND = 6;
export const OP_OR = 7;
export const OP_NOT = 8;

export const OP_ADD_I64 = 16;
export const OP_SUBTRACT_I64 = 17;
export const OP_MULTIPLY_I64 = 18;
export const OP_DIVIDE_I64 = 19;
export const OP_REMAINDER_I64 = 20;
export const OP_NEGATE_I64 = 21;
export const OP_ABSOLUTE_I64 = 22;
/** The low 32 bits with their sign: INT arithmetic wraps. */
export const OP_WRAP_I32 = 23;

export const OP_ADD_F64 = 32;
export const OP_SUBTRACT_F64 = 33;
export const OP_MULTIPLY_F64 = 34;
export const OP_DIVIDE_F64 = 35;
export const OP_REMAINDER_F64 = 36;
export const OP_NEGATE_F64 = 37;
export const OP_ABSOLUTE_F64 = 38;
export const OP_FLOOR_F64 = 39;
export const OP_CEIL_F64 = 40;

export const OP_ADD_DECIMAL = 48;
export const OP_SUBTRACT_DECIMAL = 49;
export const OP_MULTIPLY_DECIMAL = 50;
export const OP_DIVIDE_DECIMAL = 51;
export const OP_REMAINDER_DECIMAL = 52;
export const OP_RESCALE_DECIMAL = 53;

export const OP_I64_TO_F64 = 64;
/** Cuts the fraction, ends at the range of the parameter's bits (32 or 64), NaN is 0. */
export const OP_F64_TO_I64 = 65;
export const OP_DECIMAL_TO_I64 = 66;
export const OP_DECIMAL_TO_F64 = 67;
export const OP_F64_TO_DECIMAL = 68;

export const OP_EQUAL_I64 = 80;
export const OP_NOT_EQUAL_I64 = 81;
export const OP_LESS_I64 = 82;
export const OP_LESS_OR_EQUAL_I64 = 83;
export const OP_EQUAL_F64 = 84;
export const OP_NOT_EQUAL_F64 = 85;
export const OP_LESS_F64 = 86;
export const OP_LESS_OR_EQUAL_F64 = 87;
export const OP_EQUAL_BYTES = 88;
export const OP_NOT_EQUAL_BYTES = 89;
export const OP_LESS_BYTES = 90;
export const OP_LESS_OR_EQUAL_BYTES = 91;
export const OP_EQUAL_DECIMAL = 92;
export const OP_NOT_EQUAL_DECIMAL = 93;
export const OP_LESS_DECIMAL = 94;
export const OP_LESS_OR_EQUAL_DECIMAL = 95;
