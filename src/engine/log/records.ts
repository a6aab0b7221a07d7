/**
 * What a partition's log holds and what an append is: types only; `partition-log.ts` does the work.
 *
 * The offset numbers records. It is the ack token, the sequence of what a record causes and the position of a
 * checkpoint: there are no other counters.
 */
import type { ErrorBody } from "../../base/errors.ts";

/**
 * Who sent a frame, for deduplication. `part` numbers the parts of one request; `checksum` is over its
 * request bytes.
 */
export interface ProducerPart {
  readonly producer: string;
  readonly sequence: number;
  readonly part: number;
  readonly checksum: bigint;
}

/**
 * Place of an output on its channel: the offset of the sender's record that caused it, and which part of that
 * record's output it is. Offset 0 is before every output.
 */
export interface ChannelSequence {
  readonly offset: number;
  readonly part: number;
}

/** Where a message stands on which channel. */
export interface ChannelMark {
  readonly channel: string;
  readonly sequence: ChannelSequence;
}

/**
 * What another partition sends besides a frame, or instead of one. `previous` is the message before it on the
 * channel: none may be missing between them.
 */
export interface ChannelLink extends ChannelMark {
  readonly previous: ChannelSequence;
  /** Kind of the record. Only a Frame has rows; the others say how far the sender's time is. */
  readonly kind: RecordKind;
  /** In ms; a Frame's is its header's. */
  readonly watermark: bigint;
}

/**
 * One frame offered to a partition, by a client through a worker or by another partition through a channel.
 */
export interface AppendRequest {
  /** Generation of the stream and version of the shard map by which the sender routed. */
  readonly generation: number;
  readonly mapVersion: number;
  /** Wall clock in ms after which the shard refuses the frame. */
  readonly deadline: number;
  /** The sender's wall clock, ms, of what has no deadline. */
  readonly sentAt?: number;
  /** Id of the access token, which is part of a producer's name. */
  readonly tokenId: string;
  readonly producer: ProducerPart | undefined;
  /** The producer's registration, where the stream's watermark waits for producers. */
  readonly registration?: number;
  /** Set on what another partition sends: it names no producer and has no deadline. */
  readonly link?: ChannelLink;
  /** Empty where a link only tells the time. */
  readonly frame: Uint8Array;
}

export type AppendResult =
  | { readonly status: "logged"; readonly offset: number }
  /** Accepted before; `offset` is where; of a frame of a channel, where the log ends. */
  | { readonly status: "duplicate"; readonly offset: number }
  | { readonly status: "refused"; readonly error: ErrorBody };

/** Kinds of records. The numbers lie in logs: never reuse one. */
export const RecordKind = {
  /** A frame of rows; its watermark takes effect after them. */
  Frame: 1,
  /** A watermark: set by hand (2^63 - 1 ends the stream), or of a channel whose sender is active. */
  Watermark: 2,
  /** A watermark that leaves the stream, or the channel, idle. */
  Tick: 3,
  /** The shard, or the sender of the channel, went idle. */
  Idle: 4,
  /** What lies before it, on its channel, belongs to a savepoint; its frame says to which (`barrier.ts`). */
  Barrier: 5,
  /** One more channel leads here from now on; its frame says which (`split-records.ts`). */
  Channel: 6,
  /** A partition of the next stage is split: what is caused from here on goes by the map in its frame. */
  Map: 7,
  /** Producers that the watermark waits for come, go or move on; see `producer-changes.ts`. */
  Producers: 8,
} as const;

export type RecordKind = (typeof RecordKind)[keyof typeof RecordKind];

/** One record as tasks read it. `appendTime` in ms and `seed` are its only time and randomness. */
export interface LogRecord {
  readonly offset: number;
  readonly kind: RecordKind;
  readonly appendTime: number;
  readonly seed: bigint;
  /**
   * The frame's bytes, or those of a barrier, channel, map or of producers, a view of its log row: copy what
   * is to outlive the turn. Empty for other kinds.
   */
  readonly frame: Uint8Array;
  /**
   * In ms. Kinds Watermark, Tick and Producers: the stream's after this record. Frame: its header's, below
   * `maxWatermark`, or what live producers allow of it. Idle: `minWatermark`.
   */
  readonly watermark: bigint;
  /** The channel that the record came by, and its place there. */
  readonly mark: ChannelMark | undefined;
  /** Bytes that the record takes in the log; its row's header counts with the row's first record. */
  readonly bytes: number;
}

/** What the log must know of a frame; `readFrame` of `PartitionLog.open` gives it. */
export interface FrameFacts {
  /** Event time in ms that holds after the frame's rows; `minWatermark` moves nothing. */
  readonly watermark: bigint;
  readonly rows: number;
  /** Records that were rejected on the way in and travel with the frame. */
  readonly rejected: number;
}

/** Sums over all that was ever logged, trimmed records included. */
export interface LogCounts {
  readonly frames: number;
  readonly rows: number;
  readonly rejected: number;
  /** Rows of frames that were answered as duplicates. */
  readonly duplicates: number;
  /** Bytes of log rows. */
  readonly bytes: number;
}

export const minWatermark = -(2n ** 63n);
export const maxWatermark = 2n ** 63n - 1n;

export function lowerOf(first: bigint, second: bigint): bigint {
  return first < second ? first : second;
}

export function higherOf(first: bigint, second: bigint): bigint {
  return first > second ? first : second;
}
