/**
 * Nodes of the trees of counted values (drawn in `value-tree.ts`): cells of a keyed table, each with its node
 * in the page's heap.
 *
 *   OFFSET  SIZE  FIELD
 *        0     2  level    0 = a leaf
 *        2     2  count    of entries
 *        4     4  next     of the root, which has the number 0: the number of the next new node
 *        8    2n  where each entry begins, from the node's first byte
 *        -     -  entries, ascending by value: payload u64, then the value's bytes, up to the next entry
 *
 * All calls are about one key, which `keyOpen` names. Whatever makes room may move cells: words and nodes are
 * looked up again behind it. The page of a node that is about to change is touched first, so that it stays
 * while others are acquired.
 */
import {
  CELL_CHANGED,
  COUNTERS_BATCH,
  FAILURE_PAGE_FULL,
  LAYOUT_ACCUMULATORS,
  PAGE_GARBAGE,
  PAGE_STAMP,
  TABLE_LAYOUT,
} from "../abi";
import { cellFind, cellInsert } from "./find";
import { bytesCompare, bytesCopy, capacityFor, heapTake } from "./page";
import {
  dirtyInBatch,
  failureSet,
  hasRoom,
  pageOf,
  pageTouch,
  roomMake,
  tableCounters,
  tableDeleteCells,
} from "./room";

const HEADER: u32 = 8;

/**
 * A node is full that has as many bytes and entries; or more bytes, of long values, and three entries: the
 * halves of fewer would fill the root again.
 */
const FULL_BYTES: u32 = 1024;
const FULL_ENTRIES: u32 = 8;
const LONG_BYTES: u32 = 6144;
const LONG_ENTRIES: u32 = 3;

/** More than any node has: one entry comes to less than the former, or to half a node and an entry. */
const NODE_BYTES_MAX: u32 = 16384;

const KEY_GROUP_BITS: u64 = 0xffc0000000000000;
const ODD: u64 = 0x9e3779b97f4a7c15;

/** A node that is written anew. */
const ASIDE = memory.data(16384, 16);

let table: usize = 0;
let keyHash: u64 = 0;
let keyLane: usize = 0;
let keyNulls: u32 = 0;
let keyRow: u32 = 0;

/** Names the key: its BYTES lane, null bits and hash, and the row that a failure names. */
export function keyOpen(inTable: usize, hash: u64, lane: usize, nulls: u32, row: u32): void {
  table = inTable;
  keyHash = hash;
  keyLane = lane;
  keyNulls = nulls;
  keyRow = row;
}

/** The hash of a node's cell: the key group is the key's, and steps of an odd width never meet again. */
@inline
export function nodeHash(number: u64): u64 {
  return (keyHash & KEY_GROUP_BITS) | ((keyHash + number * ODD) & ~KEY_GROUP_BITS);
}

/** Where the word of a node lies in its cell. */
@inline
function wordOffset(): u32 {
  return load<u32>(<usize>load<u32>(table, TABLE_LAYOUT) + LAYOUT_ACCUMULATORS, 4);
}

/** The word of the node with this hash, 0 where there is none. */
@inline
export function wordOf(hash: u64): usize {
  const cell = cellFind(pageOf(table, hash), hash, load<u32>(keyLane), load<u32>(keyLane, 4), keyNulls);
  return cell == 0 ? 0 : cell + wordOffset();
}

/** Lets the page of a node, which is in memory, stay for the batch. */
export function nodeKeep(hash: u64): void {
  store<u32>(pageOf(table, hash), load<u32>(tableCounters(), COUNTERS_BATCH), PAGE_STAMP);
}

/** The word of a node that is about to change. */
export function wordToChange(hash: u64): usize {
  pageTouch(table, pageOf(table, hash), dirtyInBatch());
  return wordOf(hash);
}

/** Address of the node of a word. */
@inline
export function nodeAt(hash: u64, word: usize): usize {
  return pageOf(table, hash) + load<u16>(word);
}

@inline
export function nodeBytes(word: usize): u32 {
  return <u32>load<u16>(word, 2);
}

@inline
export function levelOf(node: usize): u32 {
  return <u32>load<u16>(node);
}

@inline
export function entryCount(node: usize): u32 {
  return <u32>load<u16>(node, 2);
}

/** True where the node is to be split before anything comes to it. */
@inline
export function isFull(hash: u64, word: usize): bool {
  const bytes = nodeBytes(word);
  if (bytes < FULL_BYTES) return false;
  return entryCount(nodeAt(hash, word)) >= (bytes < LONG_BYTES ? FULL_ENTRIES : LONG_ENTRIES);
}

@inline
function offsetAt(node: usize, place: u32): u32 {
  return <u32>load<u16>(node + (<usize>place << 1), HEADER);
}

@inline
function offsetPut(node: usize, place: u32, offset: u32): void {
  store<u16>(node + (<usize>place << 1), <u16>offset, HEADER);
}

/** Address of an entry: its payload. */
@inline
export function entryAt(node: usize, place: u32): usize {
  return node + offsetAt(node, place);
}

/** Where entries [0, place) end. */
@inline
function endOf(node: usize, place: u32, bytes: u32): u32 {
  return place < entryCount(node) ? offsetAt(node, place) : bytes;
}

/** Bytes of the value of an entry, which begin 8 bytes behind it; `bytes` are those of the node. */
@inline
export function valueLength(node: usize, place: u32, bytes: u32): u32 {
  return endOf(node, place + 1, bytes) - offsetAt(node, place) - 8;
}

/** How the value of an entry compares to another. */
@inline
export function valueCompare(node: usize, place: u32, bytes: u32, value: usize, length: u32): i32 {
  return bytesCompare(entryAt(node, place) + 8, valueLength(node, place, bytes), value, length);
}

/** The first place whose value is not below another. */
export function placeOf(node: usize, bytes: u32, value: usize, length: u32): u32 {
  let low: u32 = 0;
  let high = entryCount(node);
  while (low < high) {
    const middle = (low + high) >> 1;
    if (valueCompare(node, middle, bytes, value, length) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The place of the child below which a value belongs: the first child takes all below the second's bound. */
export function childPlace(node: usize, bytes: u32, value: usize, length: u32): u32 {
  let low: u32 = 1;
  let high = entryCount(node);
  while (low < high) {
    const middle = (low + high) >> 1;
    if (valueCompare(node, middle, bytes, value, length) <= 0) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Takes a number for a new node. */
export function numberTake(): u32 {
  const root = nodeAt(keyHash, wordToChange(keyHash));
  const next = load<u32>(root, 4);
  store<u32>(root, next + 1, 4);
  return next;
}

/** Makes a node without entries; false where there cannot be room. */
export function nodeInsert(hash: u64, level: u32, next: u32): bool {
  pageTouch(table, pageOf(table, hash), dirtyInBatch());
  const cell = cellInsert(table, load<u32>(keyLane), load<u32>(keyLane, 4), keyNulls, hash, keyRow, 0);
  if (cell == 0) return false;
  store<i64>(cell, 0, CELL_CHANGED);
  if (!nodeResize(hash, HEADER)) return false;
  const node = nodeAt(hash, wordOf(hash));
  store<u16>(node, <u16>level);
  store<u16>(node, 0, 2);
  store<u32>(node, next, 4);
  return true;
}

/** Sets the length of a node; what is new in it means nothing. */
function nodeResize(hash: u64, bytes: u32): bool {
  assert(bytes <= NODE_BYTES_MAX);
  let word = wordToChange(hash);
  const held = <u32>load<u16>(word, 4);
  if (bytes > held) {
    // Half as much again, so that not every entry moves the node; but no more than a node that is full.
    const capacity = capacityFor(max(bytes, min(bytes + (bytes >> 1), FULL_BYTES + 64)));
    if (!hasRoom(pageOf(table, hash), 0, capacity)) {
      if (!roomMake(table, hash, 0, capacity)) { failureSet(FAILURE_PAGE_FULL, keyRow); return false; }
      word = wordOf(hash);
    }
    const page = pageOf(table, hash);
    store<u32>(page, load<u32>(page, PAGE_GARBAGE) + <u32>load<u16>(word, 4), PAGE_GARBAGE);
    const place = heapTake(page, capacity);
    if (load<u16>(word) != 0) bytesCopy(page + place, page + load<u16>(word), nodeBytes(word));
    store<u16>(word, <u16>place);
    store<u16>(word, <u16>capacity, 4);
  }
  store<u16>(word, <u16>bytes, 2);
  return true;
}

/** Puts an entry into a node. */
export function entryInsert(hash: u64, place: u32, value: usize, length: u32, payload: u64): bool {
  const bytes = nodeBytes(wordOf(hash));
  const entryBytes = 8 + length;
  if (!nodeResize(hash, bytes + 2 + entryBytes)) return false;
  const node = nodeAt(hash, wordOf(hash));
  const count = entryCount(node);
  const at = endOf(node, place, bytes);
  const first = HEADER + 2 * count;
  memory.copy(node + at + 2 + entryBytes, node + at, bytes - at);
  memory.copy(node + first + 2, node + first, at - first);
  for (let i = count; i > place; i--) offsetPut(node, i, offsetAt(node, i - 1) + 2 + entryBytes);
  for (let i: u32 = 0; i < place; i++) offsetPut(node, i, offsetAt(node, i) + 2);
  offsetPut(node, place, at + 2);
  store<u16>(node, <u16>(count + 1), 2);
  store<u64>(node + at + 2, payload);
  bytesCopy(node + at + 10, value, length);
  return true;
}

/** Takes an entry out of a node that has others. */
export function entryDelete(hash: u64, place: u32): void {
  const word = wordToChange(hash);
  const node = nodeAt(hash, word);
  const bytes = nodeBytes(word);
  const count = entryCount(node);
  const first = HEADER + 2 * count;
  const at = offsetAt(node, place);
  const end = endOf(node, place + 1, bytes);
  const gone = end - at;
  for (let i: u32 = 0; i < place; i++) offsetPut(node, i, offsetAt(node, i) - 2);
  for (let i = place + 1; i < count; i++) offsetPut(node, i - 1, offsetAt(node, i) - 2 - gone);
  memory.copy(node + first - 2, node + first, at - first);
  memory.copy(node + at - 2, node + end, bytes - end);
  store<u16>(node, <u16>(count - 1), 2);
  store<u16>(word, <u16>(bytes - 2 - gone), 2);
}

/** Where a full node is split: about half of its bytes lie behind the entries before the place. */
export function middleOf(hash: u64): u32 {
  const node = nodeAt(hash, wordOf(hash));
  const count = entryCount(node);
  const first = HEADER + 2 * count;
  const middle = first + ((nodeBytes(wordOf(hash)) - first) >> 1);
  let place: u32 = 1;
  while (place < count - 1 && offsetAt(node, place) < middle) place++;
  return place;
}

/** Makes node `number` of the entries of the node `from` behind the first `kept`, and cuts them off there. */
export function entriesMove(from: u64, kept: u32, number: u32): bool {
  let word = wordToChange(from);
  const bytes = nodeBytes(word);
  memory.copy(ASIDE, nodeAt(from, word), bytes);
  const count = entryCount(ASIDE);
  const moved = count - kept;
  const first = HEADER + 2 * count;
  const cut = endOf(ASIDE, kept, bytes);
  const to = nodeHash(number);
  if (!nodeInsert(to, levelOf(ASIDE), 0)) return false;
  const target = HEADER + 2 * moved;
  if (!nodeResize(to, target + bytes - cut)) return false;
  const node = nodeAt(to, wordOf(to));
  memory.copy(node + target, ASIDE + cut, bytes - cut);
  for (let i: u32 = 0; i < moved; i++) offsetPut(node, i, offsetAt(ASIDE, kept + i) - cut + target);
  store<u16>(node, <u16>moved, 2);
  word = wordToChange(from);
  const left = nodeAt(from, word);
  const leftFirst = HEADER + 2 * kept;
  memory.copy(left + leftFirst, ASIDE + first, cut - first);
  for (let i: u32 = 0; i < kept; i++) offsetPut(left, i, offsetAt(ASIDE, i) - 2 * moved);
  store<u16>(left, <u16>kept, 2);
  store<u16>(word, <u16>(leftFirst + cut - first), 2);
  return true;
}

/** Deletes the node of a word. */
export function nodeDelete(hash: u64, word: usize): void {
  store<i64>(word - wordOffset(), i64.MIN_VALUE, CELL_CHANGED);
  tableDeleteCells(table, hash, i64.MIN_VALUE + 1, 0, u64.MAX_VALUE);
}
