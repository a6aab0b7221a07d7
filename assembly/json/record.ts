/**
 * Reads one record without knowing its shape.
 *
 * Fields are looked up in the tree of the schema's paths. Of several fields with one name the last wins,
 * with all that lies below it, so what a field set is reset when its name comes again, and a value that
 * does not fit its column is a fault only at the end of the record. Every value is first checked as JSON
 * and then converted.
 */
import { BATCH_COLUMNS, COLUMN_BYTES, COLUMN_LANES } from "../abi";
import {
  JSON_BATCH, JSON_EXPECTED_COMMA_OR_BRACE, JSON_EXPECTED_DEPTH, JSON_EXPECTED_FIELD, JSON_EXPECTED_NAME,
  JSON_EXPECTED_OBJECT, JSON_EXPECTED_RECORD, JSON_EXPECTED_TYPE, JSON_DEPTH_MAX, JSON_FIELD_BYTES,
  JSON_FIELD_HEAD, JSON_FIELD_LEAF_END, JSON_FIELD_NAME, JSON_FIELD_NAME_BYTES, JSON_FIELD_OBJECT,
  JSON_FIELD_SLOTS, JSON_FIELD_SLOTS_END, JSON_FIELDS, JSON_NO_COLUMN, JSON_OBJECT_COUNT, JSON_OBJECT_FIELDS,
  JSON_OBJECT_FIRST, JSON_ROWS, JSON_ROWS_MAX, JSON_SLOT_BYTES, JSON_SLOT_COLUMN, JSON_SLOT_COUNT,
  JSON_SLOT_NULLABLE, JSON_SLOT_TYPE, JSON_SLOTS, JSON_TYPE_BOOLEAN, JSON_TYPE_BYTES, JSON_TYPE_DATE,
  JSON_TYPE_DOUBLE, JSON_TYPE_EXACT, JSON_TYPE_INTEGER, JSON_TYPE_STRING, JSON_TYPE_TIMESTAMP,
} from "./abi";
import { base64Read } from "./base64";
import { BRACE_CLOSE, BRACE_OPEN, COMMA, LOWER_N, QUOTE, spaceSkip } from "./characters";
import {
  booleanRead, exactColumnRead, integerColumnRead, nullStore, startsNumber, timestampColumnRead,
} from "./columns";
import { doubleRead } from "./double";
import { fail, faultExpected, faultPosition } from "./fault";
import { noteAdd, notesClear, notesSpoil } from "./notes";
import { escapedEquals, heapIsMissing, nameHasEscapes, nameSkip, stringRead } from "./strings";
import { dateRead } from "./times";
import { colonSkip, valueSkip } from "./values";

/** Behind the fields of a SLOT that the host writes: what the record being read has for the column. */
export const SLOT_STATE: usize = 32;
const SLOT_POSITION: usize = 36;
const SLOT_EXPECTED: usize = 40;

export const STATE_ABSENT: u32 = 0;
const STATE_PRESENT: u32 = 1;
const STATE_NULL: u32 = 2;
const STATE_BAD: u32 = 3;

let columns: usize = 0;
let rowOffset: usize = 0;
let badColumn: u32 = JSON_NO_COLUMN;

/** The column that the last fault is about, JSON_NO_COLUMN where the record itself is at fault. */
export function faultColumn(): u32 {
  return badColumn;
}

/** Reads the record at `at` into the next row, nulls included; returns the address behind it, or 0. */
export function recordRead(decoder: usize, at: usize): usize {
  badColumn = JSON_NO_COLUMN;
  notesClear();
  if (<u32>load<u8>(at) != BRACE_OPEN) return valueSkip(at, 0) ? fail(JSON_EXPECTED_RECORD, at) : 0;
  columns = <usize>load<u32>(decoder, JSON_BATCH) + BATCH_COLUMNS;
  rowOffset = <usize>load<u32>(decoder, JSON_ROWS) << 3;
  const slots = <usize>load<u32>(decoder, JSON_SLOTS);
  const slotsEnd = slots + load<u32>(decoder, JSON_SLOT_COUNT) * JSON_SLOT_BYTES;
  for (let slot = slots; slot < slotsEnd; slot += JSON_SLOT_BYTES) store<u32>(slot, STATE_ABSENT, SLOT_STATE);
  const next = objectRead(at, <usize>load<u32>(decoder, JSON_FIELDS), 1);
  if (!next || heapIsMissing()) return 0;
  return slotsSettle(slots, slotsEnd, next - 1, load<u32>(decoder, JSON_ROWS_MAX)) ? next : 0;
}

/** Stores the nulls of the record, or fails with the first thing that does not fit its column. */
function slotsSettle(slots: usize, slotsEnd: usize, recordLast: usize, rowsMax: u32): usize {
  let bad: usize = 0;
  let badPosition = usize.MAX_VALUE;
  for (let slot = slots; slot < slotsEnd; slot += JSON_SLOT_BYTES) {
    const state = load<u32>(slot, SLOT_STATE);
    if (state == STATE_PRESENT) continue;
    if (state != STATE_BAD && load<u32>(slot, JSON_SLOT_NULLABLE)) continue;
    if (state != STATE_BAD) store<u32>(slot, JSON_EXPECTED_FIELD, SLOT_EXPECTED);
    if (state == STATE_ABSENT) store<u32>(slot, <u32>recordLast, SLOT_POSITION);
    const position = <usize>load<u32>(slot, SLOT_POSITION);
    if (position >= badPosition) continue;
    bad = slot;
    badPosition = position;
  }
  if (bad) {
    badColumn = load<u32>(bad, JSON_SLOT_COLUMN) / COLUMN_BYTES;
    return fail(load<u32>(bad, SLOT_EXPECTED), badPosition);
  }
  for (let slot = slots; slot < slotsEnd; slot += JSON_SLOT_BYTES) {
    if (load<u32>(slot, SLOT_STATE) == STATE_PRESENT) continue;
    nullStore(columns + load<u32>(slot, JSON_SLOT_COLUMN), <u32>(rowOffset >> 3), rowsMax);
  }
  return recordLast;
}

/**
 * Reads the object whose brace is at `at` and which is the container number `depth`; returns the address
 * behind it.
 */
function objectRead(at: usize, object: usize, depth: u32): usize {
  if (depth > <u32>JSON_DEPTH_MAX) return fail(JSON_EXPECTED_DEPTH, at);
  at = spaceSkip(at + 1);
  if (<u32>load<u8>(at) == BRACE_CLOSE) return at + 1;
  while (true) {
    if (<u32>load<u8>(at) != QUOTE) return fail(JSON_EXPECTED_NAME, at);
    const name = at + 1;
    at = nameSkip(at);
    if (!at) return 0;
    const field = fieldFind(object, name, at - 1);
    at = colonSkip(at);
    if (!at) return 0;
    const value = at;
    at = field ? fieldRead(field, value, depth) : valueSkip(value, depth);
    if (!at) return 0;
    if (!field) noteAdd(value, at, 0, depth);
    at = spaceSkip(at);
    const byte = <u32>load<u8>(at);
    if (byte == BRACE_CLOSE) return at + 1;
    if (byte != COMMA) return fail(JSON_EXPECTED_COMMA_OR_BRACE, at);
    at = spaceSkip(at + 1);
  }
}

/** Returns the FIELD of the object with the name from `start` to `end`, or 0. */
function fieldFind(object: usize, start: usize, end: usize): usize {
  const count = load<u32>(object, JSON_OBJECT_COUNT);
  const bytes = <u32>(end - start);
  const isEscaped = nameHasEscapes();
  const head = bytes < 8 ? load<u64>(start) & ((<u64>1 << (<u64>bytes << 3)) - 1) : load<u64>(start);
  // Records mostly name their fields in one order, so the search begins where the last one ended.
  let index = load<u32>(object, JSON_OBJECT_FIRST);
  for (let tried: u32 = 0; tried < count; tried++) {
    if (index >= count) index = 0;
    const field = object + JSON_OBJECT_FIELDS + <usize>index * JSON_FIELD_BYTES;
    index++;
    const name = <usize>load<u32>(field, JSON_FIELD_NAME);
    const nameBytes = load<u32>(field, JSON_FIELD_NAME_BYTES);
    const isFound = isEscaped
      ? escapedEquals(start, end, name, nameBytes)
      : nameBytes == bytes && load<u64>(field, JSON_FIELD_HEAD) == head &&
        (bytes <= 8 || tailEquals(start, name, bytes));
    if (!isFound) continue;
    store<u32>(object, index, JSON_OBJECT_FIRST);
    return field;
  }
  return 0;
}

/** Compares names of more than 8 bytes of which the first 8 are equal. */
function tailEquals(left: usize, right: usize, bytes: u32): bool {
  const last: usize = bytes - 8;
  for (let offset: usize = 8; offset < last; offset += 8) {
    if (load<u64>(left + offset) != load<u64>(right + offset)) return false;
  }
  return load<u64>(left + last) == load<u64>(right + last);
}

/** Reads the value of a field of the schema's tree; returns the address behind it. */
function fieldRead(field: usize, at: usize, depth: u32): usize {
  const slots = <usize>load<u32>(field, JSON_FIELD_SLOTS);
  const leafEnd = <usize>load<u32>(field, JSON_FIELD_LEAF_END);
  const slotsEnd = <usize>load<u32>(field, JSON_FIELD_SLOTS_END);
  for (let slot = slots; slot < slotsEnd; slot += JSON_SLOT_BYTES) {
    if (load<u32>(slot, SLOT_STATE) != STATE_ABSENT) notesSpoil();
    store<u32>(slot, STATE_ABSENT, SLOT_STATE);
  }
  const object = <usize>load<u32>(field, JSON_FIELD_OBJECT);
  const byte = <u32>load<u8>(at);
  if (object && byte == BRACE_OPEN) {
    const next = objectRead(at, object, depth + 1);
    for (let slot = slots; slot < leafEnd; slot += JSON_SLOT_BYTES) slotSpoil(slot, JSON_EXPECTED_TYPE, at);
    return next;
  }
  const next = valueSkip(at, depth);
  if (!next) return 0;
  for (let slot = slots; slot < leafEnd; slot += JSON_SLOT_BYTES) slotRead(slot, at);
  if (byte != LOWER_N) {
    for (let slot = leafEnd; slot < slotsEnd; slot += JSON_SLOT_BYTES) {
      slotSpoil(slot, JSON_EXPECTED_OBJECT, at);
    }
  }
  // A null where an object may be is no value of a column: it stays part of the text between values.
  if (!object) noteAdd(at, next, slots, depth);
  return next;
}

function slotSpoil(slot: usize, expected: u32, at: usize): void {
  store<u32>(slot, STATE_BAD, SLOT_STATE);
  store<u32>(slot, expected, SLOT_EXPECTED);
  store<u32>(slot, <u32>at, SLOT_POSITION);
}

/** Converts the value at `at`, which is checked JSON, for the slot's column. */
function slotRead(slot: usize, at: usize): void {
  if (<u32>load<u8>(at) == LOWER_N) {
    store<u32>(slot, STATE_NULL, SLOT_STATE);
    store<u32>(slot, <u32>at, SLOT_POSITION);
    return;
  }
  const column = columns + load<u32>(slot, JSON_SLOT_COLUMN);
  const lane = <usize>load<u32>(column, COLUMN_LANES) + rowOffset;
  if (valueRead(load<u32>(slot, JSON_SLOT_TYPE), at, lane, slot)) store<u32>(slot, STATE_PRESENT, SLOT_STATE);
  else slotSpoil(slot, faultExpected(), faultPosition());
}

/** Stores the value at `at` as a type wants it; returns the address behind it, or 0. */
function valueRead(type: u32, at: usize, lane: usize, slot: usize): usize {
  const byte = <u32>load<u8>(at);
  const isNumber = startsNumber(byte);
  switch (type) {
    case JSON_TYPE_STRING:
      if (byte == QUOTE) return stringRead(at, lane);
      break;
    case JSON_TYPE_INTEGER:
      return integerColumnRead(at, lane, slot);
    case JSON_TYPE_DOUBLE:
      if (isNumber) return doubleRead(at, lane);
      break;
    case JSON_TYPE_TIMESTAMP:
      if (isNumber || byte == QUOTE) return timestampColumnRead(at, lane);
      break;
    case JSON_TYPE_EXACT:
      return exactColumnRead(at, lane, slot);
    case JSON_TYPE_BOOLEAN:
      return booleanRead(at, lane);
    case JSON_TYPE_DATE:
      return dateRead(at, lane);
    case JSON_TYPE_BYTES:
      return base64Read(at, lane);
  }
  return fail(JSON_EXPECTED_TYPE, at);
}
