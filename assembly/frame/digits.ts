/**
 * Decimal digits eight at a time: strings that end in a number, such as ids, are kept as that number.
 */
const ZEROS: u64 = 0x3030303030303030;
const E8: u64 = 100000000;

/** 10^0 .. 10^18 as u64. */
const POWERS = memory.data<u64>([
  1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000,
  1000000000000, 10000000000000, 100000000000000, 1000000000000000, 10000000000000000, 100000000000000000,
  1000000000000000000,
]);

// @ts-ignore: decorator
@inline
export function powerOfTen(exponent: u32): u64 {
  return load<u64>(POWERS + (<usize>exponent << 3));
}

// @ts-ignore: decorator
@inline
export function isDigit(byte: u32): bool {
  return byte - 0x30 < 10;
}

// @ts-ignore: decorator
@inline
function areDigits(chunk: u64): bool {
  const high: u64 = 0xf0f0f0f0f0f0f0f0;
  return ((chunk & high) | (((chunk + 0x0606060606060606) & high) >> 4)) == 0x3333333333333333;
}

/** The number that eight digits spell, the first one in the lowest byte. */
// @ts-ignore: decorator
@inline
function numberOf(chunk: u64): u64 {
  const pairs = (chunk - ZEROS) * 10 + ((chunk - ZEROS) >> 8);
  return ((pairs & 0x000000ff000000ff) * 0x000f424000000064
    + ((pairs >> 16) & 0x000000ff000000ff) * 0x0000271000000001) >> 32;
}

/** The number in `length` (1..18) bytes at `pointer`, or -1 where one is no digit. Reads 8 bytes beyond. */
// @ts-ignore: decorator
@inline
export function digitsParse(pointer: usize, length: u32): i64 {
  let value: u64 = 0;
  let at = pointer;
  let rest = length;
  while (rest >= 8) {
    const chunk = load<u64>(at);
    if (!areDigits(chunk)) return -1;
    value = value * E8 + numberOf(chunk);
    at += 8;
    rest -= 8;
  }
  if (rest > 0) {
    const chunk = (load<u64>(at) << <u64>(64 - (rest << 3))) | (ZEROS >> <u64>(rest << 3));
    if (!areDigits(chunk)) return -1;
    value = value * powerOfTen(rest) + numberOf(chunk);
  }
  return <i64>value;
}

/** Eight digits of a number below 10^8, each 0..9, the first in the lowest byte. */
// @ts-ignore: decorator
@inline
function digitsOf(value: u32): u64 {
  const thousands = value / 10000;
  const merged = <u64>thousands | (<u64>(value - thousands * 10000) << 32);
  const tops = ((merged * 10486) >> 20) & 0x0000007f0000007f;
  const hundreds = ((merged - 100 * tops) << 16) + tops;
  const tens = ((hundreds * 103) >> 10) & 0x000f000f000f000f;
  return tens + ((hundreds - 10 * tens) << 8);
}

// @ts-ignore: decorator
@inline
function eightWrite(target: usize, value: u32, digits: u32): void {
  store<u64>(target, (digitsOf(value) | ZEROS) >> <u64>(64 - (digits << 3)));
}

/** Writes `value`, below 10^digits, with exactly `digits` (1..18) digits; may touch 8 bytes behind them. */
// @ts-ignore: decorator
@inline
export function digitsWrite(target: usize, value: u64, digits: u32): void {
  if (digits <= 8) eightWrite(target, <u32>value, digits);
  else digitsWriteLong(target, value, digits);
}

function digitsWriteLong(target: usize, value: u64, digits: u32): void {
  let high = value / E8;
  let highDigits = digits - 8;
  let at = target;
  if (highDigits > 8) {
    eightWrite(at, <u32>(high / E8), highDigits - 8);
    at += <usize>(highDigits - 8);
    high %= E8;
    highDigits = 8;
  }
  eightWrite(at, <u32>high, highDigits);
  eightWrite(at + <usize>highDigits, <u32>(value % E8), 8);
}

/** Returns the digits of `value`, below 10^18, without leading zeros: 1 for 0. */
// @ts-ignore: decorator
@inline
export function digitsCount(value: u64): u32 {
  if (value < E8) return 8 - (<u32>ctz<u64>(digitsOf(<u32>value) | (<u64>1 << 56)) >> 3);
  let digits: u32 = 9;
  while (digits < 18 && value >= powerOfTen(digits)) digits++;
  return digits;
}
