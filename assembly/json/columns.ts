/**
 * Storing values into the columns of the row being read.
 *
 * Validity is written only from a column's first null on: until then it is undefined and `nullCount` is
 * zero. A row that is rejected after all takes its nulls back, since the next record is written to the same
 * row.
 */
import {
  BATCH_COLUMN_COUNT, BATCH_COLUMNS, COLUMN_BYTES, COLUMN_LANES, COLUMN_NULL_COUNT, COLUMN_VALIDITY,
} from "../abi";
import {
  JSON_BATCH, JSON_EXPECTED_DIGIT, JSON_EXPECTED_TYPE, JSON_ROWS, JSON_ROWS_MAX, JSON_SLOT_MAX, JSON_SLOT_MIN,
  JSON_SLOT_SCALE, JSON_SLOT_TAKES_TEXT,
} from "./abi";
import { FALS_WORD, isDigit, LOWER_E, MINUS, QUOTE, TRUE_WORD } from "./characters";
import { exactRead } from "./exact";
import { fail, faultExpected } from "./fault";
import { plainIntegerRead } from "./numbers";
import { stringRead } from "./strings";
import { timestampTextRead } from "./times";

/** The range of JavaScript's Date: 100 million days around 1970. */
const TIME_MAX: i64 = 8_640_000_000_000_000;

const text = memory.data(8, 8);

/** Makes a row null in a column; `column` is the address of its COLUMN. */
export function nullStore(column: usize, row: u32, rowsMax: u32): void {
  const count = load<u32>(column, COLUMN_NULL_COUNT);
  const validity = <usize>load<u32>(column, COLUMN_VALIDITY);
  if (count == 0) memory.fill(validity, 1, rowsMax);
  store<u32>(column, count + 1, COLUMN_NULL_COUNT);
  store<u8>(validity + row, 0);
  store<i64>(<usize>load<u32>(column, COLUMN_LANES) + (<usize>row << 3), 0);
}

/** Takes back the nulls of the row being read. */
export function rowNullsUndo(decoder: usize): void {
  const batch = <usize>load<u32>(decoder, JSON_BATCH);
  const row = load<u32>(decoder, JSON_ROWS);
  if (row >= load<u32>(decoder, JSON_ROWS_MAX)) return;
  const columnCount = load<u32>(batch, BATCH_COLUMN_COUNT);
  for (let index: u32 = 0; index < columnCount; index++) {
    const column = batch + BATCH_COLUMNS + index * COLUMN_BYTES;
    const count = load<u32>(column, COLUMN_NULL_COUNT);
    if (count == 0) continue;
    const valid = <usize>load<u32>(column, COLUMN_VALIDITY) + row;
    if (load<u8>(valid)) continue;
    store<u8>(valid, 1);
    store<u32>(column, count - 1, COLUMN_NULL_COUNT);
  }
}

/**
 * INT, BIGINT and DECIMAL, as a number or, where the slot takes text, as a string that holds nothing but a
 * number.
 */
export function exactColumnRead(at: usize, lane: usize, slot: usize): usize {
  const scale = load<u32>(slot, JSON_SLOT_SCALE);
  const min = load<i64>(slot, JSON_SLOT_MIN);
  const max = load<i64>(slot, JSON_SLOT_MAX);
  const byte = <u32>load<u8>(at);
  if (startsNumber(byte)) return exactRead(at, lane, scale, min, max);
  if (byte != QUOTE || !load<u32>(slot, JSON_SLOT_TAKES_TEXT)) return fail(JSON_EXPECTED_TYPE, at);
  const next = stringRead(at, text);
  if (!next) return 0;
  const start = <usize>load<u32>(text);
  const end = start + <usize>load<u32>(text, 4);
  if (!startsNumber(<u32>load<u8>(start))) return fail(JSON_EXPECTED_TYPE, at);
  const numberEnd = exactRead(start, lane, scale, min, max);
  if (numberEnd == end) return next;
  const isNumber = !numberEnd && faultExpected() != JSON_EXPECTED_DIGIT;
  return fail(isNumber ? faultExpected() : JSON_EXPECTED_TYPE, at);
}

/** INT and BIGINT: as `exactColumnRead`, quick for short plain integers. */
@inline
export function integerColumnRead(at: usize, lane: usize, slot: usize): usize {
  const next = plainIntegerRead(at, lane);
  if (next) {
    const value = load<i64>(lane);
    if (value >= load<i64>(slot, JSON_SLOT_MIN) && value <= load<i64>(slot, JSON_SLOT_MAX)) return next;
  }
  return exactColumnRead(at, lane, slot);
}

/** TIMESTAMP and TIMESTAMP_LTZ: a text, or a number of milliseconds since 1970. */
@inline
export function timestampColumnRead(at: usize, lane: usize): usize {
  if (<u32>load<u8>(at) == QUOTE) return timestampTextRead(at, lane);
  // At most 15 digits: always within the range.
  const next = plainIntegerRead(at, lane);
  return next ? next : exactRead(at, lane, 0, -TIME_MAX, TIME_MAX);
}

export function booleanRead(at: usize, lane: usize): usize {
  const word = load<u32>(at);
  const isTrue = word == TRUE_WORD;
  if (!isTrue && (word != FALS_WORD || <u32>load<u8>(at, 4) != LOWER_E)) return fail(JSON_EXPECTED_TYPE, at);
  store<i64>(lane, i64(isTrue));
  return at + (isTrue ? 4 : 5);
}

@inline
export function startsNumber(byte: u32): bool {
  return isDigit(byte) || byte == MINUS;
}
