/**
 * Reads a column's section of a frame (layout: `section.ts`) into a COLUMN. Nothing in a section is believed:
 * whatever its bytes are, the outcome is a column or a FRAME_ERROR_*.
 *
 * Values are read densely to the front of the lanes, then spread over the present rows from the last one
 * down.
 */
import {
  COLUMN_KIND, COLUMN_LANES, COLUMN_NULL_COUNT, COLUMN_VALIDITY, KIND_BYTES, KIND_F64, KIND_I64,
} from "../abi";
import {
  FRAME_ERROR_DOUBLES, FRAME_ERROR_ENCODING, FRAME_ERROR_INTEGERS, FRAME_ERROR_NULLS, FRAME_ERROR_REST,
  FRAME_ERROR_STRINGS, FRAME_ERROR_WORDS, FRAME_SECTION_HEADER_BYTES,
} from "./abi";
import { decimalsRead } from "./doubles";
import { integersRead } from "./integers";
import {
  DECIMAL_SCALE_MAX, SECTION_DECIMALS, SECTION_DICTIONARY, SECTION_DOUBLES, SECTION_HAS_NULLS,
  SECTION_INTEGERS, SECTION_NULLS, SECTION_STRINGS,
} from "./section";
import { stringsEnd, stringsHeapBytes, stringsRead } from "./strings-read";

// @ts-ignore: decorator
@inline
function nullBytes(section: usize, rowCount: u32): usize {
  return load<u8>(section, 1) & SECTION_HAS_NULLS ? <usize>((rowCount + 7) >> 3) : 0;
}

/**
 * Returns the heap bytes that decoding the section takes at most; `bytes` counts its header.
 *
 * For a section that is none, any number: decoding it fails before the heap is touched.
 */
export function frameColumnHeapBytes(section: usize, bytes: u32, rowCount: u32): u32 {
  const end = section + <usize>bytes;
  const at = section + FRAME_SECTION_HEADER_BYTES + nullBytes(section, rowCount);
  const encoding = <u32>load<u8>(section);
  if (encoding == SECTION_STRINGS) return stringsHeapBytes(at, end, rowCount);
  if (encoding != SECTION_DICTIONARY || at + 4 > end) return 0;
  const wordCount = min<u32>(load<u32>(at), rowCount);
  return wordCount * 8 + stringsHeapBytes(at + 4, end, wordCount);
}

/**
 * Decodes the section of `bytes` bytes, header included, into `column`, whose lanes and validity have room
 * for `rowCount` rows. Returns 0 or a FRAME_ERROR_*; the column's content is undefined then.
 *
 * The section is followed by READ_AHEAD_BYTES, so is `heap`.
 */
export function frameColumnDecode(
  section: usize, bytes: u32, rowCount: u32, column: usize, heap: usize,
): u32 {
  const end = section + <usize>bytes;
  const encoding = <u32>load<u8>(section);
  const flags = <u32>load<u8>(section, 1);
  const lanes = <usize>load<u32>(column, COLUMN_LANES);
  const validity = <usize>load<u32>(column, COLUMN_VALIDITY);
  let at = section + FRAME_SECTION_HEADER_BYTES;
  if (flags & ~SECTION_HAS_NULLS) return FRAME_ERROR_ENCODING;
  if (encoding == SECTION_NULLS) {
    memory.fill(lanes, 0, <usize>rowCount << 3);
    memory.fill(validity, 0, <usize>rowCount);
    store<u32>(column, rowCount, COLUMN_NULL_COUNT);
    if (flags) return FRAME_ERROR_NULLS;
    return at == end ? 0 : FRAME_ERROR_REST;
  }
  if (rowCount == 0) return FRAME_ERROR_NULLS;
  let present = rowCount;
  if (flags) {
    const bits = at;
    at += nullBytes(section, rowCount);
    if (at > end) return FRAME_ERROR_NULLS;
    present = bitsCount(bits, rowCount);
    if (present == 0) return FRAME_ERROR_NULLS;
  }
  const error = decodeValues(encoding, load<u32>(column, COLUMN_KIND), at, end, present, lanes, heap);
  if (error) return error;
  if (present < rowCount) spread(section + FRAME_SECTION_HEADER_BYTES, rowCount, present, lanes, validity);
  store<u32>(column, rowCount - present, COLUMN_NULL_COUNT);
  return 0;
}

function decodeValues(
  encoding: u32, kind: u32, at: usize, end: usize, count: u32, lanes: usize, heap: usize,
): u32 {
  if (encoding == SECTION_STRINGS && kind == KIND_BYTES) {
    const error = stringsRead(at, end, count, lanes, heap);
    if (error) return error;
    return stringsEnd() == end ? 0 : FRAME_ERROR_REST;
  }
  if (encoding == SECTION_DICTIONARY && kind == KIND_BYTES) {
    return dictionaryRead(at, end, count, lanes, heap);
  }
  let scale: u32 = 0;
  if (encoding == SECTION_DECIMALS && kind == KIND_F64) {
    if (at >= end || load<u8>(at) > <u8>DECIMAL_SCALE_MAX) return FRAME_ERROR_DOUBLES;
    scale = load<u8>(at);
    at++;
  } else {
    const isDoubles = encoding == SECTION_DOUBLES && kind == KIND_F64;
    const isIntegers = encoding == SECTION_INTEGERS && kind == KIND_I64;
    if (!isDoubles && !isIntegers) return FRAME_ERROR_ENCODING;
  }
  const blockEnd = integersRead(at, end, count, lanes);
  if (blockEnd == 0) return FRAME_ERROR_INTEGERS;
  if (blockEnd != end) return FRAME_ERROR_REST;
  if (encoding == SECTION_DECIMALS) decimalsRead(lanes, count, scale);
  return 0;
}

function dictionaryRead(at: usize, end: usize, count: u32, lanes: usize, heap: usize): u32 {
  if (at + 4 > end) return FRAME_ERROR_STRINGS;
  const wordCount = load<u32>(at);
  if (wordCount == 0 || wordCount > count) return FRAME_ERROR_STRINGS;
  const words = heap;
  const error = stringsRead(at + 4, end, wordCount, words, heap + (<usize>wordCount << 3));
  if (error) return error;
  const placesEnd = integersRead(stringsEnd(), end, count, lanes);
  if (placesEnd == 0) return FRAME_ERROR_INTEGERS;
  if (placesEnd != end) return FRAME_ERROR_REST;
  const lanesEnd = lanes + (<usize>count << 3);
  let most: u64 = 0;
  for (let lane = lanes; lane < lanesEnd; lane += 8) most = max<u64>(most, load<u64>(lane));
  if (most >= <u64>wordCount) return FRAME_ERROR_WORDS;
  for (let lane = lanes; lane < lanesEnd; lane += 8) {
    store<u64>(lane, load<u64>(words + (<usize>load<u64>(lane) << 3)));
  }
  return 0;
}

/** Counts the bits of `rowCount` rows; 0 also where bits behind the last row are set. */
function bitsCount(bits: usize, rowCount: u32): u32 {
  const bytes = <usize>((rowCount + 7) >> 3);
  if (rowCount & 7 && <u32>load<u8>(bits + bytes - 1) >> (rowCount & 7)) return 0;
  let present: u32 = 0;
  for (let at: usize = 0; at < bytes; at++) present += popcnt<u32>(load<u8>(bits + at));
  return present;
}

function spread(bits: usize, rowCount: u32, present: u32, lanes: usize, validity: usize): void {
  let next = present;
  for (let row = rowCount; row > 0; ) {
    row--;
    const bit = (<u32>load<u8>(bits + <usize>(row >> 3)) >> (row & 7)) & 1;
    next -= bit;
    // Where the bit is zero the value read belongs to another row, or is the first one: it is masked away.
    const value = load<u64>(lanes + (<usize>next << 3)) & (0 - <u64>bit);
    store<u64>(lanes + (<usize>row << 3), value);
    store<u8>(validity + <usize>row, bit);
  }
}
