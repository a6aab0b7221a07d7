/**
 * Rows by pages: how much memory those of a batch touch, and which of them lie in a range of hashes. A batch
 * whose pages do not fit in memory together is applied range by range.
 */
import { COUNTERS_BATCH, PAGE_BYTES, PAGE_STAMP } from "../abi";
import { rowAt, tableAt } from "./find";
import { tableCounters, tablePage } from "./room";

/**
 * Writes to `touched`: u32 bytes of the pages in memory that the rows touch, u32 rows whose page is not in
 * memory, u32 bytes of keys. Pages that are belong to the current batch from then on.
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
    bytes += load<u32>(page, PAGE_BYTES);
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
