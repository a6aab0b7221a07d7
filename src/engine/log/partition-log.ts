/**
 * A partition's log: what is durable before an append is acknowledged, and all that its tasks ever see.
 *
 * Insert, then change memory, then answer. Acceptance is checked against the log and the group being built;
 * nothing in memory changes before the insert returned. After an exception from storage the object must be
 * aborted: the turn's writes are dropped with it and the next `open` rebuilds memory from what is durable.
 *
 * Invariants: offsets have no gap from `firstOffset` to `nextOffset`; append times never decrease along the
 * log, even when the clock is set back; the watermark never goes back; memory is the fold of acceptance row
 * and rows behind it.
 */
import { assert } from "../../base/assert.ts";
import { EngineError, errorBodyOf } from "../../base/errors.ts";
import { frameRowBytesMax, MiB } from "../../base/limits.ts";
import type { Handover, PartitionIdentity } from "../partition-types.ts";
import type { Ports } from "../ports.ts";
import { tryStep } from "../task/try-step.ts";
import { encodeAcceptance } from "./acceptance-codec.ts";
import { type Barrier, encodeBarrier } from "./barrier.ts";
import { channelTokenId } from "./channel-name.ts";
import { beforeFirst } from "./channel-sequence.ts";
import { decideAcceptance } from "./decide-acceptance.ts";
import { LiveGroup, type LiveProducers } from "./live-producers.ts";
import { LogRows, type StoredAcceptance } from "./log-rows.ts";
import { LogState } from "./log-state.ts";
import { encodeProducerChanges, type ProducerChange } from "./producer-changes.ts";
import { ProducerGroup } from "./producer-table.ts";
import {
  type AppendRequest,
  type AppendResult,
  type ChannelSequence,
  type FrameFacts,
  higherOf,
  type LogCounts,
  type LogRecord,
  lowerOf,
  maxWatermark,
  minWatermark,
  RecordKind,
} from "./records.ts";
import { encodeRows, type LogRow, type RecordDraft, type StoredRecord } from "./row-codec.ts";
import { type Retention, rowsToTrim } from "./rows-to-trim.ts";
import { encodeMapChange, type MapChange } from "./split-records.ts";

/**
 * An acceptance row is written when this much was logged behind the last one: it bounds what a start must
 * read. A long producer table stretches the distance, so that acceptance rows stay below a quarter of what is
 * written.
 */
const acceptanceBytes = 4 * MiB;
const acceptanceRows = 1024;
const acceptanceShare = 4;

/** What frames and ticks reach: only a person ends a stream, no event however far in the future. */
const highestWatermark = maxWatermark - 1n;

const noBytes = new Uint8Array(0);

export class PartitionLog {
  readonly #ports: Ports;
  readonly #readFrame: (frame: Uint8Array) => FrameFacts;
  readonly #rows: LogRows;
  readonly #state: LogState;
  /** Rows of duplicates answered since the newest row: the next row carries them. */
  #duplicatesUnlogged = 0;
  #rowsSinceAcceptance = 0;
  #bytesSinceAcceptance = 0;
  #acceptanceBytes: number;
  #acceptanceChunks: number;

  constructor(
    ports: Ports,
    readFrame: (frame: Uint8Array) => FrameFacts,
    rows: LogRows,
    acceptance: StoredAcceptance | undefined,
  ) {
    this.#ports = ports;
    this.#readFrame = readFrame;
    this.#rows = rows;
    this.#state = acceptance?.state ?? LogState.empty();
    this.#acceptanceBytes = acceptance?.bytes ?? 0;
    this.#acceptanceChunks = acceptance?.chunks ?? 0;
  }

  /**
   * Opens the log in `ports.sql`, a new one if there is none; reads the newest acceptance row and the rows
   * behind it.
   *
   * `readFrame` answers from a frame's header; it is asked about every frame that is offered and may throw
   * for one that is not a frame, which then fails the whole call of `append` before anything was written.
   */
  static open(ports: Ports, readFrame: (frame: Uint8Array) => FrameFacts): PartitionLog {
    const rows = new LogRows(ports.sql);
    const log = new PartitionLog(ports, readFrame, rows, rows.readAcceptance());
    for (let row = rows.readFrom(log.nextOffset); row; row = rows.readFrom(log.nextOffset)) log.#takeIn(row);
    return log;
  }

  /** Begins a log that has no record yet with what another one's `handover` says. */
  static begin({ sql }: Pick<Ports, "sql">, { nextOffset, acceptance }: Handover): void {
    new LogRows(sql).writeAcceptance(nextOffset, acceptance, 0);
  }

  /** Offset of the oldest record kept; `nextOffset` when none is. The first record ever has offset 1. */
  get firstOffset(): number {
    return this.#state.facts.firstOffset;
  }

  /** Offset that the next record gets. */
  get nextOffset(): number {
    return this.#state.facts.nextOffset;
  }

  /** Highest watermark of any record, ms; `minWatermark` at first. */
  get watermark(): bigint {
    return this.#state.facts.watermark;
  }

  /** Whether the shard went idle, by a record, and no frame came since. */
  get isIdle(): boolean {
    return this.#state.facts.isIdle;
  }

  /** Whether a max watermark set by hand ended the stream. */
  get isEnded(): boolean {
    return this.watermark === maxWatermark;
  }

  /** The live producers, as far as this shard was told. */
  get live(): LiveProducers {
    return this.#state.live;
  }

  /** Append time of the newest frame, ms. */
  get lastFrameAt(): number | undefined {
    return this.#state.facts.lastFrameAt;
  }

  /**
   * Durable up to the log's end, but for duplicates answered since the newest record, which the next one
   * takes along.
   */
  get counts(): LogCounts {
    const { counts } = this.#state.facts;
    return { ...counts, duplicates: counts.duplicates + this.#duplicatesUnlogged };
  }

  /** Place of the newest message of a channel that was logged. */
  lastOf(channel: string): ChannelSequence {
    return this.#state.channels.get(channel) ?? beforeFirst;
  }

  /**
   * Logs what can be accepted of `requests`, in order and as one group commit, and answers each.
   *
   * Call it once a turn with all that came: rows written are what an append costs. Answers may leave only
   * after the turn's writes are durable.
   */
  append(
    requests: readonly AppendRequest[],
    facts: Pick<
      PartitionIdentity,
      "generation" | "mapVersion" | "mapVersionMin" | "inputs" | "waitsForProducers"
    >,
  ): AppendResult[] {
    const drafts: RecordDraft[] = [];
    const results: AppendResult[] = [];
    const group = new ProducerGroup(this.#state.producers);
    const live = new LiveGroup(this.live);
    const lasts = new Map<string, ChannelSequence>();
    const barred = new Set(this.#state.barrier?.channels);
    const { mapVersionMin = facts.mapVersion } = facts;
    const isInput = (channel: string) => facts.inputs?.includes(channel) || this.#state.channels.has(channel);
    const now = this.#ports.clock.now();
    let duplicates = 0;
    for (const request of requests) {
      const { producer, tokenId, link } = request;
      const decided = decideAcceptance(request, {
        ...facts,
        mapVersionMin,
        now,
        isEnded: this.isEnded,
        producer: producer && {
          ...group.factsOf(tokenId, producer),
          isRegistered: !facts.waitsForProducers || tokenId === channelTokenId || this.#isRegistered(request),
        },
        channel:
          link && isInput(link.channel)
            ? {
                last: lasts.get(link.channel) ?? this.lastOf(link.channel),
                isBarred: barred.has(link.channel),
                offset: this.nextOffset + drafts.length - 1,
              }
            : undefined,
      });
      if (decided.decision === "Refuse") {
        results.push({ status: "refused", error: errorBodyOf(new EngineError(decided.code, decided)) });
      } else if (decided.decision === "Acknowledge") {
        if (!link || link.kind === RecordKind.Frame) duplicates += this.#readFrame(request.frame).rows;
        results.push({ status: "duplicate", offset: decided.offset });
      } else {
        const offset = this.nextOffset + drafts.length;
        drafts.push(this.#draftOf(request, live));
        if (producer) group.claim(tokenId, producer, offset);
        if (link) lasts.set(link.channel, link.sequence);
        // Whether it was the last that was waited for is known when it is logged: what follows comes again.
        if (link?.kind === RecordKind.Barrier) barred.add(link.channel);
        results.push({ status: "logged", offset });
      }
    }
    if (drafts.length > 0) this.#log(drafts, duplicates);
    else this.#duplicatesUnlogged += duplicates;
    return results;
  }

  /**
   * Logs a watermark and returns its offset. The record says what holds after it, which is never less than
   * before.
   *
   * Kind Watermark is the one set by hand, `maxWatermark` ends the stream; Tick leaves the shard idle, and
   * goes only as far as live producers allow.
   */
  appendWatermark(kind: typeof RecordKind.Watermark | typeof RecordKind.Tick, watermark: bigint): number {
    const ceiling =
      kind === RecordKind.Watermark ? maxWatermark : lowerOf(highestWatermark, this.live.lowest);
    return this.#log([this.#markDraft(kind, higherOf(this.watermark, lowerOf(watermark, ceiling)))], 0);
  }

  /** Logs that producers come, go or move on; returns the record's offset. */
  appendProducers(changes: readonly ProducerChange[]): number {
    const watermark = higherOf(this.watermark, this.live.with(changes).watermark);
    const frame = encodeProducerChanges(changes);
    return this.#log([{ ...this.#markDraft(RecordKind.Producers, watermark), frame }], 0);
  }

  /** Logs that a savepoint begins here; returns the record's offset. */
  appendBarrier(barrier: Barrier): number {
    const frame = encodeBarrier(barrier);
    return this.#log([{ ...this.#markDraft(RecordKind.Barrier, minWatermark), frame }], 0);
  }

  /** Logs that outputs go by another map from here on; returns the record's offset. */
  appendMap(change: MapChange): number {
    const mark = this.#markDraft(RecordKind.Map, minWatermark);
    return this.#log([{ ...mark, frame: encodeMapChange(change) }], 0);
  }

  /** What a new shard's log begins with that takes over a part of this one's key groups: for `begin`. */
  handover(): Handover {
    return { nextOffset: this.nextOffset, acceptance: encodeAcceptance(this.#state.handover()) };
  }

  /** Logs that the shard went idle, once: it must not be idle. Returns the record's offset. */
  appendIdle(): number {
    assert(!this.isIdle, "going idle is logged once");
    return this.#log([this.#markDraft(RecordKind.Idle, minWatermark)], 0);
  }

  /** Returns the next record at or after `offset` that is kept; undefined at the log's end. */
  read(offset: number): LogRecord | undefined {
    return this.#recordAt(offset);
  }

  /** Offset behind which all records came at `time` (ms) or later; 0 without a time. */
  firstSince(time: number | undefined): number {
    return time === undefined ? 0 : (this.#rows.firstSince(time) ?? this.nextOffset);
  }

  /** Lets go of the rows in memory that lie wholly below `offset`: a read loads them again. */
  forgetUntil(offset: number): void {
    this.#rows.forgetUntil(offset);
  }

  /** Bytes that the records from `offset` on take in the log; about, where its row there is damaged. */
  bytesAfter(offset: number): number {
    const end = this.#state.facts.counts.bytes;
    let begin = end;
    const read = tryStep(() => {
      begin = this.#recordAt(offset)?.position ?? end;
    });
    return read.outcome === "Done" ? end - begin : this.#rows.bytesFrom(offset);
  }

  /** Where the log goes on behind the row that holds `offset`; told without reading the row. */
  endOfRow(offset: number): number {
    return Math.min(this.#rows.endOf(offset), this.nextOffset);
  }

  /**
   * Deletes old rows that lie wholly below `needed`, the lowest offset that any task may still read, and
   * outside of the retention: older than its time, or farther from the end than its bytes. Forgets producers
   * that appended nothing for the retention's time.
   *
   * Writes an acceptance row when it does anything. Deletes a bounded amount; returns whether another call
   * may delete more.
   */
  trim(needed: number, retention: Retention): boolean {
    const { facts, producers } = this.#state;
    const expiry = this.#ports.clock.now() - retention.timeMs;
    const kept = facts.counts.bytes - facts.firstPosition;
    const { rows, isCut } = rowsToTrim(this.#rows, { kept, needed, expiry, bytesMax: retention.bytesMax });
    const last = rows.at(-1);
    if (!last && !producers.hasExpired(expiry)) return false;
    if (last) {
      const end = last.offset + last.records;
      this.#rows.deleteBefore(end);
      facts.firstOffset = end;
      facts.firstPosition += rows.reduce((sum, row) => sum + row.bytes, 0);
    }
    producers.expire(expiry);
    this.#writeAcceptance();
    return isCut;
  }

  #isRegistered({ tokenId, producer, registration }: AppendRequest): boolean {
    const known = producer && this.live.find({ tokenId, producer: producer.producer });
    return known !== undefined && !known.isClosed && known.registration === registration;
  }

  #draftOf({ frame, producer, tokenId, link }: AppendRequest, live: LiveGroup): RecordDraft {
    const mark = link && { channel: link.channel, sequence: link.sequence };
    if (link && link.kind !== RecordKind.Frame) {
      const bytes = link.kind === RecordKind.Barrier || link.kind === RecordKind.Channel ? frame : noBytes;
      return { ...this.#markDraft(link.kind, link.watermark), frame: bytes, mark };
    }
    assert(frame.byteLength <= frameRowBytesMax, "a frame is at most frameRowBytesMax long");
    const { watermark: asked, rows, rejected } = this.#readFrame(frame);
    const own = lowerOf(asked, highestWatermark);
    const stamp = producer && { ...producer, tokenId };
    if (stamp) live.accept(stamp, own);
    const watermark = link ? own : lowerOf(own, live.lowest);
    const held = watermark < own ? own : undefined;
    return {
      kind: RecordKind.Frame,
      seed: this.#seed(),
      watermark,
      rows,
      rejected,
      frame,
      stamp,
      mark,
      held,
    };
  }

  #markDraft(kind: RecordKind, watermark: bigint): RecordDraft {
    const nothing = { rows: 0, rejected: 0, frame: noBytes };
    const from = { stamp: undefined, mark: undefined, held: undefined };
    return { kind, seed: this.#seed(), watermark, ...nothing, ...from };
  }

  #seed(): bigint {
    return BigInt.asUintN(64, this.#ports.random.seed());
  }

  /** Inserts, then changes memory; returns the first offset. */
  #log(drafts: readonly RecordDraft[], duplicates: number): number {
    const { facts } = this.#state;
    const rows = encodeRows(drafts, {
      offset: facts.nextOffset,
      appendTime: Math.max(facts.appendTime, this.#ports.clock.now()),
      position: facts.counts.bytes,
      duplicates: this.#duplicatesUnlogged + duplicates,
    });
    for (const row of rows) this.#rows.insert(row);
    const offset = facts.nextOffset;
    for (const row of rows) this.#takeIn(row);
    this.#duplicatesUnlogged = 0;
    const isFar =
      this.#bytesSinceAcceptance >= acceptanceBytes || this.#rowsSinceAcceptance >= acceptanceRows;
    if (isFar && this.#bytesSinceAcceptance >= acceptanceShare * this.#acceptanceBytes)
      this.#writeAcceptance();
    return offset;
  }

  #takeIn(row: LogRow): void {
    this.#state.applyRow(row);
    this.#rows.remember(row);
    this.#rowsSinceAcceptance++;
    this.#bytesSinceAcceptance += row.bytes.byteLength;
  }

  #writeAcceptance(): void {
    this.#state.facts.counts.duplicates += this.#duplicatesUnlogged;
    this.#duplicatesUnlogged = 0;
    const body = encodeAcceptance(this.#state);
    this.#acceptanceChunks = this.#rows.writeAcceptance(this.nextOffset, body, this.#acceptanceChunks);
    this.#acceptanceBytes = body.byteLength;
    this.#rowsSinceAcceptance = 0;
    this.#bytesSinceAcceptance = 0;
  }

  #recordAt(offset: number): StoredRecord | undefined {
    const at = Math.max(offset, this.firstOffset);
    if (at >= this.nextOffset) return undefined;
    const row = this.#rows.containing(at);
    return row.records[at - row.offset];
  }
}
