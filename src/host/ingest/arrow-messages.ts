/**
 * A look at the messages of an Arrow IPC stream before they are read: the library that reads them believes
 * every count that it finds, and a few made-up bytes would have it fill the memory.
 *
 * Checked is what decides how much is made of the bytes: counts of vectors, fields and values, and that the
 * texts of a dictionary, which are all made at once, do not overlap. A wrong value stays a wrong value.
 */
const headerSchema = 1;
const headerDictionary = 2;
const headerRecords = 3;

/** Type ids of Arrow whose values lie at offsets of 32, and of 64 bits. */
const [binary, text, largeBinary, largeText] = [4, 5, 19, 20] as const;

/** A union lists its type ids. */
const union = 14;

/** Fields of a schema, nested ones included: far more than a stream has columns. */
const fieldsMax = 4096;

/** Throws an error that says what is wrong with the bytes. */
export function checkArrowMessages(body: Uint8Array): void {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const dictionaryTypes = new Map<bigint, number>();
  let at = 0;
  while (at + 4 <= body.length) {
    let length = view.getInt32(at, true);
    at += 4;
    if (length === -1) {
      check(at + 4 <= body.length, "it ends within a message");
      length = view.getInt32(at, true);
      at += 4;
    }
    if (length === 0) return;
    check(length > 0 && at + length <= body.length, "it ends within a message");
    const bodyStart = at + length;
    const message = FlatTable.at(new DataView(view.buffer, view.byteOffset + at, length), 0);
    const bodyLength = Number(message.int64(10) ?? 0n);
    check(bodyLength >= 0 && bodyStart + bodyLength <= body.length, "it ends within a message");
    const lanes = new DataView(view.buffer, view.byteOffset + bodyStart, bodyLength);
    const header = message.table(8);
    check(header, "a message has no header");
    checkHeader(message.uint8(6) ?? 0, header, lanes, dictionaryTypes);
    at = bodyStart + bodyLength;
  }
  check(at === body.length, "it ends within a message");
}

function checkHeader(
  type: number,
  header: FlatTable,
  lanes: DataView,
  dictionaryTypes: Map<bigint, number>,
): void {
  if (type === headerSchema) {
    checkFields(header, 6, dictionaryTypes);
    header.vector(8, 4);
  } else if (type === headerRecords) checkBatch(header, lanes);
  else if (type === headerDictionary) {
    const batch = header.table(6);
    check(batch, "a dictionary has no values");
    const { rows, buffers } = checkBatch(batch, lanes);
    checkDictionary(dictionaryTypes.get(header.int64(4) ?? 0n), rows, buffers, lanes);
  } else throw new Error(`it has a message of type ${type}`);
}

/** Fields may share their bytes with each other, and contain themselves: they are counted, and end. */
function checkFields(table: FlatTable, slot: number, dictionaryTypes: Map<bigint, number>): void {
  const open = table.tables(slot);
  for (let count = open.length; open.length > 0; ) {
    const field = open.pop() as FlatTable;
    const children = field.tables(14);
    count += children.length;
    check(count <= fieldsMax, `it has more than ${fieldsMax} fields`);
    open.push(...children);
    field.vector(16, 4);
    if (field.uint8(8) === union) field.table(10)?.vector(6, 4);
    const dictionary = field.table(12);
    if (dictionary) dictionaryTypes.set(dictionary.int64(4) ?? 0n, field.uint8(8) ?? 0);
  }
}

interface Region {
  readonly offset: number;
  readonly length: number;
}

function checkBatch(batch: FlatTable, lanes: DataView): { rows: number; buffers: readonly Region[] } {
  const rows = Number(batch.int64(4) ?? 0n);
  // A value has at least a bit somewhere; one that is always null has none, and stands beside others.
  const isMadeUp = (count: number) => count < 0 || count > 8 * lanes.byteLength;
  check(!isMadeUp(rows), `it claims ${rows} rows in ${lanes.byteLength} bytes`);
  for (const [count] of batch.pairs(6)) check(!isMadeUp(count), `it claims ${count} values`);
  const buffers = batch.pairs(8).map(([offset, length]): Region => ({ offset, length }));
  for (const { offset, length } of buffers) {
    check(offset >= 0 && length >= 0 && offset + length <= lanes.byteLength, "a buffer lies outside of it");
  }
  batch.vector(12, 8);
  return { rows, buffers };
}

function checkDictionary(
  type: number | undefined,
  rows: number,
  [, offsets]: readonly Region[],
  lanes: DataView,
): void {
  const isLarge = type === largeBinary || type === largeText;
  if (!isLarge && type !== binary && type !== text) return;
  const width = isLarge ? 8 : 4;
  check(offsets && offsets.length >= width * (rows + 1), "a dictionary has fewer values than it claims");
  let last = 0n;
  for (let row = 0; row <= rows; row++) {
    const place = offsets.offset + width * row;
    const next = isLarge ? lanes.getBigInt64(place, true) : BigInt(lanes.getInt32(place, true));
    check(next >= last, "texts of a dictionary overlap");
    last = next;
  }
}

/** A table of FlatBuffers; a slot that it does not have is undefined. Reading beyond its bytes throws. */
class FlatTable {
  readonly #view: DataView;
  readonly #start: number;

  constructor(view: DataView, start: number) {
    this.#view = view;
    this.#start = start;
  }

  /** The table that the offset at `place` points to. */
  static at(view: DataView, place: number): FlatTable {
    return new FlatTable(view, place + view.getInt32(place, true));
  }

  uint8(slot: number): number | undefined {
    const place = this.#place(slot);
    return place === undefined ? undefined : this.#view.getUint8(place);
  }

  int64(slot: number): bigint | undefined {
    const place = this.#place(slot);
    return place === undefined ? undefined : this.#view.getBigInt64(place, true);
  }

  table(slot: number): FlatTable | undefined {
    const place = this.#place(slot);
    return place === undefined ? undefined : FlatTable.at(this.#view, place);
  }

  /** Places of a vector's entries, which lie in its bytes. */
  vector(slot: number, stride: number): { readonly first: number; readonly count: number } {
    const place = this.#place(slot);
    if (place === undefined) return { first: 0, count: 0 };
    const start = place + this.#view.getInt32(place, true);
    const count = this.#view.getInt32(start, true);
    const first = start + 4;
    check(count >= 0 && first + count * stride <= this.#view.byteLength, "a list is longer than its bytes");
    return { first, count };
  }

  tables(slot: number): FlatTable[] {
    const { first, count } = this.vector(slot, 4);
    check(count <= fieldsMax, `it has more than ${fieldsMax} fields`);
    return Array.from({ length: count }, (_, index) => FlatTable.at(this.#view, first + 4 * index));
  }

  /** A vector of two integers each. */
  pairs(slot: number): (readonly [number, number])[] {
    const { first, count } = this.vector(slot, 16);
    const at = (place: number) => Number(this.#view.getBigInt64(place, true));
    return Array.from({ length: count }, (_, index) => {
      const place = first + 16 * index;
      return [at(place), at(place + 8)] as const;
    });
  }

  #place(slot: number): number | undefined {
    const table = this.#start - this.#view.getInt32(this.#start, true);
    if (slot >= this.#view.getInt16(table, true)) return undefined;
    const offset = this.#view.getInt16(table + slot, true);
    return offset === 0 ? undefined : this.#start + offset;
  }
}

function check(isGood: unknown, message: string): asserts isGood {
  if (!isGood) throw new Error(message);
}
