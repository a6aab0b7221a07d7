/**
 * Events that come message by message: each is a body, taken in one after the other and acknowledged in
 * order.
 *
 * What may be sent without an acknowledgement is limited by a credit that is told at the beginning, in
 * messages and in bytes. Where the shards are behind, an acknowledgement waits and the body is sent again:
 * nothing is dropped, and the credit stops the sender. Who exceeds it is closed.
 *
 *     ← { "type": "ready", "credit": { "messages": 64, "bytes": 8388608 }, "sequence": 17 }
 *     → {"user":"ann","amount":5}
 *     ← { "type": "ack", "message": 1, "sequence": 17, "accepted": 1, "duplicate": 0, … }
 *     ← { "type": "wait", "message": 2, "code": "BACKLOG_FULL", "detail": "…", "retryAfterMs": 1000 }
 *     ← { "type": "error", "message": 2, "code": "STREAM_ENDED", "detail": "…" } and it is closed
 */
import { errorCodes } from "../../base/error-codes.ts";
import { type ErrorBody, errorBodyOf } from "../../base/errors.ts";
import { sessionBytesMax, sessionMessagesMax } from "../../base/limits.ts";
import type { RpcResult } from "../../engine/partition-types.ts";
import type { IngestAnswer } from "../../protocol/answers.ts";
import type { SessionMessage } from "../../protocol/session-messages.ts";

/** Why a session is closed, as WebSocket has it (RFC 6455). */
export const SessionEnd = { Policy: 1008, Defect: 1011 } as const;

const retryAfterMs = 1000;

export interface SessionPorts {
  readonly ingest: (body: Uint8Array, sequence: number | undefined) => Promise<RpcResult<IngestAnswer>>;
  readonly send: (message: SessionMessage) => void;
  readonly close: (code: number, reason: string) => void;
  readonly wait: (ms: number) => Promise<unknown>;
}

export class IngestSession {
  readonly #ports: SessionPorts;
  readonly #firstSequence: number | undefined;
  #waiting: Uint8Array[] = [];
  #unacknowledgedBytes = 0;
  /** Messages that came, and that were acknowledged. */
  #received = 0;
  #acknowledged = 0;
  #isWorking = false;
  #isOver = false;

  /** `firstSequence`: that of the first message, where a producer is named. */
  constructor(ports: SessionPorts, firstSequence: number | undefined) {
    this.#ports = ports;
    this.#firstSequence = firstSequence;
  }

  /** Tells the credit. */
  open(): void {
    const credit = { messages: sessionMessagesMax, bytes: sessionBytesMax };
    this.#ports.send({ type: "ready", credit, ...this.#numbered(1) });
  }

  /** Takes a message; the promise ends when none is left to be taken in. */
  async receive(body: Uint8Array): Promise<void> {
    if (this.#isOver) return;
    this.#received++;
    this.#unacknowledgedBytes += body.length;
    const messages = this.#received - this.#acknowledged;
    if (messages > sessionMessagesMax || this.#unacknowledgedBytes > sessionBytesMax) {
      const found = `${messages} messages of ${this.#unacknowledgedBytes} bytes are not acknowledged`;
      this.#end(SessionEnd.Policy, `Credit exceeded: ${found}.`);
      return;
    }
    this.#waiting.push(body);
    if (this.#isWorking) return;
    this.#isWorking = true;
    for (let next = this.#waiting.shift(); next && !this.#isOver; next = this.#waiting.shift()) {
      await this.#takeIn(next);
    }
    this.#isWorking = false;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Ends it for a reason that has nothing to do with a message, unless that passes. */
  refuse(thrown: unknown): void {
    const { code, message: detail } = errorBodyOf(thrown);
    if (this.#isOver || errorCodes[code].retry === "backoff") return;
    const message = this.#acknowledged + 1;
    this.#ports.send({ type: "error", message, ...this.#numbered(message), code, detail });
    this.#end(SessionEnd.Policy, code);
  }

  /** The other side is gone: what was not taken in, it will send again. */
  abandon(): void {
    this.#isOver = true;
    this.#waiting = [];
  }

  async #takeIn(body: Uint8Array): Promise<void> {
    const message = this.#acknowledged + 1;
    const numbered = this.#numbered(message);
    while (!this.#isOver) {
      const result = await this.#ingest(body, numbered.sequence);
      if (this.#isOver) return;
      if (result.ok) {
        this.#acknowledged = message;
        this.#unacknowledgedBytes -= body.length;
        this.#ports.send({ type: "ack", message, ...numbered, ...result.value });
        return;
      }
      const { code, message: detail, details } = result.error;
      if (errorCodes[code].retry !== "backoff") {
        this.#ports.send({ type: "error", message, ...numbered, code, detail });
        this.#end(errorCodes[code].status < 500 ? SessionEnd.Policy : SessionEnd.Defect, code);
        return;
      }
      const asked = details?.retryAfterMs;
      const ms = typeof asked === "number" ? asked : retryAfterMs;
      this.#ports.send({ type: "wait", message, ...numbered, code, detail, retryAfterMs: ms });
      await this.#ports.wait(ms);
    }
  }

  async #ingest(body: Uint8Array, sequence: number | undefined): Promise<RpcResult<IngestAnswer>> {
    try {
      return await this.#ports.ingest(body, sequence);
    } catch (thrown) {
      return { ok: false, error: errorBodyOf(thrown) satisfies ErrorBody };
    }
  }

  #numbered(message: number): { sequence?: number } {
    return this.#firstSequence === undefined ? {} : { sequence: this.#firstSequence + message - 1 };
  }

  #end(code: number, reason: string): void {
    this.abandon();
    this.#ports.close(code, reason);
  }
}
