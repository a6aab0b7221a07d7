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

/** One frame offered to a shard. */
export interface AppendRequest {
  /** Generation of the stream and version of the shard map by which the sender routed. */
  readonly generation: number;
  readonly mapVersion: number;
  /** Wall clock in ms after which the shard refuses the frame. */
  readonly deadline: number;
  /** Id of the access token, which is part of a producer's name. */
  readonly tokenId: string;
  readonly producer: ProducerPart | undefined;
  readonly frame: Uint8Array;
}

export type AppendResult =
  | { readonly status: "logged"; readonly offset: number }
  /** Accepted before; `offset` is where. */
  | { readonly status: "duplicate"; readonly offset: number }
  | { readonly status: "refused"; readonly error: ErrorBody };

/** Kinds of records. The numbers lie in logs: never reuse one. */
export const RecordKind = {
  /** A frame of rows; its watermark takes effect after them. */
  Frame: 1,
  /** A watermark set by hand; 2^63 - 1 ends the stream. */
  Watermark: 2,
  /** A watermark from the coordinator or from idleness: leaves the stream idle. */
  Tick: 3,
  /** The shard went idle. */
  Idle: 4,
} as const;

export type RecordKind = (typeof RecordKind)[keyof typeof RecordKind];

/** One record as tasks read it. `appendTime` in ms and `seed` are its only time and randomness. */
export interface LogRecord {
  readonly offset: number;
  readonly kind: RecordKind;
  readonly appendTime: number;
  readonly seed: bigint;
  /** The frame's bytes, a view of its log row: copy what is to outlive the turn. Empty for other kinds. */
  readonly frame: Uint8Array;
  /**
   * In ms. Kinds Watermark and Tick: the stream's after this record. Frame: its header's,
   * below `maxWatermark`. Idle: `minWatermark`.
   */
  readonly watermark: bigint;
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
