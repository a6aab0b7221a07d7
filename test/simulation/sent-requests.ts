/**
 * What clients of a life send, and to which streams.
 */

/** The streams of a life; the second one has its event time under another name. */
export type StreamName = "events" | "others";

export interface SentRow {
  readonly id: number;
  readonly time: number;
  readonly user: string | null;
  readonly amount: number | null;
  readonly item: string | null;
}

/** A request as a client sent it, perhaps several times. */
export interface SentRequest {
  readonly stream: StreamName;
  readonly rows: readonly SentRow[];
  /** Text of records that fit no column; each is unlike all others. */
  readonly bad: readonly string[];
  readonly producer: { readonly id: string; readonly sequence: number } | undefined;
  isAcknowledged: boolean;
}
