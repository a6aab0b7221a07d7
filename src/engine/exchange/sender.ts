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
import { RowRouter } from "../../kernel/routing.ts";
import type { Selection } from "../../kernel/selection.ts";
import { RecordKind } from "../log/records.ts";
import type { SendPlan } from "../plan/task-plan.ts";
import { shardByKeyGroup } from "../shard-map.ts";
import type { Outbox, ToldTime } from "./outbox.ts";

export class Sender {
  // Configuration.
  readonly #kernel: Kernel;
  readonly #plan: SendPlan;
  readonly #outbox: Outbox;
  readonly #schema: Schema;
  // Rebuilt on open.
  readonly #encoder: FrameEncoder;
  #routing: { readonly keys: KeyColumns; readonly router: RowRouter } | undefined;

  constructor(kernel: Kernel, plan: SendPlan, outbox: Outbox) {
    this.#kernel = kernel;
    this.#plan = plan;
    this.#outbox = outbox;
    this.#schema = { version: 1, columns: plan.columns };
    this.#encoder = new FrameEncoder(kernel, this.#schema);
  }

  /** Sends the selected rows that the record at `offset` brought, and the time that holds after it. */
  sendRows(input: ColumnRows, selection: Selection, offset: number, time: ToldTime): void {
    const batch = {
      rows: input.rows,
      columnPointer: (index: number) => input.columnPointer(this.#plan.columns[index]?.column ?? 0),
    };
    this.#route(input, selection).forEach((rows, receiver) => {
      if (rows.count > 0) this.#sendFrames(receiver, batch, rows, offset, time);
    });
    this.sendTime(offset, time);
  }

  /** Tells the time that holds after the record at `offset` to all who do not know it. */
  sendTime(offset: number, { watermark, isIdle }: ToldTime): void {
    for (let receiver = 0; receiver < this.#plan.to.partitions; receiver++) {
      const told = this.#outbox.toldTo(receiver);
      if (told.watermark >= watermark && told.isIdle === isIdle) continue;
      const kind = isIdle ? RecordKind.Tick : RecordKind.Watermark;
      const sequences = this.#outbox.nextSequence(receiver, offset);
      this.#outbox.add(receiver, { ...sequences, kind, watermark, frame: noBytes });
    }
  }

  release(): void {
    this.#routing?.keys.release();
    this.#routing?.router.release();
    this.#routing = undefined;
  }

  #sendFrames(receiver: number, batch: ColumnRows, rows: Selection, offset: number, time: ToldTime): void {
    const { sequence, previous } = this.#outbox.nextSequence(receiver, offset);
    const watermark = time.isIdle ? noWatermark : time.watermark;
    const label = { channel: 0n, sequence, previous, watermark, schemaVersion: this.#schema.version };
    for (const frame of this.#encoder.encode(label, batch, rows, [])) {
      const header = readFrameHeader(frame);
      const next = this.#outbox.nextSequence(receiver, offset);
      this.#outbox.add(receiver, { ...next, kind: RecordKind.Frame, watermark: header.watermark, frame });
    }
  }

  /** The rows of each receiver. */
  #route(input: ColumnRows, selection: Selection): Selection[] {
    const { partitions } = this.#plan.to;
    if (partitions === 1) return [selection];
    const { keys, router } = this.#routingFor(input.rows);
    keys.build(input, this.#plan.key, selection);
    return router.route(keys.hashes, selection, input.rows);
  }

  /** Memory for `rows` rows: kept between batches of like size. */
  #routingFor(rows: number) {
    const rowsMax = this.#routing?.keys.rowsMax ?? 0;
    if (!this.#routing || rowsMax < rows || rowsMax > rowsKept + 16 * rows) {
      this.release();
      const { partitions } = this.#plan.to;
      const room = Math.min(frameRowsMax, Math.max(rows, rowsKept));
      const keys = new KeyColumns(this.#kernel, room);
      this.#routing = {
        keys,
        router: new RowRouter(this.#kernel, room, shardByKeyGroup(partitions), partitions),
      };
    }
    return this.#routing;
  }
}

/** Rows for which memory is kept always. */
const rowsKept = 256;

const noBytes = new Uint8Array(0);
