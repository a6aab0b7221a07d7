/**
 * Arithmetic and comparisons of I64 and F64 lanes, two rows at a time.
 *
 * Lanes of nulls take part (they are zero) and are cleared afterwards. I64 wraps; NaN is always the canonical
 * one, so that equal inputs give equal bytes on every machine.
 */
import {
  OP_ABSOLUTE_F64,
  OP_ABSOLUTE_I64,
  OP_ADD_F64,
  OP_ADD_I64,
  OP_CEIL_F64,
  OP_DIVIDE_F64,
  OP_EQUAL_F64,
  OP_EQUAL_I64,
  OP_FLOOR_F64,
  OP_LESS_F64,
  OP_LESS_I64,
  OP_LESS_OR_EQUAL_F64,
  OP_LESS_OR_EQUAL_I64,
  OP_MULTIPLY_F64,
  OP_MULTIPLY_I64,
  OP_NEGATE_F64,
  OP_NEGATE_I64,
  OP_NOT,
  OP_NOT_EQUAL_F64,
  OP_NOT_EQUAL_I64,
  OP_SUBTRACT_F64,
  OP_SUBTRACT_I64,
  OP_WRAP_I32,
} from "./abi";
import { first, second, target } from "./operand";

const canonicalNaN: u64 = 0x7ff8000000000000;

/**
 * target[i] = first[i] OP second[i] for vector operations; unary ones read `first` only. `op` is a constant.
 */
@inline
export function lanesApply(op: i32, rows: u32): void {
  let t = target.lanes;
  let p = first.lanes;
  let q = second.lanes;
  const pStep = first.laneStep * 2;
  const qStep = second.laneStep * 2;
  const end = t + <usize>rows * 8;
  while (t < end) {
    v128.store(t, vectorOf(op, v128.load(p), v128.load(q)));
    t += 16;
    p += pStep;
    q += qStep;
  }
}

@inline
function vectorOf(op: i32, a: v128, b: v128): v128 {
  const one = i64x2.splat(1);
  if (op == OP_ADD_I64) return i64x2.add(a, b);
  if (op == OP_SUBTRACT_I64) return i64x2.sub(a, b);
  if (op == OP_MULTIPLY_I64) return i64x2.mul(a, b);
  if (op == OP_NEGATE_I64) return i64x2.neg(a);
  if (op == OP_ABSOLUTE_I64) return i64x2.abs(a);
  if (op == OP_WRAP_I32) return i64x2.shr_s(i64x2.shl(a, 32), 32);
  if (op == OP_NOT) return v128.xor(a, one);
  if (op == OP_EQUAL_I64) return v128.and(i64x2.eq(a, b), one);
  if (op == OP_NOT_EQUAL_I64) return v128.and(i64x2.ne(a, b), one);
  if (op == OP_LESS_I64) return v128.and(i64x2.lt_s(a, b), one);
  if (op == OP_LESS_OR_EQUAL_I64) return v128.and(i64x2.le_s(a, b), one);
  if (op == OP_EQUAL_F64) return v128.and(f64x2.eq(a, b), one);
  if (op == OP_NOT_EQUAL_F64) return v128.and(f64x2.ne(a, b), one);
  if (op == OP_LESS_F64) return v128.and(f64x2.lt(a, b), one);
  if (op == OP_LESS_OR_EQUAL_F64) return v128.and(f64x2.le(a, b), one);
  if (op == OP_ADD_F64) return canonical(f64x2.add(a, b));
  if (op == OP_SUBTRACT_F64) return canonical(f64x2.sub(a, b));
  if (op == OP_MULTIPLY_F64) return canonical(f64x2.mul(a, b));
  if (op == OP_DIVIDE_F64) return canonical(f64x2.div(a, b));
  if (op == OP_NEGATE_F64) return canonical(f64x2.neg(a));
  if (op == OP_ABSOLUTE_F64) return canonical(f64x2.abs(a));
  if (op == OP_FLOOR_F64) return canonical(f64x2.floor(a));
  if (op == OP_CEIL_F64) return canonical(f64x2.ceil(a));
  return a;
}

@inline
function canonical(values: v128): v128 {
  return v128.bitselect(values, i64x2.splat(canonicalNaN), f64x2.eq(values, values));
}

/**
 * target[i] = the quotient of first[i] / second[i], cut toward zero; MIN / -1 wraps. A zero divisor makes a
 * null: the target's validity must be written before.
 */
export function divideI64(rows: u32): void {
  for (let row: usize = 0; row < rows; row++) {
    const a = load<i64>(first.lanes + row * first.laneStep);
    const b = load<i64>(second.lanes + row * second.laneStep);
    if (b == 0) store<u8>(target.validity + row, 0);
    store<i64>(target.lanes + row * 8, b == 0 ? 0 : b == -1 ? -a : a / b);
  }
}

/** target[i] = what `divideI64` leaves over, with the sign of first[i]; null as there. */
export function remainderI64(rows: u32): void {
  for (let row: usize = 0; row < rows; row++) {
    const a = load<i64>(first.lanes + row * first.laneStep);
    const b = load<i64>(second.lanes + row * second.laneStep);
    if (b == 0) store<u8>(target.validity + row, 0);
    store<i64>(target.lanes + row * 8, b == 0 || b == -1 ? 0 : a % b);
  }
}

/** target[i] = first[i] - n * second[i] with the sign of first[i], exact, as JavaScript's and Java's `%`. */
export function remainderF64(rows: u32): void {
  for (let row: usize = 0; row < rows; row++) {
    const a = load<f64>(first.lanes + row * first.laneStep);
    const b = load<f64>(second.lanes + row * second.laneStep);
    const rest = a % b;
    store<f64>(target.lanes + row * 8, rest);
    if (rest != rest) store<u64>(target.lanes + row * 8, canonicalNaN);
  }
}

/** target[i] = first[i] as the nearest F64. */
export function i64ToF64(rows: u32): void {
  for (let row: usize = 0; row < rows; row++) {
    store<f64>(target.lanes + row * 8, <f64>load<i64>(first.lanes + row * first.laneStep));
  }
}

/** target[i] = first[i] without its fraction, kept inside the range of `bits` (32 or 64); NaN is 0. */
export function f64ToI64(bits: u32, rows: u32): void {
  const low: i64 = bits == 32 ? <i64>i32.MIN_VALUE : i64.MIN_VALUE;
  const high: i64 = bits == 32 ? <i64>i32.MAX_VALUE : i64.MAX_VALUE;
  const lowBound = <f64>low;
  const highBound = <f64>high;
  for (let row: usize = 0; row < rows; row++) {
    const value = load<f64>(first.lanes + row * first.laneStep);
    let result: i64 = 0;
    if (value >= highBound) result = high;
    else if (value <= lowBound) result = low;
    else if (value == value) result = <i64>value;
    store<i64>(target.lanes + row * 8, result);
  }
}
