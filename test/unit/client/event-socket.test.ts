import { expect, test } from "vitest";
import type { Socket } from "../../../src/client/connection.ts";
import { EventSocket, type EventSocketOptions } from "../../../src/client/event-socket.ts";
import type { SessionMessage } from "../../../src/protocol/session-messages.ts";

type Listener = (event: never) => void;

/** The server's end of a connection, by hand. */
class FakeSocket implements Socket {
  readonly query: Readonly<Record<string, string | number>>;
  readonly sent: string[] = [];
  closedWith: number | undefined;
  readonly #listeners: [string, Listener][] = [];

  constructor(query: Readonly<Record<string, string | number>>) {
    this.query = query;
  }

  send(message: string): void {
    this.sent.push(message);
  }

  close(code?: number): void {
    this.closedWith = code;
  }

  addEventListener(type: string, listener: Listener): void {
    this.#listeners.push([type, listener]);
  }

  say(message: SessionMessage): void {
    this.#emit("message", { data: JSON.stringify(message) });
  }

  ready(messages = 10, bytes = 1000): void {
    this.say({ type: "ready", credit: { messages, bytes } });
  }

  ack(message: number): void {
    this.say({ type: "ack", message, accepted: 1, duplicate: 0, rejected: 0, errors: [], token: {} });
  }

  end(code = 1006): void {
    this.#emit("close", { code, reason: "gone" });
  }

  #emit(type: string, event: unknown): void {
    for (const [name, listener] of this.#listeners) if (name === type) listener(event as never);
  }
}

function harnessOf(changes: Partial<EventSocketOptions> = {}) {
  const sockets: FakeSocket[] = [];
  const waited: number[] = [];
  const open = (query: Readonly<Record<string, string | number>>) => {
    sockets.push(new FakeSocket(query));
    return sockets.at(-1) as FakeSocket;
  };
  const wait = async (ms: number) => waited.push(ms);
  const socket = new EventSocket(open, { producer: "meter", sequence: 5, wait, ...changes });
  const latest = () => sockets.at(-1) as FakeSocket;
  const settle = async () => {
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  };
  return { socket, sockets, waited, latest, settle };
}

test("batches go out as far as the credit allows, and each is answered by its acknowledgement", async () => {
  const { socket, latest } = harnessOf();
  const answers = ["a", "b", "c"].map((text) => socket.send(text));
  expect(latest().sent).toEqual([]);
  latest().ready(2);
  expect(latest().sent).toEqual(["a", "b"]);
  latest().ack(1);
  expect(await answers[0]).toEqual({ accepted: 1, duplicate: 0, rejected: 0, errors: [], token: {} });
  expect(latest().sent).toEqual(["a", "b", "c"]);
});

test("bytes that are on their way are limited too", async () => {
  const { socket, latest } = harnessOf();
  latest().ready(10, 5);
  void socket.send("1234");
  void socket.send("56");
  expect(latest().sent).toEqual(["1234"]);
  latest().ack(1);
  expect(latest().sent).toEqual(["1234", "56"]);
});

test("what was not acknowledged is sent again under its sequence when a connection ended", async () => {
  const { socket, sockets, latest, waited, settle } = harnessOf();
  latest().ready();
  const answers = ["a", "b", "c"].map((text) => socket.send(text));
  latest().ack(1);
  latest().end();
  await settle();
  expect(sockets.map(({ query }) => query)).toEqual([
    { producer: "meter", sequence: 5 },
    { producer: "meter", sequence: 6 },
  ]);
  latest().ready();
  expect(latest().sent).toEqual(["b", "c"]);
  latest().ack(1);
  latest().ack(2);
  await expect(Promise.all(answers)).resolves.toHaveLength(3);
  expect(waited).toEqual([50]);
});

test("an error and a close are the end of one connection, not of two", async () => {
  const { sockets, latest, settle } = harnessOf();
  const first = latest();
  first.end();
  first.end();
  await settle();
  expect(sockets).toHaveLength(2);
  first.ready();
  expect(latest().sent).toEqual([]);
});

test("what the server cannot take in fails the batch and all behind it", async () => {
  const { socket, latest } = harnessOf();
  latest().ready();
  const answers = [socket.send("a"), socket.send("b")];
  latest().say({ type: "error", message: 1, code: "STREAM_ENDED", detail: "It was ended." });
  for (const answer of answers) await expect(answer).rejects.toThrow("STREAM_ENDED: It was ended.");
  await expect(socket.send("c")).rejects.toThrow("STREAM_ENDED");
});

test("a batch that no credit is enough for is refused", async () => {
  const { socket, latest } = harnessOf();
  latest().ready(10, 3);
  await expect(socket.send("1234")).rejects.toThrow("has 4 bytes, and the server takes 3");
});

test("connections that end in a row are given up after as many as were allowed", async () => {
  const { socket, latest, settle } = harnessOf({ attemptsMax: 2 });
  const answer = socket.send("a");
  latest().end();
  await settle();
  latest().end();
  await expect(answer).rejects.toThrow("ended 2 times in a row");
});

test("a socket that is closed gives up what is not acknowledged", async () => {
  const { socket, latest } = harnessOf();
  const answer = socket.send("a");
  socket.close();
  await expect(answer).rejects.toThrow("closed before");
  expect(latest().closedWith).toBe(1000);
});
