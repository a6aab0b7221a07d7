/**
 * Merging the cells of one page into another table: how slices become a window, page by page.
 *
 * Keys of the target that are new begin as the empty accumulators, into which the source's are merged like
 * all others. Where the target has nothing yet it takes a copy of the page.
 */
import {
  ACCUMULATOR_BYTES,
  ACCUMULATOR_COUNT,
  ACCUMULATOR_FIRST,
  ACCUMULATOR_FIRST_BYTES,
  ACCUMULATOR_LAST,
  ACCUMULATOR_MAX_F64,
  ACCUMULATOR_MAX_I64,
  ACCUMULATOR_MIN_F64,
  ACCUMULATOR_MIN_I64,
  ACCUMULATOR_SUM_DECIMAL,
  ACCUMULATOR_SUM_F64,
  ACCUMULATOR_SUM_I64,
  CELL_CHANGED,
  CELL_HASH,
  CELL_KEY_LENGTH,
  CELL_KEY_NULLS,
  CELL_KEY_OFFSET,
  COUNTERS_BATCH,
  COUNTERS_FAILURE,
  FAILURE_NONE,
  FAILURE_PAGE_FULL,
  LAYOUT_ACCUMULATORS,
  LAYOUT_COUNT,
  LAYOUT_HEAP_COUNT,
  LAYOUT_PRESENCE,
  PAGE_CELL_BYTES,
  PAGE_CELL_COUNT,
  PAGE_FIRST_HASH,
  PAGE_LOCAL_DEPTH,
  PAGE_STAMP,
  TABLE_LAYOUT,
} from "../abi";
import {
  CHANGED_KEPT,
  cellFind,
  cellInsert,
  isFree,
  placesFind,
  relocateRows,
  tableFind,
} from "../table/find";
import { cellsOf, isInHeap } from "../table/page";
import {
  dirtyInBatch,
  failureClear,
  failureSet,
  moves,
  pageOf,
  pageTakeCopy,
  pageTouch,
  tableCounters,
  touchCount,
} from "../table/room";
import { replaces, valueReplace } from "./bytes";
import { add128, ordered, presenceBitOf } from "./update";

/** The source page's cells as rows of a batch: a page has at most 1023. */
const KEYS = memory.data(8192, 16);
const NULLS = memory.data(2048, 16);
const HASHES = memory.data(8192, 16);
const CELLS = memory.data(4096, 16);

/** Merges the page of `source` that covers `hash`; merged cells keep the later append time of both. */
export function tableMergePage(source: usize, hash: u64, target: usize): void {
  const page = pageOf(source, hash);
  store<u32>(page, load<u32>(tableCounters(), COUNTERS_BATCH), PAGE_STAMP);
  touchCount();
  const first = cellsOf(page);
  const cellBytes = <usize>load<u16>(page, PAGE_CELL_BYTES);
  const count = load<u32>(page, PAGE_CELL_COUNT);
  failureClear();
  if (count == 0 || pageTakeCopy(target, page)) return;
  const layout = <usize>load<u32>(target, TABLE_LAYOUT);
  if (load<u32>(layout, LAYOUT_HEAP_COUNT) > 0 || !cellsTake(target, page)) {
    rowsStage(page);
    tableFind(target, 0, 0, count, KEYS, NULLS, HASHES, CHANGED_KEPT, i64.MIN_VALUE, CELLS);
    if (load<u32>(tableCounters(), COUNTERS_FAILURE) != FAILURE_NONE) return;
  }
  for (let row: u32 = 0; row < count; row++) {
    const cell = <usize>load<u32>(CELLS + (<usize>row << 2));
    const later = max(load<i64>(cell, CELL_CHANGED), load<i64>(first + <usize>row * cellBytes, CELL_CHANGED));
    store<i64>(cell, later, CELL_CHANGED);
  }
  accumulatorsMerge(layout, target, page, first, cellBytes, count);
}

/** Writes the keys of a page as the rows of a batch. */
function rowsStage(page: usize): void {
  const cellBytes = <usize>load<u16>(page, PAGE_CELL_BYTES);
  const count = load<u32>(page, PAGE_CELL_COUNT);
  for (let row: u32 = 0, cell = cellsOf(page); row < count; row++, cell += cellBytes) {
    store<u32>(KEYS + (<usize>row << 3), <u32>(page + load<u16>(cell, CELL_KEY_OFFSET)));
    store<u32>(KEYS + (<usize>row << 3), <u32>load<u16>(cell, CELL_KEY_LENGTH), 4);
    store<u16>(NULLS + (<usize>row << 1), load<u16>(cell, CELL_KEY_NULLS));
    store<u64>(HASHES + (<usize>row << 3), load<u64>(cell, CELL_HASH));
  }
}

/**
 * Finds the cells of a page's keys, or inserts them, where one page of `target` covers them all: without the
 * detour over rows. False where it does not, or where that page grew or split meanwhile.
 */
function cellsTake(target: usize, page: usize): bool {
  const place = pageOf(target, load<u64>(page, PAGE_FIRST_HASH));
  if (load<u16>(place, PAGE_LOCAL_DEPTH) > load<u16>(page, PAGE_LOCAL_DEPTH)) return false;
  pageTouch(target, place, dirtyInBatch());
  if (placesFind(place, page, CELLS) == 0) return true;
  const movesBefore = moves();
  const cellBytes = <usize>load<u16>(page, PAGE_CELL_BYTES);
  const count = load<u32>(page, PAGE_CELL_COUNT);
  for (let row: u32 = 0, cell = cellsOf(page); row < count; row++, cell += cellBytes) {
    const free = <usize>load<u32>(CELLS + (<usize>row << 2));
    if (!isFree(free)) continue;
    const key = page + load<u16>(cell, CELL_KEY_OFFSET);
    const length = <u32>load<u16>(cell, CELL_KEY_LENGTH);
    const nulls = <u32>load<u16>(cell, CELL_KEY_NULLS);
    const inserted = cellInsert(target, key, length, nulls, load<u64>(cell, CELL_HASH), row, free);
    if (moves() != movesBefore || inserted == 0) return false;
    store<u32>(CELLS + (<usize>row << 2), <u32>inserted);
  }
  return true;
}

function accumulatorsMerge(
  layout: usize,
  target: usize,
  page: usize,
  first: usize,
  cellBytes: usize,
  count: u32,
): void {
  const accumulators = load<u32>(layout, LAYOUT_COUNT);
  for (let index: u32 = 0; index < accumulators; index++) {
    const accumulator = layout + LAYOUT_ACCUMULATORS + <usize>index * ACCUMULATOR_BYTES;
    if (!isInHeap(accumulator)) {
      wordsMerge(accumulator, load<u32>(layout, LAYOUT_PRESENCE), first, cellBytes, count);
    } else if (!bytesMerge(accumulator, target, page, first, cellBytes, count)) {
      return;
    }
  }
}

/** One loop for each operation. */
function wordsMerge(accumulator: usize, presence: u32, first: usize, cellBytes: usize, count: u32): void {
  switch (load<u32>(accumulator)) {
    case ACCUMULATOR_COUNT:
    case ACCUMULATOR_SUM_I64:
      return mergeAll(ACCUMULATOR_SUM_I64, accumulator, presence, first, cellBytes, count);
    case ACCUMULATOR_SUM_DECIMAL:
      return mergeAll(ACCUMULATOR_SUM_DECIMAL, accumulator, presence, first, cellBytes, count);
    case ACCUMULATOR_SUM_F64:
      return mergeAll(ACCUMULATOR_SUM_F64, accumulator, presence, first, cellBytes, count);
    case ACCUMULATOR_MIN_I64:
      return mergeAll(ACCUMULATOR_MIN_I64, accumulator, presence, first, cellBytes, count);
    case ACCUMULATOR_MAX_I64:
      return mergeAll(ACCUMULATOR_MAX_I64, accumulator, presence, first, cellBytes, count);
    case ACCUMULATOR_MIN_F64:
      return mergeAll(ACCUMULATOR_MIN_F64, accumulator, presence, first, cellBytes, count);
    case ACCUMULATOR_MAX_F64:
      return mergeAll(ACCUMULATOR_MAX_F64, accumulator, presence, first, cellBytes, count);
    case ACCUMULATOR_FIRST:
      return mergeAll(ACCUMULATOR_FIRST, accumulator, presence, first, cellBytes, count);
    case ACCUMULATOR_LAST:
      return mergeAll(ACCUMULATOR_LAST, accumulator, presence, first, cellBytes, count);
    default: assert(false);
  }
}

/** `operation` is constant where this is inlined. */
@inline
function mergeAll(
  operation: u32,
  accumulator: usize,
  presence: u32,
  first: usize,
  cellBytes: usize,
  count: u32,
): void {
  const offset = load<u32>(accumulator, 4);
  const bit = presenceBitOf(accumulator);
  for (let row: u32 = 0; row < count; row++) {
    const from = first + <usize>row * cellBytes;
    const to = <usize>load<u32>(CELLS + (<usize>row << 2));
    if (bit != 0) {
      if ((load<u64>(from + presence) & bit) == 0) continue;
      store<u64>(to + presence, load<u64>(to + presence) | bit);
    }
    wordMerge(operation, from + offset, to + offset);
  }
}

@inline
function wordMerge(operation: u32, from: usize, to: usize): void {
  const value = load<i64>(from);
  const old = load<i64>(to);
  if (operation == ACCUMULATOR_SUM_I64) {
    store<i64>(to, old + value);
  } else if (operation == ACCUMULATOR_SUM_DECIMAL) {
    add128(to, <u64>value, load<u64>(from, 8));
  } else if (operation == ACCUMULATOR_SUM_F64) {
    const sum = load<f64>(to) + load<f64>(from);
    store<u64>(to, sum == sum ? reinterpret<u64>(sum) : 0x7ff8000000000000);
  } else if (operation == ACCUMULATOR_MIN_I64) {
    store<i64>(to, min(old, value));
  } else if (operation == ACCUMULATOR_MAX_I64) {
    store<i64>(to, max(old, value));
  } else if (operation == ACCUMULATOR_MIN_F64) {
    store<i64>(to, ordered(value) < ordered(old) ? value : old);
  } else if (operation == ACCUMULATOR_MAX_F64) {
    store<i64>(to, ordered(value) > ordered(old) ? value : old);
  } else if (operation == ACCUMULATOR_FIRST) {
    if (load<u64>(from, 8) < load<u64>(to, 8)) copyPair(from, to);
  } else {
    if (load<u64>(from, 8) >= load<u64>(to, 8)) copyPair(from, to);
  }
}

@inline
function copyPair(from: usize, to: usize): void {
  store<u64>(to, load<u64>(from));
  store<u64>(to, load<u64>(from, 8), 8);
}

/** Merges a BYTES accumulator; false after a failure. */
function bytesMerge(
  accumulator: usize,
  target: usize,
  page: usize,
  first: usize,
  cellBytes: usize,
  count: u32,
): bool {
  const operation = load<u32>(accumulator);
  const offset = load<u32>(accumulator, 4);
  const movesBefore = moves();
  for (let row: u32 = 0; row < count; row++) {
    const word = first + <usize>row * cellBytes + offset;
    if (load<u16>(word) == 0) continue;
    const hash = load<u64>(HASHES + (<usize>row << 3));
    const keyLane = KEYS + (<usize>row << 3);
    const nulls = <u32>load<u16>(NULLS + (<usize>row << 1));
    const targetPage = pageOf(target, hash);
    const cell = moves() == movesBefore
      ? <usize>load<u32>(CELLS + (<usize>row << 2))
      : cellFind(targetPage, hash, load<u32>(keyLane), load<u32>(keyLane, 4), nulls);
    const value = page + load<u16>(word);
    const length = <u32>load<u16>(word, 2);
    const order = operation >= <u32>ACCUMULATOR_FIRST_BYTES ? load<u64>(word, 8) : 0;
    if (!replaces(operation, targetPage, cell + offset, value, length, order)) continue;
    if (!valueReplace(target, cell, offset, value, length, operation, order, keyLane, nulls)) {
      failureSet(FAILURE_PAGE_FULL, row);
      return false;
    }
  }
  if (moves() != movesBefore) {
    relocateRows(target, 0, 0, 0, count, KEYS, NULLS, HASHES, CELLS, movesBefore);
  }
  return true;
}
