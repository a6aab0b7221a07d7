/**
 * Numbers that must keep every digit: BIGINT, INT, DECIMAL and epoch milliseconds.
 *
 * The literal is read as significand × 10^exponent with no trailing zeros in the significand, so `5.0`,
 * `1e3` and `1200e-2` are integers and `1.5` is none. What does not fit the scale or the range is a fault,
 * never rounded.
 */
import { JSON_EXPECTED_DIGIT, JSON_EXPECTED_RANGE, JSON_EXPECTED_SCALE } from "./abi";
import { isDigit, LOWER_E, MINUS, PLUS, POINT, ZERO } from "./characters";
import { fail } from "./fault";
import { tenTo } from "./numbers";

/** Exponents stay within this: far beyond any range, and sums of two do not overflow. */
const EXPONENT_MAX: i64 = 1_000_000_000_000;

let significand: u64 = 0;
let zeros: i64 = 0;
let hasOverflow: bool = false;
let exponent: i64 = 0;

/**
 * Reads a number and stores it as i64, multiplied by 10^scale; returns the address behind it, or 0.
 *
 * `min` and `max` are the bounds of what is stored.
 */
export function exactRead(at: usize, lane: usize, scale: u32, min: i64, max: i64): usize {
  significand = 0;
  zeros = 0;
  hasOverflow = false;
  const isNegative = <u32>load<u8>(at) == MINUS;
  const first = at + <usize>isNegative;
  let next = digitsAdd(first);
  if (next == first) return fail(JSON_EXPECTED_DIGIT, first);
  if (<u32>load<u8>(first) == ZERO && next > first + 1) return fail(JSON_EXPECTED_DIGIT, first);
  let places: i64 = 0;
  if (<u32>load<u8>(next) == POINT) {
    const start = next + 1;
    next = digitsAdd(start);
    if (next == start) return fail(JSON_EXPECTED_DIGIT, start);
    places = <i64>(next - start);
  }
  exponent = 0;
  if ((<u32>load<u8>(next) | 0x20) == LOWER_E) {
    next = exponentRead(next + 1);
    if (!next) return 0;
  }
  if (significand == 0) {
    store<i64>(lane, 0);
    return next;
  }
  const shift = exponent - places + zeros + <i64>scale;
  if (shift < 0) return fail(JSON_EXPECTED_SCALE, at);
  if (hasOverflow || shift > 18) return fail(JSON_EXPECTED_RANGE, at);
  const factor = tenTo(<usize>shift);
  const limit = isNegative ? <u64>(0 - min) : <u64>max;
  if (significand > limit / factor) return fail(JSON_EXPECTED_RANGE, at);
  const magnitude = <i64>(significand * factor);
  store<i64>(lane, isNegative ? 0 - magnitude : magnitude);
  return next;
}

/**
 * Takes the digits at `at` into the significand; trailing zeros wait in `zeros` until another digit
 * follows.
 */
function digitsAdd(at: usize): usize {
  while (true) {
    const digit = <u32>load<u8>(at) - ZERO;
    if (digit > 9) return at;
    at++;
    if (digit == 0) {
      zeros += i64(significand != 0);
      continue;
    }
    if (zeros > 18) hasOverflow = true;
    const factor = tenTo(<usize>min<i64>(zeros + 1, 19));
    if (significand > (u64.MAX_VALUE - 9) / factor) hasOverflow = true;
    significand = hasOverflow ? 1 : significand * factor + digit;
    zeros = 0;
  }
}

/** Reads the exponent behind its letter into `exponent`; returns the address behind it, or 0. */
function exponentRead(at: usize): usize {
  const sign = <u32>load<u8>(at);
  if (sign == PLUS || sign == MINUS) at++;
  if (!isDigit(<u32>load<u8>(at))) return fail(JSON_EXPECTED_DIGIT, at);
  let value: i64 = 0;
  while (isDigit(<u32>load<u8>(at))) {
    if (value < EXPONENT_MAX) value = value * 10 + <i64>(<u32>load<u8>(at) - ZERO);
    at++;
  }
  exponent = sign == MINUS ? 0 - value : value;
  return at;
}
