/**
 * Doubles: the nearest one to the literal, ties to even, as JSON.parse gives.
 *
 * Three ways, each exact where it answers: one division or multiplication where both operands are exact
 * (Clinger); the 128-bit product of Eisel and Lemire; and for what that cannot decide, big integers
 * (`double-exact.ts`).
 */
import { JSON_EXPECTED_DIGIT, JSON_EXPECTED_RANGE } from "./abi";
import { isDigit, LOWER_E, MINUS, PLUS, POINT, ZERO } from "./characters";
import { doubleExact } from "./double-exact";
import { fail } from "./fault";
import { digitCount, digitsLoad, digitsValue, exactTenTo, plainDoubleRead } from "./numbers";
import { powerOfTen } from "./powers";

const INFINITY_BITS: u64 = 0x7ff0000000000000;
/** What `eiselLemire` returns where the product does not decide. */
const UNDECIDED: u64 = u64.MAX_VALUE;
const DIGITS_MAX: i32 = 19;

let significand: u64 = 0;
/** Digits from the first that is not zero on. */
let digits: i32 = 0;
let places: i32 = 0;

/** Reads a number and stores it as f64; returns the address behind it, or 0. Infinity is out of range. */
@inline
export function doubleRead(at: usize, lane: usize): usize {
  const next = plainDoubleRead(at, lane);
  return next ? next : doubleReadAny(at, lane);
}

function doubleReadAny(at: usize, lane: usize): usize {
  const isNegative = <u32>load<u8>(at) == MINUS;
  const first = at + <usize>isNegative;
  significand = 0;
  digits = 0;
  places = 0;
  let next = first;
  const lead = <u32>load<u8>(first);
  if (lead == ZERO) next++;
  else next = digitsAdd(first);
  const isLeadingZero = lead == ZERO && isDigit(<u32>load<u8>(next));
  if (next == first || isLeadingZero) return fail(JSON_EXPECTED_DIGIT, first);
  if (<u32>load<u8>(next) == POINT) {
    const start = next + 1;
    next = digitsAdd(start);
    if (next == start) return fail(JSON_EXPECTED_DIGIT, start);
    places = <i32>(next - start);
  }
  const numberEnd = next;
  let exponent = 0;
  if ((<u32>load<u8>(next) | 0x20) == LOWER_E) {
    next++;
    const sign = <u32>load<u8>(next);
    if (sign == PLUS || sign == MINUS) next++;
    if (!isDigit(<u32>load<u8>(next))) return fail(JSON_EXPECTED_DIGIT, next);
    while (isDigit(<u32>load<u8>(next))) {
      if (exponent < 100_000_000) exponent = exponent * 10 + <i32>(<u32>load<u8>(next) - ZERO);
      next++;
    }
    if (sign == MINUS) exponent = 0 - exponent;
  }
  const bits = digits == 0 ? 0 : nearest(first, numberEnd, exponent - places);
  if (bits == INFINITY_BITS) return fail(JSON_EXPECTED_RANGE, at);
  store<u64>(lane, isNegative ? bits | 0x8000000000000000 : bits);
  return next;
}

/**
 * Takes the digits at `at` into the significand, which wraps beyond 19 of them; leading zeros do not count.
 */
function digitsAdd(at: usize): usize {
  while (significand == 0 && <u32>load<u8>(at) == ZERO) at++;
  while (true) {
    const head = digitsLoad(at);
    const count = digitCount(head);
    if (count < 8) {
      for (let index: usize = 0; index < count; index++) {
        significand = significand * 10 + <u64>(load<u8>(at + index) - <u8>ZERO);
      }
      digits += <i32>count;
      return at + count;
    }
    significand = significand * 100_000_000 + digitsValue(head);
    digits += 8;
    at += 8;
  }
}

/**
 * Returns the bits of the double nearest to significand × 10^exponent; the digits lie from `first` to
 * `end`.
 */
function nearest(first: usize, end: usize, exponent: i32): u64 {
  // The value lies in 10^(magnitude - 1) to 10^magnitude.
  const magnitude = digits + exponent;
  if (magnitude > 310) return INFINITY_BITS;
  if (magnitude < -323) return 0;
  if (digits <= DIGITS_MAX) {
    if (exponent >= -22 && exponent <= 22 && significand <= 9007199254740992) {
      const value = <f64><i64>significand;
      const result = exponent < 0 ? value / exactTenTo(-exponent) : value * exactTenTo(exponent);
      return reinterpret<u64>(result);
    }
    const bits = eiselLemire(significand, exponent);
    return bits == UNDECIDED ? doubleExact(first, end, exponent, significand, exponent) : bits;
  }
  // The true significand lies between the first 19 digits and the next number: where both round alike, so
  // does it.
  const head = headOf(first);
  const headExponent = magnitude - DIGITS_MAX;
  const low = eiselLemire(head, headExponent);
  if (low == UNDECIDED || low != eiselLemire(head + 1, headExponent)) {
    return doubleExact(first, end, exponent, head, headExponent);
  }
  return low;
}

/** Returns the first 19 digits, from the first that is not zero on, as a number. */
function headOf(at: usize): u64 {
  let head: u64 = 0;
  for (let count = 0; count < DIGITS_MAX; at++) {
    const digit = <u32>load<u8>(at) - ZERO;
    if (digit > 9 || (count == 0 && digit == 0)) continue;
    head = head * 10 + digit;
    count++;
  }
  return head;
}

/** Returns the bits of the double nearest to number × 10^exponent, UNDECIDED where 128 bits do not tell. */
function eiselLemire(number: u64, exponent: i32): u64 {
  if (exponent < -342 || exponent > 308) return UNDECIDED;
  const power = powerOfTen(exponent);
  const zeros = clz(number);
  const factor = number << zeros;
  let low = factor * load<u64>(power, 8);
  let high = multiplyHigh(factor, load<u64>(power, 8));
  if ((high & 0x1ff) == 0x1ff && low + factor < factor) {
    const lowest = factor * load<u64>(power);
    const carried = low + multiplyHigh(factor, load<u64>(power));
    if (carried < low) high++;
    low = carried;
    if ((high & 0x1ff) == 0x1ff && low == u64.MAX_VALUE && lowest + factor < factor) return UNDECIDED;
  }
  const top = high >> 63;
  let mantissa = high >> (top + 9);
  // Halfway between two doubles as far as the product tells: the bits it lacks decide.
  if (low == 0 && (high & 0x1ff) == 0 && (mantissa & 3) == 1) return UNDECIDED;
  mantissa += mantissa & 1;
  mantissa >>= 1;
  // floor(exponent × log2(10)), exact in this range.
  let binary = ((<i64>exponent * 217706) >> 16) + 64 + 1023 - <i64>zeros - <i64>(1 ^ top);
  if (mantissa >> 53) {
    mantissa >>= 1;
    binary++;
  }
  // Subnormal doubles have fewer bits, and overflow is for the exact way to tell.
  if (binary < 1 || binary > 2046) return UNDECIDED;
  return (<u64>binary << 52) | (mantissa & 0x000fffffffffffff);
}

/** Returns the upper half of the 128-bit product. */
function multiplyHigh(left: u64, right: u64): u64 {
  const leftLow = left & 0xffffffff;
  const leftHigh = left >> 32;
  const rightLow = right & 0xffffffff;
  const rightHigh = right >> 32;
  const lowest = leftLow * rightLow;
  const middle = leftHigh * rightLow + (lowest >> 32);
  const other = leftLow * rightHigh + (middle & 0xffffffff);
  return leftHigh * rightHigh + (middle >> 32) + (other >> 32);
}
