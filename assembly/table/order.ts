/**
 * Rows by pages: how much memory those of a batch touch, and which of them lie in a range of hashes. A batch
 * whose pages do not fit in memory together is applied range by range.
 */
import { COUNTERS_BATCH, PAGE_BYTES, PAGE_STAMP } from "../abi";
import { rowAt, tableAt } from "./find";
import { freeBytes } from "./page";
import { tableCounters, tablePage } from "./room";

/**
 * Bytes that a page may take without much being added: twice its own where less than three eighths are free,
 * for then it may be doubled or split in two. `roomOf` in src/kernel/page-order.ts is the same.
 */
@inline
function roomOf(page: usize): u32 {
  const bytes = load<u32>(page, PAGE_BYTES);
  return freeBytes(page) < <i32>((bytes >> 3) * 3) ? bytes << 1 : bytes;
}

/**
 * Writes to `touched`, u32 each: the bytes that pages in memory may take which the rows touch, how many rows
 * touch other pages, and the bytes of all keys. Pages that are in memory belong to the current batch then.
 */
export function rowsTouch(
  table: usize,
  tables: usize,
  selection: usize,
  count: u32,
  hashes: usize,
  keys: usize,
  touched: usize,
): void {
  const batch = load<u32>(tableCounters(), COUNTERS_BATCH);
  let bytes: u32 = 0, missing: u32 = 0, keyBytes: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const row = rowAt(selection, i);
    keyBytes += load<u32>(keys + (<usize>row << 3), 4);
    const page = tablePage(tableAt(table, tables, row), load<u64>(hashes + (<usize>row << 3)));
    if (page == 0) { missing++; continue; }
    if (load<u32>(page, PAGE_STAMP) == batch) continue;
    store<u32>(page, batch, PAGE_STAMP);
    bytes += roomOf(page);
  }
  store<u32>(touched, bytes);
  store<u32>(touched, missing, 4);
  store<u32>(touched, keyBytes, 8);
}

/**
 * Selects, in their order, the rows of `owner` with hashes from `first` to `last`; returns how many. Where
 * `tables` is 0 all rows are its.
 */
export function rowsWithin(
  owner: usize,
  tables: usize,
  selection: usize,
  count: u32,
  hashes: usize,
  first: u64,
  last: u64,
  target: usize,
): u32 {
  let found: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const row = rowAt(selection, i);
    const hash = load<u64>(hashes + (<usize>row << 3));
    if (hash < first || hash > last || tableAt(owner, tables, row) != owner) continue;
    store<u32>(target + (<usize>(found++) << 2), row);
  }
  return found;
}
