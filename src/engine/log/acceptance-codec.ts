/**
 * The acceptance row: the state of the log before the record at its offset, so that a start need not read
 * what lies before it, and trimming loses nothing that acceptance depends on.
 *
 * Acceptance, version 2. Integers are little-endian; times are ms since 1970; u64 fields marked * are at most
 * 2^53 - 1.
 *
 *   OFFSET  SIZE  FIELD
 *        0     1  version
 *        1     1  flags           bit 0 idle, bit 1 a frame was logged once, bit 2 live producers follow
 *        2     2  zero
 *        4     4  producers
 *        8     8  next offset *
 *       16     8  first offset *  of the records kept
 *       24     8  first position *
 *       32     8  append time of the newest row *
 *       40     8  append time of the newest frame *, 0 without flag bit 1
 *       48     8  watermark       i64
 *       56    40  counts *: frames, rows, rejected, duplicates, bytes
 *       96     -  producers
 *        -     -  channels        from version 2 on: count u32, savepoint i64 and channels u32 of the
 *        barrier
 *                                 that waits for some of them, both 0 where none does; then of each channel:
 *                                 offset u64 *, part u32, 1 where the barrier has come by it u8, name bytes
 *                                 u16, name
 *        -     -  live producers  if flagged: own watermark i64, count u32
 *        -     4  checksum        XXH32 of all bytes before it
 *
 * Producer: token id bytes u16, producer bytes u16, key groups u16 [first, end), both 0 for the range of the
 * shard itself, pairs u32, append time u64 *, both names in UTF-8, then for each pair sequence distance from
 * the highest u16, part u32, offset u64 *, checksum u64; before the pairs the highest sequence u64 *.
 *
 * Live producer: token id bytes u16, producer bytes u16, 1 where it is closed u8, registration u64 *, active
 * at u64 *, watermark i64, settled watermark i64, highest sequence and one u64 *, both names.
 *
 * A body may be larger than an SQLite value: it is then cut into several rows of the table, its *chunks*. A
 * reader rejects an unknown version or flag, zero bytes that are not zero, a wrong checksum and lengths that
 * do not add up.
 *   v1  first version, without channels and live producers; still written where there are none of either
 *   v2  channels, live producers
 */
import { EngineError } from "../../base/errors.ts";
import { encodeUtf8 } from "../../base/utf8.ts";
import { checksumBytes, FieldReader, FieldWriter } from "./byte-fields.ts";
import { type LiveProducer, LiveProducers } from "./live-producers.ts";
import { type LogFacts, LogState, type PendingBarrier } from "./log-state.ts";
import { type AcceptedPair, ProducerTable } from "./producer-table.ts";
import type { ChannelSequence } from "./records.ts";

const version = 2;
const versionWithoutChannels = 1;
const headerBytes = 96;
const producerBytes = 28;
const pairBytes = 22;
const channelsHeaderBytes = 16;
const channelBytes = 15;
const liveHeaderBytes = 12;
const liveBytes = 45;
const isIdleFlag = 1;
const hasFrameFlag = 2;
const hasLiveFlag = 4;
const knownFlags = isIdleFlag | hasFrameFlag;

interface SizedProducer {
  readonly tokenId: Uint8Array;
  readonly producer: Uint8Array;
  readonly appendTime: number;
  readonly highest: number;
  readonly pairs: readonly AcceptedPair[];
}

/** Writes the state as one body. */
export function encodeAcceptance({ facts, producers, channels, barrier, live }: LogState): Uint8Array {
  const sized: SizedProducer[] = [];
  let length = headerBytes + checksumBytes;
  for (const { tokenId, producer, appendTime, pairs } of producers.entries()) {
    const entry = {
      tokenId: encodeUtf8(tokenId),
      producer: encodeUtf8(producer),
      appendTime,
      highest: pairs.highest,
      pairs: pairs.list(),
    };
    sized.push(entry);
    length += producerBytes + entry.tokenId.byteLength + entry.producer.byteLength;
    length += entry.pairs.length * pairBytes;
  }
  const marks = [...channels].map(([channel, last]) => {
    return { name: encodeUtf8(channel), last, isBarred: barrier?.channels.has(channel) ?? false };
  });
  const named = [...live.entries()].map((entry) => {
    return { entry, tokenId: encodeUtf8(entry.tokenId), producer: encodeUtf8(entry.producer) };
  });
  const isNew = marks.length > 0 || named.length > 0;
  if (isNew) length += channelsHeaderBytes;
  if (named.length > 0) length += liveHeaderBytes;
  for (const each of named) length += liveBytes + each.tokenId.byteLength + each.producer.byteLength;
  for (const { name } of marks) length += channelBytes + name.byteLength;
  const bytes = new Uint8Array(length);
  const writer = new FieldWriter(bytes);
  writer.u8(isNew ? version : versionWithoutChannels);
  writeFacts(writer, facts, sized.length, named.length > 0 ? hasLiveFlag : 0);
  for (const entry of sized) writeProducer(writer, entry);
  if (isNew) {
    writer.u32(marks.length);
    writer.u64(BigInt(barrier?.savepoint ?? 0));
    writer.u32(barrier?.of ?? 0);
  }
  for (const { name, last, isBarred } of marks) {
    writer.whole(last.offset);
    writer.u32(last.part);
    writer.u8(isBarred ? 1 : 0);
    writer.u16(name.byteLength);
    writer.bytes(name);
  }
  if (named.length > 0) {
    writer.u64(live.ownWatermark);
    writer.u32(named.length);
  }
  for (const each of named) writeLive(writer, each);
  writer.checksum();
  return bytes;
}

function writeFacts(writer: FieldWriter, facts: LogFacts, producers: number, moreFlags: number): void {
  const hasFrame = facts.lastFrameAt !== undefined;
  writer.u8((facts.isIdle ? isIdleFlag : 0) | (hasFrame ? hasFrameFlag : 0) | moreFlags);
  writer.u16(0);
  writer.u32(producers);
  writer.whole(facts.nextOffset);
  writer.whole(facts.firstOffset);
  writer.whole(facts.firstPosition);
  writer.whole(facts.appendTime);
  writer.whole(facts.lastFrameAt ?? 0);
  writer.u64(facts.watermark);
  writer.whole(facts.counts.frames);
  writer.whole(facts.counts.rows);
  writer.whole(facts.counts.rejected);
  writer.whole(facts.counts.duplicates);
  writer.whole(facts.counts.bytes);
}

function writeProducer(writer: FieldWriter, entry: SizedProducer): void {
  writer.u16(entry.tokenId.byteLength);
  writer.u16(entry.producer.byteLength);
  writer.u16(0);
  writer.u16(0);
  writer.u32(entry.pairs.length);
  writer.whole(entry.appendTime);
  writer.bytes(entry.tokenId);
  writer.bytes(entry.producer);
  writer.whole(entry.highest);
  for (const { sequence, part, offset, checksum } of entry.pairs) {
    writer.u16(entry.highest - sequence);
    writer.u32(part);
    writer.whole(offset);
    writer.u64(checksum);
  }
}

function writeLive(
  writer: FieldWriter,
  {
    entry,
    tokenId,
    producer,
  }: { readonly entry: LiveProducer; readonly tokenId: Uint8Array; readonly producer: Uint8Array },
): void {
  writer.u16(tokenId.byteLength);
  writer.u16(producer.byteLength);
  writer.u8(entry.isClosed ? 1 : 0);
  writer.whole(entry.registration);
  writer.whole(entry.activeAt);
  writer.u64(entry.watermark);
  writer.u64(entry.settled);
  writer.whole(entry.sequence + 1);
  writer.bytes(tokenId);
  writer.bytes(producer);
}

/**
 * Reads a body that is kept under `offset`.
 *
 * Throws `VERSION_UNKNOWN` or `FRAME_CORRUPT`, naming the offset.
 */
export function decodeAcceptance(offset: number, bytes: Uint8Array): LogState {
  const damage = (what: string) =>
    new EngineError("FRAME_CORRUPT", {
      message:
        `The acceptance row at offset ${offset} is damaged: ${what}. ` +
        "Restore the partition from a savepoint.",
      details: { offset },
    });
  const later = (what: string) =>
    new EngineError("VERSION_UNKNOWN", {
      message:
        `The acceptance row at offset ${offset} has ${what}; ` +
        `this version of Millrace reads versions ${versionWithoutChannels} to ${version}.`,
      details: { offset },
    });
  const reader = new FieldReader(bytes, damage);
  const found = reader.u8();
  if (found < versionWithoutChannels || found > version) throw later(`version ${found}`);
  reader.verify(bytes.byteLength);
  const flags = reader.u8();
  const known = found === versionWithoutChannels ? knownFlags : knownFlags | hasLiveFlag;
  if ((flags & ~known) !== 0 || reader.u16() !== 0) throw later("an unknown flag");
  const producerCount = reader.u32();
  const facts = readFacts(reader, flags);
  if (facts.nextOffset !== offset) throw damage(`it names the offset ${facts.nextOffset}`);
  const producers = new ProducerTable();
  for (let index = 0; index < producerCount; index++) readProducer(reader, producers, { later, damage });
  const channels = new Map<string, ChannelSequence>();
  const barrier = found > versionWithoutChannels ? readChannels(reader, channels) : undefined;
  const live = (flags & hasLiveFlag) !== 0 ? readLive(reader) : new LiveProducers();
  const state = new LogState(facts, producers, channels, live);
  state.barrier = barrier;
  if (reader.at + checksumBytes !== bytes.byteLength) throw damage(`its fields end at byte ${reader.at}`);
  return state;
}

function readFacts(reader: FieldReader, flags: number): LogFacts {
  const offsets = {
    nextOffset: reader.whole(),
    firstOffset: reader.whole(),
    firstPosition: reader.whole(),
    appendTime: reader.whole(),
  };
  const lastFrameAt = reader.whole();
  const watermark = reader.i64();
  const counts = {
    frames: reader.whole(),
    rows: reader.whole(),
    rejected: reader.whole(),
    duplicates: reader.whole(),
    bytes: reader.whole(),
  };
  return {
    ...offsets,
    lastFrameAt: (flags & hasFrameFlag) !== 0 ? lastFrameAt : undefined,
    watermark,
    isIdle: (flags & isIdleFlag) !== 0,
    counts,
  };
}

/** What is wrong with the bytes, as an error. */
interface Complaints {
  readonly later: (what: string) => Error;
  readonly damage: (what: string) => Error;
}

function readProducer(reader: FieldReader, producers: ProducerTable, { later, damage }: Complaints): void {
  const tokenIdBytes = reader.u16();
  const nameBytes = reader.u16();
  const keyGroups = [reader.u16(), reader.u16()];
  if (keyGroups.some((group) => group !== 0))
    throw later(`a producer of key groups ${keyGroups.join(" to ")}`);
  const pairCount = reader.u32();
  const appendTime = reader.whole();
  const tokenId = reader.text(tokenIdBytes);
  const producer = reader.text(nameBytes);
  const highest = reader.whole();
  producers.open(tokenId, producer, appendTime);
  for (let index = 0; index < pairCount; index++) {
    const sequence = highest - reader.u16();
    if (sequence < 0) throw damage(`a sequence is ${sequence}`);
    const part = reader.u32();
    const offset = reader.whole();
    producers.accept({ tokenId, producer, sequence, part, checksum: reader.u64() }, offset, appendTime);
  }
}

function readChannels(
  reader: FieldReader,
  channels: Map<string, ChannelSequence>,
): PendingBarrier | undefined {
  const count = reader.u32();
  const [savepoint, of] = [Number(reader.i64()), reader.u32()];
  const barred = new Set<string>();
  for (let index = 0; index < count; index++) {
    const last = { offset: reader.whole(), part: reader.u32() };
    const isBarred = reader.u8() === 1;
    const channel = reader.text(reader.u16());
    channels.set(channel, last);
    if (isBarred) barred.add(channel);
  }
  return of > 0 ? { savepoint, of, channels: barred } : undefined;
}

function readLive(reader: FieldReader): LiveProducers {
  const ownWatermark = reader.i64();
  const count = reader.u32();
  const entries = Array.from({ length: count }, (): LiveProducer => {
    const [tokenIdBytes, producerNameBytes] = [reader.u16(), reader.u16()];
    const fields = {
      isClosed: reader.u8() === 1,
      registration: reader.whole(),
      activeAt: reader.whole(),
      watermark: reader.i64(),
      settled: reader.i64(),
      sequence: reader.whole() - 1,
    };
    return { ...fields, tokenId: reader.text(tokenIdBytes), producer: reader.text(producerNameBytes) };
  });
  return new LiveProducers(entries, ownWatermark);
}
