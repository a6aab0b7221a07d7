/**
 * What a log knows besides its rows: a fold over them.
 *
 * The same `applyRow` runs after an insert and on replay, so that memory is at any time what a restart would
 * rebuild. An acceptance row is this state as bytes.
 */
import { EngineError } from "../../base/errors.ts";
import { type Barrier, decodeBarrier } from "./barrier.ts";
import { beforeFirst } from "./channel-sequence.ts";
import { LiveProducers } from "./live-producers.ts";
import { decodeProducerChanges } from "./producer-changes.ts";
import { ProducerTable } from "./producer-table.ts";
import { type ChannelSequence, higherOf, type LogCounts, minWatermark, RecordKind } from "./records.ts";
import type { LogRow, StoredRecord } from "./row-codec.ts";
import { decodeNewChannel } from "./split-records.ts";

/** Everything but the producers. Offsets start at 1, so that 0 is before every record. */
export interface LogFacts {
  firstOffset: number;
  nextOffset: number;
  /** Position (see `row-codec.ts`) of the first record kept. */
  firstPosition: number;
  /** Append time of the newest row, ms; 0 before the first. */
  appendTime: number;
  /** Append time of the newest frame. */
  lastFrameAt: number | undefined;
  /** `maxWatermark` if, and only if, the stream was ended. */
  watermark: bigint;
  isIdle: boolean;
  counts: { -readonly [Count in keyof LogCounts]: LogCounts[Count] };
}

/**
 * Channels that a barrier has come by, while it has still to come by others: they bring nothing until then.
 */
export interface PendingBarrier {
  readonly savepoint: number;
  /** By how many channels it comes. */
  readonly of: number;
  readonly channels: Set<string>;
}

export class LogState {
  barrier: PendingBarrier | undefined;
  readonly facts: LogFacts;
  readonly producers: ProducerTable;
  /** Of each channel the newest message that was logged; of one that was only announced, none. */
  readonly channels: Map<string, ChannelSequence>;
  readonly live: LiveProducers;

  constructor(
    facts: LogFacts,
    producers: ProducerTable,
    channels: Map<string, ChannelSequence>,
    live: LiveProducers,
  ) {
    this.facts = facts;
    this.producers = producers;
    this.channels = channels;
    this.live = live;
  }

  /**
   * The state with which the log of a new shard begins that takes over a part of this one: records go on
   * behind the newest one here, and what was accepted here is known there.
   */
  handover(): LogState {
    const facts = { ...this.facts, firstOffset: this.facts.nextOffset, firstPosition: 0 };
    const counts = { frames: 0, rows: 0, rejected: 0, duplicates: 0, bytes: 0 };
    return new LogState({ ...facts, counts }, this.producers, new Map(), this.live.closed());
  }

  /** The state of a log without records. */
  static empty(): LogState {
    const counts = { frames: 0, rows: 0, rejected: 0, duplicates: 0, bytes: 0 };
    const facts: LogFacts = {
      firstOffset: 1,
      nextOffset: 1,
      firstPosition: 0,
      appendTime: 0,
      lastFrameAt: undefined,
      watermark: minWatermark,
      isIdle: false,
      counts,
    };
    return new LogState(facts, new ProducerTable(), new Map(), new LiveProducers());
  }

  /** Takes in the row behind all others. Throws `FRAME_CORRUPT` when another row must have been before it. */
  applyRow(row: LogRow): void {
    const { facts } = this;
    if (row.offset !== facts.nextOffset || row.position !== facts.counts.bytes) {
      throw new EngineError("FRAME_CORRUPT", {
        message:
          `The log goes on at offset ${row.offset}, byte ${row.position}; ` +
          `expected ${facts.nextOffset}, byte ${facts.counts.bytes}. Rows are missing.`,
        details: { offset: row.offset },
      });
    }
    facts.appendTime = row.appendTime;
    facts.nextOffset = row.offset + row.records.length;
    facts.counts.bytes += row.bytes.byteLength;
    facts.counts.duplicates += row.duplicates;
    for (const record of row.records) this.#applyRecord(record);
  }

  #applyRecord(record: StoredRecord): void {
    const { facts } = this;
    const { mark } = record;
    // A channel's time is one of several: only the task that has heard from all knows what they allow.
    if (mark) this.channels.set(mark.channel, mark.sequence);
    else if (record.watermark > facts.watermark) facts.watermark = record.watermark;
    switch (record.kind) {
      case RecordKind.Frame:
        facts.isIdle = false;
        facts.lastFrameAt = record.appendTime;
        facts.counts.frames++;
        facts.counts.rows += record.rows;
        facts.counts.rejected += record.rejected;
        if (!mark) this.#acceptFrame(record);
        return;
      case RecordKind.Watermark:
        return;
      case RecordKind.Barrier:
        if (mark) this.#meetBarrier(mark.channel, decodeBarrier(record.frame));
        return;
      case RecordKind.Channel: {
        const channel = decodeNewChannel(record.frame);
        if (!this.channels.has(channel)) this.channels.set(channel, beforeFirst);
        return;
      }
      case RecordKind.Map:
        return;
      case RecordKind.Producers:
        for (const change of decodeProducerChanges(record.frame)) this.live.change(change, record.appendTime);
        return;
      case RecordKind.Tick:
      case RecordKind.Idle:
        if (!mark) facts.isIdle = true;
        return;
    }
  }

  #acceptFrame({ stamp, offset, appendTime, rows, watermark, held = watermark }: StoredRecord): void {
    this.live.ownWatermark = higherOf(this.live.ownWatermark, held);
    if (!stamp) return;
    this.producers.accept(stamp, offset, appendTime);
    this.live.accept(stamp, { sequence: stamp.sequence, watermark: held, appendTime, rows });
  }

  #meetBarrier(channel: string, { savepoint, channels: of }: Barrier): void {
    const known = this.barrier?.savepoint === savepoint ? this.barrier.channels : [];
    const channels = new Set([...known, channel]);
    this.barrier = channels.size < of ? { savepoint, of, channels } : undefined;
  }
}
