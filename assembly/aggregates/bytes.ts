/**
 * MIN, MAX, FIRST and LAST of BYTES: the value lies in the heap of its cell's page.
 *
 * A value that fits the capacity of the old one overwrites it; else it takes new room and the old becomes
 * garbage. Making room may move cells. From then on every row that is still to come finds its cell anew, and
 * in the end all rows do, so that `cells` is right for the next aggregate.
 */
import {
  ACCUMULATOR_BYTES,
  ACCUMULATOR_FIRST_BYTES,
  ACCUMULATOR_MAX_BYTES,
  CELL_HASH,
  COLUMN_LANES,
  COLUMN_NULL_COUNT,
  COLUMN_VALIDITY,
  FAILURE_PAGE_FULL,
  FAILURE_VALUE_TOO_LONG,
  LAYOUT_ACCUMULATORS,
  PAGE_GARBAGE,
  TABLE_LAYOUT,
} from "../abi";
import { cellFind, relocateRows, rowAt, tableAt } from "../table/find";
import { bytesCompare, bytesCopy, capacityFor, heapTake } from "../table/page";
import { failureClear, failureSet, hasRoom, moves, pageOf, roomMake } from "../table/room";

/** Longest value; `accumulatorStringBytesMax` in src/base/limits.ts. */
const VALUE_BYTES_MAX: u32 = 2048;

/** True when the value is to replace that of the word at `word`. */
@inline
export function replaces(
  operation: u32,
  page: usize,
  word: usize,
  value: usize,
  length: u32,
  order: u64,
): bool {
  const offset = <usize>load<u16>(word);
  if (offset == 0) return true;
  if (operation == ACCUMULATOR_FIRST_BYTES) return order < load<u64>(word, 8);
  if (operation > <u32>ACCUMULATOR_FIRST_BYTES) return order >= load<u64>(word, 8);
  const difference = bytesCompare(value, length, page + offset, load<u16>(word, 2));
  return operation == ACCUMULATOR_MAX_BYTES ? difference > 0 : difference < 0;
}

/**
 * Puts a value into the word at `offset` of the cell of a key; false when there cannot be room for it.
 *
 * The cell may move: it is then found again by the key, which does not lie in its own page.
 */
export function valueReplace(
  table: usize,
  cell: usize,
  offset: u32,
  value: usize,
  length: u32,
  operation: u32,
  order: u64,
  keyLane: usize,
  nulls: u32,
): bool {
  const hash = load<u64>(cell, CELL_HASH);
  let page = pageOf(table, hash);
  let word = cell + offset;
  if (load<u16>(word) == 0 || length > <u32>load<u16>(word, 4)) {
    const capacity = capacityFor(length);
    if (!hasRoom(page, 0, capacity)) {
      if (!roomMake(table, hash, 0, capacity)) return false;
      page = pageOf(table, hash);
      word = cellFind(page, hash, load<u32>(keyLane), load<u32>(keyLane, 4), nulls) + offset;
    }
    store<u32>(page, load<u32>(page, PAGE_GARBAGE) + <u32>load<u16>(word, 4), PAGE_GARBAGE);
    store<u16>(word, <u16>heapTake(page, capacity));
    store<u16>(word, <u16>capacity, 4);
  }
  bytesCopy(page + load<u16>(word), value, length);
  store<u16>(word, <u16>length, 2);
  if (operation >= <u32>ACCUMULATOR_FIRST_BYTES) store<u64>(word, order, 8);
  return true;
}

/**
 * Updates accumulator `index` with a COLUMN of BYTES; where pages moved, `cells` is right again in the end.
 */
export function accumulatorUpdateBytes(
  index: u32,
  table: usize,
  tables: usize,
  selection: usize,
  count: u32,
  keys: usize,
  keyNulls: usize,
  hashes: usize,
  cells: usize,
  column: usize,
  orderBase: u64,
): void {
  failureClear();
  if (count == 0) return;
  const layout = <usize>load<u32>(tableAt(table, tables, rowAt(selection, 0)), TABLE_LAYOUT);
  const accumulator = layout + LAYOUT_ACCUMULATORS + <usize>index * ACCUMULATOR_BYTES;
  const operation = load<u32>(accumulator);
  const offset = load<u32>(accumulator, 4);
  const lanes = <usize>load<u32>(column, COLUMN_LANES);
  const validity = load<u32>(column, COLUMN_NULL_COUNT) > 0 ? <usize>load<u32>(column, COLUMN_VALIDITY) : 0;
  const movesBefore = moves();
  for (let i: u32 = 0; i < count; i++) {
    const row = rowAt(selection, i);
    if (validity != 0 && load<u8>(validity + row) == 0) continue;
    const owner = tableAt(table, tables, row);
    const hash = load<u64>(hashes + (<usize>row << 3));
    const keyLane = keys + (<usize>row << 3);
    const nulls = <u32>load<u16>(keyNulls + (<usize>row << 1));
    const page = pageOf(owner, hash);
    const cell = moves() == movesBefore
      ? <usize>load<u32>(cells + (<usize>row << 2))
      : cellFind(page, hash, load<u32>(keyLane), load<u32>(keyLane, 4), nulls);
    const lane = lanes + (<usize>row << 3);
    const value = <usize>load<u32>(lane);
    const length = load<u32>(lane, 4);
    if (!replaces(operation, page, cell + offset, value, length, orderBase + row)) continue;
    if (length > VALUE_BYTES_MAX) { failureSet(FAILURE_VALUE_TOO_LONG, row); return; }
    if (!valueReplace(owner, cell, offset, value, length, operation, orderBase + row, keyLane, nulls)) {
      failureSet(FAILURE_PAGE_FULL, row);
      return;
    }
  }
  if (moves() != movesBefore) {
    relocateRows(table, tables, selection, 0, count, keys, keyNulls, hashes, cells, movesBefore);
  }
}
