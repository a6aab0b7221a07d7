/**
 * Doubles in a frame: as decimals where every one of them is exactly one, else as their bits.
 *
 * A double is a decimal of scale k when the integer m nearest to value * 10^k, |m| < 2^51, gives the same
 * bits back as m / 10^k. Division rounds correctly, so whatever was parsed from at most k decimals passes;
 * -0, NaN and infinities never do.
 */
import { areOffsets, lowHalves, seen } from "./narrow";
import { DECIMAL_SCALE_MAX } from "./section";

/** 1.5 * 2^52: adding it to an integer below 2^51 leaves that integer in the low bits of the sum. */
const SHIFTER: f64 = 6755399441055744.0;
const DECIMAL_MAX: f64 = 2251799813685248.0;
const NARROW_MAX: f64 = 1073741824.0;
const NAN_BITS: u64 = 0x7ff8000000000000;
const SAMPLE: u32 = 16;

/** 10^0 .. 10^9 as f64. */
const POWERS = memory.data<f64>([1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000]);

// @ts-ignore: decorator
@inline
function power(scale: i32): f64 {
  return load<f64>(POWERS + (<usize>scale << 3));
}

// @ts-ignore: decorator
@inline
function isDecimal(value: f64, factor: f64): bool {
  const m = nearest<f64>(value * factor) + 0.0;
  return abs<f64>(m) < DECIMAL_MAX && reinterpret<u64>(m / factor) == reinterpret<u64>(value);
}

/** Returns the smallest scale that fits a sample of the values, -1 where there is none. */
export function decimalsGuess(values: usize, count: u32): i32 {
  let scale: i32 = 0;
  const stride = max<u32>(1, count / SAMPLE);
  for (let i: u32 = 0; i < count && scale >= 0; i += stride) {
    scale = scaleUp(load<f64>(values + (<usize>i << 3)), scale);
  }
  return scale;
}

/**
 * Writes values[0..count) * 10^scale to `target`, i32 each, where all of them are decimals of this scale and
 * offsets (`narrow.ts`) of zero; returns whether they are. May write up to 16 bytes behind the last.
 */
export function decimalsNarrow(values: usize, count: u32, scale: i32, target: usize): bool {
  const factors = f64x2.splat(power(scale));
  const shifters = f64x2.splat(SHIFTER);
  let bits = i64x2.splat(0);
  let exact = i64x2.splat(-1);
  const end = values + (<usize>count << 3);
  let at = values;
  let next = target;
  for (; at + 32 <= end; at += 32) {
    // The sum rounds to an integer and holds it in its low bits.
    const first = v128.load(at);
    const second = v128.load(at, 16);
    const firstSum = f64x2.add(f64x2.mul(first, factors), shifters);
    const secondSum = f64x2.add(f64x2.mul(second, factors), shifters);
    const firstBack = f64x2.div(f64x2.sub(firstSum, shifters), factors);
    const secondBack = f64x2.div(f64x2.sub(secondSum, shifters), factors);
    exact = v128.and(exact, v128.and(i64x2.eq(firstBack, first), i64x2.eq(secondBack, second)));
    const firstInteger = i64x2.sub(firstSum, shifters);
    const secondInteger = i64x2.sub(secondSum, shifters);
    bits = seen(seen(bits, firstInteger), secondInteger);
    v128.store(next, lowHalves(firstInteger, secondInteger));
    next += 16;
  }
  if (!areOffsets(bits) || !i64x2.all_true(exact)) return false;
  for (; at < end; at += 8) {
    const value = load<f64>(at);
    if (!isDecimal(value, power(scale))) return false;
    const m = nearest<f64>(value * power(scale));
    if (abs<f64>(m) >= NARROW_MAX) return false;
    store<i32>(next, <i32>m);
    next += 4;
  }
  return true;
}

/**
 * Writes values[0..count) * 10^scale as i64 to `target` and returns the scale, the smallest from `least` on
 * that fits all; -1 where there is none.
 */
export function decimalsFrom(values: usize, count: u32, least: i32, target: usize): i32 {
  let scale = least;
  while (true) {
    const done = decimalsWrite(values, count, power(scale), target);
    if (done == count) return scale;
    // A scale that fits more digits also fits those before: they are written again at the larger one.
    scale = scaleUp(load<f64>(values + (<usize>done << 3)), scale + 1);
    if (scale < 0) return -1;
  }
}

function scaleUp(value: f64, least: i32): i32 {
  for (let scale = least; scale <= DECIMAL_SCALE_MAX; scale++) {
    if (isDecimal(value, power(scale))) return scale;
  }
  return -1;
}

/** Returns the count, or the index of a value that is no decimal of this scale. */
function decimalsWrite(values: usize, count: u32, factor: f64, target: usize): u32 {
  const factors = f64x2.splat(factor);
  const shifters = f64x2.splat(SHIFTER);
  const limits = f64x2.splat(DECIMAL_MAX);
  const zeros = f64x2.splat(0.0);
  let i: u32 = 0;
  for (; i + 2 <= count; i += 2) {
    const value = v128.load(values + (<usize>i << 3));
    const m = f64x2.add(f64x2.nearest(f64x2.mul(value, factors)), zeros);
    const isSmall = f64x2.lt(f64x2.abs(m), limits);
    const isExact = i64x2.eq(f64x2.div(m, factors), value);
    if (!i64x2.all_true(v128.and(isSmall, isExact))) break;
    v128.store(target + (<usize>i << 3), i64x2.sub(f64x2.add(m, shifters), shifters));
  }
  for (; i < count; i++) {
    const value = load<f64>(values + (<usize>i << 3));
    if (!isDecimal(value, factor)) return i;
    store<i64>(target + (<usize>i << 3), <i64>nearest<f64>(value * factor));
  }
  return count;
}

/** Writes the bits of values[0..count) to `target`, with one NaN for all. */
export function doublesCanonicalize(values: usize, count: u32, target: usize): void {
  for (let i: u32 = 0; i < count; i++) {
    const value = load<f64>(values + (<usize>i << 3));
    store<u64>(target + (<usize>i << 3), value == value ? reinterpret<u64>(value) : NAN_BITS);
  }
}

/** Turns lanes[0..count) from integers m into doubles m / 10^scale, in place. */
export function decimalsRead(lanes: usize, count: u32, scale: u32): void {
  const factor = power(<i32>scale);
  const end = lanes + (<usize>count << 3);
  for (let lane = lanes; lane < end; lane += 8) store<f64>(lane, <f64>load<i64>(lane) / factor);
}
