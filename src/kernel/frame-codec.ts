/**
 * Frames: a batch of rows as bytes, as it is sent, logged and replayed.
 *
 * Frame, version 1. Integers are little-endian.
 *
 *   OFFSET  SIZE  FIELD
 *        0     4  magic "MFRM"
 *        4     2  version
 *        6     2  flags           none yet; bit 0 is kept for changelog frames
 *        8     8  channel id
 *       16    12  sequence        offset u64 (at most 2^53 - 1), part u32
 *       28    12  previous        the sequence before it on this channel, same form
 *       40     8  watermark       i64 milliseconds; takes effect after the rows and never lowers one
 *       48     4  schema version
 *       52     4  rows            at most `frameRowsMax`
 *       56     2  columns
 *       58     2  reserved, zero
 *       60     4  rejected records
 *       64     4  body bytes
 *       68     -  body: a section per column in schema order (`assembly/frame/section.ts`), then the rejected
 *                 records (`src/columnar/rejected-section.ts`)
 *        -     8  checksum        XXH64, seed 0, of all bytes before it
 *
 * A reader rejects an unknown version, an unknown flag, a reserved field that is not zero, a length that does
 * not add up and a wrong checksum. Equal input gives equal bytes.
 *   v1  first version
 */
import { READ_AHEAD_BYTES } from "../../assembly/abi.ts";
import { FRAME_SECTION_HEADER_BYTES } from "../../assembly/frame/abi.ts";
import { assert } from "../base/assert.ts";
import { EngineError } from "../base/errors.ts";
import { frameBytesMax, frameRowBytesMax, frameRowsMax } from "../base/limits.ts";
import type { BadRecord } from "../columnar/bad-record.ts";
import { decodeRejected, encodeRejected } from "../columnar/rejected-section.ts";
import { kindOf, type Schema } from "../columnar/schema.ts";
import { ColumnBatch, type ColumnRows } from "./column-batch.ts";
import { frameCorrupt, frameErrorText } from "./frame-errors.ts";
import type { Kernel } from "./kernel.ts";
import type { Selection } from "./selection.ts";

/** A place in a channel: log offset of the sender's record that caused the frame, and the frame's part. */
export interface Sequence {
  readonly offset: number;
  readonly part: number;
}

export interface FrameHeader {
  readonly channel: bigint;
  readonly sequence: Sequence;
  readonly previous: Sequence;
  readonly watermark: bigint;
  readonly schemaVersion: number;
  readonly rows: number;
  /** Records that were rejected on the way in and travel with the rows. */
  readonly rejected: number;
}

/** A frame in kernel memory. BYTES lanes point into its own copy of the bytes: release it after last use. */
export interface DecodedFrame {
  readonly header: FrameHeader;
  /** The reader's columns, each at its index; those not wanted, or not in the frame, are all null. */
  readonly batch: ColumnBatch;
  release(): void;
}

/** The watermark of a frame that moves none. */
export const noWatermark = -(2n ** 63n);

const magic = 0x4d52464d;
const version = 1;
const headerBytes = 68;
const checksumBytes = 8;

/** Most kernel memory that a decoded frame may take: the most that one part needs, twice. */
const decodedBytesMax = 64 * 1024 * 1024;

export class FrameEncoder {
  readonly #kernel: Kernel;
  readonly #schema: Schema;

  constructor(kernel: Kernel, schema: Schema) {
    this.#kernel = kernel;
    this.#schema = schema;
  }

  /**
   * Encodes the selected rows of `batch`, whose columns are the schema's, and the rejected records.
   *
   * Returns one frame, almost always: a part of a request fits. What would be above `frameBytesMax` is cut
   * into several in row order; their parts count on from `header.sequence`, each names the one before it, and
   * only the last carries the watermark (the others `noWatermark`), so that no row is judged by it early. The
   * cut depends on the input alone. Throws `FRAME_TOO_LARGE` where a single row is above `frameRowBytesMax`.
   */
  encode(
    header: FrameLabel,
    batch: ColumnRows,
    selection: Selection,
    rejected: readonly BadRecord[],
  ): Uint8Array[] {
    assert(header.schemaVersion === this.#schema.version, "a frame is written with its encoder's schema");
    const whole = this.#encodeOne(header, batch, selection, rejected);
    if (whole) return [whole];
    const { memory } = this.#kernel;
    const rows = memory.allocate(Math.max(selection.count, 1) * 4);
    const list = memory.u32(rows, selection.count);
    if (selection.pointer !== 0) list.set(memory.u32(selection.pointer, selection.count));
    else for (let row = 0; row < list.length; row++) list[row] = row;
    const frames: Uint8Array[] = [];
    const piece = { rows: { pointer: rows, count: selection.count }, rejected };
    try {
      this.#encodePieces(frames, header, batch, piece, true);
    } finally {
      memory.release(rows);
    }
    return frames;
  }

  #encodePieces(
    frames: Uint8Array[],
    header: FrameLabel,
    batch: ColumnRows,
    piece: Piece,
    isLast: boolean,
  ): void {
    const { offset, part } = header.sequence;
    const label = {
      ...header,
      sequence: { offset, part: part + frames.length },
      previous: frames.length === 0 ? header.previous : { offset, part: part + frames.length - 1 },
      watermark: isLast ? header.watermark : noWatermark,
    };
    const frame = this.#encodeOne(label, batch, piece.rows, piece.rejected);
    if (frame) {
      frames.push(frame);
      return;
    }
    const [first, second] = halve(piece);
    this.#encodePieces(frames, header, batch, first, false);
    this.#encodePieces(frames, header, batch, second, isLast);
  }

  /** Returns the frame, or `undefined` where it is too large and can be cut. */
  #encodeOne(
    header: FrameLabel,
    batch: ColumnRows,
    selection: Selection,
    rejected: readonly BadRecord[],
  ): Uint8Array | undefined {
    const { exports, memory } = this.#kernel;
    const { pointer: rows, count } = selection;
    const columns = this.#schema.columns.length;
    const isWhole = count + rejected.length <= 1;
    const bytesMax = isWhole ? frameRowBytesMax : frameBytesMax;
    if (count > frameRowsMax) return undefined;
    const tail = encodeRejected(rejected);
    let room = headerBytes + tail.length + checksumBytes;
    if (room > bytesMax) return tooLarge(isWhole, bytesMax);
    for (let index = 0; index < columns; index++) {
      room += exports.frameColumnBound(batch.columnPointer(index), rows, count);
    }
    room = Math.min(room, bytesMax);
    const start = memory.allocate(room + READ_AHEAD_BYTES);
    const scratch = memory.allocate(exports.frameScratchBytes(count));
    try {
      const bodyEnd = start + room - checksumBytes - tail.length;
      let end = start + headerBytes;
      for (let index = 0; index < columns && end !== 0; index++) {
        end = exports.frameColumnEncode(batch.columnPointer(index), rows, count, scratch, end, bodyEnd);
      }
      if (end === 0) return tooLarge(isWhole, bytesMax);
      memory.bytes.set(tail, end);
      const bytes = end + tail.length - start;
      const full = { ...header, rows: count, rejected: rejected.length };
      writeHeader(memory.view, start, full, columns, bytes - headerBytes);
      exports.frameSeal(start, bytes);
      return memory.bytes.slice(start, start + bytes + checksumBytes);
    } finally {
      memory.release(scratch);
      memory.release(start);
    }
  }
}

export class FrameDecoder {
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /**
   * Decodes the wanted columns (indexes in `schema`, the reader's own).
   *
   * Versions of a stream's schema only append nullable columns: one that the frame lacks is all null, one
   * that only the frame has is passed over. Throws `FRAME_CORRUPT` or `VERSION_UNKNOWN`; nothing is left
   * allocated then.
   */
  decode(bytes: Uint8Array, schema: Schema, wanted: readonly number[] | "all"): DecodedFrame {
    const header = readFrameHeader(bytes);
    const { sections } = splitBody(bytes);
    const { exports, memory } = this.#kernel;
    const columns = wanted === "all" ? schema.columns.map((_, index) => index) : wanted;
    const present = columns.filter((index) => index < sections.length);
    const kinds = schema.columns.map((column) => kindOf(column.type));
    const blocks: number[] = [];
    const release = () => {
      for (const block of blocks.splice(0)) memory.release(block);
    };
    try {
      const copy = this.#copyIn(bytes);
      blocks.push(copy);
      const heapSizes = present.map((index) => {
        const { start, bytes: size } = sections[index] as Section;
        return exports.frameColumnHeapBytes(copy + start, size, header.rows);
      });
      const heapBytes = heapSizes.reduce((sum, size) => sum + size, 0);
      const decodedBytes = heapBytes + header.rows * 9 * (present.length + 1);
      if (decodedBytes > decodedBytesMax) throw frameCorrupt(`decoded it would take ${decodedBytes} bytes`);
      let heap = heapBytes === 0 ? 0 : memory.allocate(heapBytes + READ_AHEAD_BYTES);
      if (heap !== 0) blocks.push(heap);
      const batch = new ColumnBatch(memory, kinds, header.rows, present);
      blocks.push(batch.pointer);
      batch.rows = header.rows;
      present.forEach((index, place) => {
        const { start, bytes: size } = sections[index] as Section;
        const column = batch.columnPointer(index);
        const error = exports.frameColumnDecode(copy + start, size, header.rows, column, heap);
        if (error !== 0)
          throw frameCorrupt(`column "${schema.columns[index]?.name}": ${frameErrorText(error)}`);
        heap += heapSizes[place] as number;
      });
      return { header, batch, release };
    } catch (thrown) {
      release();
      throw thrown;
    }
  }

  /** Reads the rejected records. Throws `FRAME_CORRUPT` or `VERSION_UNKNOWN`. */
  readRejected(bytes: Uint8Array): BadRecord[] {
    readFrameHeader(bytes);
    this.#kernel.memory.release(this.#copyIn(bytes));
    return readRejected(bytes);
  }

  /** Returns where the bytes are in the kernel's memory. Throws where their checksum is wrong. */
  #copyIn(bytes: Uint8Array): number {
    const { exports, memory } = this.#kernel;
    const copy = memory.allocate(bytes.length + READ_AHEAD_BYTES);
    memory.bytes.set(bytes, copy);
    if (exports.frameIsSealed(copy, bytes.length - checksumBytes) !== 0) return copy;
    memory.release(copy);
    throw frameCorrupt("its checksum is wrong");
  }
}

/** Reads and checks the header; does not verify the checksum. Throws `FRAME_CORRUPT` or `VERSION_UNKNOWN`. */
export function readFrameHeader(bytes: Uint8Array): FrameHeader {
  const view = viewOf(bytes);
  if (bytes.length < 8 || view.getUint32(0) !== magic)
    throw frameCorrupt("it does not start with a frame's magic bytes");
  const found = view.getUint16(4, true);
  if (found !== version) {
    throw new EngineError("VERSION_UNKNOWN", {
      message: `The frame has version ${found}; this release reads version ${version}.`,
      details: { found, readable: version },
    });
  }
  if (bytes.length < headerBytes + checksumBytes) throw frameCorrupt(`it ends after ${bytes.length} bytes`);
  if (view.getUint16(6, true) !== 0) throw frameCorrupt(`it has unknown flags ${view.getUint16(6, true)}`);
  if (view.getUint16(58, true) !== 0) throw frameCorrupt("a reserved field is not zero");
  const expected = headerBytes + view.getUint32(64, true) + checksumBytes;
  if (bytes.length !== expected) throw frameCorrupt(`it has ${bytes.length} bytes instead of ${expected}`);
  const rows = view.getUint32(52, true);
  if (rows > frameRowsMax) throw frameCorrupt(`it claims ${rows} rows, more than ${frameRowsMax}`);
  return {
    channel: view.getBigUint64(8, true),
    sequence: readSequence(view, 16),
    previous: readSequence(view, 28),
    watermark: view.getBigInt64(40, true),
    schemaVersion: view.getUint32(48, true),
    rows,
    rejected: view.getUint32(60, true),
  };
}

/** Reads the rejected records; does not verify the checksum. Throws `FRAME_CORRUPT` or `VERSION_UNKNOWN`. */
export function readRejected(bytes: Uint8Array): BadRecord[] {
  const { rejected } = readFrameHeader(bytes);
  return decodeRejected(splitBody(bytes).rejected, rejected);
}

/** What the caller of an encoder decides of a header. */
export type FrameLabel = Omit<FrameHeader, "rows" | "rejected">;

/** What one frame shall hold. */
interface Piece {
  readonly rows: Selection;
  readonly rejected: readonly BadRecord[];
}

/** A column's section, header included. */
interface Section {
  readonly start: number;
  readonly bytes: number;
}

/** Returns that the frame must be cut, or throws where nothing is left to cut. */
function tooLarge(isWhole: boolean, bytesMax: number): undefined {
  if (!isWhole) return undefined;
  throw new EngineError("FRAME_TOO_LARGE", {
    message: `One row makes a frame of more than ${bytesMax} bytes. Send or produce smaller values.`,
  });
}

/** Cuts a piece of more than one row or record into two smaller ones. */
function halve({ rows, rejected }: Piece): [Piece, Piece] {
  const rejectedHalf = Math.ceil(rejected.length / 2);
  const rejectedBytes = rejected.reduce(
    (sum, record) => sum + record.bytes.length + record.message.length,
    0,
  );
  if (rejected.length > 0 && (rows.count < 2 || rejectedBytes > frameBytesMax / 2)) {
    return [
      { rows: { pointer: rows.pointer, count: 0 }, rejected: rejected.slice(0, rejectedHalf) },
      { rows, rejected: rejected.slice(rejectedHalf) },
    ];
  }
  const half = Math.ceil(rows.count / 2);
  return [
    { rows: { pointer: rows.pointer, count: half }, rejected },
    { rows: { pointer: rows.pointer + half * 4, count: rows.count - half }, rejected: [] },
  ];
}

function writeHeader(
  view: DataView,
  start: number,
  header: FrameHeader,
  columns: number,
  bodyBytes: number,
): void {
  view.setUint32(start, magic);
  view.setUint16(start + 4, version, true);
  view.setUint16(start + 6, 0, true);
  view.setBigUint64(start + 8, header.channel, true);
  writeSequence(view, start + 16, header.sequence);
  writeSequence(view, start + 28, header.previous);
  view.setBigInt64(start + 40, header.watermark, true);
  view.setUint32(start + 48, header.schemaVersion, true);
  view.setUint32(start + 52, header.rows, true);
  view.setUint16(start + 56, columns, true);
  view.setUint16(start + 58, 0, true);
  view.setUint32(start + 60, header.rejected, true);
  view.setUint32(start + 64, bodyBytes, true);
}

function writeSequence(view: DataView, at: number, { offset, part }: Sequence): void {
  assert(Number.isSafeInteger(offset) && offset >= 0, "a log offset is a safe integer");
  view.setBigUint64(at, BigInt(offset), true);
  view.setUint32(at + 8, part, true);
}

function readSequence(view: DataView, at: number): Sequence {
  const offset = view.getBigUint64(at, true);
  if (offset > BigInt(Number.MAX_SAFE_INTEGER)) throw frameCorrupt(`it has the offset ${offset}, above 2^53`);
  return { offset: Number(offset), part: view.getUint32(at + 8, true) };
}

/** Finds the sections of a frame whose header is in order. */
function splitBody(bytes: Uint8Array): { sections: Section[]; rejected: Uint8Array } {
  const view = viewOf(bytes);
  const bodyEnd = bytes.length - checksumBytes;
  const columns = view.getUint16(56, true);
  const sections: Section[] = [];
  let start = headerBytes;
  while (sections.length < columns) {
    if (start + FRAME_SECTION_HEADER_BYTES > bodyEnd)
      throw frameCorrupt(`it ends before column ${sections.length}`);
    const size = FRAME_SECTION_HEADER_BYTES + view.getUint32(start + FRAME_SECTION_HEADER_BYTES - 4, true);
    if (start + size > bodyEnd) throw frameCorrupt(`it ends inside column ${sections.length}`);
    sections.push({ start, bytes: size });
    start += size;
  }
  return { sections, rejected: bytes.subarray(start, bodyEnd) };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
