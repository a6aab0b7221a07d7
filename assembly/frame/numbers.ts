/**
 * Strings to numbers, the fast way: at least 4 of one prefix of at most 8 bytes and 1 to 8 digits each.
 *
 * Prefix and length are guessed from the first value and hold for all, or the guess is off and the caller
 * takes the slow way: `strings-write.ts` finds the same prefix and the same numbers there.
 *
 *   values   BYTES lane[count]  without nulls; reads up to 16 bytes behind a value
 *   numbers  u32[count]         written, and up to 16 bytes behind them
 */
import { isDigit } from "./digits";

const ZEROS: u64 = 0x3030303030303030;
const HIGH_BITS: u64 = 0x8080808080808080;
const SHORT_BYTES: u32 = 8;
const SAMPLE: u32 = 16;
const ROWS_MIN: u32 = 4;

let prefix: u32 = 0;
let digits: u32 = 0;

/** The prefix length that the last `numbersFrom` found. */
export function numbersPrefix(): u32 {
  return prefix;
}

/** The digits that all numbers have, leading zeros included, or 0 where none has leading zeros. */
export function numbersDigits(): u32 {
  return digits;
}

/** Fills `numbers` and returns true, or false where the values are not such strings. */
export function numbersFrom(values: usize, count: u32, numbers: usize): bool {
  const first = <usize>load<u32>(values);
  const length = load<u32>(values, 4);
  if (count < ROWS_MIN || length > SHORT_BYTES * 2) return false;
  let start = length;
  while (start > 0 && isDigit(load<u8>(first + <usize>(start - 1)))) start--;
  const firstDigits = length - start;
  if (firstDigits - 1 >= SHORT_BYTES || start > SHORT_BYTES) return false;
  prefix = start;
  const stride = max<u32>(1, count / SAMPLE);
  let hasOneLength = true;
  for (let i = stride; i < count; i += stride) {
    const other = load<u32>(values + (<usize>i << 3), 4);
    if (other == 0 || !isDigit(load<u8>(<usize>load<u32>(values + (<usize>i << 3)) + <usize>(other - 1)))) {
      return false;
    }
    hasOneLength = hasOneLength && other == length;
  }
  digits = firstDigits;
  if (hasOneLength && fixedFrom(values, count, first, length, start, numbers)) return true;
  digits = 0;
  return variableFrom(values, count, first, start, numbers);
}

// @ts-ignore: decorator
@inline
function lowBytes(count: u32): u64 {
  return count >= 8 ? u64.MAX_VALUE : (<u64>1 << <u64>(count << 3)) - 1;
}

/** The last eight bytes of two values as one vector. */
// @ts-ignore: decorator
@inline
function tailsOf(left: u64, right: u64, offset: usize): v128 {
  const tail = v128.load64_zero(<usize>(<u32>left) + offset);
  return v128.load64_lane(<usize>(<u32>right) + offset, tail, 1);
}

// @ts-ignore: decorator
@inline
function headsOf(left: u64, right: u64): v128 {
  return v128.load64_lane(<usize>(<u32>right), v128.load64_zero(<usize>(<u32>left)), 1);
}

/** Values of one length, 4 or more. The last eight bytes, against those of prefix and zeros, are digits. */
function fixedFrom(
  values: usize, count: u32, first: usize, length: u32, start: u32, numbers: usize,
): bool {
  const isLong = length > SHORT_BYTES;
  const offset: usize = isLong ? <usize>(length - SHORT_BYTES) : 0;
  // Values shorter than a word are moved to its end, over zeros.
  const gap = isLong ? 0 : (SHORT_BYTES - length) << 3;
  const digitBytes = ~lowBytes(SHORT_BYTES - (length - start));
  const firstTail = load<u64>(first + offset) << <u64>gap;
  const pattern = i64x2.splat((firstTail & ~digitBytes) | (ZEROS & digitBytes));
  const limits = i64x2.splat(0x0909090909090909 & digitBytes);
  const firstHead = i64x2.splat(load<u64>(first));
  const headMask = i64x2.splat(isLong ? lowBytes(start) : 0);
  const lengths = <u64>length << 32;
  let most = i64x2.splat(0);
  let wrong = i64x2.splat(0);
  let wrongLength: u64 = 0;
  for (let i: u32 = 0; i < count; i += 4) {
    // What is less than a block is done with the last whole one.
    const from = <usize>min<u32>(i, count - 4);
    const lane = values + (from << 3);
    const a = load<u64>(lane);
    const b = load<u64>(lane, 8);
    const c = load<u64>(lane, 16);
    const d = load<u64>(lane, 24);
    wrongLength |= (a ^ lengths) | (b ^ lengths) | (c ^ lengths) | (d ^ lengths);
    // A string may be shorter than the guess: what is read in its place lies behind it, within 16 bytes.
    const left = v128.xor(i64x2.shl(tailsOf(a, b, offset), gap), pattern);
    const right = v128.xor(i64x2.shl(tailsOf(c, d, offset), gap), pattern);
    if (isLong) {
      const heads = v128.or(v128.xor(headsOf(a, b), firstHead), v128.xor(headsOf(c, d), firstHead));
      wrong = v128.or(wrong, v128.and(heads, headMask));
    }
    most = i8x16.max_u(most, i8x16.max_u(left, right));
    v128.store(numbers + (from << 2), numbersOf(left, right));
  }
  return wrongLength >> 32 == 0 && !v128.any_true(wrong) && !v128.any_true(i8x16.gt_u(most, limits));
}

/** The numbers that four times eight digits, 0..9 each, make. */
// @ts-ignore: decorator
@inline
function numbersOf(left: v128, right: v128): v128 {
  // Pairs of digits in 16 bits, then of pairs in 32, then of those.
  const tens = i16x8.splat(0x0a01);
  const hundreds = i32x4.splat(0x00010064);
  const thousands = i32x4.splat(0x00012710);
  const leftFours = i32x4.dot_i16x8_s(i16x8.shr_u(i16x8.mul(left, tens), 8), hundreds);
  const rightFours = i32x4.dot_i16x8_s(i16x8.shr_u(i16x8.mul(right, tens), 8), hundreds);
  return i32x4.dot_i16x8_s(i16x8.narrow_i32x4_s(leftFours, rightFours), thousands);
}

/** Values of any lengths, without leading zeros. */
function variableFrom(values: usize, count: u32, first: usize, start: u32, numbers: usize): bool {
  const head = load<u64>(first);
  const headMask = lowBytes(start);
  let wrong: u64 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const lane = load<u64>(values + (<usize>i << 3));
    const pointer = <usize>(<u32>lane);
    const digitCount = <u32>(lane >> 32) - start;
    const chunk = load<u64>(pointer + <usize>start) ^ ZEROS;
    const eight = chunk << <u64>(64 - (digitCount << 3));
    const hasZero = u32((chunk & 0xff) == 0) & u32(digitCount > 1);
    wrong |= (load<u64>(pointer) ^ head) & headMask;
    // A byte above 9 has its high bit, or gets it; so does one next to such a byte.
    wrong |= ((eight + 0x7676767676767676) | eight) & HIGH_BITS;
    wrong |= <u64>(hasZero | u32(digitCount - 1 >= SHORT_BYTES));
    const pairs = eight * 10 + (eight >> 8);
    const number = ((pairs & 0x000000ff000000ff) * 0x000f424000000064
      + ((pairs >> 16) & 0x000000ff000000ff) * 0x0000271000000001) >> 32;
    store<u32>(numbers + (<usize>i << 2), <u32>number);
  }
  return wrong == 0;
}
