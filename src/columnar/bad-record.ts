/**
 * A record that could not be taken in. It is not an exception: it is counted, answered for and kept.
 */

/** Why a record was rejected. The numbers lie in frames and logs: never reuse one. */
export const BadRecordReason = {
  NotJson: 1,
  NotUtf8: 2,
  NotAnObject: 3,
  WrongType: 4,
  OutOfRange: 5,
  MissingValue: 6,
  TooLong: 7,
  TooDeep: 8,
  NotCsv: 9,
  NotACloudEvent: 10,
} as const;

export type BadRecordReason = (typeof BadRecordReason)[keyof typeof BadRecordReason];

/**
 * One rejected record.
 *
 * `record` is its 1-based number in the request (for NDJSON: its line); `column` the 1-based character in
 * that record where the trouble was seen; `field` the schema column in question, where there is one;
 * `message` says what was found and what was expected; `bytes` is the record as it came, cut at
 * `rejectedBytesKept`.
 */
export interface BadRecord {
  readonly record: number;
  readonly column: number;
  readonly reason: BadRecordReason;
  readonly field: string | undefined;
  readonly message: string;
  readonly bytes: Uint8Array;
}

/**
 * Bytes of a rejected record that are kept; the rest of a longer one is cut off, and it cannot be replayed.
 * Records are rarely longer, and those of one part together are no more than its bytes.
 */
export const rejectedBytesKept = 64 * 1024;

/** Of a record that was rejected, what a stream logs that keeps none of them: that there was one. */
export function counted({ record, reason }: BadRecord): BadRecord {
  return { record, column: 0, reason, field: undefined, message: "", bytes: noBytes };
}

/** Whether nothing but that there was one is known of a rejected record. */
export function isCounted({ message, bytes }: BadRecord): boolean {
  return message === "" && bytes.length === 0;
}

const noBytes = new Uint8Array(0);
