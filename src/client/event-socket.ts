/**
 * Events over a WebSocket: as many on their way as the server gives credit for, each acknowledged.
 *
 * A connection that ends is opened again, and what was not acknowledged is sent again under its sequence, so
 * each batch counts once. The server acknowledges in order, so the unacknowledged are always the last ones.
 */
import type { IngestAnswer } from "../protocol/answers.ts";
import { type SessionMessage, sessionProtocol } from "../protocol/session-messages.ts";
import type { Socket } from "./connection.ts";
import { type EventsBody, ndjsonOf } from "./events-body.ts";

export interface EventSocketOptions {
  /** Names this producer; another program must not use it at the same time. */
  readonly producer: string;
  /** Of the first batch; after a restart, the first that may not have been acknowledged. */
  readonly sequence: number;
  /** Resolves after `ms`: before a connection that ended is opened again. */
  readonly wait: (ms: number) => Promise<unknown>;
  /** Called when a batch has to wait, or the connection ended. */
  readonly onWait?: (reason: string) => void;
  /** Connections in a row that end without an acknowledgement before all is given up; absent: no end. */
  readonly attemptsMax?: number;
}

interface Batch {
  readonly text: string;
  readonly bytes: number;
  readonly resolve: (answer: IngestAnswer) => void;
  readonly reject: (cause: Error) => void;
}

type Open = (query: Readonly<Record<string, string | number>>, protocol: string) => Socket;

const firstWaitMs = 50;
const longestWaitMs = 2000;

export class EventSocket {
  readonly #options: EventSocketOptions;
  readonly #open: Open;
  /** Not acknowledged, in order; the first `#sent` of them are on their way. */
  readonly #batches: Batch[] = [];
  #sent = 0;
  #sentBytes = 0;
  #firstSequence: number;
  #credit = { messages: 0, bytes: 0 };
  #attempts = 0;
  #socket: Socket | undefined;
  #failure: Error | undefined;

  constructor(open: Open, options: EventSocketOptions) {
    this.#open = open;
    this.#options = options;
    this.#firstSequence = options.sequence;
    this.#connect();
  }

  /** Sends a batch; the answer means that it is durable. Batches arrive in the order of the calls. */
  send(events: EventsBody): Promise<IngestAnswer> {
    const text = ndjsonOf(events);
    return new Promise((resolve, reject) => {
      if (this.#failure) return reject(this.#failure);
      this.#batches.push({ text, bytes: new TextEncoder().encode(text).length, resolve, reject });
      this.#sendMore();
    });
  }

  /** Ends the connection; what is not acknowledged is given up. */
  close(): void {
    this.#fail(new Error("The socket was closed before the batch was acknowledged."));
    this.#socket?.close(1000);
  }

  #connect(): void {
    const { producer } = this.#options;
    const socket = this.#open({ producer, sequence: this.#firstSequence }, sessionProtocol);
    this.#socket = socket;
    this.#credit = { messages: 0, bytes: 0 };
    this.#sent = 0;
    this.#sentBytes = 0;
    socket.addEventListener("message", ({ data }) => {
      if (socket === this.#socket) this.#take(JSON.parse(String(data)));
    });
    socket.addEventListener("close", ({ code, reason }) => this.#reconnect(socket, `${code} ${reason}`));
    socket.addEventListener("error", () => this.#reconnect(socket, "the connection failed"));
  }

  #take(message: SessionMessage): void {
    switch (message.type) {
      case "ready":
        this.#credit = message.credit;
        break;
      case "ack": {
        const batch = this.#batches.shift();
        this.#attempts = 0;
        this.#sent--;
        this.#sentBytes -= batch?.bytes ?? 0;
        this.#firstSequence++;
        const { type: _type, message: _message, sequence: _sequence, ...answer } = message;
        batch?.resolve(answer);
        break;
      }
      case "wait":
        this.#options.onWait?.(`${message.code}: ${message.detail}`);
        break;
      case "error":
        this.#fail(new Error(`${message.code}: ${message.detail}`));
    }
    this.#sendMore();
  }

  #sendMore(): void {
    while (!this.#failure && this.#sent < this.#batches.length) {
      const { text, bytes } = this.#batches[this.#sent] as Batch;
      const isWithin = this.#sent < this.#credit.messages && this.#sentBytes + bytes <= this.#credit.bytes;
      if (!isWithin) {
        // One that no credit will ever be enough for must not hold up those behind it in silence.
        if (this.#credit.messages > 0 && bytes > this.#credit.bytes) {
          this.#fail(new Error(`A batch has ${bytes} bytes, and the server takes ${this.#credit.bytes}.`));
        }
        return;
      }
      this.#sent++;
      this.#sentBytes += bytes;
      this.#socket?.send(text);
    }
  }

  async #reconnect(ended: Socket, reason: string): Promise<void> {
    if (ended !== this.#socket || this.#failure) return;
    this.#socket = undefined;
    this.#credit = { messages: 0, bytes: 0 };
    this.#attempts++;
    const { attemptsMax = Number.POSITIVE_INFINITY, onWait, wait } = this.#options;
    if (this.#attempts >= attemptsMax) {
      this.#fail(new Error(`The connection ended ${this.#attempts} times in a row: ${reason}.`));
      return;
    }
    onWait?.(`the connection ended: ${reason}`);
    await wait(Math.min(longestWaitMs, firstWaitMs * 2 ** (this.#attempts - 1)));
    if (!this.#failure) this.#connect();
  }

  #fail(failure: Error): void {
    this.#failure ??= failure;
    for (const { reject } of this.#batches.splice(0)) reject(this.#failure);
    this.#sent = 0;
  }
}
