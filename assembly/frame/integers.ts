/**
 * INTEGERS blocks (layout: `section.ts`): 64-bit integers as differences at the width, in bits, that they
 * need.
 *
 * Writing stores whole words and may touch 8 bytes behind the block; reading loads whole words and may look 8
 * bytes behind it.
 */
import {
  narrowFrom, narrowLeast, narrowLeastStep, narrowMost, narrowMostStep, narrowPack, narrowPackDeltas,
  narrowSurvey,
} from "./narrow";

const WIDTH_MASK: u32 = 0x7f;
const DELTAS: u32 = 0x80;
const WIDTH_MAX_PACKED: u32 = 56;

/** What was measured last and how it shall be written; `integersWrite` goes by it. */
let chosenValues: usize = 0;
let chosenCount: u32 = 0;
let chosenNarrow: bool = false;
let chosenWidth: u32 = 0;
let chosenDeltas: bool = false;
let chosenBase: u64 = 0;
let chosenStep: u64 = 0;
let chosenBias: u64 = 0;

// @ts-ignore: decorator
@inline
function widthOf(range: u64): u32 {
  const width: u32 = 64 - <u32>clz<u64>(range);
  return width > WIDTH_MAX_PACKED ? 64 : width;
}

// @ts-ignore: decorator
@inline
function packedBytes(count: u32, width: u32): u32 {
  return (count * width + 7) >> 3;
}

/** Width in bits of the block that was last measured. */
export function integersWidth(): u32 {
  return chosenWidth;
}

/**
 * Chooses how to write values[0..count), i64 each, count > 0; returns the bytes of the block.
 *
 * `narrow`, i32[count] and 16 bytes, is used where they lie close together.
 */
export function integersMeasure(values: usize, count: u32, narrow: usize): u32 {
  const first = load<i64>(values);
  if (narrowFrom(values, count, <u64>first, narrow)) return integersMeasureNarrow(narrow, count, <u64>first);
  let least = first;
  let most = first;
  let leastStep = i64.MAX_VALUE;
  let mostStep = i64.MIN_VALUE;
  let last = first;
  const end = values + (<usize>count << 3);
  for (let at = values + 8; at < end; at += 8) {
    const value = load<i64>(at);
    const step = value - last;
    last = value;
    least = value < least ? value : least;
    most = value > most ? value : most;
    leastStep = step < leastStep ? step : leastStep;
    mostStep = step > mostStep ? step : mostStep;
  }
  chosenValues = values;
  chosenCount = count;
  chosenNarrow = false;
  return choose(first, least, <u64>most - <u64>least, leastStep, <u64>mostStep - <u64>leastStep);
}

/** The same of offsets[0..count) + bias (`narrow.ts`). */
export function integersMeasureNarrow(offsets: usize, count: u32, bias: u64): u32 {
  narrowSurvey(offsets, count);
  chosenValues = offsets;
  chosenCount = count;
  chosenNarrow = true;
  chosenBias = bias;
  const first = <i64>bias + <i64>load<i32>(offsets);
  const least = <i64>narrowLeast();
  const leastStep = <i64>narrowLeastStep();
  const range = <u64>(<i64>narrowMost() - least);
  return choose(first, <i64>bias + least, range, leastStep, <u64>(<i64>narrowMostStep() - leastStep));
}

function choose(first: i64, least: i64, range: u64, leastStep: i64, stepRange: u64): u32 {
  const width = widthOf(range);
  const packed = 9 + packedBytes(chosenCount, width);
  chosenDeltas = false;
  chosenWidth = width;
  chosenBase = <u64>least;
  if (chosenCount == 1) return packed;
  const stepWidth = widthOf(stepRange);
  const deltas = 17 + packedBytes(chosenCount - 1, stepWidth);
  if (deltas >= packed) return packed;
  chosenDeltas = true;
  chosenWidth = stepWidth;
  chosenBase = <u64>first;
  chosenStep = <u64>leastStep;
  return deltas;
}

/** Writes the block that was measured last, whose values still lie where they lay; returns its end. */
export function integersWrite(target: usize): usize {
  const values = chosenValues;
  const count = chosenCount;
  const width = chosenWidth;
  store<u8>(target, width | (chosenDeltas ? DELTAS : 0));
  store<u64>(target, chosenBase, 1);
  if (!chosenDeltas) {
    if (!chosenNarrow) return pack(values, count, chosenBase, width, target + 9);
    return narrowPack(values, count, <i32>(chosenBase - chosenBias), width, target + 9);
  }
  store<u64>(target, chosenStep, 9);
  if (!chosenNarrow) return packDeltas(values, count, chosenStep, width, target + 17);
  return narrowPackDeltas(values + 4, count - 1, <i32>chosenStep, width, target + 17);
}

function pack(values: usize, count: u32, base: u64, width: u32, target: usize): usize {
  const end = values + (<usize>count << 3);
  if (width == 64) {
    for (let at = values; at < end; at += 8) store<u64>(target + (at - values), load<u64>(at) - base);
    return target + (<usize>count << 3);
  }
  if (width == 0) return target;
  // Whole bytes go out at each value; at most seven bits stay in `pending`, so 56 more always fit.
  let pending: u64 = 0;
  let pendingBits: u32 = 0;
  let next = target;
  for (let at = values; at < end; at += 8) {
    pending |= (load<u64>(at) - base) << <u64>pendingBits;
    store<u64>(next, pending);
    pendingBits += width;
    next += <usize>(pendingBits >> 3);
    pending >>= <u64>(pendingBits & 56);
    pendingBits &= 7;
  }
  return target + <usize>packedBytes(count, width);
}

function packDeltas(values: usize, count: u32, step: u64, width: u32, target: usize): usize {
  const end = values + (<usize>count << 3);
  let last = load<u64>(values);
  if (width == 64) {
    let next = target;
    for (let at = values + 8; at < end; at += 8) {
      const value = load<u64>(at);
      store<u64>(next, value - last - step);
      last = value;
      next += 8;
    }
    return next;
  }
  if (width == 0) return target;
  let pending: u64 = 0;
  let pendingBits: u32 = 0;
  let next = target;
  for (let at = values + 8; at < end; at += 8) {
    const value = load<u64>(at);
    pending |= (value - last - step) << <u64>pendingBits;
    last = value;
    store<u64>(next, pending);
    pendingBits += width;
    next += <usize>(pendingBits >> 3);
    pending >>= <u64>(pendingBits & 56);
    pendingBits &= 7;
  }
  return target + <usize>packedBytes(count - 1, width);
}

/** Reads a block of `count` > 0 values at `at` into `target`; returns its end, or 0 where it is not one. */
export function integersRead(at: usize, end: usize, count: u32, target: usize): usize {
  if (at + 9 > end) return 0;
  const form = <u32>load<u8>(at);
  const width = form & WIDTH_MASK;
  if (width > WIDTH_MAX_PACKED && width != 64) return 0;
  const base = load<u64>(at, 1);
  if (form & DELTAS) {
    if (at + 17 > end) return 0;
    const source = at + 17;
    const blockEnd = source + <usize>packedBytes(count - 1, width);
    if (blockEnd > end) return 0;
    store<u64>(target, base);
    unpackDeltas(source, count - 1, base, load<u64>(at, 9), width, target + 8);
    return blockEnd;
  }
  const source = at + 9;
  const blockEnd = source + <usize>packedBytes(count, width);
  if (blockEnd > end) return 0;
  unpack(source, count, base, width, target);
  return blockEnd;
}

function unpack(source: usize, count: u32, base: u64, width: u32, target: usize): void {
  const end = target + (<usize>count << 3);
  if (width == 64) {
    for (let at = target; at < end; at += 8) store<u64>(at, load<u64>(source + (at - target)) + base);
    return;
  }
  const mask = (<u64>1 << <u64>width) - 1;
  let bit: u32 = 0;
  let at = target;
  for (const paired = end - 8; at < paired; at += 16) {
    const low = (load<u64>(source + <usize>(bit >> 3)) >> <u64>(bit & 7)) & mask;
    bit += width;
    const high = (load<u64>(source + <usize>(bit >> 3)) >> <u64>(bit & 7)) & mask;
    bit += width;
    store<u64>(at, low + base);
    store<u64>(at, high + base, 8);
  }
  if (at < end) store<u64>(at, ((load<u64>(source + <usize>(bit >> 3)) >> <u64>(bit & 7)) & mask) + base);
}

function unpackDeltas(source: usize, count: u32, first: u64, step: u64, width: u32, target: usize): void {
  const end = target + (<usize>count << 3);
  let value = first;
  if (width == 64) {
    for (let at = target; at < end; at += 8) {
      value += load<u64>(source + (at - target)) + step;
      store<u64>(at, value);
    }
    return;
  }
  const mask = (<u64>1 << <u64>width) - 1;
  let bit: u32 = 0;
  for (let at = target; at < end; at += 8) {
    value += ((load<u64>(source + <usize>(bit >> 3)) >> <u64>(bit & 7)) & mask) + step;
    bit += width;
    store<u64>(at, value);
  }
}
