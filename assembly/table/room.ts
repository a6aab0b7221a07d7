/**
 * Room in pages: when one is full it is compacted, else it doubles, and from the largest size on it splits in
 * two.
 *
 * Compaction leaves cells where they are; growth, split and deletion move them, which `COUNTERS_MOVES`
 * counts: whoever holds addresses of cells finds those again whose pages were born since. A page that is
 * acted on was touched in this batch, so acquiring others never evicts it.
 */
import {
  CELL_CHANGED,
  CELL_HASH,
  COUNTERS_BATCH,
  COUNTERS_BYTES,
  COUNTERS_DIRTY_BYTES,
  COUNTERS_DIRTY_PAGES,
  COUNTERS_FAILURE,
  COUNTERS_FAILURE_ROW,
  COUNTERS_MOVES,
  COUNTERS_TOUCHES,
  PAGE_BORN,
  PAGE_BYTES,
  PAGE_CELL_BYTES,
  PAGE_CELL_COUNT,
  PAGE_DIRTY,
  PAGE_FIRST_HASH,
  PAGE_GARBAGE,
  PAGE_HEAP_TOP,
  PAGE_LOCAL_DEPTH,
  PAGE_PROBE_LOG2,
  PAGE_TAG,
  TABLE_DEPTH,
  TABLE_DIRECTORY,
  TABLE_DIRTY_BYTES,
  TABLE_DIRTY_PAGES,
  TABLE_LAYOUT,
  TABLE_NUMBER,
  TABLE_PAGE_BYTES,
  TABLE_PAGE_COUNT,
} from "../abi";
import { pageAcquire, pageFault, pageRelease } from "../host";
import {
  cellCountMax,
  cellHeapBytes,
  cellsOf,
  fits,
  freeBytes,
  PAGE_SIZE_MAX,
  PAGE_SIZE_MIN,
  pageAppendCell,
  pageInitialize,
} from "./page";

/** A directory of a million pages takes 4 MiB; deeper ones come from hashes made to collide. */
const DEPTH_MAX: u32 = 20;

const COUNTERS = memory.data(COUNTERS_BYTES, 16);

/** Where a page is copied to while it is written anew in its place. */
const ASIDE = memory.data(32768, 16);

export function tableCounters(): usize {
  return COUNTERS;
}

@inline
export function moves(): u32 {
  return load<u32>(COUNTERS, COUNTERS_MOVES);
}

export function failureClear(): void {
  store<u32>(COUNTERS, 0, COUNTERS_FAILURE);
}

export function failureSet(reason: u32, row: u32): void {
  store<u32>(COUNTERS, reason, COUNTERS_FAILURE);
  store<u32>(COUNTERS, row, COUNTERS_FAILURE_ROW);
}

/** Place of a hash in the table's directory. */
@inline
export function directoryIndex(depth: u32, hash: u64): usize {
  return <usize>((hash >> 1) >> (63 - <u64>depth));
}

/** The page that covers `hash`, 0 where it is not in memory. */
@inline
export function tablePage(table: usize, hash: u64): usize {
  const place = directoryIndex(load<u32>(table, TABLE_DEPTH), hash) << 2;
  return <usize>load<u32>(<usize>load<u32>(table, TABLE_DIRECTORY) + place);
}

/** The page that covers `hash`, loaded if need be. */
@inline
export function pageOf(table: usize, hash: u64): usize {
  const page = tablePage(table, hash);
  return page != 0 ? page : pageFault(load<u32>(table, TABLE_NUMBER), hash);
}

/** What the header of a page changed in this batch holds at PAGE_DIRTY and PAGE_STAMP. */
@inline
export function dirtyInBatch(): u64 {
  return (<u64>load<u32>(COUNTERS, COUNTERS_BATCH) << 32) | 1;
}

/** Marks a page as changed and as touched by this batch. */
@inline
export function pageTouch(table: usize, page: usize, dirty: u64): void {
  if (load<u64>(page, PAGE_DIRTY) != dirty) pageMark(table, page, dirty);
}

function pageMark(table: usize, page: usize, dirty: u64): void {
  if (load<u32>(page, PAGE_DIRTY) == 0) dirtyCount(table, 1, load<u32>(page, PAGE_BYTES));
  store<u64>(page, dirty, PAGE_DIRTY);
  touchCount();
}

/** Counts a page as one that the batch has asked for. */
export function touchCount(): void {
  store<u64>(COUNTERS, load<u64>(COUNTERS, COUNTERS_TOUCHES) + 1, COUNTERS_TOUCHES);
}

function dirtyCount(table: usize, pages: i32, bytes: i32): void {
  store<u32>(table, load<u32>(table, TABLE_DIRTY_PAGES) + pages, TABLE_DIRTY_PAGES);
  store<u32>(table, load<u32>(table, TABLE_DIRTY_BYTES) + bytes, TABLE_DIRTY_BYTES);
  store<u32>(COUNTERS, load<u32>(COUNTERS, COUNTERS_DIRTY_PAGES) + pages, COUNTERS_DIRTY_PAGES);
  store<u32>(COUNTERS, load<u32>(COUNTERS, COUNTERS_DIRTY_BYTES) + bytes, COUNTERS_DIRTY_BYTES);
}

/** True when the page has room for so many more cells and bytes of heap. */
@inline
export function hasRoom(page: usize, cells: u32, heapBytes: u32): bool {
  if (load<u32>(page, PAGE_CELL_COUNT) + cells > cellCountMax(load<u32>(page, PAGE_PROBE_LOG2))) return false;
  return freeBytes(page) >= <i32>(cells * <u32>load<u16>(page, PAGE_CELL_BYTES) + heapBytes);
}

/**
 * Makes room in the page that covers `hash` for so many more cells and bytes of heap; it has none and was
 * touched.
 *
 * False when there cannot be any: all its cells have this hash, or they share too many bits to be parted.
 */
export function roomMake(table: usize, hash: u64, cells: u32, heapBytes: u32): bool {
  while (true) {
    const page = pageOf(table, hash);
    pageTouch(table, page, dirtyInBatch());
    if (hasRoom(page, cells, heapBytes)) return true;
    const bytes = load<u32>(page, PAGE_BYTES);
    if (load<u32>(page, PAGE_GARBAGE) >= max(bytes >> 3, heapBytes)) {
      pageCompact(page, load<u32>(table, TABLE_LAYOUT));
    } else if (bytes < PAGE_SIZE_MAX) {
      pageMove(table, page, sizeFor(page, bytes << 1, cells, heapBytes));
    } else if (canPart(page, hash)) {
      pageSplit(table, page);
    } else if (load<u32>(page, PAGE_GARBAGE) > 0) {
      pageCompact(page, load<u32>(table, TABLE_LAYOUT));
    } else {
      return false;
    }
  }
}

/** Smallest size from `least` on that holds the page's content and the addition, at most the largest. */
function sizeFor(page: usize, least: u32, cells: u32, heapBytes: u32): u32 {
  const heap = load<u32>(page, PAGE_BYTES) - load<u32>(page, PAGE_HEAP_TOP) + heapBytes;
  const count = load<u32>(page, PAGE_CELL_COUNT) + cells;
  const cellBytes = <u32>load<u16>(page, PAGE_CELL_BYTES);
  let bytes = least;
  while (bytes < PAGE_SIZE_MAX && !fits(bytes, cellBytes, count, heap)) bytes <<= 1;
  return bytes;
}

function pageCompact(page: usize, layout: usize): void {
  const bytes = load<u32>(page, PAGE_BYTES);
  memory.copy(ASIDE, page, bytes);
  pageBegin(page, bytes, ASIDE);
  cellsCopy(page, ASIDE, layout);
}

/** Moves the page into a block of another size. */
function pageMove(table: usize, page: usize, bytes: u32): void {
  const moved = pageAcquire(bytes);
  pageBegin(moved, bytes, page);
  cellsCopy(moved, page, load<u32>(table, TABLE_LAYOUT));
  pageReplace(table, page, moved);
}

/**
 * Takes a copy of `page`, of another table of this layout, in the place of the page here that covers its
 * hashes; returns false where that has cells, or covers fewer hashes.
 */
export function pageTakeCopy(table: usize, page: usize): bool {
  const first = load<u64>(page, PAGE_FIRST_HASH);
  const depth = load<u16>(page, PAGE_LOCAL_DEPTH);
  let place = pageOf(table, first);
  if (load<u32>(place, PAGE_CELL_COUNT) != 0 || load<u16>(place, PAGE_LOCAL_DEPTH) > depth) return false;
  pageTouch(table, place, dirtyInBatch());
  while (load<u16>(place, PAGE_LOCAL_DEPTH) < depth) {
    pageSplit(table, place);
    place = pageOf(table, first);
  }
  const bytes = load<u32>(page, PAGE_BYTES);
  const copy = pageAcquire(bytes);
  memory.copy(copy, page, bytes);
  store<u64>(copy, load<u64>(place, PAGE_DIRTY), PAGE_DIRTY);
  store<u64>(copy, load<u64>(place, PAGE_TAG), PAGE_TAG);
  pageReplace(table, place, copy);
  return true;
}

/** Puts `moved` in the page's place, which is given back. */
function pageReplace(table: usize, page: usize, moved: usize): void {
  dirtyCount(table, 0, load<u32>(moved, PAGE_BYTES) - load<u32>(page, PAGE_BYTES));
  directoryFill(table, moved);
  pageRelease(page);
  store<u32>(COUNTERS, moves() + 1, COUNTERS_MOVES);
  store<u32>(moved, moves(), PAGE_BORN);
}

/** Writes an empty page with the identity and the marks of `page`. */
function pageBegin(target: usize, bytes: u32, page: usize): void {
  const depth = <u32>load<u16>(page, PAGE_LOCAL_DEPTH);
  pageInitialize(target, bytes, load<u16>(page, PAGE_CELL_BYTES), depth, load<u64>(page, PAGE_FIRST_HASH));
  store<u64>(target, load<u64>(page, PAGE_DIRTY), PAGE_DIRTY);
  store<u64>(target, load<u64>(page, PAGE_TAG), PAGE_TAG);
  store<u32>(target, load<u32>(page, PAGE_BORN), PAGE_BORN);
}

function cellsCopy(target: usize, page: usize, layout: usize): void {
  const cellBytes = <usize>load<u16>(page, PAGE_CELL_BYTES);
  const end = cellsOf(page) + <usize>load<u32>(page, PAGE_CELL_COUNT) * cellBytes;
  for (let cell = cellsOf(page); cell < end; cell += cellBytes) pageAppendCell(target, page, cell, layout);
}

/** Enters the page into its range of the directory, which is at least as deep. */
function directoryFill(table: usize, page: usize): void {
  const depth = load<u32>(table, TABLE_DEPTH);
  const index = directoryIndex(depth, load<u64>(page, PAGE_FIRST_HASH));
  const first = <usize>load<u32>(table, TABLE_DIRECTORY) + (index << 2);
  const end = first + ((<usize>4) << <usize>(depth - load<u16>(page, PAGE_LOCAL_DEPTH)));
  for (let at: usize = first; at < end; at += 4) store<u32>(at, <u32>page);
}

/** Doubles the directory until its depth is at least `depth`. */
export function tableDeepen(table: usize, depth: u32): void {
  const old = load<u32>(table, TABLE_DEPTH);
  if (old >= depth) return;
  const wider = pageAcquire(4 << depth);
  const directory = <usize>load<u32>(table, TABLE_DIRECTORY);
  const repeat: u32 = 1 << (depth - old);
  let to = wider;
  for (let from = directory, end = directory + ((<usize>4) << old); from < end; from += 4) {
    const page = load<u32>(from);
    for (let i: u32 = 0; i < repeat; i++, to += 4) store<u32>(to, page);
  }
  store<u32>(table, <u32>wider, TABLE_DIRECTORY);
  store<u32>(table, depth, TABLE_DEPTH);
  pageRelease(directory);
}

/**
 * True when some cell has another hash than the one that needs room, and a bit is left that may tell them
 * apart.
 */
function canPart(page: usize, hash: u64): bool {
  if (<u32>load<u16>(page, PAGE_LOCAL_DEPTH) >= DEPTH_MAX) return false;
  const cellBytes = <usize>load<u16>(page, PAGE_CELL_BYTES);
  const end = cellsOf(page) + <usize>load<u32>(page, PAGE_CELL_COUNT) * cellBytes;
  for (let cell = cellsOf(page); cell < end; cell += cellBytes) {
    if (load<u64>(cell, CELL_HASH) != hash) return true;
  }
  return false;
}

/** Splits a page by the next bit of its hashes; the lower half keeps the tag, the upper one is a new page. */
function pageSplit(table: usize, page: usize): void {
  const layout = <usize>load<u32>(table, TABLE_LAYOUT);
  const cellBytes = <usize>load<u16>(page, PAGE_CELL_BYTES);
  const depth = <u32>load<u16>(page, PAGE_LOCAL_DEPTH) + 1;
  const bit: u64 = (<u64>1) << (64 - depth);
  tableDeepen(table, depth);
  const cells = cellsOf(page);
  const end = cells + <usize>load<u32>(page, PAGE_CELL_COUNT) * cellBytes;
  let lowCount: u32 = 0, lowHeap: u32 = 0, highCount: u32 = 0, highHeap: u32 = 0;
  for (let cell = cells; cell < end; cell += cellBytes) {
    const heap = cellHeapBytes(cell, layout);
    if ((load<u64>(cell, CELL_HASH) & bit) == 0) { lowCount++; lowHeap += heap; }
    else { highCount++; highHeap += heap; }
  }
  const least = load<u32>(table, TABLE_PAGE_BYTES);
  const low = halfBegin(page, max(sizeWithRoom(<u32>cellBytes, lowCount, lowHeap), least), depth, 0);
  const high = halfBegin(page, max(sizeWithRoom(<u32>cellBytes, highCount, highHeap), least), depth, bit);
  store<u64>(low, load<u64>(page, PAGE_TAG), PAGE_TAG);
  for (let cell = cells; cell < end; cell += cellBytes) {
    pageAppendCell((load<u64>(cell, CELL_HASH) & bit) == 0 ? low : high, page, cell, layout);
  }
  store<u32>(table, load<u32>(table, TABLE_PAGE_COUNT) + 1, TABLE_PAGE_COUNT);
  dirtyCount(table, 1, load<u32>(high, PAGE_BYTES));
  directoryFill(table, high);
  pageReplace(table, page, low);
}

function halfBegin(page: usize, bytes: u32, depth: u32, bit: u64): usize {
  const half = pageAcquire(bytes);
  const firstHash = load<u64>(page, PAGE_FIRST_HASH) | bit;
  pageInitialize(half, bytes, load<u16>(page, PAGE_CELL_BYTES), depth, firstHash);
  store<u64>(half, dirtyInBatch(), PAGE_DIRTY);
  store<u32>(half, moves() + 1, PAGE_BORN);
  return half;
}

/** Smallest size that the content fills to three quarters at most, so that it does not grow again at once. */
function sizeWithRoom(cellBytes: u32, cellCount: u32, heapBytes: u32): u32 {
  let bytes = PAGE_SIZE_MIN;
  const cells = cellCount + cellCount / 3;
  const heap = heapBytes + heapBytes / 3;
  while (bytes < PAGE_SIZE_MAX && !fits(bytes, cellBytes, cells, heap)) bytes <<= 1;
  return bytes;
}

/** Whether a cell stays: it changed at or after a time, and its hash lies in a range. */
@inline
function isKept(cell: usize, changedBefore: i64, firstHash: u64, lastHash: u64): bool {
  const hash = load<u64>(cell, CELL_HASH);
  return load<i64>(cell, CELL_CHANGED) >= changedBefore && hash >= firstHash && hash <= lastHash;
}

/**
 * Deletes cells from the page that covers `hash`: those last changed before `changedBefore`, and those whose
 * hashes are not in [firstHash, lastHash]. The page shrinks if it can. Returns how many were deleted.
 */
export function tableDeleteCells(
  table: usize,
  hash: u64,
  changedBefore: i64,
  firstHash: u64,
  lastHash: u64,
): u32 {
  const page = pageOf(table, hash);
  const layout = <usize>load<u32>(table, TABLE_LAYOUT);
  const cellBytes = <usize>load<u16>(page, PAGE_CELL_BYTES);
  const cells = cellsOf(page);
  const end = cells + <usize>load<u32>(page, PAGE_CELL_COUNT) * cellBytes;
  let kept: u32 = 0, keptHeap: u32 = 0, deleted: u32 = 0;
  for (let cell = cells; cell < end; cell += cellBytes) {
    if (!isKept(cell, changedBefore, firstHash, lastHash)) { deleted++; continue; }
    kept++;
    keptHeap += cellHeapBytes(cell, layout);
  }
  if (deleted == 0) return 0;
  pageTouch(table, page, dirtyInBatch());
  const bytes = min(load<u32>(page, PAGE_BYTES), sizeWithRoom(<u32>cellBytes, kept, keptHeap));
  const moved = pageAcquire(bytes);
  pageBegin(moved, bytes, page);
  for (let cell = cells; cell < end; cell += cellBytes) {
    if (isKept(cell, changedBefore, firstHash, lastHash)) pageAppendCell(moved, page, cell, layout);
  }
  pageReplace(table, page, moved);
  return deleted;
}
