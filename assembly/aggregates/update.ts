/**
 * Accumulators that lie in the cells: one loop per aggregate over (rows, cells, lanes).
 *
 *   sum        word += lane; I64 wraps at 64 bits, DECIMAL has 128, F64 adds in row order
 *   min, max   word = the smaller, larger of word and lane; F64 as Java's Double.compare: -0 < 0 and NaN last
 *   first      (value, order) = (lane, arrival) where arrival < order
 *   last       (value, order) = (lane, arrival) where arrival >= order
 *
 * A null lane changes nothing. A nullable accumulator has a presence bit, set by its first value. NaN is
 * canonical.
 */
import {
  ACCUMULATOR_BYTES,
  ACCUMULATOR_COUNT,
  ACCUMULATOR_FIRST,
  ACCUMULATOR_LAST,
  ACCUMULATOR_MAX_F64,
  ACCUMULATOR_MAX_I64,
  ACCUMULATOR_MIN_F64,
  ACCUMULATOR_MIN_I64,
  ACCUMULATOR_SUM_DECIMAL,
  ACCUMULATOR_SUM_F64,
  ACCUMULATOR_SUM_I64,
  COLUMN_LANES,
  COLUMN_NULL_COUNT,
  COLUMN_VALIDITY,
  LAYOUT_ACCUMULATORS,
  LAYOUT_PRESENCE,
  PRESENCE_NONE,
} from "../abi";

const NAN_BITS: u64 = 0x7ff8000000000000;

@inline
function canonical(value: f64): f64 {
  return value == value ? value : reinterpret<f64>(NAN_BITS);
}

/** Bits of a double as an integer in the doubles' order. */
@inline
export function ordered(bits: i64): i64 {
  return bits ^ <i64>(<u64>(bits >> 63) >> 1);
}

/** Bits of a double with NaN made canonical. */
@inline
function canonicalBits(bits: u64): u64 {
  return (bits & 0x7fffffffffffffff) > 0x7ff0000000000000 ? NAN_BITS : bits;
}

/** Adds the 128-bit number (low, high) to that at `word`. */
@inline
export function add128(word: usize, low: u64, high: u64): void {
  const sum = load<u64>(word) + low;
  store<u64>(word, sum);
  store<u64>(word, load<u64>(word, 8) + high + u64(sum < low), 8);
}

/** Applies one value to the word of an accumulator; `operation` is constant where this is inlined. */
@inline
function step(operation: u32, word: usize, lane: usize, order: u64): void {
  if (operation == ACCUMULATOR_COUNT) {
    store<i64>(word, load<i64>(word) + 1);
  } else if (operation == ACCUMULATOR_SUM_I64) {
    store<i64>(word, load<i64>(word) + load<i64>(lane));
  } else if (operation == ACCUMULATOR_SUM_DECIMAL) {
    const value = load<i64>(lane);
    add128(word, <u64>value, <u64>(value >> 63));
  } else if (operation == ACCUMULATOR_SUM_F64) {
    store<f64>(word, canonical(load<f64>(word) + load<f64>(lane)));
  } else if (operation == ACCUMULATOR_MIN_I64) {
    store<i64>(word, min(load<i64>(word), load<i64>(lane)));
  } else if (operation == ACCUMULATOR_MAX_I64) {
    store<i64>(word, max(load<i64>(word), load<i64>(lane)));
  } else if (operation == ACCUMULATOR_MIN_F64) {
    const value = canonicalBits(load<u64>(lane));
    const old = load<u64>(word);
    store<u64>(word, ordered(<i64>value) < ordered(<i64>old) ? value : old);
  } else if (operation == ACCUMULATOR_MAX_F64) {
    const value = canonicalBits(load<u64>(lane));
    const old = load<u64>(word);
    store<u64>(word, ordered(<i64>value) > ordered(<i64>old) ? value : old);
  } else if (operation == ACCUMULATOR_FIRST) {
    if (order < load<u64>(word, 8)) { store<u64>(word, load<u64>(lane)); store<u64>(word, order, 8); }
  } else {
    if (order >= load<u64>(word, 8)) { store<u64>(word, load<u64>(lane)); store<u64>(word, order, 8); }
  }
}

/** All rows of a batch, none null, no presence bit. */
@inline
function updateDense(
  operation: u32,
  offset: u32,
  count: u32,
  cells: usize,
  lanes: usize,
  orderBase: u64,
): void {
  for (let row: u32 = 0; row < count; row++) {
    const word = <usize>(load<u32>(cells + (<usize>row << 2)) + offset);
    step(operation, word, lanes + (<usize>row << 3), orderBase + row);
  }
}

/** Any rows; `validity` 0 = none is null; `bit` 0 = no presence bit. */
@inline
function updateRows(
  operation: u32,
  offset: u32,
  selection: usize,
  count: u32,
  cells: usize,
  lanes: usize,
  validity: usize,
  presence: u32,
  bit: u64,
  orderBase: u64,
): void {
  for (let i: u32 = 0; i < count; i++) {
    const row = selection != 0 ? load<u32>(selection + (<usize>i << 2)) : i;
    if (validity != 0 && load<u8>(validity + row) == 0) continue;
    const cell = <usize>load<u32>(cells + (<usize>row << 2));
    if (bit != 0) store<u64>(cell + presence, load<u64>(cell + presence) | bit);
    step(operation, cell + offset, lanes + (<usize>row << 3), orderBase + row);
  }
}

@inline
function update(
  operation: u32,
  offset: u32,
  selection: usize,
  count: u32,
  cells: usize,
  lanes: usize,
  validity: usize,
  presence: u32,
  bit: u64,
  orderBase: u64,
): void {
  if (selection == 0 && validity == 0 && bit == 0) {
    updateDense(operation, offset, count, cells, lanes, orderBase);
  } else {
    updateRows(operation, offset, selection, count, cells, lanes, validity, presence, bit, orderBase);
  }
}

/** The accumulator's bit in the presence word, 0 where it has none. */
@inline
export function presenceBitOf(accumulator: usize): u64 {
  const bit = load<u32>(accumulator, 8);
  return bit == PRESENCE_NONE ? 0 : (<u64>1) << bit;
}

/** Updates accumulator `index` of a layout with a COLUMN; 0 = COUNT of all rows. */
export function accumulatorUpdate(
  layout: usize,
  index: u32,
  rows: usize,
  count: u32,
  cells: usize,
  column: usize,
  base: u64,
): void {
  const accumulator = layout + LAYOUT_ACCUMULATORS + <usize>index * ACCUMULATOR_BYTES;
  const offset = load<u32>(accumulator, 4);
  const at = load<u32>(layout, LAYOUT_PRESENCE);
  const bit = presenceBitOf(accumulator);
  const lanes = column != 0 ? <usize>load<u32>(column, COLUMN_LANES) : 0;
  const hasNulls = column != 0 && load<u32>(column, COLUMN_NULL_COUNT) > 0;
  const valid = hasNulls ? <usize>load<u32>(column, COLUMN_VALIDITY) : 0;
  switch (load<u32>(accumulator)) {
    case ACCUMULATOR_COUNT:
      update(ACCUMULATOR_COUNT, offset, rows, count, cells, lanes, valid, at, bit, base);
      break;
    case ACCUMULATOR_SUM_I64:
      update(ACCUMULATOR_SUM_I64, offset, rows, count, cells, lanes, valid, at, bit, base);
      break;
    case ACCUMULATOR_SUM_DECIMAL:
      update(ACCUMULATOR_SUM_DECIMAL, offset, rows, count, cells, lanes, valid, at, bit, base);
      break;
    case ACCUMULATOR_SUM_F64:
      update(ACCUMULATOR_SUM_F64, offset, rows, count, cells, lanes, valid, at, bit, base);
      break;
    case ACCUMULATOR_MIN_I64:
      update(ACCUMULATOR_MIN_I64, offset, rows, count, cells, lanes, valid, at, bit, base);
      break;
    case ACCUMULATOR_MAX_I64:
      update(ACCUMULATOR_MAX_I64, offset, rows, count, cells, lanes, valid, at, bit, base);
      break;
    case ACCUMULATOR_MIN_F64:
      update(ACCUMULATOR_MIN_F64, offset, rows, count, cells, lanes, valid, at, bit, base);
      break;
    case ACCUMULATOR_MAX_F64:
      update(ACCUMULATOR_MAX_F64, offset, rows, count, cells, lanes, valid, at, bit, base);
      break;
    case ACCUMULATOR_FIRST:
      update(ACCUMULATOR_FIRST, offset, rows, count, cells, lanes, valid, at, bit, base);
      break;
    case ACCUMULATOR_LAST:
      update(ACCUMULATOR_LAST, offset, rows, count, cells, lanes, valid, at, bit, base);
      break;
    default: assert(false);
  }
}
