/**
 * What a server says on the WebSocket of a stream's events, each as one message of JSON.
 */
import type { IngestAnswer } from "./answers.ts";

/** The protocol that a WebSocket speaks; beside it a caller may offer its token. */
export const sessionProtocol = "millrace.events.v1";

/** In front of a token's base64url, among the protocols that are offered. */
export const tokenProtocol = "millrace.bearer.";

/** Messages count from 1 in each connection; `sequence` is there where a producer is named. */
interface Numbered {
  readonly message: number;
  readonly sequence?: number;
}

export interface SessionReady {
  readonly type: "ready";
  /** What may be sent without an acknowledgement. */
  readonly credit: { readonly messages: number; readonly bytes: number };
  /** That of the first message. */
  readonly sequence?: number;
}

/** The body of a message is durable. */
export interface SessionAck extends IngestAnswer, Numbered {
  readonly type: "ack";
}

/** It is tried again; the acknowledgement comes later. */
export interface SessionWait extends Numbered {
  readonly type: "wait";
  readonly code: string;
  readonly detail: string;
  readonly retryAfterMs: number;
}

/** It cannot be taken in, and nothing behind it was. The connection ends. */
export interface SessionError extends Numbered {
  readonly type: "error";
  readonly code: string;
  readonly detail: string;
}

export type SessionMessage = SessionReady | SessionAck | SessionWait | SessionError;
