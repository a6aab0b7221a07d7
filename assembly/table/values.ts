/**
 * Counted values: of each key the values of its rows in order, each with how many rows have it.
 *
 * They are a B+ tree per key, whose nodes are cells of a keyed table: so they are stored, evicted and split
 * between partitions as all cells are, and a key may have more of them than any page holds. A node's cell
 * has the bytes of its key, and a hash of its own with the same key group: numbers of nodes of one key never
 * meet in it. Its only accumulator, BYTES, is the node:
 *
 *   OFFSET  SIZE  FIELD
 *        0     4  level   0 = a leaf
 *        4     4  next    of the root, which has the number 0: the number of the next new node
 *        8    16n entries, ascending: value i64, and in a leaf its count, else the number of a child (u64)
 *
 * An entry of an inner node bounds what lies below it; the first one bounds nothing. Full nodes are split on
 * the way down, so that there is always room above. A node whose last entry goes is deleted, others are not
 * merged: a tree grows no lower before it is empty.
 *
 * Doubles lie in their order as integers. The value of a row that is taken back must have come before: one
 * that has not is left out.
 */
import { COLUMN_KIND, COLUMN_LANES, COLUMN_NULL_COUNT, COLUMN_VALIDITY, KIND_F64 } from "../abi";
import { rowAt } from "./find";
import { failureClear } from "./room";
import {
  childPlace,
  ENTRIES_MAX,
  ENTRY,
  entryAt,
  entryCount,
  entryInsert,
  HEADER,
  nodeAt,
  nodeDelete,
  nodeHash,
  nodeInsert,
  nodeResize,
  placeOf,
  wordOf,
  wordToChange,
} from "./value-nodes";

/** Of a node below the root; far more than 2^32 nodes need. */
const DEPTH_MAX: u32 = 16;

const NAN_BITS: u64 = 0x7ff8000000000000;

/** Entries on their way from a node to another. */
const ASIDE = memory.data(1024, 16);

/** The way from the root to a leaf: hash of the node u64, place of the entry that was followed u64. */
const WAY = memory.data(272, 16);

/** Takes `count` numbers for new nodes. */
function numbersTake(table: usize, hash: u64, lane: usize, nulls: u32, count: u32): u32 {
  const root = nodeAt(table, hash, wordToChange(table, hash, lane, nulls));
  const next = load<u32>(root, 4);
  store<u32>(root, next + count, 4);
  return next;
}

/** Makes node `number` of the entries of the node `from` behind the first `kept`, and cuts them off there. */
function entriesMove(
  table: usize,
  hash: u64,
  lane: usize,
  nulls: u32,
  from: u64,
  kept: u32,
  number: u32,
  row: u32,
): bool {
  const word = wordToChange(table, from, lane, nulls);
  const node = nodeAt(table, from, word);
  const moved = entryCount(word) - kept;
  const level = load<u32>(node);
  memory.copy(ASIDE, entryAt(node, kept), <usize>(moved * ENTRY));
  store<u16>(word, <u16>(HEADER + kept * ENTRY), 2);
  const to = nodeHash(hash, number);
  if (!nodeInsert(table, to, lane, nulls, level, 0, row)) return false;
  if (!nodeResize(table, to, lane, nulls, moved, row)) return false;
  const target = nodeAt(table, to, wordOf(table, to, lane, nulls));
  memory.copy(entryAt(target, 0), ASIDE, <usize>(moved * ENTRY));
  return true;
}

/** Splits the full child at `place` of a node that is not full. */
function childSplit(
  table: usize,
  hash: u64,
  lane: usize,
  nulls: u32,
  parent: u64,
  place: u32,
  child: u64,
  row: u32,
): bool {
  const number = numbersTake(table, hash, lane, nulls, 1);
  if (!entriesMove(table, hash, lane, nulls, child, ENTRIES_MAX >> 1, number, row)) return false;
  const right = nodeHash(hash, number);
  const bound = load<i64>(entryAt(nodeAt(table, right, wordOf(table, right, lane, nulls)), 0));
  return entryInsert(table, parent, lane, nulls, place + 1, bound, number, row);
}

/** Puts a level between the full root and its entries. */
function rootSplit(table: usize, hash: u64, lane: usize, nulls: u32, row: u32): bool {
  const number = numbersTake(table, hash, lane, nulls, 1);
  if (!entriesMove(table, hash, lane, nulls, hash, 0, number, row)) return false;
  const root = nodeAt(table, hash, wordToChange(table, hash, lane, nulls));
  store<u32>(root, load<u32>(root) + 1);
  if (!entryInsert(table, hash, lane, nulls, 0, i64.MIN_VALUE, number, row)) return false;
  return childSplit(table, hash, lane, nulls, hash, 0, nodeHash(hash, number), row);
}

@inline
function isFull(word: usize): bool {
  return entryCount(word) == ENTRIES_MAX;
}

/** Adds `count` rows with a value; false where there cannot be room. */
function valueAdd(table: usize, hash: u64, lane: usize, nulls: u32, value: i64, count: u64, row: u32): bool {
  let word = wordToChange(table, hash, lane, nulls);
  if (word == 0) {
    if (!nodeInsert(table, hash, lane, nulls, 0, 1, row)) return false;
    return entryInsert(table, hash, lane, nulls, 0, value, count, row);
  }
  if (isFull(word) && !rootSplit(table, hash, lane, nulls, row)) return false;
  let at = hash;
  while (true) {
    word = wordToChange(table, at, lane, nulls);
    const node = nodeAt(table, at, word);
    const entries = entryCount(word);
    if (load<u32>(node) == 0) {
      const place = placeOf(node, entries, value);
      const entry = entryAt(node, place);
      if (place == entries || load<i64>(entry) != value) {
        return entryInsert(table, at, lane, nulls, place, value, count, row);
      }
      store<u64>(entry, load<u64>(entry, 8) + count, 8);
      return true;
    }
    const place = childPlace(node, entries, value);
    const child = nodeHash(hash, load<u64>(entryAt(node, place), 8));
    if (isFull(wordOf(table, child, lane, nulls))) {
      // The way down is looked up again in the node that has one child more now.
      if (!childSplit(table, hash, lane, nulls, at, place, child, row)) return false;
    } else {
      at = child;
    }
  }
}

/** Takes `count` rows with a value away. */
function valueRemove(table: usize, hash: u64, lane: usize, nulls: u32, value: i64, count: u64): void {
  let depth: u32 = 0;
  let at = hash;
  while (true) {
    const word = wordOf(table, at, lane, nulls);
    if (word == 0) return;
    const node = nodeAt(table, at, word);
    const entries = entryCount(word);
    const isLeaf = load<u32>(node) == 0;
    const place = isLeaf ? placeOf(node, entries, value) : childPlace(node, entries, value);
    wayNote(depth, at, place);
    if (isLeaf) {
      if (place == entries || load<i64>(entryAt(node, place)) != value) return;
      break;
    }
    depth++;
    at = nodeHash(hash, load<u64>(entryAt(node, place), 8));
  }
  const node = nodeAt(table, at, wordToChange(table, at, lane, nulls));
  const entry = entryAt(node, <u32>load<u64>(WAY + (<usize>depth << 4), 8));
  const held = load<u64>(entry, 8);
  if (held > count) store<u64>(entry, held - count, 8);
  else entryRemove(table, lane, nulls, depth);
}

@inline
function wayNote(depth: u32, hash: u64, place: u32): void {
  assert(depth < DEPTH_MAX);
  store<u64>(WAY + (<usize>depth << 4), hash);
  store<u64>(WAY + (<usize>depth << 4), <u64>place, 8);
}

/** Removes the entry where the way ends, and each node above that has no other. */
function entryRemove(table: usize, lane: usize, nulls: u32, depth: u32): void {
  for (let level = <i32>depth; level >= 0; level--) {
    const at = load<u64>(WAY + (<usize>level << 4));
    const place = <u32>load<u64>(WAY + (<usize>level << 4), 8);
    const word = wordToChange(table, at, lane, nulls);
    const left = entryCount(word) - 1;
    if (left == 0) { nodeDelete(table, at, word); continue; }
    const node = nodeAt(table, at, word);
    const entry = entryAt(node, place);
    const bound = load<i64>(entry);
    memory.copy(entry, entry + ENTRY, <usize>((left - place) * ENTRY));
    // The first entry of an inner node bounds nothing: what its child took the next one takes.
    if (place == 0 && load<u32>(node) != 0) store<i64>(entry, bound);
    store<u16>(word, <u16>(HEADER + left * ENTRY), 2);
    return;
  }
}

/** The first or last value of a key: the address of its entry, 0 where the key has none. */
function boundOf(table: usize, hash: u64, lane: usize, nulls: u32, isLast: bool): usize {
  let at = hash;
  while (true) {
    const word = wordOf(table, at, lane, nulls);
    if (word == 0) return 0;
    const node = nodeAt(table, at, word);
    const entry = entryAt(node, isLast ? entryCount(word) - 1 : 0);
    if (load<u32>(node) == 0) return entry;
    at = nodeHash(hash, load<u64>(entry, 8));
  }
}

/** A lane as an integer in the order of its kind; the same turns it back. */
@inline
function orderedLane(lane: i64, isDouble: bool): i64 {
  return isDouble ? lane ^ <i64>(<u64>(lane >> 63) >> 1) : lane;
}

@inline
function canonicalLane(lane: i64, isDouble: bool): i64 {
  const isNaN = isDouble && (<u64>lane & 0x7fffffffffffffff) > 0x7ff0000000000000;
  return isNaN ? <i64>NAN_BITS : lane;
}

/** Adds the rows' values with their weights, an I64 COLUMN without nulls; rows without a value do nothing. */
export function valuesUpdate(
  table: usize,
  selection: usize,
  count: u32,
  keys: usize,
  keyNulls: usize,
  hashes: usize,
  column: usize,
  weights: usize,
): void {
  failureClear();
  const lanes = <usize>load<u32>(column, COLUMN_LANES);
  const validity = load<u32>(column, COLUMN_NULL_COUNT) > 0 ? <usize>load<u32>(column, COLUMN_VALIDITY) : 0;
  const isDouble = load<u32>(column, COLUMN_KIND) == KIND_F64;
  const weightLanes = <usize>load<u32>(weights, COLUMN_LANES);
  for (let i: u32 = 0; i < count; i++) {
    const row = rowAt(selection, i);
    if (validity != 0 && load<u8>(validity + row) == 0) continue;
    const lane = keys + (<usize>row << 3);
    const nulls = <u32>load<u16>(keyNulls + (<usize>row << 1));
    const hash = load<u64>(hashes + (<usize>row << 3));
    const value = orderedLane(canonicalLane(load<i64>(lanes + (<usize>row << 3)), isDouble), isDouble);
    const weight = load<i64>(weightLanes + (<usize>row << 3));
    if (weight < 0) valueRemove(table, hash, lane, nulls, value, <u64>-weight);
    else if (weight > 0 && !valueAdd(table, hash, lane, nulls, value, <u64>weight, row)) return;
  }
}

/** Writes the first or last value of each row's key into a COLUMN at the row's number, and its nullCount. */
export function valuesBound(
  table: usize,
  selection: usize,
  count: u32,
  keys: usize,
  keyNulls: usize,
  hashes: usize,
  isLast: bool,
  column: usize,
): void {
  const lanes = <usize>load<u32>(column, COLUMN_LANES);
  const validity = <usize>load<u32>(column, COLUMN_VALIDITY);
  const isDouble = load<u32>(column, COLUMN_KIND) == KIND_F64;
  let nullCount: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const row = rowAt(selection, i);
    const hash = load<u64>(hashes + (<usize>row << 3));
    const nulls = <u32>load<u16>(keyNulls + (<usize>row << 1));
    const entry = boundOf(table, hash, keys + (<usize>row << 3), nulls, isLast);
    store<i64>(lanes + (<usize>row << 3), entry == 0 ? 0 : orderedLane(load<i64>(entry), isDouble));
    store<u8>(validity + row, u8(entry != 0));
    nullCount += u32(entry == 0);
  }
  store<u32>(column, nullCount, COLUMN_NULL_COUNT);
}

/** Removes all values of the rows' keys. */
export function valuesClear(
  table: usize,
  selection: usize,
  count: u32,
  keys: usize,
  keyNulls: usize,
  hashes: usize,
): void {
  for (let i: u32 = 0; i < count; i++) {
    const row = rowAt(selection, i);
    const hash = load<u64>(hashes + (<usize>row << 3));
    const nulls = <u32>load<u16>(keyNulls + (<usize>row << 1));
    while (leafDelete(table, hash, keys + (<usize>row << 3), nulls)) {}
  }
}

/** Deletes the first leaf of a key; false where there is none. */
function leafDelete(table: usize, hash: u64, lane: usize, nulls: u32): bool {
  let depth: u32 = 0;
  let at = hash;
  while (true) {
    const word = wordOf(table, at, lane, nulls);
    if (word == 0) return false;
    wayNote(depth, at, 0);
    const node = nodeAt(table, at, word);
    if (load<u32>(node) == 0) break;
    depth++;
    at = nodeHash(hash, load<u64>(entryAt(node, 0), 8));
  }
  const word = wordToChange(table, at, lane, nulls);
  store<u16>(word, <u16>(HEADER + ENTRY), 2);
  entryRemove(table, lane, nulls, depth);
  return true;
}
