/**
 * A message that waits in an outbox, as a row of storage.
 *
 * Message, version 1. Integers are little-endian; u64 fields marked * are at most 2^53 - 1.
 *
 *   OFFSET  SIZE  FIELD
 *        0     1  version
 *        1     1  kind            `RecordKind`: Frame, Watermark, Tick, Barrier or Channel
 *        2     2  zero
 *        4     4  frame bytes     0 for kinds that only tell the time
 *        8    12  sequence        offset u64 *, part u32
 *       20    12  previous        the same of the message before it
 *       32     8  watermark       i64 ms
 *       40     4  checksum        XXH32 of all bytes before it
 *       44     -  the frame, which carries its own
 *
 *   v1  first version
 */
import { EngineError } from "../../base/errors.ts";
import { FieldReader, FieldWriter } from "../log/byte-fields.ts";
import { type ChannelSequence, RecordKind } from "../log/records.ts";

/**
 * Kinds that travel: rows, the time of a sender that is active, or of one that is idle, barriers, channels.
 */
export type MessageKind = Exclude<RecordKind, typeof RecordKind.Idle | typeof RecordKind.Map>;

export interface Message {
  readonly sequence: ChannelSequence;
  readonly previous: ChannelSequence;
  readonly kind: MessageKind;
  /** In ms: the sender's after the message. */
  readonly watermark: bigint;
  readonly frame: Uint8Array;
}

const version = 1;
const headerBytes = 44;

export function encodeMessage({ kind, sequence, previous, watermark, frame }: Message): Uint8Array {
  const bytes = new Uint8Array(headerBytes + frame.byteLength);
  const writer = new FieldWriter(bytes);
  writer.u8(version);
  writer.u8(kind);
  writer.u16(0);
  writer.u32(frame.byteLength);
  for (const { offset, part } of [sequence, previous]) {
    writer.whole(offset);
    writer.u32(part);
  }
  writer.u64(watermark);
  writer.checksum();
  writer.bytes(frame);
  return bytes;
}

/** Throws `VERSION_UNKNOWN` or `STATE_CORRUPT`. */
export function decodeMessage(bytes: Uint8Array): Message {
  const damage = (what: string) =>
    new EngineError("STATE_CORRUPT", { message: `A message that waits in the outbox is damaged: ${what}.` });
  const reader = new FieldReader(bytes, damage);
  const found = reader.u8();
  if (found !== version) {
    throw new EngineError("VERSION_UNKNOWN", {
      message: `A message that waits in the outbox has version ${found}; this release reads ${version}.`,
    });
  }
  const kind = reader.u8();
  const zero = reader.u16();
  const frameBytes = reader.u32();
  const sequence = { offset: reader.whole(), part: reader.u32() };
  const previous = { offset: reader.whole(), part: reader.u32() };
  const watermark = reader.i64();
  reader.verify(headerBytes);
  if (!isMessageKind(kind)) throw damage(`it is of kind ${kind}`);
  if (zero !== 0 || headerBytes + frameBytes !== bytes.byteLength) throw damage("its lengths do not add up");
  return { kind, sequence, previous, watermark, frame: bytes.slice(headerBytes) };
}

function isMessageKind(kind: number): kind is MessageKind {
  return kind !== RecordKind.Idle && kind >= RecordKind.Frame && kind <= RecordKind.Channel;
}
