/**
 * Slices of windows: which slice a row's time falls into, and the table of that slice.
 *
 * A slice lies in the same windows from its first to its last millisecond, so being late, too, is a property
 * of the slice: rows that fall into the same slice as the row before them cost one comparison. All divisions
 * round down.
 *
 *   kind        slice length      windows that hold time t, by end
 *   TUMBLE      size              floor(t) + size
 *   HOP         gcd(size, slide)  floor(t, slide) + size and those before it, a slide apart, that hold t
 *   CUMULATE    step              floor(t, step) + step and those behind it up to floor(t, size) + size
 */
import {
  ASSIGNED_KEPT,
  ASSIGNED_LATE,
  ASSIGNED_OUTSIDE,
  ASSIGNED_TABLE,
  SLICES_KIND,
  SLICES_LENGTH,
  SLICES_MAP,
  SLICES_MAP_MASK,
  SLICES_NUMBER,
  SLICES_OFFSET,
  SLICES_SIZE,
  SLICES_STEP,
  WINDOW_CUMULATE,
  WINDOW_HOP,
  WINDOW_TUMBLE,
} from "../abi";
import { sliceOpen } from "../host";
import { rowAt } from "../table/find";

const KEPT: u32 = 0;
const LATE: u32 = 1;
const OUTSIDE: u32 = 2;

@inline
function floorTo(time: i64, step: i64, offset: i64): i64 {
  const rest = (time - offset) % step;
  return time - (rest < 0 ? rest + step : rest);
}

/** End of the last window that holds `time`; not above `time` in the gap between hops. */
@inline
function lastEnd(slices: usize, time: i64): i64 {
  const size = load<i64>(slices, SLICES_SIZE);
  const period = load<u32>(slices, SLICES_KIND) == WINDOW_HOP ? load<i64>(slices, SLICES_STEP) : size;
  return floorTo(time, period, load<i64>(slices, SLICES_OFFSET)) + size;
}

/** End of the first window that holds `time`, where one does. */
@inline
function firstEnd(slices: usize, time: i64): i64 {
  const size = load<i64>(slices, SLICES_SIZE);
  const step = load<i64>(slices, SLICES_STEP);
  const offset = load<i64>(slices, SLICES_OFFSET);
  if (load<u32>(slices, SLICES_KIND) == WINDOW_HOP) return floorTo(time - size, step, offset) + step + size;
  return floorTo(time, step, offset) + step;
}

@inline
function slotOf(start: i64, mask: u32): u32 {
  return <u32>((<u64>start * 0x9e3779b97f4a7c15) >> 32) & mask;
}

/** The table at `start` in the map, 0 where there is none. */
function mapGet(slices: usize, start: i64): u32 {
  const map = <usize>load<u32>(slices, SLICES_MAP);
  const mask = load<u32>(slices, SLICES_MAP_MASK);
  let slot = slotOf(start, mask);
  while (true) {
    const at = map + (<usize>slot << 4);
    const table = load<u32>(at, 8);
    if (table == 0 || load<i64>(at) == start) return table;
    slot = (slot + 1) & mask;
  }
}

/** Enters a table under a start that is not in the map, which has a free slot more than it needs. */
export function slicesPut(slices: usize, start: i64, table: u32): void {
  const map = <usize>load<u32>(slices, SLICES_MAP);
  const mask = load<u32>(slices, SLICES_MAP_MASK);
  let slot = slotOf(start, mask);
  while (load<u32>(map + (<usize>slot << 4), 8) != 0) slot = (slot + 1) & mask;
  store<i64>(map + (<usize>slot << 4), start);
  store<u32>(map + (<usize>slot << 4), table, 8);
}

/** Takes a start out that is in the map; those behind it that its slot kept from theirs move up. */
export function slicesRemove(slices: usize, start: i64): void {
  const map = <usize>load<u32>(slices, SLICES_MAP);
  const mask = load<u32>(slices, SLICES_MAP_MASK);
  let free = slotOf(start, mask);
  while (load<i64>(map + (<usize>free << 4)) != start) free = (free + 1) & mask;
  for (let slot = (free + 1) & mask; ; slot = (slot + 1) & mask) {
    const from = map + (<usize>slot << 4);
    if (load<u32>(from, 8) == 0) break;
    const distance = (slot - slotOf(load<i64>(from), mask)) & mask;
    if (distance < ((slot - free) & mask)) continue;
    const to = map + (<usize>free << 4);
    store<u64>(to, load<u64>(from));
    store<u64>(to, load<u64>(from, 8), 8);
    free = slot;
  }
  store<u64>(map + (<usize>free << 4), 0);
  store<u64>(map + (<usize>free << 4), 0, 8);
}

@inline
function tableOf(slices: usize, start: i64): u32 {
  const table = mapGet(slices, start);
  return table != 0 ? table : <u32>sliceOpen(load<u32>(slices, SLICES_NUMBER), start);
}

export function slicesAssign(
  slices: usize,
  times: usize,
  selection: usize,
  count: u32,
  watermark: i64,
  lateness: i64,
  tables: usize,
  kept: usize,
  late: usize,
  assigned: usize,
): void {
  const length = load<u64>(slices, SLICES_LENGTH);
  const offset = load<i64>(slices, SLICES_OFFSET);
  let start: i64 = 0, span: u64 = 0, state = KEPT, table: u32 = 0, one: u32 = 0;
  let keptCount: u32 = 0, lateCount: u32 = 0, outsideCount: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const row = rowAt(selection, i);
    const time = load<i64>(times + (<usize>row << 3));
    if (<u64>(time - start) >= span) {
      start = floorTo(time, length, offset);
      span = length;
      const end = lastEnd(slices, time);
      state = end <= time ? OUTSIDE : end - 1 + lateness <= watermark ? LATE : KEPT;
      if (state == KEPT) {
        table = tableOf(slices, start);
        one = keptCount == 0 || one == table ? table : 0;
      }
    }
    if (state == KEPT) {
      store<u32>(tables + (<usize>row << 2), table);
      store<u32>(kept + (<usize>(keptCount++) << 2), row);
    } else if (state == LATE) {
      store<u32>(late + (<usize>(lateCount++) << 2), row);
    } else {
      outsideCount++;
    }
  }
  store<u32>(assigned, keptCount, ASSIGNED_KEPT);
  store<u32>(assigned, lateCount, ASSIGNED_LATE);
  store<u32>(assigned, outsideCount, ASSIGNED_OUTSIDE);
  store<u32>(assigned, one, ASSIGNED_TABLE);
}

export function slicesSelectFired(
  slices: usize,
  times: usize,
  selection: usize,
  count: u32,
  watermark: i64,
  lateness: i64,
  index: u32,
  ends: usize,
  fired: usize,
): u32 {
  const length = load<u64>(slices, SLICES_LENGTH);
  const offset = load<i64>(slices, SLICES_OFFSET);
  let start: i64 = 0, span: u64 = 0, end: i64 = 0, isOpen = false;
  let firedCount: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const row = rowAt(selection, i);
    const time = load<i64>(times + (<usize>row << 3));
    if (<u64>(time - start) >= span) {
      start = floorTo(time, length, offset);
      span = length;
      end = firstEnd(slices, time) + <i64>index * load<i64>(slices, SLICES_STEP);
      isOpen = end <= lastEnd(slices, time) && end - 1 <= watermark && watermark < end - 1 + lateness;
    }
    if (!isOpen) continue;
    store<i64>(ends + (<usize>row << 3), end);
    store<u32>(fired + (<usize>(firedCount++) << 2), row);
  }
  return firedCount;
}

export function slicesResolve(
  slices: usize,
  starts: usize,
  selection: usize,
  count: u32,
  tables: usize,
): u32 {
  let last: i64 = 0, table: u32 = 0, one: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const row = rowAt(selection, i);
    const start = load<i64>(starts + (<usize>row << 3));
    if (table == 0 || start != last) {
      table = tableOf(slices, start);
      last = start;
      one = i == 0 || one == table ? table : 0;
    }
    store<u32>(tables + (<usize>row << 2), table);
  }
  return one;
}
