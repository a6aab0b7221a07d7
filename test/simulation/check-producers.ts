/**
 * What must be true of named producers in the logs of a stream's shards, told from the records alone.
 *
 * A shard's watermark is what its frames allow and the slowest producer that its log calls live: never more,
 * never less. No frame is taken in of a producer that is not registered. And no row is late of a producer
 * that sends in order: one is behind the watermark only where that had passed it before its producer was
 * registered.
 */
import { decodeBarrier } from "../../src/engine/log/barrier.ts";
import { channelTokenId } from "../../src/engine/log/channel-name.ts";
import { decodeProducerChanges, producerKey } from "../../src/engine/log/producer-changes.ts";
import { higherOf, lowerOf, minWatermark, RecordKind } from "../../src/engine/log/records.ts";
import type { StoredRecord } from "../../src/engine/log/row-codec.ts";
import type { PartitionIdentity } from "../../src/engine/partition-types.ts";
import { FrameDecoder, readFrameHeader } from "../../src/kernel/frame-codec.ts";
import { releaseKernel } from "../support/kernels.ts";
import { rowsOf } from "./logged-rows.ts";

/** The records of one shard. */
export interface ShardRecords {
  readonly identity: PartitionIdentity;
  readonly records: readonly StoredRecord[];
}

interface KnownProducer {
  watermark: bigint;
  isOpen: boolean;
  /** The shard's watermark when it was registered. */
  registeredAt: bigint;
}

/** `isOrderly`: producers send one request at a time, in order but for the stream's bound. */
export function checkProducers(shards: readonly ShardRecords[], isOrderly: boolean): string[] {
  const children = new Map<number, ShardTime>();
  const inOrder = [...shards].sort((first, second) => first.identity.shard - second.identity.shard);
  return inOrder.flatMap(({ identity, records }) => {
    const time = children.get(identity.shard) ?? new ShardTime(isOrderly);
    for (const record of records) {
      time.take(record, identity);
      const split = record.kind === RecordKind.Barrier ? decodeBarrier(record.frame).split : undefined;
      if (split) children.set(split.child, time.handover());
    }
    const left = time.isHeld ? ["rests with producers that are live for ever"] : [];
    return [...time.problems, ...left].map((text) => `shard ${identity.shard} of ${identity.stream} ${text}`);
  });
}

class ShardTime {
  readonly problems: string[] = [];
  readonly #isOrderly: boolean;
  readonly #live = new Map<string, KnownProducer>();
  /** What its frames allow. */
  #own = minWatermark;
  #watermark = minWatermark;
  /** What the records say. */
  #told = minWatermark;

  constructor(isOrderly: boolean) {
    this.#isOrderly = isOrderly;
  }

  get isHeld(): boolean {
    return this.#live.size > 0;
  }

  handover(): ShardTime {
    const time = new ShardTime(this.#isOrderly);
    for (const [key, known] of this.#live) time.#live.set(key, { ...known, isOpen: false });
    time.#own = this.#own;
    time.#watermark = this.#watermark;
    time.#told = this.#told;
    return time;
  }

  take(record: StoredRecord, identity: PartitionIdentity): void {
    if (record.kind === RecordKind.Frame) this.#takeFrame(record, identity);
    if (record.kind === RecordKind.Producers) this.#takeChanges(record);
    const allowed = [...this.#live.values()].map(({ watermark }) => watermark).reduce(lowerOf, this.#own);
    if (record.kind === RecordKind.Tick) {
      if (record.watermark > this.#watermark && this.#isBehind(record.watermark))
        this.problems.push(`is moved to ${record.watermark} by a tick, past the slowest producer`);
      this.#watermark = higherOf(this.#watermark, record.watermark);
    }
    // What moves it by hand asks nobody.
    const byHand = record.kind === RecordKind.Watermark ? record.watermark : minWatermark;
    this.#watermark = higherOf(this.#watermark, higherOf(allowed, byHand));
    this.#told = higherOf(this.#told, record.watermark);
    if (this.#told === this.#watermark) return;
    this.problems.push(
      `is at ${this.#told} behind offset ${record.offset}, its frames and producers allow ${this.#watermark}`,
    );
    this.#told = this.#watermark;
  }

  #isBehind(time: bigint): boolean {
    return [...this.#live.values()].some(({ watermark }) => watermark < time);
  }

  #takeFrame({ frame, stamp, offset }: StoredRecord, { schema, waitsForProducers }: PartitionIdentity): void {
    const { watermark } = readFrameHeader(frame);
    this.#own = higherOf(this.#own, watermark);
    // Whoever replays letters is known to no coordinator, and holds no time.
    if (!stamp || !waitsForProducers || stamp.tokenId === channelTokenId) return;
    const known = this.#live.get(producerKey(stamp));
    if (!known?.isOpen)
      this.problems.push(`took ${offset} in from ${stamp.producer}, which is not registered`);
    if (!known) return;
    if (this.#isOrderly && this.#watermark > known.registeredAt) {
      const decoded = new FrameDecoder(releaseKernel()).decode(frame, schema, "all");
      const late = rowsOf(decoded.batch, schema).filter(({ time }) => BigInt(time) < this.#watermark);
      decoded.release();
      for (const { id, time } of late)
        this.problems.push(
          `has row ${id} of ${stamp.producer} at ${time} late, its watermark is ${this.#watermark}`,
        );
    }
    known.watermark = higherOf(known.watermark, watermark);
  }

  #takeChanges({ frame }: StoredRecord): void {
    for (const change of decodeProducerChanges(frame)) {
      const key = producerKey(change);
      const known = this.#live.get(key) ?? { watermark: minWatermark, isOpen: false, registeredAt: 0n };
      this.#live.set(key, known);
      if (change.isForgotten) this.#live.delete(key);
      if (change.isForgotten && known.isOpen) this.problems.push(`forgets ${key}, which may still send`);
      if (change.isClosed) known.isOpen = false;
      if (change.watermark !== undefined) known.watermark = higherOf(known.watermark, change.watermark);
      if (change.registration === undefined) continue;
      known.isOpen = true;
      known.registeredAt = this.#watermark;
    }
  }
}
