/**
 * What a partition's log holds and what an append is: types only; `partition-log.ts` does the work.
 *
 * The offset numbers records. It is the ack token, the sequence of what a record causes and the position of a
 * checkpoint: there are no other counters.
 */
import type { ErrorBody } from "../../base/errors.ts";

/** Who sent a frame, for deduplication. `part` numbers the parts of one request; `checksum` is over its request bytes. */
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
  /** The frame's bytes; empty for other kinds. */
  readonly frame: Uint8Array;
  /** Watermark after this record for kinds Watermark and Tick, ms; a frame's is in its header. */
  readonly watermark: bigint;
  /** Bytes that the record takes in the log. */
  readonly bytes: number;
}

export const minWatermark = -(2n ** 63n);
export const maxWatermark = 2n ** 63n - 1n;
