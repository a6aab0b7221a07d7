/**
 * Keys of a batch, built and hashed by column.
 *
 *   columns   u32[columnCount]  pointers to COLUMN
 *   rows      SELECTION of `count` rows
 *   keys      BYTES lane per row   (pointer u32, length u32)
 *   keyNulls  u16 per row          bit i: key column i is null
 *   hashes    u64 per row          XXH64 of the key's bytes, seeded by keyNulls
 *
 * Key bytes: one column of kind BYTES gives its values' own bytes, uncopied; so does one of kind I64, whose
 * lanes already are its key bytes. Otherwise the columns' bytes follow each other in a heap: I64 and F64 as 8
 * bytes little-endian (-0 as 0, NaN as the canonical one), BYTES as u32 length and bytes. A null adds only
 * its bit. `src/columnar/key-encoding.ts` is the same in TypeScript.
 */
import {
  COLUMN_KIND, COLUMN_LANES, COLUMN_NULL_COUNT, COLUMN_VALIDITY, KIND_BYTES, KIND_F64, KIND_I64,
} from "../abi";
import { xxhash64 } from "./xxhash64";

const NAN_BITS: u64 = 0x7ff8000000000000;

// @ts-ignore: decorator
@inline
function rowAt(rows: usize, index: u32): usize {
  return rows ? <usize>load<u32>(rows + (<usize>index << 2)) : <usize>index;
}

// @ts-ignore: decorator
@inline
function columnAt(columns: usize, index: u32): usize {
  return <usize>load<u32>(columns + (<usize>index << 2));
}

/** True where the lanes of `keys` may point at the column's own bytes. */
// @ts-ignore: decorator
@inline
function isUncopied(columns: usize, columnCount: u32): bool {
  return columnCount == 1 && load<u32>(columnAt(columns, 0), COLUMN_KIND) != KIND_F64;
}

/**
 * Where keys must be copied, writes keyNulls and each key's length into its lane. Returns the heap bytes that
 * `keysBuild` will write.
 */
export function keysMeasure(
  columns: usize, columnCount: u32, rows: usize, count: u32, keys: usize, keyNulls: usize,
): u32 {
  if (isUncopied(columns, columnCount)) return 0;
  for (let i: u32 = 0; i < count; i++) {
    const row = rowAt(rows, i);
    store<u64>(keys + (row << 3), 0);
    store<u16>(keyNulls + (row << 1), 0);
  }
  let total: u32 = 0;
  for (let index: u32 = 0; index < columnCount; index++) {
    const column = columnAt(columns, index);
    const lanes = <usize>load<u32>(column, COLUMN_LANES);
    const validity = load<u32>(column, COLUMN_NULL_COUNT) ? <usize>load<u32>(column, COLUMN_VALIDITY) : 0;
    if (validity) nullsAdd(validity, index, rows, count, keyNulls);
    const isBytes = load<u32>(column, COLUMN_KIND) == KIND_BYTES;
    for (let i: u32 = 0; i < count; i++) {
      const row = rowAt(rows, i);
      let size: u32 = isBytes ? 4 + load<u32>(lanes + (row << 3), 4) : 8;
      if (validity && !load<u8>(validity + row)) size = 0;
      const lane = keys + (row << 3);
      store<u32>(lane, load<u32>(lane, 4) + size, 4);
      total += size;
    }
  }
  return total;
}

function nullsAdd(validity: usize, index: u32, rows: usize, count: u32, keyNulls: usize): void {
  for (let i: u32 = 0; i < count; i++) {
    const row = rowAt(rows, i);
    const nulls = keyNulls + (row << 1);
    store<u16>(nulls, load<u16>(nulls) | (<u32>(load<u8>(validity + row) == 0) << index));
  }
}

/** Fills the lanes of `keys`, and keyNulls; `heap` has the bytes that `keysMeasure` asked for. */
export function keysBuild(
  columns: usize, columnCount: u32, rows: usize, count: u32, keys: usize, keyNulls: usize, heap: usize,
): void {
  if (isUncopied(columns, columnCount)) {
    keysRefer(columnAt(columns, 0), rows, count, keys, keyNulls);
    return;
  }
  // A lane's length is taken back to zero and grows again as the columns are written behind its pointer.
  let next = heap;
  for (let i: u32 = 0; i < count; i++) {
    const lane = keys + (rowAt(rows, i) << 3);
    const size = <usize>load<u32>(lane, 4);
    store<u64>(lane, <u64>next);
    next += size;
  }
  for (let index: u32 = 0; index < columnCount; index++) {
    const column = columnAt(columns, index);
    const lanes = <usize>load<u32>(column, COLUMN_LANES);
    const kind = load<u32>(column, COLUMN_KIND);
    if (kind == KIND_BYTES) bytesAppend(lanes, index, rows, count, keys, keyNulls);
    else if (kind == KIND_F64) doublesAppend(lanes, index, rows, count, keys, keyNulls);
    else integersAppend(lanes, index, rows, count, keys, keyNulls);
  }
}

function keysRefer(column: usize, rows: usize, count: u32, keys: usize, keyNulls: usize): void {
  const lanes = <usize>load<u32>(column, COLUMN_LANES);
  const isInteger = load<u32>(column, COLUMN_KIND) == KIND_I64;
  if (load<u32>(column, COLUMN_NULL_COUNT)) {
    const validity = <usize>load<u32>(column, COLUMN_VALIDITY);
    for (let i: u32 = 0; i < count; i++) {
      const row = rowAt(rows, i);
      const lane = lanes + (row << 3);
      const isNull = load<u8>(validity + row) == 0;
      const key = isInteger ? <u64>lane | (<u64>8 << 32) : load<u64>(lane);
      store<u64>(keys + (row << 3), isNull ? 0 : key);
      store<u16>(keyNulls + (row << 1), u16(isNull));
    }
    return;
  }
  if (rows == 0) {
    memory.fill(keyNulls, 0, <usize>count << 1);
    if (!isInteger) {
      memory.copy(keys, lanes, <usize>count << 3);
      return;
    }
  }
  for (let i: u32 = 0; i < count; i++) {
    const row = rowAt(rows, i);
    const lane = lanes + (row << 3);
    store<u64>(keys + (row << 3), isInteger ? <u64>lane | (<u64>8 << 32) : load<u64>(lane));
    store<u16>(keyNulls + (row << 1), 0);
  }
}

function integersAppend(
  lanes: usize, index: u32, rows: usize, count: u32, keys: usize, keyNulls: usize,
): void {
  for (let i: u32 = 0; i < count; i++) {
    const row = rowAt(rows, i);
    if ((load<u16>(keyNulls + (row << 1)) >> index) & 1) continue;
    const key = keys + (row << 3);
    const size = load<u32>(key, 4);
    store<u64>(<usize>(load<u32>(key) + size), load<u64>(lanes + (row << 3)));
    store<u32>(key, size + 8, 4);
  }
}

function doublesAppend(
  lanes: usize, index: u32, rows: usize, count: u32, keys: usize, keyNulls: usize,
): void {
  for (let i: u32 = 0; i < count; i++) {
    const row = rowAt(rows, i);
    if ((load<u16>(keyNulls + (row << 1)) >> index) & 1) continue;
    const key = keys + (row << 3);
    const size = load<u32>(key, 4);
    const value = load<f64>(lanes + (row << 3));
    // Adding zero turns -0 into 0 and changes nothing else.
    const bits = value == value ? reinterpret<u64>(value + 0.0) : NAN_BITS;
    store<u64>(<usize>(load<u32>(key) + size), bits);
    store<u32>(key, size + 8, 4);
  }
}

function bytesAppend(lanes: usize, index: u32, rows: usize, count: u32, keys: usize, keyNulls: usize): void {
  for (let i: u32 = 0; i < count; i++) {
    const row = rowAt(rows, i);
    if ((load<u16>(keyNulls + (row << 1)) >> index) & 1) continue;
    const key = keys + (row << 3);
    const size = load<u32>(key, 4);
    const target = <usize>(load<u32>(key) + size);
    const length = load<u32>(lanes + (row << 3), 4);
    store<u32>(target, length);
    memory.copy(target + 4, <usize>load<u32>(lanes + (row << 3)), <usize>length);
    store<u32>(key, size + 4 + length, 4);
  }
}

/**
 * hashes[row] = XXH64(keys[row], seed keyNulls[row]) for the selected rows. Returns the bytes of the longest
 * key.
 */
export function keysHash(keys: usize, keyNulls: usize, rows: usize, count: u32, hashes: usize): u32 {
  let longest: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const row = rowAt(rows, i);
    const key = load<u64>(keys + (row << 3));
    const length = <u32>(key >> 32);
    longest = max<u32>(longest, length);
    const seed = <u64>load<u16>(keyNulls + (row << 1));
    store<u64>(hashes + (row << 3), xxhash64(<usize>(<u32>key), <usize>length, seed));
  }
  return longest;
}

/** Writes the selected rows whose keys have more than `bytesMax` bytes to `target`; returns their count. */
export function keysTooLong(keys: usize, rows: usize, count: u32, bytesMax: u32, target: usize): u32 {
  let found: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const row = rowAt(rows, i);
    store<u32>(target + (<usize>found << 2), <u32>row);
    found += u32(load<u32>(keys + (row << 3), 4) > bytesMax);
  }
  return found;
}
