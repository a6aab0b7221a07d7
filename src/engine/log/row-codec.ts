/**
 * The log row: the records of one group commit, as one SQLite value.
 *
 * Log row, version 2. Integers are little-endian; times are ms since 1970; u64 fields marked * are at most
 * 2^53 - 1.
 *
 *   OFFSET  SIZE  FIELD
 *        0     1  version
 *        1     3  zero
 *        4     4  records
 *        8     8  offset of the first record *
 *       16     8  append time of all records *, never below that of the row before
 *       24     8  position *: bytes of all rows ever logged before this one
 *       32     8  duplicates *: rows of frames that were answered as duplicates since the row before
 *       40     4  header bytes: everything before the frames
 *       44     -  a header per record
 *        -     4  checksum        XXH32 of all bytes before it
 *        -     -  the frames of the records, one behind the other
 *
 * Record header:
 *
 *        0     1  kind            `RecordKind`
 *        1     1  flags           bit 0: a producer follows; bit 1: a channel mark follows; bit 2: the
 *                                 watermark of the frame follows, which live producers hold back
 *        2     2  zero
 *        4     4  frame bytes     0 for kinds that only tell the time
 *        8     8  seed
 *       16     8  watermark       i64; of the frame, as far as it may take effect, or of the stream after a
 *                                 Watermark, a Tick or Producers
 *       24     4  rows            of the frame
 *       28     4  rejected        of the frame
 *       32     -  producer, if flagged: sequence u64 *, checksum u64, part u32, token id bytes u16,
 *                 producer bytes u16, then both names in UTF-8
 *         -     -  channel mark, if flagged: offset u64 *, part u32, channel bytes u16, then its name in
 *         UTF-8
 *         -     8  watermark that is held back, if flagged: i64
 *
 * The checksum leaves out the frames: each carries its own, which is verified where it is decoded, and an
 * append must cost no more than the one copy into the row. Watermark and counts stand in the record header
 * too, so that replay needs no frame codec. A reader rejects an unknown version, kind or flag, zero bytes
 * that are not zero, a wrong checksum and lengths that do not add up.
 *   v1  first version, without channel marks and what came with them; still written where a row has none
 *   v2  channel marks, barriers, channels, maps, producers and watermarks that they hold back
 */
import { assert } from "../../base/assert.ts";
import { EngineError } from "../../base/errors.ts";
import { logRowBytesMax } from "../../base/limits.ts";
import { encodeUtf8 } from "../../base/utf8.ts";
import { checksumBytes, FieldReader, FieldWriter } from "./byte-fields.ts";
import { type ChannelMark, type LogRecord, type ProducerPart, RecordKind } from "./records.ts";

/** Who sent a logged frame. */
export interface ProducerStamp extends ProducerPart {
  readonly tokenId: string;
}

/** A record before it has its place in the log. */
export interface RecordDraft {
  readonly kind: RecordKind;
  readonly seed: bigint;
  readonly watermark: bigint;
  readonly rows: number;
  readonly rejected: number;
  readonly frame: Uint8Array;
  readonly stamp: ProducerStamp | undefined;
  readonly mark: ChannelMark | undefined;
  /** The frame's own watermark, where live producers hold it back: then `watermark` is less. */
  readonly held: bigint | undefined;
}

/** A record as the log keeps it. `position` counts the bytes of all records before it. */
export interface StoredRecord extends LogRecord {
  readonly rows: number;
  readonly rejected: number;
  readonly stamp: ProducerStamp | undefined;
  readonly held: bigint | undefined;
  readonly position: number;
}

export interface LogRow {
  readonly offset: number;
  readonly appendTime: number;
  readonly position: number;
  readonly duplicates: number;
  readonly records: readonly StoredRecord[];
  readonly bytes: Uint8Array;
}

/** Where a row goes, and what it says besides its records. */
export type RowPlace = Pick<LogRow, "offset" | "appendTime" | "position" | "duplicates">;

const version = 2;
const versionWithoutMarks = 1;
const rowHeaderBytes = 44;
const recordHeaderBytes = 32;
const stampBytes = 24;
const markBytes = 14;
const hasStamp = 1;
const hasMark = 2;
const hasHeld = 4;
const heldBytes = 8;
const noBytes = new Uint8Array(0);

interface Sized {
  readonly draft: RecordDraft;
  readonly tokenId: Uint8Array;
  readonly producer: Uint8Array;
  readonly channel: Uint8Array;
  readonly headerBytes: number;
}

/** Writes drafts as rows, in order, into as few rows as `logRowBytesMax` allows. At least one draft. */
export function encodeRows(drafts: readonly RecordDraft[], place: RowPlace): LogRow[] {
  const rows: LogRow[] = [];
  let group: Sized[] = [];
  let groupBytes = rowHeaderBytes + checksumBytes;
  let next = place;
  const flush = () => {
    const row = encodeRow(group, groupBytes, next);
    rows.push(row);
    next = {
      offset: row.offset + group.length,
      appendTime: row.appendTime,
      position: row.position + groupBytes,
      duplicates: 0,
    };
    group = [];
    groupBytes = rowHeaderBytes + checksumBytes;
  };
  for (const draft of drafts) {
    const sized = measure(draft);
    const bytes = sized.headerBytes + draft.frame.byteLength;
    if (group.length > 0 && groupBytes + bytes > logRowBytesMax) flush();
    group.push(sized);
    groupBytes += bytes;
    assert(groupBytes <= logRowBytesMax, "one record fits a log row");
  }
  flush();
  return rows;
}

function measure(draft: RecordDraft): Sized {
  const { stamp, mark } = draft;
  const tokenId = stamp ? encodeUtf8(stamp.tokenId) : noBytes;
  const producer = stamp ? encodeUtf8(stamp.producer) : noBytes;
  const channel = mark ? encodeUtf8(mark.channel) : noBytes;
  const stamped = stamp ? stampBytes + tokenId.byteLength + producer.byteLength : 0;
  const marked = mark ? markBytes + channel.byteLength : 0;
  const held = draft.held === undefined ? 0 : heldBytes;
  return { draft, tokenId, producer, channel, headerBytes: recordHeaderBytes + stamped + marked + held };
}

function encodeRow(group: readonly Sized[], rowBytes: number, place: RowPlace): LogRow {
  const bytes = new Uint8Array(rowBytes);
  const writer = new FieldWriter(bytes);
  const headerBytes = group.reduce((sum, sized) => sum + sized.headerBytes, rowHeaderBytes + checksumBytes);
  const isNew = group.some(
    ({ draft }) => draft.mark !== undefined || draft.held !== undefined || draft.kind > RecordKind.Idle,
  );
  writer.u32(isNew ? version : versionWithoutMarks);
  writer.u32(group.length);
  writer.whole(place.offset);
  writer.whole(place.appendTime);
  writer.whole(place.position);
  writer.whole(place.duplicates);
  writer.u32(headerBytes);
  for (const sized of group) writeRecordHeader(writer, sized);
  writer.checksum();
  const records: StoredRecord[] = [];
  let position = place.position;
  group.forEach(({ draft, headerBytes: ownHeaderBytes }, index) => {
    const frame = bytes.subarray(writer.at, writer.at + draft.frame.byteLength);
    writer.bytes(draft.frame);
    const recordBytes = shareOf(index, ownHeaderBytes) + frame.byteLength;
    const offset = place.offset + index;
    records.push({ ...draft, frame, offset, appendTime: place.appendTime, bytes: recordBytes, position });
    position += recordBytes;
  });
  return { ...place, records, bytes };
}

/** The row's own header counts with its first record, so that records add up to rows. */
function shareOf(index: number, recordHeader: number): number {
  return index === 0 ? recordHeader + rowHeaderBytes + checksumBytes : recordHeader;
}

function writeRecordHeader(writer: FieldWriter, { draft, tokenId, producer, channel }: Sized): void {
  const { stamp, mark, held } = draft;
  writer.u8(draft.kind);
  writer.u8((stamp ? hasStamp : 0) | (mark ? hasMark : 0) | (held === undefined ? 0 : hasHeld));
  writer.u16(0);
  writer.u32(draft.frame.byteLength);
  writer.u64(draft.seed);
  writer.u64(draft.watermark);
  writer.u32(draft.rows);
  writer.u32(draft.rejected);
  if (stamp) {
    writer.whole(stamp.sequence);
    writer.u64(stamp.checksum);
    writer.u32(stamp.part);
    writer.u16(tokenId.byteLength);
    writer.u16(producer.byteLength);
    writer.bytes(tokenId);
    writer.bytes(producer);
  }
  if (mark) {
    writer.whole(mark.sequence.offset);
    writer.u32(mark.sequence.part);
    writer.u16(channel.byteLength);
    writer.bytes(channel);
  }
  if (held !== undefined) writer.u64(held);
}

/**
 * Reads the row that SQLite holds under `offset`; the records' frames are views of `bytes`.
 *
 * Throws `VERSION_UNKNOWN` or `FRAME_CORRUPT`, naming the offset.
 */
export function decodeRow(offset: number, bytes: Uint8Array): LogRow {
  const damage = (what: string) =>
    new EngineError("FRAME_CORRUPT", {
      message: `The log row at offset ${offset} is damaged: ${what}. Restore the partition from a savepoint.`,
      details: { offset },
    });
  const later = (what: string) =>
    new EngineError("VERSION_UNKNOWN", {
      message:
        `The log row at offset ${offset} has ${what}; ` +
        `this version of Millrace reads versions ${versionWithoutMarks} to ${version}.`,
      details: { offset },
    });
  const reader = new FieldReader(bytes, damage);
  const found = reader.u8();
  if (found < versionWithoutMarks || found > version) throw later(`version ${found}`);
  const knownFlags = found === versionWithoutMarks ? hasStamp : hasStamp | hasMark | hasHeld;
  const zero = reader.u8() | reader.u16();
  const count = reader.u32();
  const place = {
    offset: reader.whole(),
    appendTime: reader.whole(),
    position: reader.whole(),
    duplicates: reader.whole(),
  };
  const headerBytes = reader.u32();
  reader.verify(headerBytes);
  if (zero !== 0) throw later("an unknown flag");
  if (place.offset !== offset) throw damage(`it names the offset ${place.offset}`);
  if (count === 0) throw damage("it has no record");
  const records: StoredRecord[] = [];
  let frameAt = headerBytes;
  let position = place.position;
  for (let index = 0; index < count; index++) {
    const start = reader.at;
    const { frameBytes, ...fields } = readRecordHeader(reader, knownFlags, later);
    const recordBytes = shareOf(index, reader.at - start) + frameBytes;
    const frame = bytes.subarray(frameAt, frameAt + frameBytes);
    frameAt += frameBytes;
    const placed = { offset: offset + index, appendTime: place.appendTime, bytes: recordBytes, position };
    records.push({ ...fields, ...placed, frame });
    position += recordBytes;
  }
  const fits = reader.at + checksumBytes === headerBytes && frameAt === bytes.byteLength;
  if (!fits) throw damage(`its records end at byte ${frameAt} of ${bytes.byteLength}`);
  return { ...place, records, bytes };
}

function readRecordHeader(reader: FieldReader, knownFlags: number, later: (what: string) => Error) {
  const kind = reader.u8();
  const flags = reader.u8();
  const zero = reader.u16();
  if (!isRecordKind(kind) || (knownFlags === hasStamp && kind > RecordKind.Idle))
    throw later(`a record of kind ${kind}`);
  if (zero !== 0 || (flags & ~knownFlags) !== 0) throw later("an unknown record flag");
  const frameBytes = reader.u32();
  const seed = reader.u64();
  const watermark = reader.i64();
  const rows = reader.u32();
  const rejected = reader.u32();
  const stamp = (flags & hasStamp) !== 0 ? readStamp(reader) : undefined;
  const mark = (flags & hasMark) !== 0 ? readMark(reader) : undefined;
  const held = (flags & hasHeld) !== 0 ? reader.i64() : undefined;
  return { kind, frameBytes, seed, watermark, rows, rejected, stamp, mark, held };
}

function readStamp(reader: FieldReader): ProducerStamp {
  const sequence = reader.whole();
  const checksum = reader.u64();
  const part = reader.u32();
  const tokenIdBytes = reader.u16();
  const producerBytes = reader.u16();
  return {
    sequence,
    checksum,
    part,
    tokenId: reader.text(tokenIdBytes),
    producer: reader.text(producerBytes),
  };
}

function readMark(reader: FieldReader): ChannelMark {
  const sequence = { offset: reader.whole(), part: reader.u32() };
  return { channel: reader.text(reader.u16()), sequence };
}

function isRecordKind(kind: number): kind is RecordKind {
  return kind >= RecordKind.Frame && kind <= RecordKind.Producers;
}
