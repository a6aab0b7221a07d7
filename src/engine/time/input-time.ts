/**
 * How far the time of a task's input is: of a shard its log's, of a partition between stages the minimum over
 * its channels.
 *
 * A channel not yet heard from holds the whole back. An idle one does not; where all are idle, the farthest
 * counts. Partitions of a stage between others become active one after the other, though by the same records:
 * as long as one of them is active, those that still seem idle are waited for. The watermark never goes back:
 * a channel that becomes active behind it holds it until it has caught up.
 */

import { generationOfChannel } from "../log/channel-name.ts";
import { higherOf, type LogRecord, lowerOf, maxWatermark, minWatermark, RecordKind } from "../log/records.ts";
import { decodeNewChannel } from "../log/split-records.ts";
import type { PartitionIdentity } from "../partition-types.ts";

/** What a checkpoint says of each channel heard from: watermark as text, and whether it is idle. */
export type StoredInputTime = Readonly<Record<string, readonly [watermark: string, isIdle: boolean]>>;

interface ChannelTime {
  readonly watermark: bigint;
  readonly isIdle: boolean;
}

const unheard = { watermark: minWatermark, isIdle: false } as const satisfies ChannelTime;

/** Name under which a log that no channel leads to keeps its own time. */
export const ownLog = "";

export class InputTime {
  readonly #channels = new Map<string, ChannelTime>();
  readonly #idleTogether: readonly number[];
  #watermark: bigint;
  #isIdle: boolean;

  /** `inputs` are the channels that lead here; undefined for a shard. */
  constructor(
    { inputs, idleTogether = [] }: Pick<PartitionIdentity, "inputs" | "idleTogether">,
    watermark: bigint,
    stored: StoredInputTime,
  ) {
    this.#idleTogether = idleTogether;
    // What was announced behind the first inputs was heard from: the channel that told of it gave it its
    // time.
    for (const channel of new Set([...(inputs ?? [ownLog]), ...Object.keys(stored)])) {
      const known = stored[channel];
      this.#channels.set(channel, known ? { watermark: BigInt(known[0]), isIdle: known[1] } : unheard);
    }
    this.#watermark = watermark;
    this.#isIdle = this.#isAllIdle();
  }

  /** In ms; `minWatermark` at first. */
  get watermark(): bigint {
    return this.#watermark;
  }

  /** True when nothing that leads here moves the time any more. */
  get isIdle(): boolean {
    return this.#isIdle;
  }

  get state(): StoredInputTime {
    const heard = [...this.#channels].filter(([, time]) => time !== unheard);
    return Object.fromEntries(
      heard.map(([name, { watermark, isIdle }]) => [name, [watermark.toString(), isIdle]]),
    );
  }

  /** Takes in what a record says of time; it holds after the record's rows. */
  apply(record: LogRecord): void {
    const { kind, watermark, mark, frame } = record;
    if (kind === RecordKind.Barrier || kind === RecordKind.Map) return;
    const name = mark?.channel ?? ownLog;
    if (kind === RecordKind.Channel) {
      this.#open(decodeNewChannel(frame), name);
      return;
    }
    const before = this.#channels.get(name);
    if (before) {
      this.#channels.set(name, {
        watermark: higherOf(watermark, before.watermark),
        isIdle: isIdleAfter(record, before.isIdle),
      });
      this.#combine();
    }
    // A tick of a partition between stages is its own: it stands for all of its idle channels.
    if (!mark && watermark > this.#watermark) this.#watermark = watermark;
  }

  /** Nothing that still comes moves the time: it is at its end. */
  end(): void {
    for (const [name, { isIdle }] of this.#channels) {
      this.#channels.set(name, { watermark: maxWatermark, isIdle });
    }
    this.#combine();
  }

  /** A partition that sent by `known` was split: what its new half sends begins where it stood itself. */
  #open(channel: string, known: string): void {
    const time = this.#channels.get(known) ?? unheard;
    if (!this.#channels.has(channel)) this.#channels.set(channel, { ...time });
  }

  #combine(): void {
    this.#isIdle = this.#isAllIdle();
    const combined = this.#isIdle ? this.#highest() : this.#lowestActive();
    if (combined > this.#watermark) this.#watermark = combined;
  }

  #highest(): bigint {
    let highest = minWatermark;
    for (const { watermark } of this.#channels.values()) highest = higherOf(highest, watermark);
    return highest;
  }

  /** Of the channels that are active, and those of partitions that become so with them. */
  #lowestActive(): bigint {
    const together = this.#idleTogether.filter((generation) => this.#isAnyActive(generation));
    let lowest = maxWatermark;
    for (const [name, { watermark, isIdle }] of this.#channels) {
      const isActive = !isIdle || (together.length > 0 && together.includes(generationOfChannel(name)));
      if (isActive) lowest = lowerOf(lowest, watermark);
    }
    return lowest;
  }

  #isAnyActive(generation: number): boolean {
    for (const [name, { isIdle }] of this.#channels) {
      if (!isIdle && generationOfChannel(name) === generation) return true;
    }
    return false;
  }

  #isAllIdle(): boolean {
    for (const { isIdle } of this.#channels.values()) if (!isIdle) return false;
    return true;
  }
}

/**
 * A watermark that was set by hand, or that producers allow, leaves a shard as it is; that of a channel comes
 * from an active sender.
 */
function isIdleAfter({ kind, mark }: LogRecord, wasIdle: boolean): boolean {
  if (kind === RecordKind.Watermark || kind === RecordKind.Producers) return wasIdle && !mark;
  return kind === RecordKind.Tick || kind === RecordKind.Idle;
}
