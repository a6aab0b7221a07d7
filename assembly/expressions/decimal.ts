/**
 * DECIMAL arithmetic: exact on unscaled integers, rounded once at the end, half away from zero.
 *
 * The parameter's four bytes are described in `abi.ts`. A result of more digits than its type has is
 * null: the target's validity must be written before. Values are below 10^18 in magnitude (a BIGINT operand
 * below 2^63), so 128 bits hold everything between.
 */
import { OP_ADD_DECIMAL, OP_EQUAL_DECIMAL, OP_LESS_DECIMAL, OP_NOT_EQUAL_DECIMAL } from "./abi";
import { first, second, target } from "./operand";
import { divideWide, multiplyWide, powerOfTen, remainderWide, wideHigh, wideRemainder } from "./wide";

/** Sums and differences below this in magnitude are calculated in 64 bits. */
const narrowMax: u64 = 1 << 62;

/** target[i] = (first[i] * 10^x ± second[i] * 10^y) / 10^z. `op` is a constant. */
@inline
export function decimalAdd(op: i32, parameter: u32, rows: u32): void {
  const aFactor = powerOfTen(parameter & 0xff);
  const bFactor = powerOfTen((parameter >> 8) & 0xff);
  const divisor = powerOfTen((parameter >> 16) & 0xff);
  const limit = powerOfTen(parameter >> 24);
  const aNarrowMax = narrowMax / 2 / aFactor;
  const bNarrowMax = narrowMax / 2 / bFactor;
  for (let row: usize = 0; row < rows; row++) {
    const a = load<i64>(first.lanes + row * first.laneStep);
    const b = load<i64>(second.lanes + row * second.laneStep);
    if (magnitude(a) <= aNarrowMax && magnitude(b) <= bNarrowMax) {
      const right = b * <i64>bFactor;
      const sum = a * <i64>aFactor + (op == OP_ADD_DECIMAL ? right : -right);
      putRounded(row, sum < 0, 0, magnitude(sum), divisor, limit);
      continue;
    }
    const aLow = multiplyWide(magnitude(a), aFactor);
    const aHigh = wideHigh;
    const bLow = multiplyWide(magnitude(b), bFactor);
    const bHigh = wideHigh;
    const isRightNegative = (b < 0) == (op == OP_ADD_DECIMAL);
    if ((a < 0) == isRightNegative) {
      const low = aLow + bLow;
      putRounded(row, a < 0, aHigh + bHigh + (low < aLow ? 1 : 0), low, divisor, limit);
    } else if (aHigh > bHigh || (aHigh == bHigh && aLow >= bLow)) {
      putRounded(row, a < 0, aHigh - bHigh - (aLow < bLow ? 1 : 0), aLow - bLow, divisor, limit);
    } else {
      putRounded(row, isRightNegative, bHigh - aHigh - (bLow < aLow ? 1 : 0), bLow - aLow, divisor, limit);
    }
  }
}

/** target[i] = first[i] * second[i] / 10^z. */
export function decimalMultiply(parameter: u32, rows: u32): void {
  const divisor = powerOfTen((parameter >> 16) & 0xff);
  const limit = powerOfTen(parameter >> 24);
  for (let row: usize = 0; row < rows; row++) {
    const a = load<i64>(first.lanes + row * first.laneStep);
    const b = load<i64>(second.lanes + row * second.laneStep);
    const low = multiplyWide(magnitude(a), magnitude(b));
    putRounded(row, (a < 0) != (b < 0), wideHigh, low, divisor, limit);
  }
}

/** target[i] = first[i] * 10^x / second[i]; x is at most 36. Null where second[i] is zero. */
export function decimalDivide(parameter: u32, rows: u32): void {
  const exponent = parameter & 0xff;
  const factor = powerOfTen(min(exponent, 18));
  const more = powerOfTen(exponent > 18 ? exponent - 18 : 0);
  const limit = powerOfTen(parameter >> 24);
  for (let row: usize = 0; row < rows; row++) {
    const a = load<i64>(first.lanes + row * first.laneStep);
    const b = load<i64>(second.lanes + row * second.laneStep);
    let low = multiplyWide(magnitude(a), factor);
    let high = wideHigh;
    if (more > 1) {
      // A product beyond 128 bits is beyond 10^18 times any divisor: `high` then exceeds it and the result is
      // null.
      const upper = multiplyWide(high, more);
      const isBeyond = wideHigh != 0;
      low = multiplyWide(low, more);
      high = wideHigh + upper;
      if (isBeyond || high < upper) high = u64.MAX_VALUE;
    }
    if (b == 0) putNull(row);
    else putRounded(row, (a < 0) != (b < 0), high, low, magnitude(b), limit);
  }
}

/**
 * target[i] = (first[i] * 10^x) modulo (second[i] * 10^y), with the sign of first[i]. Null where that is
 * zero.
 */
export function decimalRemainder(parameter: u32, rows: u32): void {
  const aFactor = powerOfTen(parameter & 0xff);
  const bFactor = powerOfTen((parameter >> 8) & 0xff);
  const limit = powerOfTen(parameter >> 24);
  for (let row: usize = 0; row < rows; row++) {
    const a = load<i64>(first.lanes + row * first.laneStep);
    const b = load<i64>(second.lanes + row * second.laneStep);
    if (b == 0) {
      putNull(row);
      continue;
    }
    const aLow = multiplyWide(magnitude(a), aFactor);
    const aHigh = wideHigh;
    const bLow = multiplyWide(magnitude(b), bFactor);
    const bHigh = wideHigh;
    if (aHigh == 0 && bHigh == 0) putRounded(row, a < 0, 0, aLow % bLow, 1, limit);
    else {
      const low = remainderWide(aHigh, aLow, bHigh, bLow);
      putRounded(row, a < 0, wideHigh, low, 1, limit);
    }
  }
}

/** target[i] = first[i] * 10^x / 10^z. */
export function decimalRescale(parameter: u32, rows: u32): void {
  const factor = powerOfTen(parameter & 0xff);
  const divisor = powerOfTen((parameter >> 16) & 0xff);
  const limit = powerOfTen(parameter >> 24);
  for (let row: usize = 0; row < rows; row++) {
    const a = load<i64>(first.lanes + row * first.laneStep);
    const low = multiplyWide(magnitude(a), factor);
    putRounded(row, a < 0, wideHigh, low, divisor, limit);
  }
}

/** target[i] = first[i] * 10^x OP second[i] * 10^y. `op` is a constant. */
@inline
export function decimalCompare(op: i32, parameter: u32, rows: u32): void {
  const aFactor = powerOfTen(parameter & 0xff);
  const bFactor = powerOfTen((parameter >> 8) & 0xff);
  for (let row: usize = 0; row < rows; row++) {
    const a = load<i64>(first.lanes + row * first.laneStep);
    const b = load<i64>(second.lanes + row * second.laneStep);
    const order = scaledOrder(a, aFactor, b, bFactor);
    let result: bool;
    if (op == OP_EQUAL_DECIMAL) result = order == 0;
    else if (op == OP_NOT_EQUAL_DECIMAL) result = order != 0;
    else if (op == OP_LESS_DECIMAL) result = order < 0;
    else result = order <= 0;
    store<i64>(target.lanes + row * 8, <i64>result);
  }
}

/** target[i] = first[i] without its x digits after the point. */
export function decimalToI64(parameter: u32, rows: u32): void {
  const divisor = <i64>powerOfTen(parameter & 0xff);
  for (let row: usize = 0; row < rows; row++) {
    store<i64>(target.lanes + row * 8, load<i64>(first.lanes + row * first.laneStep) / divisor);
  }
}

/** target[i] = the F64 nearest to first[i] / 10^x. */
export function decimalToF64(parameter: u32, rows: u32): void {
  const divisor = powerOfTen(parameter & 0xff);
  const divisorShift = clz<u64>(divisor);
  for (let row: usize = 0; row < rows; row++) {
    const value = load<i64>(first.lanes + row * first.laneStep);
    const digits = magnitude(value);
    let result: f64;
    if (digits < 1 << 53) result = <f64>digits / <f64>divisor;
    else {
      // Both normalized to 64 bits, so that the quotient keeps 63 or 64; what is left over only breaks ties.
      const shift = clz<u64>(digits);
      const numerator = digits << shift;
      const quotient = divideWide(numerator >> 1, numerator << 63, divisor << divisorShift);
      const sticky: u64 = wideRemainder != 0 ? 1 : 0;
      const exponent = <i64>divisorShift - <i64>shift - 63;
      result = <f64>(quotient | sticky) * reinterpret<f64>((1023 + exponent) << 52);
    }
    store<f64>(target.lanes + row * 8, value < 0 ? -result : result);
  }
}

/** target[i] = the exact value of first[i] * 10^x; null for NaN, an infinity and what does not fit. */
export function f64ToDecimal(parameter: u32, rows: u32): void {
  const factor = powerOfTen(parameter & 0xff);
  const limit = powerOfTen(parameter >> 24);
  for (let row: usize = 0; row < rows; row++) {
    const bits = load<u64>(first.lanes + row * first.laneStep);
    const biased = <i32>((bits >> 52) & 0x7ff);
    const mantissa = (bits & 0xfffffffffffff) | (biased == 0 ? 0 : 1 << 52);
    // The value is mantissa * 2^exponent, below 2^63 * 2^53 once multiplied by the factor.
    const exponent = max(biased, 1) - 1075;
    if (exponent > 10) {
      putNull(row);
      continue;
    }
    let low = multiplyWide(mantissa, factor);
    let high = wideHigh;
    if (exponent > 0) {
      high = (high << exponent) | (low >> (64 - exponent));
      low <<= exponent;
      putRounded(row, bits >> 63 != 0, high, low, 1, limit);
    } else {
      shiftRightRounded(row, bits >> 63 != 0, high, low, -exponent, limit);
    }
  }
}

/** Puts ±(high, low) / 2^shift, half away from zero. */
function shiftRightRounded(row: usize, isNegative: bool, high: u64, low: u64, shift: i32, limit: u64): void {
  if (shift == 0) return putRounded(row, isNegative, high, low, 1, limit);
  if (shift > 127) return putRounded(row, isNegative, 0, 0, 1, limit);
  const below = shift - 1;
  const half: u64 = below >= 64 ? (high >> (below - 64)) & 1 : (low >> below) & 1;
  if (shift >= 64) {
    low = shift == 64 ? high : high >> (shift - 64);
    high = 0;
  } else {
    low = (low >> shift) | (high << (64 - shift));
    high >>= shift;
  }
  const rounded = low + half;
  putRounded(row, isNegative, high + (rounded < low ? 1 : 0), rounded, 1, limit);
}

/** Puts ±(high, low) / divisor, half away from zero; null where that reaches `limit`. */
@inline
function putRounded(row: usize, isNegative: bool, high: u64, low: u64, divisor: u64, limit: u64): void {
  let quotient = low;
  if (divisor > 1) {
    if (high >= divisor) return putNull(row);
    quotient = divideWide(high, low, divisor);
    if (quotient >= limit) return putNull(row);
    quotient += wideRemainder >= divisor - wideRemainder ? 1 : 0;
  } else if (high > 0) return putNull(row);
  if (quotient >= limit) return putNull(row);
  store<i64>(target.lanes + row * 8, isNegative ? -(<i64>quotient) : <i64>quotient);
}

@inline
function putNull(row: usize): void {
  store<u8>(target.validity + row, 0);
}

@inline
function magnitude(value: i64): u64 {
  return <u64>(value < 0 ? -value : value);
}

/** Below, at or above zero as a * aFactor is less than, equals or is greater than b * bFactor. */
function scaledOrder(a: i64, aFactor: u64, b: i64, bFactor: u64): i32 {
  if ((a < 0) != (b < 0)) return a < 0 ? -1 : 1;
  const aLow = multiplyWide(magnitude(a), aFactor);
  const aHigh = wideHigh;
  const bLow = multiplyWide(magnitude(b), bFactor);
  const bHigh = wideHigh;
  if (aHigh == bHigh && aLow == bLow) return 0;
  const isBelow = aHigh < bHigh || (aHigh == bHigh && aLow < bLow);
  return isBelow == (a >= 0) ? -1 : 1;
}
