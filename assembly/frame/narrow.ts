/**
 * Integers that lie close together, as 32-bit offsets from a bias: four of them go through an instruction.
 *
 *   offsets  i32[count]  value - bias, each at least -2^30 and below 2^30; readable up to 16 bytes behind
 *
 * Eight offsets packed at a width of w bits are w whole bytes, so blocks of eight do not wait for each other.
 */

/** Offsets are below this, and at least its opposite. */
const OFFSET_MAX: u64 = 1 << 30;

const WIDTH_MAX_FOUR: u32 = 16;
const WIDTH_MAX_TWO: u32 = 29;

let least: i32 = 0;
let most: i32 = 0;
let leastStep: i32 = 0;
let mostStep: i32 = 0;

export function narrowLeast(): i32 {
  return least;
}

export function narrowMost(): i32 {
  return most;
}

/** The smallest difference of neighbours; only of more than one offset. */
export function narrowLeastStep(): i32 {
  return leastStep;
}

export function narrowMostStep(): i32 {
  return mostStep;
}

/** The low halves of four 64-bit integers. */
// @ts-ignore: decorator
@inline
export function lowHalves(first: v128, second: v128): v128 {
  return i32x4.shuffle(first, second, 0, 2, 4, 6);
}

/** Gathers what `areOffsets` judges: the bits of the integers seen before and of these two. */
// @ts-ignore: decorator
@inline
export function seen(before: v128, integers: v128): v128 {
  return v128.or(before, i64x2.add(integers, i64x2.splat(OFFSET_MAX)));
}

/** True where every integer seen is at least -2^30 and below 2^30. */
// @ts-ignore: decorator
@inline
export function areOffsets(bits: v128): bool {
  return !v128.any_true(v128.and(bits, i64x2.splat(~(2 * OFFSET_MAX - 1))));
}

/** Writes values[0..count) - bias, i64 each, to `target`; returns whether all of them are offsets. */
export function narrowFrom(values: usize, count: u32, bias: u64, target: usize): bool {
  const biases = i64x2.splat(bias);
  let bits = i64x2.splat(0);
  const end = values + (<usize>count << 3);
  let at = values;
  let next = target;
  for (; at + 32 <= end; at += 32) {
    const first = i64x2.sub(v128.load(at), biases);
    const second = i64x2.sub(v128.load(at, 16), biases);
    bits = seen(seen(bits, first), second);
    v128.store(next, lowHalves(first, second));
    next += 16;
  }
  if (!areOffsets(bits)) return false;
  for (; at < end; at += 8) {
    const offset = load<u64>(at) - bias;
    if (offset + OFFSET_MAX >= 2 * OFFSET_MAX) return false;
    store<i32>(next, <i32>offset);
    next += 4;
  }
  return true;
}

// @ts-ignore: decorator
@inline
function smallestOf(lanes: v128): i32 {
  return min<i32>(
    min<i32>(i32x4.extract_lane(lanes, 0), i32x4.extract_lane(lanes, 1)),
    min<i32>(i32x4.extract_lane(lanes, 2), i32x4.extract_lane(lanes, 3)),
  );
}

// @ts-ignore: decorator
@inline
function largestOf(lanes: v128): i32 {
  return max<i32>(
    max<i32>(i32x4.extract_lane(lanes, 0), i32x4.extract_lane(lanes, 1)),
    max<i32>(i32x4.extract_lane(lanes, 2), i32x4.extract_lane(lanes, 3)),
  );
}

/** Finds the range of offsets[0..count), count > 0, and of their differences. */
export function narrowSurvey(offsets: usize, count: u32): void {
  const first = load<i32>(offsets);
  let leasts = i32x4.splat(first);
  let mosts = leasts;
  let leastSteps = i32x4.splat(i32.MAX_VALUE);
  let mostSteps = i32x4.splat(i32.MIN_VALUE);
  const last = offsets + (<usize>(count - 1) << 2);
  let at = offsets;
  for (; at + 16 <= last; at += 16) {
    const values = v128.load(at, 4);
    const steps = i32x4.sub(values, v128.load(at));
    leasts = i32x4.min_s(leasts, values);
    mosts = i32x4.max_s(mosts, values);
    leastSteps = i32x4.min_s(leastSteps, steps);
    mostSteps = i32x4.max_s(mostSteps, steps);
  }
  least = smallestOf(leasts);
  most = largestOf(mosts);
  leastStep = smallestOf(leastSteps);
  mostStep = largestOf(mostSteps);
  for (; at < last; at += 4) {
    const value = load<i32>(at, 4);
    const step = value - load<i32>(at);
    least = min<i32>(least, value);
    most = max<i32>(most, value);
    leastStep = min<i32>(leastStep, step);
    mostStep = max<i32>(mostStep, step);
  }
}

/**
 * What is packed of the four offsets at `at`: less `base` or, with deltas, less the one before and `base`.
 */
// @ts-ignore: decorator
@inline
function four(at: usize, bases: v128, isDeltas: bool): v128 {
  const offsets = v128.load(at);
  return i32x4.sub(isDeltas ? i32x4.sub(offsets, v128.load(at - 4)) : offsets, bases);
}

/** Packs offsets[0..count) - base, each below 2^width, at `width` (0..31) bits; returns the end. */
export function narrowPack(offsets: usize, count: u32, base: i32, width: u32, target: usize): usize {
  return pack(offsets, count, base, width, target, false);
}

/** The same of the differences to the offset before; one lies before offsets[0]. */
export function narrowPackDeltas(offsets: usize, count: u32, base: i32, width: u32, target: usize): usize {
  return pack(offsets, count, base, width, target, true);
}

// @ts-ignore: decorator
@inline
function pack(
  offsets: usize, count: u32, base: i32, width: u32, target: usize, isDeltas: bool,
): usize {
  if (width == 0) return target;
  const blocks = width <= WIDTH_MAX_TWO ? count >> 3 : 0;
  if (width <= WIDTH_MAX_FOUR) packFours(offsets, blocks, base, width, target, isDeltas);
  else packTwos(offsets, blocks, base, width, target, isDeltas);
  const done = blocks << 3;
  const rest = offsets + (<usize>done << 2);
  const next = target + <usize>(blocks * width);
  return packOnes(rest, count - done, base, width, next, isDeltas);
}

/** Blocks of eight as two words of four. A word begins behind a whole byte, or behind a half of one. */
// @ts-ignore: decorator
@inline
function packFours(
  offsets: usize, blocks: u32, base: i32, width: u32, target: usize, isDeltas: bool,
): void {
  const bases = i32x4.splat(base);
  const lows = i64x2.splat(0xffffffff);
  const gap = 32 - width;
  const half = (width & 1) << 2;
  const halfMask = (<u64>1 << <u64>half) - 1;
  const whole = <u64>((width << 2) & 56);
  const second = <usize>(width >> 1);
  const end = target + <usize>(blocks * width);
  for (let next = target, at = offsets; next < end; at += 32) {
    const left = four(at, bases, isDeltas);
    const right = four(at + 16, bases, isDeltas);
    const leftPairs = v128.or(v128.and(left, lows), i64x2.shr_u(left, gap));
    const rightPairs = v128.or(v128.and(right, lows), i64x2.shr_u(right, gap));
    const evens = i64x2.shuffle(leftPairs, rightPairs, 0, 2);
    const odds = i64x2.shuffle(leftPairs, rightPairs, 1, 3);
    const words = v128.or(evens, i64x2.shl(odds, width << 1));
    const word = i64x2.extract_lane(words, 0);
    store<u64>(next, word);
    store<u64>(next + second, ((word >> whole) & halfMask) | (i64x2.extract_lane(words, 1) << <u64>half));
    next += <usize>width;
  }
}

/** Blocks of eight as four words of two; each takes over the bits that do not fill a byte before it. */
// @ts-ignore: decorator
@inline
function packTwos(
  offsets: usize, blocks: u32, base: i32, width: u32, target: usize, isDeltas: bool,
): void {
  const bases = i32x4.splat(base);
  const lows = i64x2.splat(0xffffffff);
  const pairMask = i64x2.splat(((<u64>1 << <u64>(width << 1)) - 1) & ~((<u64>1 << <u64>width) - 1));
  const gap = 32 - width;
  const bits = width << 1;
  const end = target + <usize>(blocks * width);
  for (let next = target, at = offsets; next < end; at += 32) {
    const left = four(at, bases, isDeltas);
    const right = four(at + 16, bases, isDeltas);
    const leftPairs = v128.or(v128.and(left, lows), v128.and(i64x2.shr_u(left, gap), pairMask));
    const rightPairs = v128.or(v128.and(right, lows), v128.and(i64x2.shr_u(right, gap), pairMask));
    let word: u64 = i64x2.extract_lane(leftPairs, 0);
    store<u64>(next, word);
    let place = bits;
    word = (word >> <u64>(place & 56)) | (i64x2.extract_lane(leftPairs, 1) << <u64>(place & 7));
    store<u64>(next + <usize>(place >> 3), word);
    word >>= <u64>(((place & 7) + bits) & 56);
    place += bits;
    word |= i64x2.extract_lane(rightPairs, 0) << <u64>(place & 7);
    store<u64>(next + <usize>(place >> 3), word);
    word >>= <u64>(((place & 7) + bits) & 56);
    place += bits;
    word |= i64x2.extract_lane(rightPairs, 1) << <u64>(place & 7);
    store<u64>(next + <usize>(place >> 3), word);
    next += <usize>width;
  }
}

/** Value after value: what is left of a block, and widths whose pairs would not fit a word. */
// @ts-ignore: decorator
@inline
function packOnes(
  offsets: usize, count: u32, base: i32, width: u32, target: usize, isDeltas: bool,
): usize {
  // Whole bytes go out at each value; at most seven bits stay in `pending`.
  let pending: u64 = 0;
  let pendingBits: u32 = 0;
  let next = target;
  const end = offsets + (<usize>count << 2);
  for (let at = offsets; at < end; at += 4) {
    const offset = load<i32>(at) - (isDeltas ? load<i32>(at - 4) : 0);
    pending |= <u64>(<u32>(offset - base)) << <u64>pendingBits;
    store<u64>(next, pending);
    pendingBits += width;
    next += <usize>(pendingBits >> 3);
    pending >>= <u64>(pendingBits & 56);
    pendingBits &= 7;
  }
  return next + <usize>(pendingBits > 0);
}
