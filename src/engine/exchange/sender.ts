/**
 * The output of a task that sends rows on: which rows go to which partition of the next stage, as frames.
 *
 * Every record tells every receiver how far the sender's time is, unless it knows already: with its rows
 * where it gets some, by a message without rows where it gets none. Frames are cut by row count alone, so a
 * replay makes the same ones.
 */
import { frameRowsMax } from "../../base/limits.ts";
import type { Schema } from "../../columnar/schema.ts";
import type { ColumnRows } from "../../kernel/column-batch.ts";
import { FrameEncoder, noWatermark, readFrameHeader } from "../../kernel/frame-codec.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { KeyColumns } from "../../kernel/keys.ts";
import { newestTime } from "../../kernel/newest-time.ts";
import type { PageCache } from "../../kernel/page-cache.ts";
import { RowRouter } from "../../kernel/routing.ts";
import type { Selection } from "../../kernel/selection.ts";
import { type Barrier, encodeBarrier } from "../log/barrier.ts";
import { minWatermark, RecordKind } from "../log/records.ts";
import { encodeNewChannel, type MapChange } from "../log/split-records.ts";
import type { SendPlan, SinkPlan } from "../plan/task-plan.ts";
import { evenRanges, type KeyGroupRange, shardByKeyGroup } from "../shard-map.ts";
import { takeTurns } from "./edges.ts";
import { LocalAggregate, type SentRows } from "./local-aggregate.ts";
import type { Outbox, ToldTime } from "./outbox.ts";

/** What one record brings. */
export interface SentRecord {
  readonly offset: number;
  readonly columns: ColumnRows;
  readonly selection: Selection;
  /** The sender's, before the record. */
  readonly watermark: bigint;
}

/** Kinds that mark a place on a channel. */
type MarkKind = typeof RecordKind.Barrier | typeof RecordKind.Channel;

export class Sender {
  // Configuration.
  readonly #kernel: Kernel;
  readonly #plan: SendPlan;
  readonly #outbox: Outbox;
  readonly #schema: Schema;
  // Rebuilt on open.
  readonly #encoder: FrameEncoder;
  readonly #local: LocalAggregate | undefined;
  // In the checkpoint.
  #ranges: readonly KeyGroupRange[];
  #isDivided: boolean;
  /** Rows in the frames that it made since it was opened; those that a recovery makes again count again. */
  #rowsSent = 0;
  #routing: { readonly keys: KeyColumns; readonly router: RowRouter } | undefined;

  /**
   * `divided` are the receivers' ranges where one was split, `toPassOver` is the checkpoint's; see
   * `LocalAggregate`.
   */
  constructor(
    cache: PageCache,
    plan: SendPlan,
    outbox: Outbox,
    divided: readonly KeyGroupRange[] | undefined,
    toPassOver: number,
  ) {
    this.#kernel = cache.kernel;
    this.#plan = plan;
    this.#outbox = outbox;
    this.#ranges = divided ?? plan.to.ranges ?? evenRanges(plan.to.partitions);
    this.#isDivided = divided !== undefined;
    this.#schema = { version: plan.into?.schemaVersion ?? 1, columns: plan.columns };
    this.#encoder = new FrameEncoder(cache.kernel, this.#schema);
    if (plan.local) this.#local = new LocalAggregate(cache, plan.local, plan.columns, toPassOver);
  }

  /** The key groups of each receiver, once one was split. */
  get dividedRanges(): readonly KeyGroupRange[] | undefined {
    return this.#isDivided ? this.#ranges : undefined;
  }

  get rowsSent(): number {
    return this.#rowsSent;
  }

  get toPassOver(): number {
    return this.#local?.toPassOver ?? 0;
  }

  /** Sends the selected rows that a record brought, and the time that holds after it, where that is known. */
  sendRows(record: SentRecord, time?: ToldTime): void {
    const { columns, selection, offset } = record;
    if (selection.count > 0) {
      const { keys, router } = this.#routingFor(columns.rows);
      keys.build(columns, this.#plan.key, selection);
      try {
        const sets = this.#local?.aggregate({ ...record, keys }) ?? [this.#asTheyAre(record)];
        sets.forEach((rows, index) => {
          // Rows are judged by the time before their record: only the last frame brings that after it.
          const isLast = index === sets.length - 1;
          const watermark = isLast && time && !time.isIdle ? time.watermark : noWatermark;
          this.#route(rows.selection, record, keys, router).forEach((chosen, receiver) => {
            if (chosen.count > 0) this.#sendFrames(receiver, rows.columns, chosen, offset, watermark);
          });
        });
      } finally {
        this.#local?.end();
      }
    }
    if (time) this.sendTime(offset, time);
  }

  /** Which of the rows of a record go to each receiver. */
  #route(rows: Selection, { columns, offset }: SentRecord, keys: KeyColumns, router: RowRouter): Selection[] {
    const { edge = "hash" } = this.#plan;
    if (edge === "global" || edge === "broadcast") return this.#ranges.map(() => rows);
    if (edge === "rebalance") takeTurns(this.#kernel, keys.hashes, rows, columns.rows, this.#ranges, offset);
    return router.route(keys.hashes, rows, columns.rows);
  }

  /** Tells the time that holds after the record at `offset` to all who do not know it. */
  sendTime(offset: number, { watermark, isIdle }: ToldTime): void {
    for (let receiver = 0; receiver < this.#ranges.length; receiver++) {
      const told = this.#outbox.toldTo(receiver);
      if (told.watermark >= watermark && told.isIdle === isIdle) continue;
      const kind = isIdle ? RecordKind.Tick : RecordKind.Watermark;
      const sequences = this.#outbox.nextSequence(receiver, offset);
      this.#outbox.add(receiver, { ...sequences, kind, watermark, frame: noBytes });
    }
  }

  /** Sends a savepoint's barrier, which the record at `offset` brought, to all. */
  sendBarrier(offset: number, barrier: Barrier): void {
    this.#sendToAll(offset, RecordKind.Barrier, encodeBarrier(barrier));
  }

  /**
   * Tells all that the record at `offset` gave a part of the sender's key groups to one with this channel.
   */
  announce(offset: number, channel: string): void {
    this.#sendToAll(offset, RecordKind.Channel, encodeNewChannel(channel));
  }

  /** Goes by another map from the record at `offset` on, which splits one receiver, and tells that one. */
  divide(offset: number, { parent, barrier, ranges }: MapChange): void {
    this.#send(parent, offset, RecordKind.Barrier, encodeBarrier(barrier));
    while (this.#outbox.receivers < ranges.length) this.#outbox.addReceiver();
    this.#ranges = ranges;
    this.#isDivided = true;
    this.#releaseRouting();
  }

  #sendToAll(offset: number, kind: MarkKind, frame: Uint8Array): void {
    this.#ranges.forEach((_, receiver) => {
      this.#send(receiver, offset, kind, frame);
    });
  }

  #send(receiver: number, offset: number, kind: MarkKind, frame: Uint8Array): void {
    const sequences = this.#outbox.nextSequence(receiver, offset);
    this.#outbox.add(receiver, { ...sequences, kind, watermark: minWatermark, frame });
  }

  release(): void {
    this.#local?.release();
    this.#releaseRouting();
  }

  #releaseRouting(): void {
    this.#routing?.keys.release();
    this.#routing?.router.release();
    this.#routing = undefined;
  }

  #asTheyAre({ columns, selection }: SentRecord): SentRows {
    const columnPointer = (index: number) => {
      const from = this.#plan.columns[index]?.from;
      return columns.columnPointer(from?.from === "column" ? from.column : 0);
    };
    return { columns: { rows: columns.rows, columnPointer }, selection };
  }

  #sendFrames(
    receiver: number,
    columns: ColumnRows,
    rows: Selection,
    offset: number,
    watermark: bigint,
  ): void {
    const { sequence, previous } = this.#outbox.nextSequence(receiver, offset);
    const allowed = this.#plan.into ? this.#timeIn(columns, rows, this.#plan.into) : watermark;
    const label = {
      channel: 0n,
      sequence,
      previous,
      watermark: allowed,
      schemaVersion: this.#schema.version,
    };
    this.#rowsSent += rows.count;
    for (const frame of this.#encoder.encode(label, columns, rows, [])) {
      const header = readFrameHeader(frame);
      const next = this.#outbox.nextSequence(receiver, offset);
      this.#outbox.add(receiver, { ...next, kind: RecordKind.Frame, watermark: header.watermark, frame });
    }
  }

  /** The watermark that rows allow in the stream that they go into. */
  #timeIn(columns: ColumnRows, rows: Selection, { eventTimeColumn, outOfOrdernessMs }: SinkPlan): bigint {
    if (eventTimeColumn < 0) return noWatermark;
    const newest = newestTime(this.#kernel, columns, eventTimeColumn, rows);
    const allowed = newest - BigInt(outOfOrdernessMs);
    return allowed > noWatermark ? allowed : noWatermark;
  }

  /** Memory for `rows` rows: kept between batches of like size. */
  #routingFor(rows: number) {
    const rowsMax = this.#routing?.keys.rowsMax ?? 0;
    if (!this.#routing || rowsMax < rows || rowsMax > rowsKept + 16 * rows) {
      this.#releaseRouting();
      const room = Math.min(frameRowsMax, Math.max(rows, rowsKept));
      const keys = new KeyColumns(this.#kernel, room);
      this.#routing = {
        keys,
        router: new RowRouter(this.#kernel, room, shardByKeyGroup(this.#ranges), this.#ranges.length),
      };
    }
    return this.#routing;
  }
}

/** Rows for which memory is kept always. */
const rowsKept = 256;

const noBytes = new Uint8Array(0);
