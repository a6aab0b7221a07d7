/**
 * Nodes of the trees of counted values (drawn in `values.ts`): cells of a keyed table, each with its node in
 * the page's heap.
 *
 * Whatever makes room may move cells: words and nodes are looked up again behind it. The page of a node that
 * is about to change is touched first, so that it stays while others are acquired.
 */
import {
  CELL_CHANGED,
  FAILURE_PAGE_FULL,
  LAYOUT_ACCUMULATORS,
  PAGE_GARBAGE,
  TABLE_LAYOUT,
} from "../abi";
import { cellFind, cellInsert } from "./find";
import { bytesCopy, capacityFor, heapTake } from "./page";
import { dirtyInBatch, failureSet, hasRoom, pageOf, pageTouch, roomMake, tableDeleteCells } from "./room";

export const HEADER: u32 = 8;
export const ENTRY: u32 = 16;
export const ENTRIES_MAX: u32 = 64;

const KEY_GROUP_BITS: u64 = 0xffc0000000000000;
const ODD: u64 = 0x9e3779b97f4a7c15;

/** The hash of a node's cell: the key group is the key's, and steps of an odd width never meet again. */
@inline
export function nodeHash(hash: u64, node: u64): u64 {
  return (hash & KEY_GROUP_BITS) | ((hash + node * ODD) & ~KEY_GROUP_BITS);
}

/** Where the word of a node lies in its cell. */
@inline
function wordOffset(table: usize): u32 {
  return load<u32>(<usize>load<u32>(table, TABLE_LAYOUT) + LAYOUT_ACCUMULATORS, 4);
}

/** The word of the node with this hash, 0 where there is none. `lane` is the key's. */
@inline
export function wordOf(table: usize, hash: u64, lane: usize, nulls: u32): usize {
  const cell = cellFind(pageOf(table, hash), hash, load<u32>(lane), load<u32>(lane, 4), nulls);
  return cell == 0 ? 0 : cell + wordOffset(table);
}

/** The word of a node that is about to change. */
export function wordToChange(table: usize, hash: u64, lane: usize, nulls: u32): usize {
  pageTouch(table, pageOf(table, hash), dirtyInBatch());
  return wordOf(table, hash, lane, nulls);
}

/** Address of the node of a word. */
@inline
export function nodeAt(table: usize, hash: u64, word: usize): usize {
  return pageOf(table, hash) + load<u16>(word);
}

@inline
export function entryCount(word: usize): u32 {
  return (<u32>load<u16>(word, 2) - HEADER) / ENTRY;
}

@inline
export function entryAt(node: usize, place: u32): usize {
  return node + HEADER + <usize>(place * ENTRY);
}

/** The first place whose value is not below `value`. */
export function placeOf(node: usize, count: u32, value: i64): u32 {
  let low: u32 = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (load<i64>(entryAt(node, middle)) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The place of the child below which `value` belongs. */
@inline
export function childPlace(node: usize, count: u32, value: i64): u32 {
  const place = placeOf(node, count, value);
  if (place < count && load<i64>(entryAt(node, place)) == value) return place;
  return place == 0 ? 0 : place - 1;
}

/** Makes a node without entries; false where there cannot be room. */
export function nodeInsert(
  table: usize,
  hash: u64,
  lane: usize,
  nulls: u32,
  level: u32,
  next: u32,
  row: u32,
): bool {
  pageTouch(table, pageOf(table, hash), dirtyInBatch());
  const cell = cellInsert(table, load<u32>(lane), load<u32>(lane, 4), nulls, hash, row);
  if (cell == 0) return false;
  store<i64>(cell, 0, CELL_CHANGED);
  if (!nodeResize(table, hash, lane, nulls, 0, row)) return false;
  const node = nodeAt(table, hash, wordOf(table, hash, lane, nulls));
  store<u32>(node, level);
  store<u32>(node, next, 4);
  return true;
}

/** Makes a node as long as `count` entries; what is new in it means nothing. */
export function nodeResize(table: usize, hash: u64, lane: usize, nulls: u32, count: u32, row: u32): bool {
  let word = wordToChange(table, hash, lane, nulls);
  const bytes = HEADER + count * ENTRY;
  const held = <u32>load<u16>(word, 4);
  if (bytes > held) {
    // Half as much again, so that not every entry moves the node.
    const most = HEADER + ENTRIES_MAX * ENTRY;
    const capacity = capacityFor(min(bytes + (count >> 1) * ENTRY, most));
    if (!hasRoom(pageOf(table, hash), 0, capacity)) {
      if (!roomMake(table, hash, 0, capacity)) { failureSet(FAILURE_PAGE_FULL, row); return false; }
      word = wordOf(table, hash, lane, nulls);
    }
    const page = pageOf(table, hash);
    store<u32>(page, load<u32>(page, PAGE_GARBAGE) + <u32>load<u16>(word, 4), PAGE_GARBAGE);
    const place = heapTake(page, capacity);
    if (load<u16>(word) != 0) bytesCopy(page + place, page + load<u16>(word), <u32>load<u16>(word, 2));
    store<u16>(word, <u16>place);
    store<u16>(word, <u16>capacity, 4);
  }
  store<u16>(word, <u16>bytes, 2);
  return true;
}

/** Puts an entry into a node that is not full. */
export function entryInsert(
  table: usize,
  hash: u64,
  lane: usize,
  nulls: u32,
  place: u32,
  value: i64,
  payload: u64,
  row: u32,
): bool {
  const count = entryCount(wordOf(table, hash, lane, nulls));
  if (!nodeResize(table, hash, lane, nulls, count + 1, row)) return false;
  const entry = entryAt(nodeAt(table, hash, wordOf(table, hash, lane, nulls)), place);
  memory.copy(entry + ENTRY, entry, <usize>((count - place) * ENTRY));
  store<i64>(entry, value);
  store<u64>(entry, payload, 8);
  return true;
}

/** Deletes the node of a word. */
export function nodeDelete(table: usize, hash: u64, word: usize): void {
  store<i64>(word - wordOffset(table), i64.MIN_VALUE, CELL_CHANGED);
  tableDeleteCells(table, hash, i64.MIN_VALUE + 1, 0, u64.MAX_VALUE);
}
