/**
 * The fast path: reads records as long as they have a shape that was learned (`shapes.ts`).
 *
 * Nothing is reported from here. Whatever is not as expected, valid or not, ends the run in front of its
 * record, which `record.ts` then reads again and judges.
 */
import { BATCH_COLUMNS, COLUMN_LANES } from "../abi";
import {
  JSON_BATCH, JSON_END, JSON_FIRST_SHAPE, JSON_MATCHED, JSON_POSITION, JSON_RECORD, JSON_RECORD_END,
  JSON_RECORDS, JSON_ROWS, JSON_ROWS_MAX, JSON_SLOT_BYTES, JSON_SLOT_COLUMN, JSON_SLOT_NULLABLE, JSON_SLOTS,
  JSON_TYPE_BOOLEAN, JSON_TYPE_BYTES, JSON_TYPE_DATE, JSON_TYPE_DOUBLE, JSON_TYPE_EXACT, JSON_TYPE_INTEGER,
  JSON_TYPE_SKIP, JSON_TYPE_STRING, JSON_TYPE_TIMESTAMP,
} from "./abi";
import { base64Read } from "./base64";
import { NULL_WORD, QUOTE } from "./characters";
import {
  booleanRead, exactColumnRead, integerColumnRead, nullStore, rowNullsUndo, timestampColumnRead,
} from "./columns";
import { doubleRead } from "./double";
import {
  SHAPE_ABSENT, SHAPE_CHILD, SHAPE_COLUMN, SHAPE_DEPTH, SHAPE_END, SHAPE_MASK, SHAPE_SIBLING, SHAPE_SLOT,
  SHAPE_TEXT_BYTES, SHAPE_TYPE,
} from "./shapes";
import { heapTop, heapTopSet, stringRead } from "./strings";
import { dateRead } from "./times";
import { valueSkip } from "./values";

/**
 * Reads records that have known shapes; ends at the input's or the batch's end or in front of another
 * record.
 */
export function recordsMatch(decoder: usize): void {
  const first = <usize>load<u32>(decoder, JSON_FIRST_SHAPE);
  if (!first) return;
  const columns = <usize>load<u32>(decoder, JSON_BATCH) + BATCH_COLUMNS;
  const slots = <usize>load<u32>(decoder, JSON_SLOTS);
  const end = <usize>load<u32>(decoder, JSON_END);
  const rowsMax = load<u32>(decoder, JSON_ROWS_MAX);
  const rowsBefore = load<u32>(decoder, JSON_ROWS);
  const rowsLeft = load<u32>(decoder, JSON_RECORD_END) - load<u32>(decoder, JSON_RECORD);
  const rowsEnd = min(rowsMax, rowsBefore + rowsLeft);
  let at = <usize>load<u32>(decoder, JSON_POSITION);
  let row = rowsBefore;
  while (at < end && row < rowsEnd) {
    const heap = heapTop();
    const next = recordMatch(first, at, columns, slots, row, rowsMax);
    if (!next) {
      heapTopSet(heap);
      break;
    }
    at = next;
    row++;
  }
  const matched = row - rowsBefore;
  store<u32>(decoder, <u32>at, JSON_POSITION);
  store<u32>(decoder, row, JSON_ROWS);
  store<u32>(decoder, load<u32>(decoder, JSON_RECORD) + matched, JSON_RECORD);
  store<u32>(decoder, load<u32>(decoder, JSON_RECORDS) + matched, JSON_RECORDS);
  store<u32>(decoder, load<u32>(decoder, JSON_MATCHED) + matched, JSON_MATCHED);
  rowNullsUndo(decoder);
}

/** Reads the record at `at` along the tree of shapes; returns the address behind its delimiter, or 0. */
@inline
function recordMatch(first: usize, at: usize, columns: usize, slots: usize, row: u32, rowsMax: u32): usize {
  let shape = first;
  while (shape) {
    if (textMatches(shape, at)) {
      let next = at + load<u32>(shape, SHAPE_TEXT_BYTES);
      const type = load<u32>(shape, SHAPE_TYPE);
      if (type == SHAPE_END) {
        if (load<u64>(shape, SHAPE_ABSENT) | load<u64>(shape, SHAPE_ABSENT + 8)) {
          absentStore(shape, columns, slots, row, rowsMax);
        }
        return next;
      }
      const column = columns + load<u32>(shape, SHAPE_COLUMN);
      const value = valueMatch(type, shape, next, <usize>load<u32>(column, COLUMN_LANES) + (<usize>row << 3));
      next = value ? value : nullMatch(type, shape, next, column, row, rowsMax);
      if (next) {
        at = next;
        shape = <usize>load<u32>(shape, SHAPE_CHILD);
        continue;
      }
    }
    shape = <usize>load<u32>(shape, SHAPE_SIBLING);
  }
  return 0;
}

@inline
function textMatches(shape: usize, at: usize): bool {
  const mask = load<u32>(shape, SHAPE_MASK);
  let equal = <u32>i8x16.bitmask(i8x16.eq(v128.load(at), v128.load(shape)));
  if (mask > 0xffff) {
    equal |= <u32>i8x16.bitmask(i8x16.eq(v128.load(at, 16), v128.load(shape, 16))) << 16;
  }
  return (mask & ~equal) == 0;
}

@inline
function valueMatch(type: u32, shape: usize, at: usize, lane: usize): usize {
  switch (type) {
    case JSON_TYPE_SKIP:
      return valueSkip(at, load<u32>(shape, SHAPE_DEPTH));
    case JSON_TYPE_STRING:
      return <u32>load<u8>(at) == QUOTE ? stringRead(at, lane) : 0;
    case JSON_TYPE_INTEGER:
      return integerColumnRead(at, lane, <usize>load<u32>(shape, SHAPE_SLOT));
    case JSON_TYPE_EXACT:
      return exactColumnRead(at, lane, <usize>load<u32>(shape, SHAPE_SLOT));
    case JSON_TYPE_DOUBLE:
      return doubleRead(at, lane);
    case JSON_TYPE_TIMESTAMP:
      return timestampColumnRead(at, lane);
    case JSON_TYPE_BOOLEAN:
      return booleanRead(at, lane);
    case JSON_TYPE_DATE:
      return dateRead(at, lane);
    case JSON_TYPE_BYTES:
      return base64Read(at, lane);
    default:
      return at;
  }
}

/** Reads `null` where the column may be null; returns the address behind it, or 0. */
function nullMatch(type: u32, shape: usize, at: usize, column: usize, row: u32, rowsMax: u32): usize {
  if (type == <u32>JSON_TYPE_SKIP || load<u32>(at) != NULL_WORD) return 0;
  if (!load<u32>(<usize>load<u32>(shape, SHAPE_SLOT), JSON_SLOT_NULLABLE)) return 0;
  nullStore(column, row, rowsMax);
  return at + 4;
}

/** Makes the row null in the columns that records of this shape do not have. */
function absentStore(shape: usize, columns: usize, slots: usize, row: u32, rowsMax: u32): void {
  for (let word: usize = 0; word < 2; word++) {
    let bits = load<u64>(shape + (word << 3), SHAPE_ABSENT);
    while (bits) {
      const slot = slots + ((word << 6) + <usize>ctz(bits)) * JSON_SLOT_BYTES;
      nullStore(columns + load<u32>(slot, JSON_SLOT_COLUMN), row, rowsMax);
      bits &= bits - 1;
    }
  }
}
