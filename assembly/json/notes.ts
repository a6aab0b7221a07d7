/**
 * Notes on the record being read: where its values lie, in order, so that its shape can be learned.
 */
const NOTES_MAX: u32 = 1024;
export const NOTE_BYTES: usize = 16;
/** Offsets in a note: where the value begins and ends, its SLOT (0 = skipped), the containers around it. */
export const NOTE_START: usize = 0;
export const NOTE_END: usize = 4;
export const NOTE_SLOT: usize = 8;
export const NOTE_DEPTH: usize = 12;

const notes = memory.data(1024 * 16, 16);
let count: u32 = 0;
let isSpoiled = false;

export function notesClear(): void {
  count = 0;
  isSpoiled = false;
}

/** The record's shape is not to be learned: a field came twice, or there are too many. */
export function notesSpoil(): void {
  isSpoiled = true;
}

export function notesAreSpoiled(): bool {
  return isSpoiled;
}

export function noteAdd(start: usize, end: usize, slot: usize, depth: u32): void {
  if (count == NOTES_MAX) {
    isSpoiled = true;
    return;
  }
  const note = notes + <usize>count * NOTE_BYTES;
  store<u32>(note, <u32>start, NOTE_START);
  store<u32>(note, <u32>end, NOTE_END);
  store<u32>(note, <u32>slot, NOTE_SLOT);
  store<u32>(note, depth, NOTE_DEPTH);
  count++;
}

export function notesStart(): usize {
  return notes;
}

export function notesEnd(): usize {
  return notes + <usize>count * NOTE_BYTES;
}
