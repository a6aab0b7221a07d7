/**
 * Numbers and memory layouts of the JSON decoder that both sides of the Wasm border share.
 *
 * The same rules hold as in `assembly/abi.ts`, whose `ABI_VERSION` counts for these too.
 */

/**
 * DECODER (json), 128 bytes: what `jsonDecode` is given, and how far it came.
 *
 *   OFFSET  SIZE  FIELD
 *        0     4  position     next byte of the input
 *        4     4  end          behind the input; a line feed and then zeros follow it
 *        8     4  format       JSON_FORMAT_*
 *       12     4  place        JSON_PLACE_* (arrays only)
 *       16     4  isLast       1 = the input ends where the body ends
 *       20     4  record       number of the last record (NDJSON: line) that was read
 *       24     4  recordEnd    stop behind the record of this number
 *       28     4  rows         accepted records
 *       32     4  records      accepted and rejected records
 *       36     4  rowsMax      of the batch
 *       40     4  batch        pointer to the BATCH
 *       44     4  heap         next free byte for values that are not in the input, 0 = no heap
 *       48     4  rejects      pointer to REJECT[JSON_REJECTS_MAX]
 *       52     4  rejectCount
 *       56     4  slots        pointer to SLOT[slotCount]
 *       60     4  slotCount
 *       64     4  fields       pointer to the FIELD of the record itself
 *       68     4  shapes       pointer to SHAPE[shapesMax]; drawn in `assembly/json/shapes.ts`
 *       72     4  shapesMax    0 = the schema is not speculated on
 *       76     4  shapeCount
 *       80     4  firstShape   pointer to the shape that a record is first compared with, 0 = none
 *       84     4  matched      records that matched a shape since the shapes were last cleared
 *       88     4  isWild       1 = this part's records are too different to learn from
 *
 * SLOT, 64 bytes: a column, in the order of the tree of paths. FIELD, 40 bytes: a name in that tree, whose
 * object is null where no path goes on; `slots` to `leafEnd` end here, `leafEnd` to `slotsEnd` lie below.
 * OBJECT: field count u32, field to try first u32, then FIELD[count].
 */
export const JSON_POSITION = 0;
export const JSON_END = 4;
export const JSON_FORMAT = 8;
export const JSON_PLACE = 12;
export const JSON_IS_LAST = 16;
export const JSON_RECORD = 20;
export const JSON_RECORD_END = 24;
export const JSON_ROWS = 28;
export const JSON_RECORDS = 32;
export const JSON_ROWS_MAX = 36;
export const JSON_BATCH = 40;
export const JSON_HEAP = 44;
export const JSON_REJECTS = 48;
export const JSON_REJECT_COUNT = 52;
export const JSON_SLOTS = 56;
export const JSON_SLOT_COUNT = 60;
export const JSON_FIELDS = 64;
export const JSON_SHAPES = 68;
export const JSON_SHAPES_MAX = 72;
export const JSON_SHAPE_COUNT = 76;
export const JSON_FIRST_SHAPE = 80;
export const JSON_MATCHED = 84;
export const JSON_IS_WILD = 88;
export const JSON_DECODER_BYTES = 128;

export const JSON_FORMAT_NDJSON = 0;
export const JSON_FORMAT_ARRAY = 1;
export const JSON_FORMAT_OBJECT = 2;

export const JSON_PLACE_START = 0;
export const JSON_PLACE_RECORD = 1;
export const JSON_PLACE_END = 2;

export const JSON_SLOT_BYTES = 64;
export const JSON_SLOT_COLUMN = 0;
export const JSON_SLOT_TYPE = 4;
export const JSON_SLOT_NULLABLE = 8;
export const JSON_SLOT_SCALE = 12;
export const JSON_SLOT_MIN = 16;
export const JSON_SLOT_MAX = 24;
/** Behind the fields that the kernel keeps for itself. 1 = a string that holds a number is taken too. */
export const JSON_SLOT_TAKES_TEXT = 44;

export const JSON_FIELD_BYTES = 40;
export const JSON_FIELD_HEAD = 0;
export const JSON_FIELD_NAME = 8;
export const JSON_FIELD_NAME_BYTES = 12;
export const JSON_FIELD_SLOTS = 16;
export const JSON_FIELD_LEAF_END = 20;
export const JSON_FIELD_SLOTS_END = 24;
export const JSON_FIELD_OBJECT = 28;
export const JSON_OBJECT_COUNT = 0;
export const JSON_OBJECT_FIRST = 4;
export const JSON_OBJECT_FIELDS = 8;

export const JSON_TYPE_SKIP = 0;
export const JSON_TYPE_STRING = 1;
export const JSON_TYPE_INTEGER = 2;
export const JSON_TYPE_EXACT = 3;
export const JSON_TYPE_DOUBLE = 4;
export const JSON_TYPE_TIMESTAMP = 5;
export const JSON_TYPE_BOOLEAN = 6;
export const JSON_TYPE_DATE = 7;
export const JSON_TYPE_BYTES = 8;

export const JSON_SHAPE_BYTES = 80;
export const JSON_DEPTH_MAX = 64;

/**
 * REJECT, 24 bytes: record, start, end, position of the trouble, JSON_EXPECTED_*, column (JSON_NO_COLUMN =
 * none).
 */
export const JSON_REJECT_BYTES = 24;
export const JSON_REJECTS_MAX = 64;
export const JSON_NO_COLUMN = 65535;

/** Why `jsonDecode` returned. All but DONE and TOO_LONG are called again when what is wanted is there. */
export const JSON_DONE = 0;
export const JSON_ROWS_WANTED = 1;
export const JSON_REJECTS_FULL = 2;
export const JSON_HEAP_WANTED = 3;
/** The part's first record does not end in the input, and the body goes on. */
export const JSON_TOO_LONG = 4;

export const JSON_EXPECTED_VALUE = 1;
export const JSON_EXPECTED_NAME = 2;
export const JSON_EXPECTED_COLON = 3;
export const JSON_EXPECTED_COMMA_OR_BRACE = 4;
export const JSON_EXPECTED_COMMA_OR_BRACKET = 5;
export const JSON_EXPECTED_END = 6;
export const JSON_EXPECTED_ESCAPE = 7;
export const JSON_EXPECTED_HEX = 8;
export const JSON_EXPECTED_CHARACTER = 9;
export const JSON_EXPECTED_DIGIT = 10;
export const JSON_EXPECTED_UTF8 = 11;
export const JSON_EXPECTED_RECORD = 12;
export const JSON_EXPECTED_DEPTH = 13;
export const JSON_EXPECTED_NEXT_RECORD = 14;
export const JSON_EXPECTED_TYPE = 15;
export const JSON_EXPECTED_RANGE = 16;
export const JSON_EXPECTED_SCALE = 17;
export const JSON_EXPECTED_FIELD = 18;
export const JSON_EXPECTED_OBJECT = 19;
