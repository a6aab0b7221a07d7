/**
 * Finding cells by key: `cells[row]` = the cell of (keys[row], keyNulls[row]) in its table, for the rows of a
 * selection.
 *
 * Rows are taken in blocks: those of a block are looked up, and those without a cell inserted in row order,
 * so that the next block finds them. Where that made pages grow or split, the rows whose cells moved are then
 * looked up again. Looking up goes in two steps, candidate by probe table, then comparison, so that many
 * cache misses are under way at once.
 */
import {
  CELL_CHANGED,
  CELL_HASH,
  CELL_HEADER_BYTES,
  CELL_KEY_LENGTH,
  CELL_KEY_NULLS,
  CELL_KEY_OFFSET,
  FAILURE_KEY_TOO_LONG,
  FAILURE_PAGE_FULL,
  ACCUMULATOR_BYTES,
  LAYOUT_ACCUMULATORS,
  LAYOUT_COUNT,
  LAYOUT_HEAP_COUNT,
  PAGE_BORN,
  PAGE_CELL_BYTES,
  PAGE_CELL_COUNT,
  PAGE_GARBAGE,
  PAGE_HEADER_BYTES,
  PAGE_PROBE_LOG2,
  TABLE_CELL_BYTES,
  TABLE_LAYOUT,
} from "../abi";
import { bytesCopy, bytesEqual, cellsOf, heapTake, isInHeap, probeEntry, probeSlot, probeTag } from "./page";
import { dirtyInBatch, failureClear, failureSet, hasRoom, moves, pageOf, pageTouch, roomMake } from "./room";

/** Longest key; `keyBytesMax` in src/base/limits.ts. */
const KEY_BYTES_MAX: u32 = 2048;

/** Rows looked up at once: their candidates' cache lines must stay in the first cache. */
const BLOCK_ROWS: u32 = 128;

/** For each block up to LOCATED_ROWS, how many moves there had been when it was looked up. */
const LOCATED = memory.data(2048, 16);
const LOCATED_ROWS: u32 = 65536;

/** Those of a block that have no cell, as u32 each. */
const MISSING = memory.data(512, 16);

/** `changed` of a caller that sets it itself. */
export const CHANGED_KEPT: i64 = i64.MIN_VALUE;

@inline
export function rowAt(selection: usize, index: u32): u32 {
  return selection != 0 ? load<u32>(selection + (<usize>index << 2)) : index;
}

@inline
export function tableAt(table: usize, tables: usize, row: u32): usize {
  return tables != 0 ? <usize>load<u32>(tables + (<usize>row << 2)) : table;
}

/** Key length and key nulls as they lie in a cell. */
@inline
function lengthAndNulls(length: u32, nulls: u32): u32 {
  return length | (nulls << 16);
}

@inline
function cellMatches(page: usize, cell: usize, hash: u64, key: usize, length: u32, nulls: u32): bool {
  return (
    load<u64>(cell, CELL_HASH) == hash &&
    load<u32>(cell, CELL_KEY_LENGTH) == lengthAndNulls(length, nulls) &&
    bytesEqual(page + load<u16>(cell, CELL_KEY_OFFSET), key, length)
  );
}

/**
 * Where a key is: the address of its cell, or, where it has none, that of the free slot in the probe table at
 * which its entry belongs, plus one. Cells and slots lie at even addresses.
 */
type Place = usize;

@inline
export function isFree(place: Place): bool {
  return (place & 1) != 0;
}

@inline
function freeSlot(page: usize, slot: u32): Place {
  return page + PAGE_HEADER_BYTES + (<usize>slot << 1) + 1;
}

/** The key's cell in its page, 0 where it has none. */
export function cellFind(page: usize, hash: u64, key: usize, length: u32, nulls: u32): usize {
  const place = placeOf(page, hash, key, length, nulls);
  return isFree(place) ? 0 : place;
}

function placeOf(page: usize, hash: u64, key: usize, length: u32, nulls: u32): Place {
  const mask = (1 << load<u32>(page, PAGE_PROBE_LOG2)) - 1;
  const cells = cellsOf(page);
  const cellBytes = <u32>load<u16>(page, PAGE_CELL_BYTES);
  const tag = probeTag(hash);
  let slot = <u32>hash & mask;
  while (true) {
    const entry = <u32>load<u16>(page + (<usize>slot << 1), PAGE_HEADER_BYTES);
    if (entry == 0) return freeSlot(page, slot);
    if ((entry & 0xfc00) == tag) {
      const cell = cells + ((entry & 0x3ff) - 1) * cellBytes;
      if (cellMatches(page, cell, hash, key, length, nulls)) return cell;
    }
    slot = (slot + 1) & mask;
  }
}

/**
 * Finds the keys of the page `from` in the page `page`: `places[row]` = the PLACE of the key of each of its
 * cells. Returns how many are free.
 */
export function placesFind(page: usize, from: usize, places: usize): u32 {
  const count = load<u32>(from, PAGE_CELL_COUNT);
  const cellBytes = <usize>load<u16>(from, PAGE_CELL_BYTES);
  const first = cellsOf(from);
  for (let row: u32 = 0, cell = first; row < count; row++, cell += cellBytes) {
    store<u32>(places + (<usize>row << 2), <u32>candidateOf(page, load<u64>(cell, CELL_HASH)));
  }
  let missing: u32 = 0;
  for (let row: u32 = 0, cell = first; row < count; row++, cell += cellBytes) {
    const candidate = <usize>load<u32>(places + (<usize>row << 2));
    if (isFree(candidate)) { missing++; continue; }
    const hash = load<u64>(cell, CELL_HASH);
    const key = from + load<u16>(cell, CELL_KEY_OFFSET);
    const length = <u32>load<u16>(cell, CELL_KEY_LENGTH);
    const nulls = <u32>load<u16>(cell, CELL_KEY_NULLS);
    if (cellMatches(page, candidate, hash, key, length, nulls)) continue;
    const place = placeOf(page, hash, key, length, nulls);
    store<u32>(places + (<usize>row << 2), <u32>place);
    if (isFree(place)) missing++;
  }
  return missing;
}

/** The first cell of the page whose probe entry has the hash's tag, or the free slot where there is none. */
@inline
function candidateOf(page: usize, hash: u64): Place {
  const log2 = load<u32>(page, PAGE_PROBE_LOG2);
  const mask = (1 << log2) - 1;
  const tag = probeTag(hash);
  let slot = <u32>hash & mask;
  while (true) {
    const entry = <u32>load<u16>(page + (<usize>slot << 1), PAGE_HEADER_BYTES);
    if (entry == 0) return freeSlot(page, slot);
    if ((entry & 0xfc00) == tag) {
      const cells = page + PAGE_HEADER_BYTES + ((<usize>2) << log2);
      return cells + ((entry & 0x3ff) - 1) * <u32>load<u16>(page, PAGE_CELL_BYTES);
    }
    slot = (slot + 1) & mask;
  }
}

export function tableFind(
  table: usize,
  tables: usize,
  selection: usize,
  count: u32,
  keys: usize,
  keyNulls: usize,
  hashes: usize,
  changed: i64,
  expireBefore: i64,
  cells: usize,
): void {
  failureClear();
  let stale: u32 = 0;
  for (let begin: u32 = 0; begin < count; begin += BLOCK_ROWS) {
    const end = min(begin + BLOCK_ROWS, count);
    const movesBefore = moves();
    if (begin < LOCATED_ROWS) store<u32>(locatedAt(begin), movesBefore);
    const missing = locateBlock(
      table, tables, selection, begin, end, keys, keyNulls, hashes, changed, expireBefore, cells,
    );
    if (missing == 0) continue;
    for (let i: u32 = 0; i < missing; i++) {
      const row = load<u32>(MISSING + (<usize>i << 2));
      const lane = keys + (<usize>row << 3);
      const nulls = <u32>load<u16>(keyNulls + (<usize>row << 1));
      const hash = load<u64>(hashes + (<usize>row << 3));
      const owner = tableAt(table, tables, row);
      const place = moves() == movesBefore ? <usize>load<u32>(cells + (<usize>row << 2)) : 0;
      const cell = cellInsert(owner, load<u32>(lane), load<u32>(lane, 4), nulls, hash, row, place);
      if (cell == 0) return;
      if (changed != CHANGED_KEPT) store<i64>(cell, changed, CELL_CHANGED);
      store<u32>(cells + (<usize>row << 2), <u32>cell);
    }
    if (moves() != movesBefore) stale = end;
  }
  // Rows behind the block in which a cell moved last were found where they are.
  for (let begin: u32 = 0; begin < stale; begin += BLOCK_ROWS) {
    const end = min(begin + BLOCK_ROWS, stale), since = load<u32>(locatedAt(begin));
    relocateRows(table, tables, selection, begin, end, keys, keyNulls, hashes, cells, since);
  }
}

/** Where it lies how many moves there had been when the block at a row was looked up, or one before it. */
@inline
function locatedAt(begin: u32): usize {
  return LOCATED + (<usize>(min(begin, LOCATED_ROWS - 1) / BLOCK_ROWS) << 2);
}

/** Finds the cells of rows from `begin` to `end` again whose pages were born after `since`; all have one. */
export function relocateRows(
  table: usize,
  tables: usize,
  selection: usize,
  begin: u32,
  end: u32,
  keys: usize,
  keyNulls: usize,
  hashes: usize,
  cells: usize,
  since: u32,
): void {
  for (let i = begin; i < end; i++) {
    const row = rowAt(selection, i);
    const hash = load<u64>(hashes + (<usize>row << 3));
    const page = pageOf(tableAt(table, tables, row), hash);
    if (<i32>(load<u32>(page, PAGE_BORN) - since) <= 0) continue;
    const lane = keys + (<usize>row << 3);
    const nulls = <u32>load<u16>(keyNulls + (<usize>row << 1));
    const cell = cellFind(page, hash, load<u32>(lane), load<u32>(lane, 4), nulls);
    assert(cell != 0);
    store<u32>(cells + (<usize>row << 2), <u32>cell);
  }
}

/**
 * Looks the rows of a block up, marks their pages, sets `changed`, and returns how many have no cell: they
 * are in MISSING, in their order, and their cells are free places.
 */
function locateBlock(
  table: usize,
  tables: usize,
  selection: usize,
  begin: u32,
  end: u32,
  keys: usize,
  keyNulls: usize,
  hashes: usize,
  changed: i64,
  expireBefore: i64,
  cells: usize,
): u32 {
  const dirty = dirtyInBatch();
  let missing: u32 = 0;
  for (let i = begin; i < end; i++) {
    const row = rowAt(selection, i);
    const hash = load<u64>(hashes + (<usize>row << 3));
    const owner = tableAt(table, tables, row);
    const page = pageOf(owner, hash);
    pageTouch(owner, page, dirty);
    store<u32>(cells + (<usize>row << 2), <u32>candidateOf(page, hash));
  }
  for (let i = begin; i < end; i++) {
    const row = rowAt(selection, i);
    let cell = <usize>load<u32>(cells + (<usize>row << 2));
    if (isFree(cell)) { store<u32>(MISSING + (<usize>(missing++) << 2), row); continue; }
    const hash = load<u64>(hashes + (<usize>row << 3));
    const lane = keys + (<usize>row << 3);
    const key = <usize>load<u32>(lane);
    const length = load<u32>(lane, 4);
    const nulls = <u32>load<u16>(keyNulls + (<usize>row << 1));
    const owner = tableAt(table, tables, row);
    const page = pageOf(owner, hash);
    if (!cellMatches(page, cell, hash, key, length, nulls)) {
      cell = placeOf(page, hash, key, length, nulls);
      store<u32>(cells + (<usize>row << 2), <u32>cell);
      if (isFree(cell)) { store<u32>(MISSING + (<usize>(missing++) << 2), row); continue; }
    }
    if (load<i64>(cell, CELL_CHANGED) < expireBefore) cellReset(owner, page, cell);
    if (changed != CHANGED_KEPT) store<i64>(cell, changed, CELL_CHANGED);
  }
  return missing;
}

/**
 * Finds or inserts one key in a page of the current batch; 0 after a failure. `place` is where it was looked
 * for, free then, and no cell has moved since; or 0.
 */
export function cellInsert(
  table: usize,
  key: usize,
  length: u32,
  nulls: u32,
  hash: u64,
  row: u32,
  place: Place,
): usize {
  let page = pageOf(table, hash);
  // Still free: nobody inserted the key meanwhile, whose entry would lie there.
  if (place == 0 || load<u16>(place - 1) != 0) {
    place = placeOf(page, hash, key, length, nulls);
    if (!isFree(place)) return place;
  }
  if (length > KEY_BYTES_MAX) { failureSet(FAILURE_KEY_TOO_LONG, row); return 0; }
  if (!hasRoom(page, 1, length)) {
    if (!roomMake(table, hash, 1, length)) { failureSet(FAILURE_PAGE_FULL, row); return 0; }
    page = pageOf(table, hash);
    place = probeSlot(page, hash) + 1;
  }
  const cellBytes = load<u32>(table, TABLE_CELL_BYTES);
  const number = load<u32>(page, PAGE_CELL_COUNT);
  const cell = cellsOf(page) + <usize>number * cellBytes;
  const offset = heapTake(page, length);
  bytesCopy(page + offset, key, length);
  store<u64>(cell, hash, CELL_HASH);
  store<i64>(cell, CHANGED_KEPT, CELL_CHANGED);
  store<u16>(cell, <u16>offset, CELL_KEY_OFFSET);
  store<u32>(cell, lengthAndNulls(length, nulls), CELL_KEY_LENGTH);
  store<u16>(cell, 0, CELL_KEY_NULLS + 2);
  templateCopy(cell, load<u32>(table, TABLE_LAYOUT), cellBytes);
  store<u32>(page, number + 1, PAGE_CELL_COUNT);
  store<u16>(place - 1, probeEntry(hash, number));
  return cell;
}

@inline
function templateCopy(cell: usize, layout: usize, cellBytes: u32): void {
  const template = layout + LAYOUT_ACCUMULATORS + <usize>load<u32>(layout, LAYOUT_COUNT) * ACCUMULATOR_BYTES;
  for (let i: usize = CELL_HEADER_BYTES; i < <usize>cellBytes; i += 8) {
    store<u64>(cell + i, load<u64>(template + i));
  }
}

/** Makes a cell's accumulators as new. */
function cellReset(table: usize, page: usize, cell: usize): void {
  const layout = <usize>load<u32>(table, TABLE_LAYOUT);
  if (load<u32>(layout, LAYOUT_HEAP_COUNT) > 0) {
    let garbage = load<u32>(page, PAGE_GARBAGE);
    const count = load<u32>(layout, LAYOUT_COUNT);
    for (let i: u32 = 0; i < count; i++) {
      const accumulator = layout + LAYOUT_ACCUMULATORS + <usize>i * ACCUMULATOR_BYTES;
      if (isInHeap(accumulator)) garbage += load<u16>(cell + load<u32>(accumulator, 4), 4);
    }
    store<u32>(page, garbage, PAGE_GARBAGE);
  }
  templateCopy(cell, layout, load<u32>(table, TABLE_CELL_BYTES));
}

/** Finds a key for a reader: changes nothing, but its page may be loaded. */
export function tableLookup(table: usize, key: usize, length: u32, nulls: u32, hash: u64): usize {
  return cellFind(pageOf(table, hash), hash, key, length, nulls);
}
