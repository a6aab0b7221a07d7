/**
 * Finds the distinct strings of a column, in order of first appearance, and each row's place among them.
 *
 *   values  BYTES lane[count]       without nulls
 *   words   BYTES lane[count]       written: the distinct values
 *   places  u32[count]              written: values[i] equals words[places[i]]
 *   table   u32[tableSlots(count)]  scratch
 *
 * Gives up where the column does not repeat itself, or where its hashes collide more than chance would have
 * it: then someone chose the strings for it.
 */
import { xxhash64 } from "../hash/xxhash64";

/** After this many rows almost all of them distinct, it gives up. */
const TRIAL: u32 = 512;

/** The bits of `isDiverse`. */
const FILTER = memory.data(128);

/** Slots of the hash table: at most half of them are used. */
// @ts-ignore: decorator
@inline
export function tableSlots(count: u32): u32 {
  return <u32>1 << (32 - clz<u32>(max<u32>(count, 8) * 2 - 1));
}

// @ts-ignore: decorator
@inline
function headOf(pointer: usize, length: u32): u64 {
  return length >= 8 ? load<u64>(pointer) : load<u64>(pointer) & ((<u64>1 << <u64>(length << 3)) - 1);
}

// @ts-ignore: decorator
@inline
function tailOf(pointer: usize, length: u32): u64 {
  return length > 8 ? load<u64>(pointer + <usize>(length - 8)) : 0;
}

// @ts-ignore: decorator
@inline
function mix(head: u64, tail: u64, length: u32): u64 {
  const mixed = (head ^ (<u64>length << 56)) * 0x9e3779b185ebca87 ^ rotl<u64>(tail * 0xc2b2ae3d27d4eb4f, 29);
  return (mixed ^ (mixed >> 32)) * 0x165667b19e3779f9;
}

/** True where the bytes between the first and last eight agree, which the caller has compared. */
// @ts-ignore: decorator
@inline
function areMiddlesEqual(left: usize, right: usize, length: u32): bool {
  for (let at: u32 = 8; at + 8 < length; at += 8) {
    if (load<u64>(left + <usize>at) != load<u64>(right + <usize>at)) return false;
  }
  return true;
}

/** Returns the number of words, or 0 where it gave up. */
export function dictionaryBuild(values: usize, count: u32, words: usize, places: usize, table: usize): u32 {
  const slots = tableSlots(count);
  memory.fill(table, 0, <usize>slots << 2);
  const shift = <u64>(clz<u32>(slots) + 33);
  let wordCount: u32 = 0;
  let stepsLeft: u32 = count * 4 + 64;
  for (let i: u32 = 0; i < count; i++) {
    if (i == TRIAL && wordCount > TRIAL - TRIAL / 16) return 0;
    const lane = load<u64>(values + (<usize>i << 3));
    const pointer = <usize>(<u32>lane);
    const length = <u32>(lane >> 32);
    const head = headOf(pointer, length);
    const tail = tailOf(pointer, length);
    const hash = length <= 16 ? mix(head, tail, length) : xxhash64(pointer, <usize>length, 0);
    let slot = <u32>(hash >> shift);
    while (true) {
      const entry = load<u32>(table + (<usize>slot << 2));
      if (entry == 0) {
        store<u32>(table + (<usize>slot << 2), wordCount + 1);
        store<u64>(words + (<usize>wordCount << 3), lane);
        store<u32>(places + (<usize>i << 2), wordCount);
        wordCount++;
        break;
      }
      const word = words + (<usize>(entry - 1) << 3);
      const other = <usize>load<u32>(word);
      if (load<u32>(word, 4) == length && headOf(other, length) == head && tailOf(other, length) == tail
        && areMiddlesEqual(pointer, other, length)) {
        store<u32>(places + (<usize>i << 2), entry - 1);
        break;
      }
      slot = (slot + 1) & (slots - 1);
      if (--stepsLeft == 0) return 0;
    }
  }
  return wordCount;
}

/** True where a sample of values[0..count), u64 or u32 each, shows mostly different ones. */
export function isDiverse(values: usize, count: u32, isNarrow: bool): bool {
  // 64 samples set bits of a 1024-bit filter: equal values set the same one.
  memory.fill(FILTER, 0, 128);
  const stride = max<u32>(1, count >> 6);
  let seen: u32 = 0;
  let fresh: u32 = 0;
  for (let i: u32 = 0; i < count; i += stride) {
    const value = isNarrow ? <u64>load<u32>(values + (<usize>i << 2)) : load<u64>(values + (<usize>i << 3));
    const hash = value * 0x9e3779b185ebca87;
    const place = FILTER + <usize>(hash >> 57);
    const bit = <u32>1 << <u32>((hash >> 54) & 7);
    fresh += u32((load<u8>(place) & bit) == 0);
    store<u8>(place, load<u8>(place) | bit);
    seen++;
  }
  return fresh * 2 > seen;
}
