/**
 * From cells back to columns: for a batch whose rows were just aggregated, one row per cell and what it
 * holds.
 *
 * The first row of each cell stands for all of them; accumulators are written as lanes at its number, so that
 * key columns can be read from the batch as they are.
 */
import {
  ACCUMULATOR_BYTES,
  ACCUMULATOR_COUNT,
  ACCUMULATOR_SUM_DECIMAL,
  CELL_CHANGED,
  COLUMN_LANES,
  COLUMN_NULL_COUNT,
  COLUMN_VALIDITY,
  LAYOUT_ACCUMULATORS,
  LAYOUT_PRESENCE,
  TABLE_LAYOUT,
} from "../abi";
import { rowAt, tableAt } from "../table/find";
import { isInHeap } from "../table/page";
import { pageOf } from "../table/room";
import { presenceBitOf } from "./update";

/** Writes the rows whose cell no earlier row has; returns their number. Uses up the cells' `changed`. */
export function cellsFirstRows(selection: usize, count: u32, cells: usize, target: usize): u32 {
  for (let i = count; i > 0; i--) {
    const row = rowAt(selection, i - 1);
    store<i64>(<usize>load<u32>(cells + (<usize>row << 2)), <i64>row, CELL_CHANGED);
  }
  let found: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const row = rowAt(selection, i);
    if (load<i64>(<usize>load<u32>(cells + (<usize>row << 2)), CELL_CHANGED) != <i64>row) continue;
    store<u32>(target + (<usize>found << 2), row);
    found++;
  }
  return found;
}

/**
 * Writes accumulator `index` of the rows' cells into a COLUMN, and its nullCount. Lanes of BYTES point into
 * the pages. Returns 0 where a DECIMAL sum does not fit its lane; the column is worth nothing then.
 */
export function accumulatorGather(
  index: u32,
  table: usize,
  tables: usize,
  selection: usize,
  count: u32,
  hashes: usize,
  cells: usize,
  column: usize,
): u32 {
  if (count == 0) return 1;
  const layout = <usize>load<u32>(tableAt(table, tables, rowAt(selection, 0)), TABLE_LAYOUT);
  const accumulator = layout + LAYOUT_ACCUMULATORS + <usize>index * ACCUMULATOR_BYTES;
  const operation = load<u32>(accumulator);
  const offset = load<u32>(accumulator, 4);
  const presence = load<u32>(layout, LAYOUT_PRESENCE);
  const bit = operation == ACCUMULATOR_COUNT ? 0 : presenceBitOf(accumulator);
  const lanes = <usize>load<u32>(column, COLUMN_LANES);
  const validity = <usize>load<u32>(column, COLUMN_VALIDITY);
  const inHeap = isInHeap(accumulator);
  let nulls: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const row = rowAt(selection, i);
    const cell = <usize>load<u32>(cells + (<usize>row << 2));
    const word = cell + offset;
    let lane: u64 = 0;
    let isPresent = bit == 0 || (load<u64>(cell + presence) & bit) != 0;
    if (inHeap) {
      isPresent = load<u16>(word) != 0;
      if (isPresent) {
        const page = pageOf(tableAt(table, tables, row), load<u64>(hashes + (<usize>row << 3)));
        lane = <u64>(page + load<u16>(word)) | (<u64>load<u16>(word, 2) << 32);
      }
    } else if (isPresent) {
      lane = load<u64>(word);
      const sign = (<i64>lane) >> 63;
      if (operation == ACCUMULATOR_SUM_DECIMAL && load<i64>(word, 8) != sign) return 0;
    }
    store<u64>(lanes + (<usize>row << 3), lane);
    store<u8>(validity + row, u8(isPresent));
    nulls += u32(!isPresent);
  }
  store<u32>(column, nulls, COLUMN_NULL_COUNT);
  return 1;
}
