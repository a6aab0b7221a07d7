/**
 * Decodes a part of a body: reads its records into rows, notes the rejected ones, and finds where they end.
 *
 * Records of a known shape go the fast way (`match.ts`), all others one by one (`record.ts`). A call
 * returns between records when something is wanted (more rows, room for rejects, a heap) and is then
 * repeated. Where records end depends on the bytes alone, never on the schema: in NDJSON at line feeds, in
 * an array, behind a record that is not as it should be, at the next comma or bracket outside of strings
 * and brackets.
 */
import {
  JSON_DONE, JSON_END, JSON_EXPECTED_END, JSON_EXPECTED_NEXT_RECORD, JSON_FORMAT, JSON_FORMAT_ARRAY,
  JSON_FORMAT_NDJSON, JSON_FORMAT_OBJECT, JSON_HEAP, JSON_HEAP_WANTED, JSON_IS_LAST, JSON_PLACE,
  JSON_PLACE_END, JSON_PLACE_RECORD, JSON_PLACE_START, JSON_POSITION, JSON_RECORD, JSON_RECORD_END,
  JSON_RECORDS, JSON_REJECT_BYTES, JSON_REJECT_COUNT, JSON_REJECTS, JSON_REJECTS_FULL, JSON_REJECTS_MAX,
  JSON_ROWS, JSON_ROWS_MAX, JSON_ROWS_WANTED, JSON_TOO_LONG,
} from "./abi";
import {
  BACKSLASH, BRACE_CLOSE, BRACE_OPEN, BRACKET_CLOSE, BRACKET_OPEN, COMMA, LINE_FEED, lineFeedIsSpaceSet,
  QUOTE, spaceSkip,
} from "./characters";
import { rowNullsUndo } from "./columns";
import { fail, faultExpected, faultPosition } from "./fault";
import { recordsMatch } from "./match";
import { faultColumn, recordRead } from "./record";
import { shapeLearn } from "./shapes";
import { heapIsMissing, heapTop, heapTopSet } from "./strings";

/** Not a status of JSON_*: there may be another record. */
const GO_ON: u32 = 255;

/** Decodes from where the DECODER stands; returns JSON_DONE or why it stopped. */
export function jsonDecode(decoder: usize): u32 {
  const format = load<u32>(decoder, JSON_FORMAT);
  lineFeedIsSpaceSet(format != JSON_FORMAT_NDJSON);
  heapTopSet(<usize>load<u32>(decoder, JSON_HEAP));
  let status = GO_ON;
  while (status == GO_ON) {
    const isAtRecord = format == JSON_FORMAT_NDJSON || load<u32>(decoder, JSON_PLACE) == JSON_PLACE_RECORD;
    if (isAtRecord) recordsMatch(decoder);
    status = nextRead(decoder, format);
  }
  store<u32>(decoder, <u32>heapTop(), JSON_HEAP);
  return status;
}

function nextRead(decoder: usize, format: u32): u32 {
  const at = <usize>load<u32>(decoder, JSON_POSITION);
  const isAtEnd = at >= <usize>load<u32>(decoder, JSON_END) && (format != JSON_FORMAT_ARRAY);
  if (isAtEnd || load<u32>(decoder, JSON_RECORD) == load<u32>(decoder, JSON_RECORD_END)) return JSON_DONE;
  if (format == JSON_FORMAT_ARRAY) {
    const place = load<u32>(decoder, JSON_PLACE);
    if (place == JSON_PLACE_END) return JSON_DONE;
    if (place == JSON_PLACE_START) return arrayOpen(decoder, at);
  }
  if (load<u32>(decoder, JSON_ROWS) == load<u32>(decoder, JSON_ROWS_MAX)) return JSON_ROWS_WANTED;
  if (load<u32>(decoder, JSON_REJECT_COUNT) == JSON_REJECTS_MAX) return JSON_REJECTS_FULL;
  if (format == JSON_FORMAT_NDJSON) return lineRead(decoder, at);
  return format == JSON_FORMAT_OBJECT ? bodyRead(decoder, at) : elementRead(decoder, at);
}

function lineRead(decoder: usize, at: usize): u32 {
  const first = spaceSkip(at);
  if (<u32>load<u8>(first) == LINE_FEED) {
    advance(decoder, first + 1);
    return GO_ON;
  }
  const heap = heapTop();
  let next = recordRead(decoder, first);
  if (next) {
    next = spaceSkip(next);
    if (<u32>load<u8>(next) != LINE_FEED) next = fail(JSON_EXPECTED_END, next);
  }
  if (next) {
    accept(decoder, next + 1);
    shapeLearn(decoder, at, next + 1);
    return GO_ON;
  }
  if (takeBack(decoder, heap)) return JSON_HEAP_WANTED;
  const end = lineEnd(at);
  reject(decoder, at, end, end + 1);
  return GO_ON;
}

/** Returns the address of the next line feed; one follows the input. */
function lineEnd(at: usize): usize {
  while (true) {
    const mask = i8x16.bitmask(i8x16.eq(v128.load(at), i8x16.splat(0x0a)));
    if (mask) return at + ctz(mask);
    at += 16;
  }
}

/** Reads the body as one record. */
function bodyRead(decoder: usize, at: usize): u32 {
  const end = <usize>load<u32>(decoder, JSON_END);
  const first = spaceSkip(at);
  if (first >= end) {
    store<u32>(decoder, <u32>end, JSON_POSITION);
    return JSON_DONE;
  }
  const heap = heapTop();
  let next = recordRead(decoder, first);
  if (next) {
    next = spaceSkip(next);
    if (next < end) next = fail(JSON_EXPECTED_END, next);
  }
  if (next) accept(decoder, end);
  else if (takeBack(decoder, heap)) return JSON_HEAP_WANTED;
  else reject(decoder, first, end, end);
  return JSON_DONE;
}

/** Passes the array's opening bracket, which the host has seen. */
function arrayOpen(decoder: usize, at: usize): u32 {
  at = spaceSkip(at) + 1;
  const first = spaceSkip(at);
  const isEmpty = <u32>load<u8>(first) == BRACKET_CLOSE;
  store<u32>(decoder, <u32>(isEmpty ? first + 1 : at), JSON_POSITION);
  store<u32>(decoder, isEmpty ? JSON_PLACE_END : JSON_PLACE_RECORD, JSON_PLACE);
  return GO_ON;
}

/** Reads the record that follows a comma or the array's opening bracket, and the delimiter behind it. */
function elementRead(decoder: usize, at: usize): u32 {
  const first = spaceSkip(at);
  const heap = heapTop();
  let next = recordRead(decoder, first);
  if (next) {
    next = spaceSkip(next);
    const byte = <u32>load<u8>(next);
    if (byte != COMMA && byte != BRACKET_CLOSE) next = fail(JSON_EXPECTED_NEXT_RECORD, next);
  }
  if (next) {
    accept(decoder, next + 1);
    if (<u32>load<u8>(next) == BRACKET_CLOSE) store<u32>(decoder, JSON_PLACE_END, JSON_PLACE);
    else shapeLearn(decoder, at, next + 1);
    return GO_ON;
  }
  if (takeBack(decoder, heap)) return JSON_HEAP_WANTED;
  const end = <usize>load<u32>(decoder, JSON_END);
  const delimiter = elementEnd(first, end);
  if (delimiter < end) {
    if (<u32>load<u8>(delimiter) == BRACKET_CLOSE) store<u32>(decoder, JSON_PLACE_END, JSON_PLACE);
    reject(decoder, first, delimiter, delimiter + 1);
    return GO_ON;
  }
  if (!load<u32>(decoder, JSON_IS_LAST)) return load<u32>(decoder, JSON_RECORDS) ? JSON_DONE : JSON_TOO_LONG;
  store<u32>(decoder, JSON_PLACE_END, JSON_PLACE);
  reject(decoder, min(first, end), end, end);
  return GO_ON;
}

/** Returns the address of the comma or bracket that ends the element at `at`, or `end`. */
function elementEnd(at: usize, end: usize): usize {
  let depth: u32 = 0;
  let isInString = false;
  for (; at < end; at++) {
    const byte = <u32>load<u8>(at);
    if (byte == QUOTE) {
      isInString = !isInString;
    } else if (isInString) {
      if (byte == BACKSLASH) at++;
    } else if (byte == BRACE_OPEN || byte == BRACKET_OPEN) {
      depth++;
    } else if (depth == 0) {
      if (byte == COMMA || byte == BRACKET_CLOSE) return at;
    } else if (byte == BRACE_CLOSE || byte == BRACKET_CLOSE) {
      depth--;
    }
  }
  return end;
}

function advance(decoder: usize, position: usize): void {
  store<u32>(decoder, <u32>position, JSON_POSITION);
  store<u32>(decoder, load<u32>(decoder, JSON_RECORD) + 1, JSON_RECORD);
}

function accept(decoder: usize, position: usize): void {
  advance(decoder, position);
  store<u32>(decoder, load<u32>(decoder, JSON_RECORDS) + 1, JSON_RECORDS);
  store<u32>(decoder, load<u32>(decoder, JSON_ROWS) + 1, JSON_ROWS);
}

/** Undoes what a record that is not accepted left behind; returns whether it only lacked a heap. */
function takeBack(decoder: usize, heap: usize): bool {
  const isMissing = heapIsMissing();
  rowNullsUndo(decoder);
  heapTopSet(heap);
  return isMissing;
}

/** Notes the record from `start` to `end` as rejected for the last fault. */
function reject(decoder: usize, start: usize, end: usize, position: usize): void {
  advance(decoder, position);
  store<u32>(decoder, load<u32>(decoder, JSON_RECORDS) + 1, JSON_RECORDS);
  const count = load<u32>(decoder, JSON_REJECT_COUNT);
  store<u32>(decoder, count + 1, JSON_REJECT_COUNT);
  const entry = <usize>load<u32>(decoder, JSON_REJECTS) + <usize>count * JSON_REJECT_BYTES;
  store<u32>(entry, load<u32>(decoder, JSON_RECORD));
  store<u32>(entry, <u32>start, 4);
  store<u32>(entry, <u32>end, 8);
  store<u32>(entry, <u32>faultPosition(), 12);
  store<u32>(entry, faultExpected(), 16);
  store<u32>(entry, faultColumn(), 20);
}
