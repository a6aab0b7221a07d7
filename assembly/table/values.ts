/**
 * Counted values of a batch's rows: trees (`value-tree.ts`) of the rows' values, or of their arrivals.
 *
 * A value's bytes are in its order: those of an integer or a double are big-endian, the sign turned, a
 * negative double's bits turned; those of BYTES are themselves. NaN is one value, and -0 is not 0.
 *
 * By arrival a key has two trees in two tables: `arrivals` of an order u64 and a value, and `places` of a
 * value, its length u16 before it, and an order. The second tells when a value came first.
 */
import {
  COLUMN_KIND,
  COLUMN_LANES,
  COLUMN_NULL_COUNT,
  COLUMN_VALIDITY,
  FAILURE_VALUE_TOO_LONG,
  KIND_BYTES,
  KIND_F64,
} from "../abi";
import { rowAt } from "./find";
import { bytesCopy, bytesEqual } from "./page";
import { failureClear, failureSet } from "./room";
import { keyOpen } from "./value-nodes";
import {
  foundBytes,
  foundCount,
  foundValue,
  VALUE_FAILED,
  VALUE_KEPT,
  valueAdd,
  valueFindBound,
  valueFindFrom,
  valueRemove,
  valuesRemove,
} from "./value-tree";

/** Longest value; `accumulatorStringBytesMax` in src/base/limits.ts. */
const VALUE_BYTES_MAX: u32 = 2048;

const NAN_BITS: u64 = 0x7ff8000000000000;

/** The value of an integer or a double. */
const WORD = memory.data(8, 8);

/** Values of the trees by arrival: order and value; length, value and order. */
const ARRIVAL = memory.data(2064, 16);
const PLACE = memory.data(2064, 16);

/** Where the row's value lies. */
let value: usize = 0;
let length: u32 = 0;

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

/** Reads the value of a lane; false where it is too long. */
@inline
function valueRead(lane: usize, kind: u32, row: u32): bool {
  if (kind == KIND_BYTES) {
    value = <usize>load<u32>(lane);
    length = load<u32>(lane, 4);
    if (length <= VALUE_BYTES_MAX) return true;
    failureSet(FAILURE_VALUE_TOO_LONG, row);
    return false;
  }
  const isDouble = kind == KIND_F64;
  const ordered = orderedLane(canonicalLane(load<i64>(lane), isDouble), isDouble);
  store<u64>(WORD, bswap<u64>(<u64>(ordered ^ i64.MIN_VALUE)));
  value = WORD;
  length = 8;
  return true;
}

/** Writes a value into a lane: of BYTES where they lie. */
@inline
function valueWrite(from: usize, bytes: u32, kind: u32, lane: usize): void {
  if (kind == KIND_BYTES) {
    store<u32>(lane, <u32>from);
    store<u32>(lane, bytes, 4);
    return;
  }
  const ordered = <i64>bswap<u64>(load<u64>(from)) ^ i64.MIN_VALUE;
  store<i64>(lane, orderedLane(ordered, kind == KIND_F64));
}

@inline
function validityOf(column: usize): usize {
  return load<u32>(column, COLUMN_NULL_COUNT) > 0 ? <usize>load<u32>(column, COLUMN_VALIDITY) : 0;
}

@inline
function rowOpen(table: usize, keys: usize, keyNulls: usize, hashes: usize, row: u32): void {
  const nulls = <u32>load<u16>(keyNulls + (<usize>row << 1));
  keyOpen(table, load<u64>(hashes + (<usize>row << 3)), keys + (<usize>row << 3), nulls, row);
}

/**
 * Adds the rows' values with their weights, an I64 COLUMN without nulls, or 0 where each weighs 1; rows
 * without a value do nothing. A value that is taken back must have come before, else it is left out.
 *
 * `changes` is an I64 COLUMN: 1 where a row's value is new, -1 where it is gone, else 0. `signed`, or 0, is a
 * COLUMN of the values' kind, no BYTES: the value or its negative where that is so, else null.
 */
export function valuesUpdate(
  table: usize,
  selection: usize,
  count: u32,
  keys: usize,
  keyNulls: usize,
  hashes: usize,
  column: usize,
  weights: usize,
  changes: usize,
  signed: usize,
): void {
  failureClear();
  const lanes = <usize>load<u32>(column, COLUMN_LANES);
  const validity = validityOf(column);
  const kind = load<u32>(column, COLUMN_KIND);
  const weightLanes: usize = weights == 0 ? 0 : load<u32>(weights, COLUMN_LANES);
  const changeLanes = <usize>load<u32>(changes, COLUMN_LANES);
  let nullCount: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const row = rowAt(selection, i);
    const weight: i64 = weights == 0 ? 1 : load<i64>(weightLanes + (<usize>row << 3));
    let change = VALUE_KEPT;
    if (weight != 0 && (validity == 0 || load<u8>(validity + row) != 0)) {
      rowOpen(table, keys, keyNulls, hashes, row);
      if (!valueRead(lanes + (<usize>row << 3), kind, row)) return;
      change = weight < 0 ? valueRemove(value, length, <u64>-weight) : valueAdd(value, length, <u64>weight);
      if (change == VALUE_FAILED) return;
    }
    store<i64>(changeLanes + (<usize>row << 3), <i64>change);
    if (signed == 0) continue;
    signedWrite(signed, row, change, load<i64>(lanes + (<usize>row << 3)), kind);
    nullCount += u32(change == VALUE_KEPT);
  }
  if (signed != 0) store<u32>(signed, nullCount, COLUMN_NULL_COUNT);
}

@inline
function signedWrite(signed: usize, row: u32, change: i32, lane: i64, kind: u32): void {
  const target = <usize>load<u32>(signed, COLUMN_LANES) + (<usize>row << 3);
  store<u8>(<usize>load<u32>(signed, COLUMN_VALIDITY) + row, u8(change != VALUE_KEPT));
  if (kind == KIND_F64) store<f64>(target, reinterpret<f64>(lane) * <f64>change);
  else store<i64>(target, lane * <i64>change);
}

/**
 * Adds the rows' values in the order `orderBase` + row, or takes the earliest of their equals away, as their
 * weights say; rows without a value do nothing. Orders of one key never repeat.
 */
export function arrivalsUpdate(
  arrivals: usize,
  places: usize,
  selection: usize,
  count: u32,
  keys: usize,
  keyNulls: usize,
  hashes: usize,
  column: usize,
  weights: usize,
  orderBase: u64,
): void {
  failureClear();
  const lanes = <usize>load<u32>(column, COLUMN_LANES);
  const validity = validityOf(column);
  const kind = load<u32>(column, COLUMN_KIND);
  const weightLanes = <usize>load<u32>(weights, COLUMN_LANES);
  for (let i: u32 = 0; i < count; i++) {
    const row = rowAt(selection, i);
    const weight = load<i64>(weightLanes + (<usize>row << 3));
    if (weight == 0 || (validity != 0 && load<u8>(validity + row) == 0)) continue;
    if (!valueRead(lanes + (<usize>row << 3), kind, row)) return;
    bytesCopy(ARRIVAL + 8, value, length);
    store<u16>(PLACE, bswap<u16>(<u16>length));
    bytesCopy(PLACE + 2, value, length);
    if (weight > 0) {
      orderPut(orderBase + row);
      rowOpen(arrivals, keys, keyNulls, hashes, row);
      if (valueAdd(ARRIVAL, length + 8, <u64>weight) == VALUE_FAILED) return;
      rowOpen(places, keys, keyNulls, hashes, row);
      if (valueAdd(PLACE, length + 10, <u64>weight) == VALUE_FAILED) return;
      continue;
    }
    let left = <u64>-weight;
    while (left > 0) {
      orderPut(0);
      rowOpen(places, keys, keyNulls, hashes, row);
      if (!valueFindFrom(PLACE, length + 10) || foundBytes() != length + 10) break;
      if (!bytesEqual(foundValue(), PLACE, length + 2)) break;
      orderPut(bswap<u64>(load<u64>(foundValue() + 2 + length)));
      const taken = min(left, foundCount());
      left -= taken;
      valueRemove(PLACE, length + 10, taken);
      rowOpen(arrivals, keys, keyNulls, hashes, row);
      valueRemove(ARRIVAL, length + 8, taken);
    }
  }
}

@inline
function orderPut(order: u64): void {
  store<u64>(ARRIVAL, bswap<u64>(order));
  store<u64>(PLACE + 2 + length, bswap<u64>(order));
}

/**
 * Writes the first or last value of each row's key into a COLUMN at the row's number, and its nullCount: what
 * is behind `skipped` bytes of it. Lanes of BYTES point into pages: good until the batch ends or they change.
 */
export function valuesBound(
  table: usize,
  selection: usize,
  count: u32,
  keys: usize,
  keyNulls: usize,
  hashes: usize,
  isLast: bool,
  skipped: u32,
  column: usize,
): void {
  const lanes = <usize>load<u32>(column, COLUMN_LANES);
  const validity = <usize>load<u32>(column, COLUMN_VALIDITY);
  const kind = load<u32>(column, COLUMN_KIND);
  let nullCount: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const row = rowAt(selection, i);
    const lane = lanes + (<usize>row << 3);
    rowOpen(table, keys, keyNulls, hashes, row);
    const isThere = valueFindBound(isLast);
    if (isThere) valueWrite(foundValue() + skipped, foundBytes() - skipped, kind, lane);
    else store<u64>(lane, 0);
    store<u8>(validity + row, u8(isThere));
    nullCount += u32(!isThere);
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
    rowOpen(table, keys, keyNulls, hashes, rowAt(selection, i));
    valuesRemove();
  }
}
