/**
 * Page, version 1: the cells of a table whose hashes begin with the same bits. What lies in memory is what is
 * stored.
 *
 *   OFFSET  SIZE  FIELD
 *        0     4  magic "MPG", version 1
 *        4     4  checksum    low half of XXH64 over the page, with this field and those of memory zero
 *        8     8  firstHash   the page covers the hashes [firstHash, firstHash + 2^(64 - localDepth))
 *       16     4  pageBytes   1, 2, 4, 8, 16 or 32 KiB
 *       20     2  localDepth
 *       22     2  cellBytes
 *       24     4  cellCount
 *       28     4  heapTop     lowest byte of the heap in use; pageBytes while it is empty
 *       32     4  garbage     bytes of the heap that nothing points to any more
 *       36     4  probeLog2
 *       40     4  dirty       memory only: 1 = changed since it was stored
 *       44     4  stamp       memory only: batch that touched it last
 *       48     8  tag         memory only: the host's
 *       56     4  born        memory only: COUNTERS_MOVES when its cells came to lie here; 0 = loaded so
 *       60     4  0
 *       64        probe table u16[2^probeLog2]; 0 = free, else 6 bits of the hash << 10 | cell number + 1
 *        -        cells, cellBytes each, in order of insertion (CELL_* in abi.ts)
 *        -        free, zero
 *  heapTop        heap, growing downward: keys and values of BYTES accumulators
 *
 * A key's probe starts at its hash's low bits and goes up; cells are only ever added, so no probe chain has a
 * hole. Growth, split, compaction and deletion write the remaining cells anew in their order.
 *
 * A reader rejects an unknown version, a size that is none of the above, and a wrong checksum.
 *   v1  first version
 */
import {
  ACCUMULATOR_BYTES,
  ACCUMULATOR_MIN_BYTES,
  CELL_HASH,
  CELL_KEY_LENGTH,
  CELL_KEY_OFFSET,
  LAYOUT_ACCUMULATORS,
  LAYOUT_COUNT,
  LAYOUT_HEAP_COUNT,
  PAGE_BYTES,
  PAGE_CELL_BYTES,
  PAGE_CELL_COUNT,
  PAGE_FIRST_HASH,
  PAGE_GARBAGE,
  PAGE_HEADER_BYTES,
  PAGE_HEAP_TOP,
  PAGE_LOCAL_DEPTH,
  PAGE_MAGIC,
  PAGE_MAGIC_V1,
  PAGE_PROBE_LOG2,
} from "../abi";

export const PAGE_SIZE_MIN: u32 = 1024;
export const PAGE_SIZE_MAX: u32 = 32768;

/** A probe entry has ten bits for the cell. */
const CELLS_MAX: u32 = 1023;

/** Slots of the probe table: about 1.25 times the cells that fit if keys take 8 bytes each. */
export function probeLog2For(pageBytes: u32, cellBytes: u32): u32 {
  const cells = (pageBytes - PAGE_HEADER_BYTES) / (cellBytes + 8);
  const slots = max<u32>((cells * 5) >> 2, 8);
  return 32 - clz(slots - 1);
}

/** Most cells whatever their keys: the probe table keeps one slot in eight free. */
@inline
export function cellCountMax(probeLog2: u32): u32 {
  return min<u32>(CELLS_MAX, (7 << probeLog2) >> 3);
}

@inline
export function cellsOf(page: usize): usize {
  return page + PAGE_HEADER_BYTES + ((<usize>2) << load<u32>(page, PAGE_PROBE_LOG2));
}

/** Bytes between the cells and the heap. */
@inline
export function freeBytes(page: usize): i32 {
  const cells = <u32>(cellsOf(page) - page);
  const end = cells + load<u32>(page, PAGE_CELL_COUNT) * <u32>load<u16>(page, PAGE_CELL_BYTES);
  return <i32>(load<u32>(page, PAGE_HEAP_TOP) - end);
}

/** True when a page of `pageBytes` can hold so many cells and bytes of heap. */
export function fits(pageBytes: u32, cellBytes: u32, cellCount: u32, heapBytes: u32): bool {
  const log2 = probeLog2For(pageBytes, cellBytes);
  if (cellCount > cellCountMax(log2)) return false;
  return <u32>PAGE_HEADER_BYTES + (<u32>2 << log2) + cellCount * cellBytes + heapBytes <= pageBytes;
}

export function pageInitialize(
  page: usize,
  bytes: u32,
  cellBytes: u32,
  localDepth: u32,
  firstHash: u64,
): void {
  memory.fill(page, 0, bytes);
  store<u32>(page, PAGE_MAGIC_V1, PAGE_MAGIC);
  store<u64>(page, firstHash, PAGE_FIRST_HASH);
  store<u32>(page, bytes, PAGE_BYTES);
  store<u16>(page, <u16>localDepth, PAGE_LOCAL_DEPTH);
  store<u16>(page, <u16>cellBytes, PAGE_CELL_BYTES);
  store<u32>(page, bytes, PAGE_HEAP_TOP);
  store<u32>(page, probeLog2For(bytes, cellBytes), PAGE_PROBE_LOG2);
}

/** A probe entry without its cell: six bits of the hash that neither the directory nor the first slot use. */
@inline
export function probeTag(hash: u64): u32 {
  return (<u32>(hash >> 16) & 0x3f) << 10;
}

/** The probe entry of cell `number`. */
@inline
export function probeEntry(hash: u64, number: u32): u16 {
  return <u16>(probeTag(hash) | (number + 1));
}

/** Address of the first free slot of the probe table for a hash. */
@inline
export function probeSlot(page: usize, hash: u64): usize {
  const mask = (1 << load<u32>(page, PAGE_PROBE_LOG2)) - 1;
  let slot = <u32>hash & mask;
  while (load<u16>(page + (<usize>slot << 1), PAGE_HEADER_BYTES) != 0) slot = (slot + 1) & mask;
  return page + PAGE_HEADER_BYTES + (<usize>slot << 1);
}

/** Takes `bytes` from the heap's free side and returns their offset. The caller has seen that they fit. */
@inline
export function heapTake(page: usize, bytes: u32): u32 {
  const top = load<u32>(page, PAGE_HEAP_TOP) - bytes;
  store<u32>(page, top, PAGE_HEAP_TOP);
  return top;
}

/** Bytes that the heap sets aside for a value; never zero, for a word of zero means NULL. */
@inline
export function capacityFor(length: u32): u32 {
  return max<u32>((length + 7) & ~7, 8);
}

/** True where the value of an ACCUMULATOR lies in the heap. */
@inline
export function isInHeap(accumulator: usize): bool {
  return load<u32>(accumulator) >= <u32>ACCUMULATOR_MIN_BYTES;
}

/** Bytes of heap that a cell needs when it is written anew. */
export function cellHeapBytes(cell: usize, layout: usize): u32 {
  let bytes = <u32>load<u16>(cell, CELL_KEY_LENGTH);
  if (load<u32>(layout, LAYOUT_HEAP_COUNT) == 0) return bytes;
  const count = load<u32>(layout, LAYOUT_COUNT);
  for (let i: u32 = 0; i < count; i++) {
    const accumulator = layout + LAYOUT_ACCUMULATORS + <usize>i * ACCUMULATOR_BYTES;
    if (!isInHeap(accumulator)) continue;
    const word = cell + load<u32>(accumulator, 4);
    if (load<u16>(word) != 0) bytes += capacityFor(<u32>load<u16>(word, 2));
  }
  return bytes;
}

/** Appends a copy of `cell`, which lies in the page `from`, with its key and heap values. It must fit. */
export function pageAppendCell(page: usize, from: usize, cell: usize, layout: usize): void {
  const cellBytes = <usize>load<u16>(page, PAGE_CELL_BYTES);
  const number = load<u32>(page, PAGE_CELL_COUNT);
  const copy = cellsOf(page) + <usize>number * cellBytes;
  for (let i: usize = 0; i < cellBytes; i += 8) store<u64>(copy + i, load<u64>(cell + i));
  const keyLength = <u32>load<u16>(cell, CELL_KEY_LENGTH);
  const key = heapTake(page, keyLength);
  bytesCopy(page + key, from + load<u16>(cell, CELL_KEY_OFFSET), keyLength);
  store<u16>(copy, <u16>key, CELL_KEY_OFFSET);
  if (load<u32>(layout, LAYOUT_HEAP_COUNT) > 0) heapValuesCopy(page, copy, from, layout);
  store<u32>(page, number + 1, PAGE_CELL_COUNT);
  const hash = load<u64>(cell, CELL_HASH);
  store<u16>(probeSlot(page, hash), probeEntry(hash, number));
}

/** Moves the values to which the words of `copy` still point in the page `from`. */
function heapValuesCopy(page: usize, copy: usize, from: usize, layout: usize): void {
  const count = load<u32>(layout, LAYOUT_COUNT);
  for (let i: u32 = 0; i < count; i++) {
    const accumulator = layout + LAYOUT_ACCUMULATORS + <usize>i * ACCUMULATOR_BYTES;
    if (!isInHeap(accumulator)) continue;
    const word = copy + load<u32>(accumulator, 4);
    const offset = load<u16>(word);
    if (offset == 0) continue;
    const length = <u32>load<u16>(word, 2);
    const capacity = capacityFor(length);
    const place = heapTake(page, capacity);
    bytesCopy(page + place, from + offset, length);
    store<u16>(word, <u16>place);
    store<u16>(word, <u16>capacity, 4);
  }
}

@inline
export function bytesCopy(target: usize, source: usize, length: u32): void {
  let i: u32 = 0;
  for (; i + 8 <= length; i += 8) store<u64>(target + i, load<u64>(source + i));
  for (; i < length; i++) store<u8>(target + i, load<u8>(source + i));
}

/**
 * True when `length` bytes at both places are equal.
 *
 * Short keys are read as the eight bytes that end with them: what lies before a key is always memory, what
 * lies behind may not be.
 */
@inline
export function bytesEqual(a: usize, b: usize, length: u32): bool {
  if (length < 8) {
    if (length == 0) return true;
    return (load<u64>(a + length - 8) ^ load<u64>(b + length - 8)) >> (64 - (length << 3)) == 0;
  }
  let i: u32 = 0;
  for (; i + 8 < length; i += 8) {
    if (load<u64>(a + i) != load<u64>(b + i)) return false;
  }
  return load<u64>(a + length - 8) == load<u64>(b + length - 8);
}

/** Compares as unsigned bytes, a prefix before the longer: negative, zero or positive. */
export function bytesCompare(a: usize, aLength: u32, b: usize, bLength: u32): i32 {
  const common = min(aLength, bLength);
  let i: u32 = 0;
  for (; i + 8 <= common; i += 8) {
    const left = load<u64>(a + i);
    const right = load<u64>(b + i);
    if (left != right) return bswap<u64>(left) < bswap<u64>(right) ? -1 : 1;
  }
  for (; i < common; i++) {
    const difference = <i32>load<u8>(a + i) - <i32>load<u8>(b + i);
    if (difference != 0) return difference;
  }
  return <i32>aLength - <i32>bLength;
}
