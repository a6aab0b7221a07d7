/**
 * Counted values: of each key a set of values in order, each with a count.
 *
 * They are a B+ tree per key, whose nodes are cells of a keyed table: so they are stored, evicted and split
 * between partitions as all cells are, and a key may have more of them than any page holds. A node's cell
 * has the bytes of its key, and a hash of its own with the same key group: numbers of nodes of one key never
 * meet in it. Its only accumulator, BYTES, is the node (`value-nodes.ts`).
 *
 * The payload of an entry is its count in a leaf, else the number of a child, below which all values lie from
 * the entry's on to that of the next; the first one's bounds nothing. Full nodes are split on the way down,
 * so that there is always room above. A node whose last entry goes is deleted, others are not merged: a tree
 * grows no lower before it is empty.
 *
 * Values are bytes, in their order. `keyOpen` names the key of all calls here.
 */
import {
  childPlace,
  entriesMove,
  entryAt,
  entryCount,
  entryDelete,
  entryInsert,
  isFull,
  levelOf,
  middleOf,
  nodeAt,
  nodeBytes,
  nodeDelete,
  nodeHash,
  nodeInsert,
  nodeKeep,
  numberTake,
  placeOf,
  valueCompare,
  valueLength,
  wordOf,
  wordToChange,
} from "./value-nodes";

/** What became of a value. */
export const VALUE_KEPT: i32 = 0;
export const VALUE_CAME: i32 = 1;
export const VALUE_WENT: i32 = -1;
/** There cannot be room for it: the batch has failed. */
export const VALUE_FAILED: i32 = 2;

/** Of a node below the root; far more than 2^32 nodes need. */
const DEPTH_MAX: u32 = 16;

/** The way from the root to a leaf: hash of the node u64, place of the entry that was followed u64. */
const WAY = memory.data(272, 16);

/** A bound on its way to the node above. */
const BOUND = memory.data(4096, 16);

/** The value that was looked for last: its entry, and how long it is. */
let foundEntry: usize = 0;
let foundLength: u32 = 0;

/** Splits the full child at `place` of a node that is not full. */
function childSplit(parent: u64, place: u32, child: u64): bool {
  const number = numberTake();
  if (!entriesMove(child, middleOf(child), number)) return false;
  const right = nodeHash(number);
  const word = wordOf(right);
  const node = nodeAt(right, word);
  let length = valueLength(node, 0, nodeBytes(word));
  memory.copy(BOUND, entryAt(node, 0) + 8, length);
  if (levelOf(node) == 0) length = min(length, lastCommon(child) + 1);
  return entryInsert(parent, place + 1, BOUND, length, number);
}

/** How many bytes the last value of a leaf has in common with BOUND: one more tells them apart. */
function lastCommon(leaf: u64): u32 {
  const word = wordOf(leaf);
  const node = nodeAt(leaf, word);
  const bytes = nodeBytes(word);
  const place = entryCount(node) - 1;
  const last = entryAt(node, place) + 8;
  const length = valueLength(node, place, bytes);
  let common: u32 = 0;
  while (common < length && load<u8>(last + common) == load<u8>(BOUND + common)) common++;
  return common;
}

/** Puts a level between the full root and its entries. */
function rootSplit(): bool {
  const root = nodeHash(0);
  const number = numberTake();
  if (!entriesMove(root, 0, number)) return false;
  const node = nodeAt(root, wordToChange(root));
  store<u16>(node, <u16>(levelOf(node) + 1));
  if (!entryInsert(root, 0, BOUND, 0, number)) return false;
  return childSplit(root, 0, nodeHash(number));
}

/** Adds `count` to a value's; VALUE_CAME where it is new. */
export function valueAdd(value: usize, length: u32, count: u64): i32 {
  let at = nodeHash(0);
  let word = wordOf(at);
  if (word == 0) {
    if (!nodeInsert(at, 0, 1)) return VALUE_FAILED;
    return entryInsert(at, 0, value, length, count) ? VALUE_CAME : VALUE_FAILED;
  }
  if (isFull(at, word) && !rootSplit()) return VALUE_FAILED;
  while (true) {
    word = wordOf(at);
    const node = nodeAt(at, word);
    const bytes = nodeBytes(word);
    if (levelOf(node) == 0) {
      const place = placeOf(node, bytes, value, length);
      if (place == entryCount(node) || valueCompare(node, place, bytes, value, length) != 0) {
        return entryInsert(at, place, value, length, count) ? VALUE_CAME : VALUE_FAILED;
      }
      const entry = entryAt(nodeAt(at, wordToChange(at)), place);
      store<u64>(entry, load<u64>(entry) + count);
      return VALUE_KEPT;
    }
    let place = childPlace(node, bytes, value, length);
    const child = nodeHash(load<u64>(entryAt(node, place)));
    if (isFull(child, wordOf(child))) {
      if (!childSplit(at, place, child)) return VALUE_FAILED;
      // One of the halves may be full still: it is split when the next value comes.
      word = wordOf(at);
      const parent = nodeAt(at, word);
      place = childPlace(parent, nodeBytes(word), value, length);
      at = nodeHash(load<u64>(entryAt(parent, place)));
    } else {
      at = child;
    }
  }
}

/** Takes `count` from a value's; VALUE_WENT where none is left. A value that is not there stays away. */
export function valueRemove(value: usize, length: u32, count: u64): i32 {
  let depth: u32 = 0;
  let at = nodeHash(0);
  while (true) {
    const word = wordOf(at);
    if (word == 0) return VALUE_KEPT;
    const node = nodeAt(at, word);
    const bytes = nodeBytes(word);
    const isLeaf = levelOf(node) == 0;
    const place = isLeaf ? placeOf(node, bytes, value, length) : childPlace(node, bytes, value, length);
    wayNote(depth, at, place);
    if (isLeaf) {
      if (place == entryCount(node)) return VALUE_KEPT;
      if (valueCompare(node, place, bytes, value, length) != 0) return VALUE_KEPT;
      break;
    }
    depth++;
    at = nodeHash(load<u64>(entryAt(node, place)));
  }
  const node = nodeAt(at, wordToChange(at));
  const entry = entryAt(node, <u32>load<u64>(WAY + (<usize>depth << 4), 8));
  const held = load<u64>(entry);
  if (held > count) {
    store<u64>(entry, held - count);
    return VALUE_KEPT;
  }
  entryRemove(depth);
  return VALUE_WENT;
}

@inline
function wayNote(depth: u32, hash: u64, place: u32): void {
  assert(depth < DEPTH_MAX);
  store<u64>(WAY + (<usize>depth << 4), hash);
  store<u64>(WAY + (<usize>depth << 4), <u64>place, 8);
}

/** Removes the entry where the way ends, and each node above that has no other. */
function entryRemove(depth: u32): void {
  for (let level = <i32>depth; level >= 0; level--) {
    const at = load<u64>(WAY + (<usize>level << 4));
    const word = wordToChange(at);
    if (entryCount(nodeAt(at, word)) > 1) {
      entryDelete(at, <u32>load<u64>(WAY + (<usize>level << 4), 8));
      return;
    }
    nodeDelete(at, word);
  }
}

/** Finds the first or the last value of the key; false where it has none. */
export function valueFindBound(isLast: bool): bool {
  let at = nodeHash(0);
  while (true) {
    const word = wordOf(at);
    if (word == 0) return false;
    const node = nodeAt(at, word);
    const place = isLast ? entryCount(node) - 1 : 0;
    if (levelOf(node) == 0) return entryFound(at, node, place, nodeBytes(word));
    at = nodeHash(load<u64>(entryAt(node, place)));
  }
}

/** Finds the first value that is not below another; false where there is none. */
export function valueFindFrom(value: usize, length: u32): bool {
  let at = nodeHash(0);
  // The child behind the one that was taken, deepest first: there all values are greater.
  let behind: u64 = 0;
  while (true) {
    const word = wordOf(at);
    if (word == 0) return false;
    const node = nodeAt(at, word);
    const bytes = nodeBytes(word);
    if (levelOf(node) == 0) {
      const place = placeOf(node, bytes, value, length);
      if (place < entryCount(node)) return entryFound(at, node, place, bytes);
      if (behind == 0) return false;
      at = nodeHash(behind);
      behind = 0;
      continue;
    }
    const place = childPlace(node, bytes, value, length);
    if (place + 1 < entryCount(node)) behind = load<u64>(entryAt(node, place + 1));
    at = nodeHash(load<u64>(entryAt(node, place)));
  }
}

@inline
function entryFound(at: u64, node: usize, place: u32, bytes: u32): bool {
  nodeKeep(at);
  foundEntry = entryAt(node, place);
  foundLength = valueLength(node, place, bytes);
  return true;
}

/** The bytes of the value that was found, good until its page changes. It stays for the batch. */
@inline
export function foundValue(): usize {
  return foundEntry + 8;
}

@inline
export function foundBytes(): u32 {
  return foundLength;
}

@inline
export function foundCount(): u64 {
  return load<u64>(foundEntry);
}

/** Removes all values of the key. */
export function valuesRemove(): void {
  while (leafDelete()) {}
}

/** Deletes the first leaf of the key; false where there is none. */
function leafDelete(): bool {
  let depth: u32 = 0;
  let at = nodeHash(0);
  while (true) {
    const word = wordOf(at);
    if (word == 0) return false;
    wayNote(depth, at, 0);
    const node = nodeAt(at, word);
    if (levelOf(node) == 0) break;
    depth++;
    at = nodeHash(load<u64>(entryAt(node, 0)));
  }
  nodeDelete(at, wordToChange(at));
  if (depth > 0) entryRemove(depth - 1);
  return true;
}
