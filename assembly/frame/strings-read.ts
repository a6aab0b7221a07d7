/**
 * STRINGS blocks and dictionaries, the reading side (layout: `section.ts`). Nothing in a block is believed.
 *
 * Lanes point into the block where its values lie there whole; with a prefix, or kept as numbers, the values
 * are put together in a heap. Copying goes by 16 bytes: it may read 16 bytes behind the block and touch 16
 * behind the heap.
 */
import { FRAME_ERROR_INTEGERS, FRAME_ERROR_LENGTHS, FRAME_ERROR_NUMBERS, FRAME_ERROR_STRINGS } from "./abi";
import { digitsCount, digitsWrite, powerOfTen } from "./digits";
import { integersRead } from "./integers";
import { DIGITS_MAX, STRINGS_NUMBERS } from "./section";

/** Where the last `stringsRead` that returned 0 ended. */
let blockEnd: usize = 0;

export function stringsEnd(): usize {
  return blockEnd;
}

/** Heap bytes that reading a block of `count` strings takes at most; any number where it is not one. */
export function stringsHeapBytes(at: usize, end: usize, count: u32): u32 {
  if (at + 2 > end) return 0;
  const prefix = <u32>load<u8>(at, 1);
  if (load<u8>(at) == STRINGS_NUMBERS) return count * (prefix + DIGITS_MAX);
  return prefix == 0 ? 0 : count * prefix + <u32>(end - at);
}

/**
 * Reads a block of `count` > 0 strings at `at` into BYTES lanes; returns 0 or a FRAME_ERROR_*.
 *
 * `heap` has the bytes that `stringsHeapBytes` asked for.
 */
export function stringsRead(at: usize, end: usize, count: u32, lanes: usize, heap: usize): u32 {
  if (at + 2 > end) return FRAME_ERROR_STRINGS;
  const form = <u32>load<u8>(at);
  const prefixBytes = <usize>load<u8>(at, 1);
  const prefix = at + 2;
  const body = prefix + prefixBytes;
  if (form > STRINGS_NUMBERS || body > end) return FRAME_ERROR_STRINGS;
  if (form == STRINGS_NUMBERS) return numbersRead(body, end, count, lanes, heap, prefix, prefixBytes);
  const bytes = integersRead(body, end, count, lanes);
  if (bytes == 0) return FRAME_ERROR_INTEGERS;
  blockEnd = lengthsSum(lanes, count, bytes, end);
  if (blockEnd == 0) return FRAME_ERROR_LENGTHS;
  if (prefixBytes == 0) lengthsToLanes(lanes, count, bytes);
  else if (prefixBytes <= 16) shortPrefixJoin(lanes, count, bytes, heap, prefix, prefixBytes);
  else longPrefixJoin(lanes, count, bytes, heap, prefix, prefixBytes);
  return 0;
}

/** Returns where strings of these lengths end that begin at `bytes`, or 0 where that is beyond `end`. */
function lengthsSum(lanes: usize, count: u32, bytes: usize, end: usize): usize {
  const room = <u64>(end - bytes);
  let sum: u64 = 0;
  let most: u64 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const length = load<u64>(lanes + (<usize>i << 3));
    most |= length;
    sum += length;
  }
  // No length has a bit above the 32nd, so their sum has not wrapped.
  return (most >> 32) != 0 || sum > room ? 0 : bytes + <usize>sum;
}

function lengthsToLanes(lanes: usize, count: u32, bytes: usize): void {
  let source = <u64>bytes;
  const end = lanes + (<usize>count << 3);
  for (let lane = lanes; lane < end; lane += 8) {
    const length = load<u64>(lane);
    store<u64>(lane, source | (length << 32));
    source += length;
  }
}

function shortPrefixJoin(
  lanes: usize, count: u32, bytes: usize, heap: usize, prefix: usize, prefixBytes: usize,
): void {
  const head = v128.load(prefix);
  let source = bytes;
  let target = heap;
  const end = lanes + (<usize>count << 3);
  for (let lane = lanes; lane < end; lane += 8) {
    const length = <usize>load<u64>(lane);
    v128.store(target, head);
    const tail = target + prefixBytes;
    if (length <= 16) v128.store(tail, v128.load(source));
    else memory.copy(tail, source, length);
    store<u64>(lane, <u64>target | (<u64>(prefixBytes + length) << 32));
    source += length;
    target = tail + length;
  }
}

function longPrefixJoin(
  lanes: usize, count: u32, bytes: usize, heap: usize, prefix: usize, prefixBytes: usize,
): void {
  let source = bytes;
  let target = heap;
  const end = lanes + (<usize>count << 3);
  for (let lane = lanes; lane < end; lane += 8) {
    const length = <usize>load<u64>(lane);
    memory.copy(target, prefix, prefixBytes);
    memory.copy(target + prefixBytes, source, length);
    store<u64>(lane, <u64>target | (<u64>(prefixBytes + length) << 32));
    source += length;
    target += prefixBytes + length;
  }
}

function numbersRead(
  at: usize, end: usize, count: u32, lanes: usize, heap: usize, prefix: usize, prefixBytes: usize,
): u32 {
  if (at >= end) return FRAME_ERROR_STRINGS;
  const digits = <u32>load<u8>(at);
  if (digits > DIGITS_MAX) return FRAME_ERROR_STRINGS;
  blockEnd = integersRead(at + 1, end, count, lanes);
  if (blockEnd == 0) return FRAME_ERROR_INTEGERS;
  const limit = powerOfTen(digits > 0 ? digits : DIGITS_MAX);
  let most: u64 = 0;
  const lanesEnd = lanes + (<usize>count << 3);
  for (let lane = lanes; lane < lanesEnd; lane += 8) most = max<u64>(most, load<u64>(lane));
  if (most >= limit) return FRAME_ERROR_NUMBERS;
  const head = v128.load(prefix);
  let target = heap;
  for (let lane = lanes; lane < lanesEnd; lane += 8) {
    const number = load<u64>(lane);
    if (prefixBytes <= 16) v128.store(target, head);
    else memory.copy(target, prefix, prefixBytes);
    const length = digits > 0 ? digits : digitsCount(number);
    digitsWrite(target + prefixBytes, number, length);
    const bytes = prefixBytes + <usize>length;
    store<u64>(lane, <u64>target | (<u64>bytes << 32));
    target += bytes;
  }
  return 0;
}
