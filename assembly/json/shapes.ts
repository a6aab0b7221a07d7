/**
 * Shapes: what earlier records looked like between their values, as a tree that the next record walks along.
 *
 * A record is values and the text between them: braces, commas, names, colons, white space. Where that text
 * has the same bytes as in an earlier record, from the record's start on, the values mean the same columns;
 * nothing needs to be parsed but the values. Records with several shapes share the beginnings of their
 * paths. Only accepted records whose fields came once are learned. All shapes are dropped when there is no
 * room for one more.
 *
 * SHAPE, 80 bytes: the text before a value, and what is to be done with the value.
 *
 *   OFFSET  SIZE  FIELD
 *        0    32  text
 *       32     4  mask      one bit for each byte of the text
 *       36     4  bytes     of the text, 1 to 32; a longer one takes several shapes, most of type MORE
 *       40     4  type      JSON_TYPE_*, or SHAPE_END (the record ends behind the text), or SHAPE_MORE
 *       44     4  column    offset of its COLUMN behind BATCH_COLUMNS
 *       48     4  child     shape to go on with, 0 = none
 *       52     4  sibling   shape to try instead, 0 = none
 *       56     4  slot      the column's SLOT
 *       60     4  depth     containers around the value
 *       64    16  absent    of SHAPE_END: bit i is set where slot i has no value
 */
import {
  JSON_FIRST_SHAPE, JSON_IS_WILD, JSON_MATCHED, JSON_SHAPE_BYTES, JSON_SHAPE_COUNT, JSON_SHAPES,
  JSON_SHAPES_MAX, JSON_SLOT_BYTES, JSON_SLOT_COLUMN, JSON_SLOT_COUNT, JSON_SLOT_TYPE, JSON_SLOTS,
  JSON_TYPE_SKIP,
} from "./abi";
import {
  NOTE_BYTES, NOTE_DEPTH, NOTE_END, NOTE_SLOT, NOTE_START, notesAreSpoiled, notesEnd, notesStart,
} from "./notes";
import { SLOT_STATE, STATE_ABSENT } from "./record";

export const SHAPE_MASK: usize = 32;
export const SHAPE_TEXT_BYTES: usize = 36;
export const SHAPE_TYPE: usize = 40;
export const SHAPE_COLUMN: usize = 44;
export const SHAPE_CHILD: usize = 48;
export const SHAPE_SIBLING: usize = 52;
export const SHAPE_SLOT: usize = 56;
export const SHAPE_DEPTH: usize = 60;
export const SHAPE_ABSENT: usize = 64;

/** Types behind those of columns. */
export const SHAPE_END: u32 = 9;
export const SHAPE_MORE: u32 = 10;

const TEXT_BYTES_MAX: usize = 32;
const SIBLINGS_MAX: u32 = 16;
/** Shapes that are dropped before each matched this many records in the mean were not worth learning. */
const WORTH: u32 = 4;

/** Learns the shape of the record just accepted, which lies from `start` to behind its delimiter. */
export function shapeLearn(decoder: usize, start: usize, end: usize): void {
  if (notesAreSpoiled() || load<u32>(decoder, JSON_IS_WILD) || !load<u32>(decoder, JSON_SHAPES_MAX)) return;
  let link = decoder + JSON_FIRST_SHAPE;
  let from = start;
  for (let note = notesStart(); note < notesEnd(); note += NOTE_BYTES) {
    link = textAdd(decoder, link, from, <usize>load<u32>(note, NOTE_START), note);
    if (!link) return;
    from = <usize>load<u32>(note, NOTE_END);
  }
  link = textAdd(decoder, link, from, end, 0);
  if (link) absentStore(decoder, link - SHAPE_CHILD);
}

/**
 * Adds the text and the value of `note` (0: the record's end) below `link`; returns the link to go on with,
 * or 0.
 */
function textAdd(decoder: usize, link: usize, from: usize, to: usize, note: usize): usize {
  while (to - from > TEXT_BYTES_MAX) {
    const shape = shapeAdd(decoder, link, from, TEXT_BYTES_MAX, SHAPE_MORE, 0);
    if (!shape) return 0;
    link = shape + SHAPE_CHILD;
    from += TEXT_BYTES_MAX;
  }
  const slot = note ? <usize>load<u32>(note, NOTE_SLOT) : 0;
  const type = note ? (slot ? load<u32>(slot, JSON_SLOT_TYPE) : <u32>JSON_TYPE_SKIP) : SHAPE_END;
  const shape = shapeAdd(decoder, link, from, to - from, type, slot);
  if (!shape) return 0;
  if (note) store<u32>(shape, load<u32>(note, NOTE_DEPTH), SHAPE_DEPTH);
  return shape + SHAPE_CHILD;
}

/** Finds or makes the shape with this text below `link`; 0 where there is no room. */
function shapeAdd(decoder: usize, link: usize, text: usize, bytes: usize, type: u32, slot: usize): usize {
  let siblings: u32 = 0;
  for (let shape = <usize>load<u32>(link); shape; shape = <usize>load<u32>(link)) {
    if (
      load<u32>(shape, SHAPE_TEXT_BYTES) == <u32>bytes && load<u32>(shape, SHAPE_TYPE) == type &&
      load<u32>(shape, SHAPE_SLOT) == <u32>slot && memory.compare(shape, text, bytes) == 0
    ) {
      return shape;
    }
    if (++siblings == SIBLINGS_MAX) return 0;
    link = shape + SHAPE_SIBLING;
  }
  const count = load<u32>(decoder, JSON_SHAPE_COUNT);
  if (count == load<u32>(decoder, JSON_SHAPES_MAX)) {
    shapesClear(decoder);
    return 0;
  }
  const shape = <usize>load<u32>(decoder, JSON_SHAPES) + <usize>count * JSON_SHAPE_BYTES;
  store<u32>(decoder, count + 1, JSON_SHAPE_COUNT);
  store<u32>(link, <u32>shape);
  memory.fill(shape, 0, JSON_SHAPE_BYTES);
  memory.copy(shape, text, bytes);
  store<u32>(shape, <u32>((<u64>1 << <u64>bytes) - 1), SHAPE_MASK);
  store<u32>(shape, <u32>bytes, SHAPE_TEXT_BYTES);
  store<u32>(shape, type, SHAPE_TYPE);
  store<u32>(shape, <u32>slot, SHAPE_SLOT);
  if (slot) store<u32>(shape, load<u32>(slot, JSON_SLOT_COLUMN), SHAPE_COLUMN);
  return shape;
}

function shapesClear(decoder: usize): void {
  const isWild = load<u32>(decoder, JSON_MATCHED) < load<u32>(decoder, JSON_SHAPES_MAX) * WORTH;
  store<u32>(decoder, u32(isWild), JSON_IS_WILD);
  store<u32>(decoder, 0, JSON_MATCHED);
  store<u32>(decoder, 0, JSON_SHAPE_COUNT);
  store<u32>(decoder, 0, JSON_FIRST_SHAPE);
}

function absentStore(decoder: usize, shape: usize): void {
  const slots = <usize>load<u32>(decoder, JSON_SLOTS);
  const count = load<u32>(decoder, JSON_SLOT_COUNT);
  for (let index: u32 = 0; index < count; index++) {
    if (load<u32>(slots + <usize>index * JSON_SLOT_BYTES, SLOT_STATE) != STATE_ABSENT) continue;
    const word = shape + SHAPE_ABSENT + (<usize>(index >> 6) << 3);
    store<u64>(word, load<u64>(word) | (<u64>1 << <u64>(index & 63)));
  }
}
