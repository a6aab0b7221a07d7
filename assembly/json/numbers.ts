/**
 * JSON numbers: the plain ones, eight digits at a time, and the check of their grammar.
 *
 * The plain readers return 0 for anything they leave to the exact ones (`exact.ts`, `double.ts`): many
 * digits, exponents, a leading zero, no digit at all. They never accept what the grammar forbids.
 */
import { JSON_EXPECTED_DIGIT } from "./abi";
import { isDigit, isNumberTail, LOWER_E, MINUS, PLUS, POINT, ZERO } from "./characters";
import { fail } from "./fault";

const ZEROS: u64 = 0x3030303030303030;

/** 10^0 to 10^19. */
const tens = memory.data<u64>([
  1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000,
  1000000000000, 10000000000000, 100000000000000, 1000000000000000, 10000000000000000, 100000000000000000,
  1000000000000000000, 10000000000000000000,
]);

/** 10^0 to 10^22: the powers of ten that a double holds exactly. */
const exactTens = memory.data<f64>([
  1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
  1e19, 1e20, 1e21, 1e22,
]);

@inline
export function tenTo(exponent: usize): u64 {
  return load<u64>(tens + (exponent << 3));
}

@inline
export function exactTenTo(exponent: usize): f64 {
  return load<f64>(exactTens + (exponent << 3));
}

/** Returns eight bytes of text with the digits as their values and every other byte above 9. */
@inline
export function digitsLoad(at: usize): u64 {
  return load<u64>(at) ^ ZEROS;
}

/** Returns how many of the eight bytes, from the first on, are digits. */
@inline
export function digitCount(digits: u64): usize {
  // Adding 0x76 carries into the high bit from 10 on. A carry out of a byte only spoils the bytes behind it.
  return <usize>(ctz((digits | (digits + 0x7676767676767676)) & 0x8080808080808080) >> 3);
}

/** Returns the number that eight digit values make; zero bytes in front are leading zeros. */
@inline
export function digitsValue(digits: u64): u64 {
  const pairs = digits * 10 + (digits >> 8);
  return (
    ((pairs & 0x000000ff000000ff) * 0x000f424000000064 +
      ((pairs >> 16) & 0x000000ff000000ff) * 0x0000271000000001) >> 32
  );
}

/** Drops the bytes behind the first `count` (1 to 8) and puts zeros in front. */
@inline
function digitsTake(digits: u64, count: usize): u64 {
  return digits << (64 - (<u64>count << 3));
}

/** As `digitsTake`, for 0 to 7: a shift by 64 would be a shift by 0. */
@inline
function digitsTakeFew(digits: u64, count: usize): u64 {
  return (digits << (56 - (<u64>count << 3))) << 8;
}

/** Reads an integer of at most 15 digits and stores it as i64; returns the address behind it, or 0. */
@inline
export function plainIntegerRead(at: usize, lane: usize): usize {
  const isNegative = <u32>load<u8>(at) == MINUS;
  let next = at + <usize>isNegative;
  const head = digitsLoad(next);
  const headCount = digitCount(head);
  let value: u64;
  if (headCount == 8) {
    const tail = digitsLoad(next + 8);
    const tailCount = digitCount(tail);
    if (tailCount == 8) return 0;
    value = digitsValue(head) * tenTo(tailCount) + digitsValue(digitsTakeFew(tail, tailCount));
    next += 8 + tailCount;
  } else {
    if (headCount == 0) return 0;
    value = digitsValue(digitsTake(head, headCount));
    next += headCount;
  }
  if ((<u32>head & 0xff) == 0 && (headCount > 1)) return 0;
  if (isNumberTail(<u32>load<u8>(next))) return 0;
  store<i64>(lane, isNegative ? 0 - <i64>value : <i64>value);
  return next;
}

/** Reads at most 7 digits, a point and 7 more, and stores an f64; returns the address behind it, or 0. */
@inline
export function plainDoubleRead(at: usize, lane: usize): usize {
  const isNegative = <u32>load<u8>(at) == MINUS;
  let next = at + <usize>isNegative;
  const head = digitsLoad(next);
  const headCount = digitCount(head);
  if (headCount - 1 > 6) return 0;
  if ((<u32>head & 0xff) == 0 && headCount > 1) return 0;
  next += headCount;
  let value: f64;
  let byte = <u32>load<u8>(next);
  if (byte == POINT) {
    const tail = digitsLoad(next + 1);
    const tailCount = digitCount(tail);
    if (tailCount - 1 > 6) return 0;
    const mantissa =
      digitsValue(digitsTake(head, headCount)) * tenTo(tailCount) + digitsValue(digitsTake(tail, tailCount));
    // Both are exact, so the one division rounds to the nearest double.
    value = <f64><i64>mantissa / exactTenTo(tailCount);
    next += 1 + tailCount;
    byte = <u32>load<u8>(next);
  } else {
    value = <f64><i64>digitsValue(digitsTake(head, headCount));
  }
  if ((byte | 0x20) == LOWER_E) return 0;
  store<f64>(lane, isNegative ? -value : value);
  return next;
}

/** Checks a number's grammar; returns the address behind it, or 0. */
@inline
export function numberSkip(at: usize): usize {
  let next = at + <usize>(<u32>load<u8>(at) == MINUS);
  const head = digitsLoad(next);
  const headCount = digitCount(head);
  if (headCount - 1 > 6 || ((<u32>head & 0xff) == 0 && headCount > 1)) return numberSkipLong(next);
  next += headCount;
  return isNumberTail(<u32>load<u8>(next)) ? numberSkipTail(next) : next;
}

function numberSkipLong(at: usize): usize {
  const first = <u32>load<u8>(at);
  if (!isDigit(first)) return fail(JSON_EXPECTED_DIGIT, at);
  // A digit behind a leading zero is left for the caller to stumble over.
  return numberSkipTail(first == ZERO ? at + 1 : digitsSkip(at + 1));
}

function numberSkipTail(at: usize): usize {
  if (<u32>load<u8>(at) == POINT) {
    if (!isDigit(<u32>load<u8>(at, 1))) return fail(JSON_EXPECTED_DIGIT, at + 1);
    at = digitsSkip(at + 2);
  }
  if ((<u32>load<u8>(at) | 0x20) == LOWER_E) {
    at++;
    const sign = <u32>load<u8>(at);
    if (sign == PLUS || sign == MINUS) at++;
    if (!isDigit(<u32>load<u8>(at))) return fail(JSON_EXPECTED_DIGIT, at);
    at = digitsSkip(at + 1);
  }
  return at;
}

function digitsSkip(at: usize): usize {
  while (true) {
    const count = digitCount(digitsLoad(at));
    at += count;
    if (count < 8) return at;
  }
}
