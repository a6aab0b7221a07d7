/**
 * A subscription as server-sent events: `change` for each row with its kind, `snapshot` before and behind
 * rows of a snapshot, `error` as the last one where something is wrong.
 *
 * A message is acknowledged when the reader has room for it, so the hub sees how fast that reads. An id
 * stands on every event that a reader can go on from; where nothing came for long it comes alone.
 */
import { encodeUtf8 } from "../../base/utf8.ts";
import type { ChangeMessage } from "../../protocol/changes.ts";
import { deadlineAfter, type WallClock } from "../wall-clock.ts";

/** A comment is sent after so long without an event, or those between might take the connection for dead. */
const heartbeatMs = 15_000;

/** The socket from a hub. */
export interface HubConnection {
  onMessage(take: (text: string) => void): void;
  /** The other side has closed it. */
  onClose(take: () => void): void;
  send(text: string): void;
  close(): void;
}

export function toChangeEvents(connection: HubConnection, clock: WallClock): ReadableStream<Uint8Array> {
  const incoming = new Incoming(connection);
  return new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(encodeUtf8("retry: 1000\n\n")),
    pull: async (controller) => {
      const deadline = deadlineAfter(clock, heartbeatMs);
      await Promise.race([incoming.arrival(), deadline.passed]);
      deadline.cancel();
      const text = incoming.take();
      if (text !== "") controller.enqueue(encodeUtf8(text));
      else if (incoming.isClosed) controller.close();
      else controller.enqueue(encodeUtf8(": nothing new\n\n"));
    },
    cancel: () => connection.close(),
  });
}

/** Messages that nobody has taken yet. */
class Incoming {
  isClosed = false;
  readonly #connection: HubConnection;
  #messages: ChangeMessage[] = [];
  #arrived: (() => void) | undefined;

  constructor(connection: HubConnection) {
    this.#connection = connection;
    connection.onMessage((text) => {
      this.#messages.push(JSON.parse(text) as ChangeMessage);
      this.#arrived?.();
    });
    connection.onClose(() => {
      this.isClosed = true;
      this.#arrived?.();
    });
  }

  /** Resolves when there is something to take, or nothing more will come. */
  async arrival(): Promise<void> {
    if (this.#messages.length > 0 || this.isClosed) return;
    await new Promise<void>((resolve) => {
      this.#arrived = resolve;
    });
  }

  /** Takes all messages as text of events, and acknowledges them. */
  take(): string {
    const messages = this.#messages.splice(0);
    const last = messages.findLast(({ ack }) => ack);
    if (last && !this.isClosed) this.#connection.send(`{"ack":${last.message}}`);
    return messages.map(eventsOf).join("");
  }
}

function eventsOf({ changes = [], snapshot, id, error }: ChangeMessage): string {
  if (error) return event("error", error);
  if (snapshot) return event("snapshot", { state: snapshot }, id);
  if (id !== undefined) return `id: ${id}\n\n`;
  return changes.map(({ id: own, kind, row }) => event("change", { kind, row }, own)).join("");
}

function event(name: string, data: unknown, id?: string): string {
  return `event: ${name}\n${id === undefined ? "" : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`;
}
