/**
 * Writes a column of a batch as its section of a frame (layout: `section.ts`).
 *
 * The present values of the selected rows are gathered into dense scratch first, unless they already lie
 * densely; every encoding works on that. SCRATCH, n = count rounded up to 8: dense u64[n], integers i64[n],
 * words u64[n], narrow i32[n], places u32[n], table u32[tableSlots(count)]. What reads or writes on behind
 * one of them finds the next there.
 */
import { COLUMN_KIND, COLUMN_LANES, COLUMN_NULL_COUNT, COLUMN_VALIDITY, KIND_BYTES, KIND_F64 } from "../abi";
import { FRAME_SECTION_HEADER_BYTES } from "./abi";
import { dictionaryBuild, tableSlots } from "./dictionary";
import { decimalsFrom, decimalsGuess, decimalsNarrow, doublesCanonicalize } from "./doubles";
import { integersMeasure, integersMeasureNarrow, integersWidth, integersWrite } from "./integers";
import {
  SECTION_DECIMALS, SECTION_DICTIONARY, SECTION_DOUBLES, SECTION_HAS_NULLS, SECTION_INTEGERS, SECTION_NULLS,
  SECTION_STRINGS,
} from "./section";
import {
  stringsAreDiverse, stringsAreEqual, stringsAreNumbers, stringsMeasure, stringsWrite,
} from "./strings-write";

/** Numbers this narrow are as small as a dictionary's places would be. */
const NARROW_BITS: u32 = 6;

/** From this many equal strings on a dictionary's head does not matter. */
const EQUAL_ROWS_MIN: u32 = 8;

// @ts-ignore: decorator
@inline
function roundUp(count: u32): u32 {
  return (count + 7) & ~7;
}

/** Bytes of scratch that encoding `count` rows needs. */
export function frameScratchBytes(count: u32): u32 {
  return roundUp(count) * 32 + tableSlots(count) * 4;
}

/** Returns an upper bound of the section's bytes. */
export function frameColumnBound(column: usize, rows: usize, count: u32): u32 {
  const head = FRAME_SECTION_HEADER_BYTES + (count >> 3) + 1 + 32;
  if (load<u32>(column, COLUMN_KIND) != KIND_BYTES) return head + count * 8;
  const lanes = <usize>load<u32>(column, COLUMN_LANES);
  let total: u32 = 0;
  // The lane of a null is zero, so its length adds nothing.
  for (let i: u32 = 0; i < count; i++) {
    const row = rows ? <usize>load<u32>(rows + (<usize>i << 2)) : <usize>i;
    total += load<u32>(lanes + (row << 3), 4);
  }
  return head + 256 + count * 4 + total;
}

/**
 * Writes the section of the selected rows and returns its end, or 0 where it would pass `targetEnd`.
 *
 * May touch up to 16 bytes behind `targetEnd`.
 */
export function frameColumnEncode(
  column: usize, rows: usize, count: u32, scratch: usize, target: usize, targetEnd: usize,
): usize {
  const n = <usize>roundUp(count);
  let dense = <usize>load<u32>(column, COLUMN_LANES);
  let present = count;
  let values = target + FRAME_SECTION_HEADER_BYTES;
  if (load<u32>(column, COLUMN_NULL_COUNT) && count > 0) {
    const bits = scratch + (n << 3);
    present = gatherPresent(column, rows, count, scratch, bits);
    dense = scratch;
    if (present > 0 && present < count) {
      const bytes = <usize>((count + 7) >> 3);
      if (values + bytes > targetEnd) return 0;
      memory.copy(values, bits, bytes);
      values += bytes;
    }
  } else if (rows) {
    gather(dense, rows, count, scratch);
    dense = scratch;
  }
  if (values > targetEnd) return 0;
  if (present == 0) return finish(target, SECTION_NULLS, 0, target + FRAME_SECTION_HEADER_BYTES);
  const flags = present < count ? SECTION_HAS_NULLS : 0;
  const kind = load<u32>(column, COLUMN_KIND);
  if (kind == KIND_BYTES) return encodeStrings(dense, present, scratch, n, target, flags, values, targetEnd);
  const integers = scratch + (n << 3);
  const narrow = integers + (n << 4);
  if (kind == KIND_F64) {
    return encodeDoubles(dense, present, integers, narrow, target, flags, values, targetEnd);
  }
  if (values + <usize>integersMeasure(dense, present, narrow) > targetEnd) return 0;
  return finish(target, SECTION_INTEGERS, flags, integersWrite(values));
}

function finish(target: usize, encoding: u32, flags: u32, end: usize): usize {
  store<u8>(target, encoding);
  store<u8>(target, flags, 1);
  store<u32>(target, <u32>(end - target) - FRAME_SECTION_HEADER_BYTES, 2);
  return end;
}

function gather(lanes: usize, rows: usize, count: u32, target: usize): void {
  const end = rows + (<usize>count << 2);
  let at = rows;
  let next = target;
  for (; at + 16 <= end; at += 16) {
    const first = load<u64>(at);
    const second = load<u64>(at, 8);
    store<u64>(next, load<u64>(lanes + (<usize>(<u32>first) << 3)));
    store<u64>(next, load<u64>(lanes + (<usize>(first >> 32) << 3)), 8);
    store<u64>(next, load<u64>(lanes + (<usize>(<u32>second) << 3)), 16);
    store<u64>(next, load<u64>(lanes + (<usize>(second >> 32) << 3)), 24);
    next += 32;
  }
  for (; at < end; at += 4) {
    store<u64>(next, load<u64>(lanes + (<usize>load<u32>(at) << 3)));
    next += 8;
  }
}

/** Gathers the present values to `target` and a bit per row to `bits`; returns how many are present. */
function gatherPresent(column: usize, rows: usize, count: u32, target: usize, bits: usize): u32 {
  const lanes = <usize>load<u32>(column, COLUMN_LANES);
  const validity = <usize>load<u32>(column, COLUMN_VALIDITY);
  let present: u32 = 0;
  let byte: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const row = rows ? <usize>load<u32>(rows + (<usize>i << 2)) : <usize>i;
    const isPresent = u32(load<u8>(validity + row) != 0);
    store<u64>(target + (<usize>present << 3), load<u64>(lanes + (row << 3)));
    present += isPresent;
    byte |= isPresent << (i & 7);
    if ((i & 7) == 7) {
      store<u8>(bits + <usize>(i >> 3), byte);
      byte = 0;
    }
  }
  if (count & 7) store<u8>(bits + <usize>(count >> 3), byte);
  return present;
}

function encodeDoubles(
  values: usize, count: u32, integers: usize, narrow: usize, target: usize, flags: u32, at: usize, end: usize,
): usize {
  let scale = decimalsGuess(values, count);
  let bytes: u32 = 0;
  if (scale >= 0 && decimalsNarrow(values, count, scale, narrow)) {
    bytes = integersMeasureNarrow(narrow, count, 0);
  } else {
    if (scale >= 0) scale = decimalsFrom(values, count, scale, integers);
    if (scale < 0) doublesCanonicalize(values, count, integers);
    bytes = integersMeasure(integers, count, narrow);
  }
  if (scale < 0) {
    if (at + <usize>bytes > end) return 0;
    return finish(target, SECTION_DOUBLES, flags, integersWrite(at));
  }
  if (at + 1 + <usize>bytes > end) return 0;
  store<u8>(at, scale);
  return finish(target, SECTION_DECIMALS, flags, integersWrite(at + 1));
}

function encodeStrings(
  values: usize, count: u32, scratch: usize, n: usize, target: usize, flags: u32, at: usize, end: usize,
): usize {
  const integers = scratch + (n << 3);
  const words = integers + (n << 3);
  const narrow = words + (n << 3);
  const places = narrow + (n << 2);
  const plainBytes = stringsMeasure(values, count, integers, narrow);
  // Equal strings are read back faster from a dictionary, which copies none.
  const areEqual = stringsAreEqual() && count >= EQUAL_ROWS_MIN;
  const isSettled = stringsAreNumbers() && (integersWidth() <= NARROW_BITS || stringsAreDiverse());
  if (count > 1 && (areEqual || !isSettled)) {
    const wordCount = dictionaryBuild(values, count, words, places, places + (n << 2));
    if (wordCount > 0 && wordCount < count) {
      const placeBytes: u32 = 9 + ((count * (32 - clz<u32>(wordCount - 1)) + 7) >> 3);
      const bytes: u32 = 4 + stringsMeasure(words, wordCount, integers, narrow) + placeBytes;
      if (areEqual || bytes < plainBytes) {
        if (at + <usize>bytes > end) return 0;
        store<u32>(at, wordCount);
        const placesAt = stringsWrite(words, wordCount, at + 4);
        integersMeasureNarrow(places, count, 0);
        return finish(target, SECTION_DICTIONARY, flags, integersWrite(placesAt));
      }
      stringsMeasure(values, count, integers, narrow);
    }
  }
  if (at + <usize>plainBytes > end) return 0;
  return finish(target, SECTION_STRINGS, flags, stringsWrite(values, count, at));
}
