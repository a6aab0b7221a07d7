/**
 * 128-bit integers as two halves, for what DECIMAL arithmetic passes through. Slow paths only.
 *
 * Functions with two results leave the second in a global, read at once.
 */

/** Second result of the functions below. */
export let wideHigh: u64 = 0;
export let wideRemainder: u64 = 0;

/** 10^0 to 10^19. */
const powers: usize = memory.data<u64>([
  1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000,
  1000000000000, 10000000000000, 100000000000000, 1000000000000000, 10000000000000000, 100000000000000000,
  1000000000000000000, 10000000000000000000,
]);

/** 10^exponent, for exponents up to 19. */
@inline
export function powerOfTen(exponent: u32): u64 {
  return load<u64>(powers + <usize>exponent * 8);
}

/** Returns the low half of a * b; the high one is in `wideHigh`. */
export function multiplyWide(a: u64, b: u64): u64 {
  const aLow = a & 0xffffffff;
  const aHigh = a >> 32;
  const bLow = b & 0xffffffff;
  const bHigh = b >> 32;
  const low = aLow * bLow;
  const upper = aHigh * bLow + (low >> 32);
  const middle = aLow * bHigh + (upper & 0xffffffff);
  wideHigh = aHigh * bHigh + (upper >> 32) + (middle >> 32);
  return (middle << 32) | (low & 0xffffffff);
}

/**
 * Returns (high, low) / divisor, with the remainder in `wideRemainder`. `high` must be below `divisor`, so
 * that the quotient fits. Knuth's algorithm D on 32-bit digits.
 */
export function divideWide(high: u64, low: u64, divisor: u64): u64 {
  if (high == 0) {
    wideRemainder = low % divisor;
    return low / divisor;
  }
  const base: u64 = 1 << 32;
  const shift = clz<u64>(divisor);
  const d = divisor << shift;
  const dHigh = d >> 32;
  const dLow = d & 0xffffffff;
  const top = shift == 0 ? high : (high << shift) | (low >> (64 - shift));
  const rest = low << shift;
  const restHigh = rest >> 32;
  const restLow = rest & 0xffffffff;
  const quotientHigh = quotientDigit(top, restHigh, dHigh, dLow);
  const between = top * base + restHigh - quotientHigh * d;
  const quotientLow = quotientDigit(between, restLow, dHigh, dLow);
  wideRemainder = (between * base + restLow - quotientLow * d) >> shift;
  return quotientHigh * base + quotientLow;
}

/** One 32-bit digit of (upper, digit) / (dHigh, dLow): the estimate by dHigh, corrected at most twice. */
function quotientDigit(upper: u64, digit: u64, dHigh: u64, dLow: u64): u64 {
  const base: u64 = 1 << 32;
  let quotient = upper / dHigh;
  let rest = upper - quotient * dHigh;
  while (quotient >= base || quotient * dLow > base * rest + digit) {
    quotient--;
    rest += dHigh;
    if (rest >= base) break;
  }
  return quotient;
}

/**
 * Returns the low half of (aHigh, aLow) modulo (bHigh, bLow), which is not zero; the high one is in
 * `wideHigh`.
 */
export function remainderWide(aHigh: u64, aLow: u64, bHigh: u64, bLow: u64): u64 {
  let high: u64 = 0;
  let low: u64 = 0;
  for (let bit = 127; bit >= 0; bit--) {
    high = (high << 1) | (low >> 63);
    low = (low << 1) | (bit >= 64 ? (aHigh >> (bit - 64)) & 1 : (aLow >> bit) & 1);
    if (high > bHigh || (high == bHigh && low >= bLow)) {
      const borrow: u64 = low < bLow ? 1 : 0;
      low -= bLow;
      high -= bHigh + borrow;
    }
  }
  wideHigh = high;
  return low;
}
