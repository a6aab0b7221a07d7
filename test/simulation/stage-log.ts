/**
 * All that came to a partition between stages, and how far its time was after each record.
 */
import type { Schema } from "../../src/columnar/schema.ts";
import { decodeBarrier } from "../../src/engine/log/barrier.ts";
import { RecordKind } from "../../src/engine/log/records.ts";
import { decodeRow, type StoredRecord } from "../../src/engine/log/row-codec.ts";
import { decodeNewChannel } from "../../src/engine/log/split-records.ts";
import type { Partition } from "../../src/engine/partition.ts";
import type { SqlStorage } from "../../src/engine/ports.ts";
import type { ColumnBatch } from "../../src/kernel/column-batch.ts";
import { FrameDecoder } from "../../src/kernel/frame-codec.ts";
import { releaseKernel } from "../support/kernels.ts";
import type { LoggedSplit, LogOfPartition } from "./histories.ts";
import { deletedLog } from "./kept-log.ts";
import type { JobRow } from "./logged-rows.ts";

export interface StageLog extends LogOfPartition<JobRow> {
  readonly watermarks: readonly number[];
}

/** `rowsOf` reads the rows of a frame. */
export function readStageLog(
  { identity }: Partition,
  storage: SqlStorage,
  rowsOf: (batch: ColumnBatch, schema: Schema) => JobRow[],
): StageLog {
  const decoder = new FrameDecoder(releaseKernel());
  const time = new ReferenceTime(identity.inputs ?? [], identity.idleTogether ?? []);
  const frames: JobRow[][] = [];
  const watermarks: number[] = [];
  const splits: LoggedSplit[] = [];
  const come = new Map<number, number>();
  for (const record of recordsOf(storage)) {
    time.apply(record);
    watermarks.push(Number(time.watermark));
    if (record.kind !== RecordKind.Frame) {
      frames.push([]);
      if (record.kind === RecordKind.Barrier) {
        const { savepoint, channels, split } = decodeBarrier(record.frame);
        come.set(savepoint, (come.get(savepoint) ?? 0) + 1);
        if (split && come.get(savepoint) === channels) splits.push({ ...split, frames: frames.length });
      }
      continue;
    }
    const frame = decoder.decode(record.frame, identity.schema, "all");
    frames.push(rowsOf(frame.batch, identity.schema));
    frame.release();
  }
  return { shard: identity.shard, keyGroups: identity.keyGroups, frames, watermarks, splits };
}

/** All records that the log of a partition ever had. */
export function recordsOf(storage: SqlStorage): StoredRecord[] {
  storage.run(deletedLog);
  const rows = storage.run(
    "SELECT offset, bytes FROM deleted_log UNION SELECT offset, bytes FROM log ORDER BY offset",
  );
  return rows.flatMap(([offset, bytes]) => decodeRow(Number(offset), bytes as Uint8Array).records);
}

/** The minimum over channels, as slow and plain as can be. */
class ReferenceTime {
  watermark = -(2n ** 63n);
  readonly #told: { [channel: string]: { watermark: bigint; isIdle: boolean } };

  readonly #together: ReadonlySet<string>;

  /** `together` are the generations whose channels are idle only where all of them are. */
  constructor(channels: readonly string[], together: readonly number[]) {
    this.#together = new Set(together.map(String));
    const nothing = () => ({ watermark: this.watermark, isIdle: false });
    this.#told = Object.fromEntries(channels.map((channel) => [channel, nothing()]));
  }

  apply({ kind, watermark, mark, frame }: StoredRecord): void {
    if (kind === RecordKind.Barrier || kind === RecordKind.Map) return;
    if (kind === RecordKind.Channel) {
      this.#told[decodeNewChannel(frame)] ??= {
        ...(this.#told[mark?.channel ?? ""] as { watermark: bigint; isIdle: boolean }),
      };
      return;
    }
    const told = mark && this.#told[mark.channel];
    if (told) {
      told.isIdle = kind === RecordKind.Tick;
      if (watermark > told.watermark) told.watermark = watermark;
    }
    const all = Object.values(this.#told);
    const generationOf = (channel: string) => channel.split(".")[0] ?? "";
    const entries = Object.entries(this.#told);
    const isAwaited = (generation: string) =>
      this.#together.has(generation) &&
      entries.some(([channel, { isIdle }]) => !isIdle && generationOf(channel) === generation);
    const awaited = entries.flatMap(([channel, each]) =>
      !each.isIdle || isAwaited(generationOf(channel)) ? [each] : [],
    );
    const counting = awaited.length > 0 ? awaited : all;
    const sorted = counting.map((each) => each.watermark).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    const combined = awaited.length === 0 ? sorted.at(-1) : sorted[0];
    for (const candidate of [combined, mark ? undefined : watermark]) {
      if (candidate !== undefined && candidate > this.watermark) this.watermark = candidate;
    }
  }
}
