/**
 * Numbers and memory layouts that both sides of the Wasm border share.
 *
 * Plain constants without type annotations: `asc` compiles them and TypeScript erases nothing. Raise
 * `ABI_VERSION` when any of them changes. All integers in memory are little-endian.
 *
 * COLUMN, 16 bytes: how a column lies in memory. A lane is 8 bytes wide for every kind, so that one loop fits
 * all.
 *
 *   OFFSET  SIZE  FIELD
 *        0     4  lanes      pointer to 8 bytes per row: i64, f64, or for BYTES (pointer u32, length u32)
 *        4     4  validity   pointer to one byte per row: 1 = present, 0 = null
 *        8     4  kind       KIND_*
 *       12     4  nullCount  validity is read only where this is above zero; the lane of a null is zero
 *
 * BATCH: rows u32, columnCount u32, then COLUMN[columnCount].
 *
 * SELECTION: u32[count], ascending row numbers. Pointer 0 means the rows 0..count-1. Arrays that go with rows
 * (hashes, keys, cells …) are always indexed by row number, never by place in the selection.
 *
 * KEYS of a batch: `keys` is one BYTES lane per row (the key columns' bytes, see `assembly/hash/keys.ts`),
 * `keyNulls` is u16 per row (bit i: key column i is null), `hashes` is u64 per row. A key is the pair (bytes,
 * nulls).
 *
 * Kinds by SQL type: BOOLEAN (0/1), INT, BIGINT, DECIMAL (unscaled), TIMESTAMP(3) and TIMESTAMP_LTZ(3)
 * (milliseconds since 1970), DATE (days since 1970) are I64; DOUBLE is F64; STRING (UTF-8) and BYTES are
 * BYTES.
 */
export const ABI_VERSION = 1;

export const KIND_I64 = 0;
export const KIND_F64 = 1;
export const KIND_BYTES = 2;

export const COLUMN_BYTES = 16;
export const COLUMN_LANES = 0;
export const COLUMN_VALIDITY = 4;
export const COLUMN_KIND = 8;
export const COLUMN_NULL_COUNT = 12;

export const BATCH_ROWS = 0;
export const BATCH_COLUMN_COUNT = 4;
export const BATCH_COLUMNS = 8;

/** Bytes that may be read (never written) behind any input buffer: SIMD loads run past its end. */
export const READ_AHEAD_BYTES = 64;

/**
 * TABLE, 64 bytes: descriptor of a keyed table. Its pages are drawn in `assembly/table/page.ts`.
 *
 *   OFFSET  SIZE  FIELD
 *        0     4  directory   pointer to u32[2^depth] page pointers; 0 = the page is not in memory
 *        4     4  depth       the page of a hash is directory[hash >> (64 - depth)]
 *        8     4  number      the host's number of the table
 *       12     4  cellBytes   size of one cell
 *       16     4  layout      pointer to a LAYOUT
 *       20     4  pageCount   pages in memory
 *       24     4  dirtyPages  of them changed since they were last stored
 *       28     4  dirtyBytes
 *       32     4  pageBytes   least size of pages that are new
 *
 * LAYOUT: what a cell holds behind its key.
 *
 *        0     4  cellBytes
 *        4     4  presence    offset in the cell of the u64 of presence bits, 0 = there is none
 *        8     4  count       of accumulators
 *       12     4  heapCount   of accumulators whose value lies in the page's heap
 *       16   16n  ACCUMULATOR[count]: operation u32 (ACCUMULATOR_*), offset u32 in the cell, presenceBit u32
 *                 (PRESENCE_NONE where it cannot be null), 0 u32
 *        -     -  template: the cellBytes of a new cell, its first CELL_HEADER_BYTES unused
 *
 * A cell begins with hash u64, changed i64, keyOffset u16, keyLength u16, keyNulls u16, 0 u16. Words of
 * accumulators are 8 bytes: one of them each, but DECIMAL sums have two (low, high) and FIRST and LAST have
 * two (value, order). The word of BYTES is offset u16 in the page, length u16, capacity u16, 0 u16; a word of
 * zero is NULL.
 */
export const TABLE_BYTES = 64;
export const TABLE_DIRECTORY = 0;
export const TABLE_DEPTH = 4;
export const TABLE_NUMBER = 8;
export const TABLE_CELL_BYTES = 12;
export const TABLE_LAYOUT = 16;
export const TABLE_PAGE_COUNT = 20;
export const TABLE_DIRTY_PAGES = 24;
export const TABLE_DIRTY_BYTES = 28;
export const TABLE_PAGE_BYTES = 32;

export const LAYOUT_CELL_BYTES = 0;
export const LAYOUT_PRESENCE = 4;
export const LAYOUT_COUNT = 8;
export const LAYOUT_HEAP_COUNT = 12;
export const LAYOUT_ACCUMULATORS = 16;
export const ACCUMULATOR_BYTES = 16;
export const PRESENCE_NONE = 255;

export const ACCUMULATOR_COUNT = 0;
export const ACCUMULATOR_SUM_I64 = 1;
export const ACCUMULATOR_SUM_DECIMAL = 2;
export const ACCUMULATOR_SUM_F64 = 3;
export const ACCUMULATOR_MIN_I64 = 4;
export const ACCUMULATOR_MAX_I64 = 5;
export const ACCUMULATOR_MIN_F64 = 6;
export const ACCUMULATOR_MAX_F64 = 7;
/** FIRST and LAST of I64 and F64 alike: the lane is kept as it is. */
export const ACCUMULATOR_FIRST = 8;
export const ACCUMULATOR_LAST = 9;
/** From here on the value lies in the page's heap. */
export const ACCUMULATOR_MIN_BYTES = 10;
export const ACCUMULATOR_MAX_BYTES = 11;
export const ACCUMULATOR_FIRST_BYTES = 12;
export const ACCUMULATOR_LAST_BYTES = 13;

export const CELL_HASH = 0;
export const CELL_CHANGED = 8;
export const CELL_KEY_OFFSET = 16;
export const CELL_KEY_LENGTH = 18;
export const CELL_KEY_NULLS = 20;
export const CELL_HEADER_BYTES = 24;

/** Fields of a page's header that the host reads; the whole page is drawn in `assembly/table/page.ts`. */
export const PAGE_HEADER_BYTES = 64;
export const PAGE_MAGIC = 0;
export const PAGE_CHECKSUM = 4;
export const PAGE_FIRST_HASH = 8;
export const PAGE_BYTES = 16;
export const PAGE_LOCAL_DEPTH = 20;
export const PAGE_CELL_BYTES = 22;
export const PAGE_CELL_COUNT = 24;
export const PAGE_HEAP_TOP = 28;
export const PAGE_GARBAGE = 32;
export const PAGE_PROBE_LOG2 = 36;
/** From here to the end of the header: only in memory, zero where it is stored. */
export const PAGE_DIRTY = 40;
export const PAGE_STAMP = 44;
export const PAGE_TAG = 48;
export const PAGE_BORN = 56;

/** "MPG" and the version of the page's format in the highest byte. */
export const PAGE_MAGIC_V1 = 0x0147504d;

/**
 * COUNTERS, static data of the kernel: the current batch's number, what is dirty in all tables, and why the
 * last call that returned a failure failed.
 */
export const COUNTERS_BATCH = 0;
export const COUNTERS_DIRTY_PAGES = 4;
export const COUNTERS_DIRTY_BYTES = 8;
export const COUNTERS_FAILURE = 12;
export const COUNTERS_FAILURE_ROW = 16;
/** Times that a page grew or split: cells found before in pages born since (PAGE_BORN) have moved. */
export const COUNTERS_MOVES = 20;
/** u64: pages that batches changed or read as a whole, each once per batch. */
export const COUNTERS_TOUCHES = 24;
export const COUNTERS_BYTES = 64;

export const FAILURE_NONE = 0;
export const FAILURE_KEY_TOO_LONG = 1;
export const FAILURE_VALUE_TOO_LONG = 2;
/** Cells of one hash prefix are larger than a page, or the directory would be deeper than its limit. */
export const FAILURE_PAGE_FULL = 3;

/**
 * SLICES, 64 bytes: window parameters and an open-addressing map from slice start to TABLE pointer.
 *
 *        0     4  number    the host's number
 *        4     4  kind      WINDOW_*
 *        8     8  size      of the window (cumulate: the largest)
 *       16     8  step      hop: slide; cumulate: step; tumble: size
 *       24     8  offset    of the windows' grid from 1970
 *       32     8  length    of a slice
 *       40     4  map       pointer to slots of 16 bytes: start i64, table u32 (0 = free), 0 u32
 *       44     4  mapMask   slots - 1
 *
 * ASSIGNED: what slicesAssign counted: kept u32, late u32, outside u32 (in the gap between hops), table u32
 * (the one table of all kept rows, or 0).
 */
export const SLICES_BYTES = 64;
export const SLICES_NUMBER = 0;
export const SLICES_KIND = 4;
export const SLICES_SIZE = 8;
export const SLICES_STEP = 16;
export const SLICES_OFFSET = 24;
export const SLICES_LENGTH = 32;
export const SLICES_MAP = 40;
export const SLICES_MAP_MASK = 44;
export const SLICE_SLOT_BYTES = 16;

export const ASSIGNED_BYTES = 16;
export const ASSIGNED_KEPT = 0;
export const ASSIGNED_LATE = 4;
export const ASSIGNED_OUTSIDE = 8;
export const ASSIGNED_TABLE = 12;

export const WINDOW_TUMBLE = 0;
export const WINDOW_HOP = 1;
export const WINDOW_CUMULATE = 2;
