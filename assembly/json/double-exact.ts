/**
 * The last resort for doubles: compares the literal with the midpoints between doubles, in big integers.
 *
 * Rare and slow (microseconds), but it always answers: it starts from a guess and steps to the double whose
 * midpoints enclose the literal. 768 digits decide every midpoint between doubles; behind them it only
 * matters whether anything but zeros follows, which one more digit 1 stands for.
 *
 * A number here is words of 32 bits, lowest first, behind their count. The largest has 770 digits and a
 * shift.
 */
import { ZERO } from "./characters";
import { exactTenTo } from "./numbers";

const DIGITS_MAX: i32 = 768;
const WORDS_MAX: i32 = 250;
const NUMBER_BYTES: usize = 4 + 250 * 4;
const INFINITY_BITS: u64 = 0x7ff0000000000000;

const literal = memory.data(4 + 250 * 4, 8);
const left = memory.data(4 + 250 * 4, 8);
const right = memory.data(4 + 250 * 4, 8);
/** The literal is `literal` × 10^decimal. */
let decimal: i32 = 0;

/**
 * Returns the bits of the double nearest to the digits from `first` to `end` (a point may be among them) ×
 * 10^exponent.
 *
 * head × 10^headExponent is a value near it.
 */
export function doubleExact(first: usize, end: usize, exponent: i32, head: u64, headExponent: i32): u64 {
  literalSet(first, end, exponent);
  let bits = reinterpret<u64>(guess(head, headExponent));
  if (bits >= INFINITY_BITS) bits = INFINITY_BITS - 1;
  // Doubles of one sign are ordered as their bits: find the largest that is not above the literal.
  while (bits > 0 && compare(significandOf(bits), binaryOf(bits)) < 0) bits--;
  while (bits < INFINITY_BITS - 1 && compare(significandOf(bits + 1), binaryOf(bits + 1)) >= 0) bits++;
  const side = compare(significandOf(bits) * 2 + 1, binaryOf(bits) - 1);
  return bits + u64(side > 0 || (side == 0 && (bits & 1) == 1));
}

/** Returns number × 10^exponent, wrong by a few units in the last place. */
function guess(number: u64, exponent: i32): f64 {
  let value = <f64>number;
  for (; exponent > 0; exponent -= min(exponent, 22)) value *= exactTenTo(min(exponent, 22));
  for (; exponent < 0; exponent += min(0 - exponent, 22)) value /= exactTenTo(min(0 - exponent, 22));
  return value;
}

/** The integer m of a double m × 2^e. */
@inline
function significandOf(bits: u64): u64 {
  const fraction = bits & 0x000fffffffffffff;
  return bits >> 52 ? fraction | 0x0010000000000000 : fraction;
}

/** The exponent e of a double m × 2^e. */
@inline
function binaryOf(bits: u64): i32 {
  return <i32>max<u64>(bits >> 52, 1) - 1075;
}

/** Returns the sign of the literal - number × 2^binary. */
function compare(number: u64, binary: i32): i32 {
  memory.copy(left, literal, NUMBER_BYTES);
  store<u32>(right, 2);
  store<u64>(right, number, 4);
  // 10^n = 5^n × 2^n. What is negative goes to the other side, so that both are integers.
  if (decimal >= 0) fivesMultiply(left, decimal);
  else fivesMultiply(right, 0 - decimal);
  const shift = decimal - binary;
  if (shift >= 0) shiftLeft(left, shift);
  else shiftLeft(right, 0 - shift);
  return order();
}

function literalSet(first: usize, end: usize, exponent: i32): void {
  store<u32>(literal, 0);
  let count = 0;
  let dropped = 0;
  let isSticky = false;
  for (let at = first; at < end; at++) {
    const digit = <u32>load<u8>(at) - ZERO;
    if (digit > 9 || (count == 0 && digit == 0)) continue;
    if (count < DIGITS_MAX) {
      multiply(literal, 10, digit);
      count++;
    } else {
      dropped++;
      isSticky = isSticky || digit != 0;
    }
  }
  if (isSticky) {
    multiply(literal, 10, 1);
    dropped--;
  }
  decimal = exponent + dropped;
}

/** number = number × factor + addend. */
function multiply(number: usize, factor: u32, addend: u32): void {
  const count = load<u32>(number);
  let carry = <u64>addend;
  for (let word: u32 = 0; word < count; word++) {
    const at = number + 4 + (word << 2);
    const product = <u64>load<u32>(at) * <u64>factor + carry;
    store<u32>(at, <u32>product);
    carry = product >> 32;
  }
  if (carry) {
    assert(count < <u32>WORDS_MAX);
    store<u32>(number + 4 + (count << 2), <u32>carry);
    store<u32>(number, count + 1);
  }
}

function fivesMultiply(number: usize, exponent: i32): void {
  while (exponent >= 13) {
    multiply(number, 1220703125, 0);
    exponent -= 13;
  }
  let rest: u32 = 1;
  while (exponent-- > 0) rest *= 5;
  multiply(number, rest, 0);
}

function shiftLeft(number: usize, bits: i32): void {
  multiply(number, 1 << (bits & 31), 0);
  const words = <u32>bits >> 5;
  const count = load<u32>(number);
  if (!words || !count) return;
  assert(count + words <= <u32>WORDS_MAX);
  memory.copy(number + 4 + (words << 2), number + 4, count << 2);
  memory.fill(number + 4, 0, words << 2);
  store<u32>(number, count + words);
}

/** Returns the sign of left - right; the highest words of a number may be zero. */
function order(): i32 {
  const leftCount = load<u32>(left);
  const rightCount = load<u32>(right);
  for (let word = <i32>max(leftCount, rightCount) - 1; word >= 0; word--) {
    const one: u32 = <u32>word < leftCount ? load<u32>(left + 4 + (word << 2)) : 0;
    const other: u32 = <u32>word < rightCount ? load<u32>(right + 4 + (word << 2)) : 0;
    if (one != other) return one > other ? 1 : -1;
  }
  return 0;
}
