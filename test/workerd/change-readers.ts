/** Subscribers to changes of a view, for tests inside workerd: over server-sent events and WebSockets. */
import { env, exports } from "cloudflare:workers";
import { expect } from "vitest";
import { coordinatorOf } from "../../src/cloudflare/coordinator-stub.ts";
import type { Environment } from "../../src/cloudflare/environment.ts";
import { hubName } from "../../src/host/subscriptions/hub-rpc.ts";
import type { ChangeMessage } from "../../src/protocol/changes.ts";
import { call, type Json } from "./api.ts";

export interface SeenEvent {
  readonly name: string;
  readonly id: string | undefined;
  readonly data: Json;
}

export function changesOf(path: string, headers: Record<string, string> = {}): Promise<Response> {
  return exports.default.fetch(`http://localhost/v1/views/${path}`, { headers });
}

/** Reads server-sent events one by one. */
export class EventReader {
  readonly #reader: ReadableStreamDefaultReader<string>;
  #text = "";
  /** As a browser keeps it. */
  lastEventId: string | undefined;

  constructor(response: Response) {
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    if (!response.body) throw new Error("an answer without a body");
    this.#reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  }

  static async open(path: string, headers: Record<string, string> = {}): Promise<EventReader> {
    return new EventReader(await changesOf(path, headers));
  }

  /** The next event; undefined at the end. */
  async next(): Promise<SeenEvent | undefined> {
    while (!this.#text.includes("\n\n")) {
      const { done, value } = await this.#reader.read();
      if (done) return undefined;
      this.#text += value;
    }
    const at = this.#text.indexOf("\n\n");
    const lines = this.#text.slice(0, at).split("\n");
    this.#text = this.#text.slice(at + 2);
    const field = (name: string) =>
      lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
    const id = field("id");
    if (id !== undefined) this.lastEventId = id;
    const data = field("data");
    return data === undefined
      ? await this.next()
      : { name: field("event") ?? "message", id, data: JSON.parse(data) };
  }

  /** The next changes, each as its kind and its values. */
  async changes(count: number): Promise<unknown[][]> {
    const changes: unknown[][] = [];
    while (changes.length < count) {
      const event = await this.next();
      if (event?.name !== "change") throw new Error(`found ${JSON.stringify(event)}, expected a change`);
      changes.push([event.data.kind, ...Object.values(event.data.row)]);
    }
    return changes;
  }

  async close(): Promise<void> {
    await this.#reader.cancel();
  }
}

/** A WebSocket that keeps what came. */
export class SocketReader {
  readonly messages: ChangeMessage[] = [];
  readonly texts: string[] = [];
  closed: { readonly code: number; readonly reason: string } | undefined;
  readonly #socket: WebSocket;
  #taken = 0;
  #wake = () => {};

  constructor(socket: WebSocket, acknowledges = true) {
    this.#socket = socket;
    socket.accept();
    socket.addEventListener("message", ({ data }) => {
      const text = String(data);
      this.texts.push(text);
      this.#wake();
      if (!text.startsWith("{")) return;
      const message = JSON.parse(text) as ChangeMessage;
      this.messages.push(message);
      if (acknowledges && message.ack) socket.send(JSON.stringify({ ack: message.message }));
      this.#wake();
    });
    socket.addEventListener("close", ({ code, reason }) => {
      this.closed = { code, reason };
      this.#wake();
    });
  }

  static async open(path: string, acknowledges = true): Promise<SocketReader> {
    const response = await changesOf(path, { upgrade: "websocket" });
    if (!response.webSocket) throw new Error(await response.text());
    return new SocketReader(response.webSocket, acknowledges);
  }

  send(text: string): void {
    this.#socket.send(text);
  }

  close(): void {
    this.#socket.close(1000, "done");
  }

  /** The next changes, each as its kind and its values. */
  async changes(count: number): Promise<unknown[][]> {
    const all = () => this.messages.flatMap(({ changes = [] }) => changes);
    await this.until(() => all().length >= this.#taken + count);
    const changes = all().slice(this.#taken, this.#taken + count);
    this.#taken += count;
    return changes.map(({ kind, row }) => [kind, ...Object.values(row)]);
  }

  /** Ids of all changes that came, and of their kinds and rows. */
  get seen(): { readonly id: string | undefined; readonly text: string }[] {
    return this.messages
      .flatMap(({ changes = [] }) => changes)
      .map(({ id, kind, row }) => ({ id, text: `${kind} ${JSON.stringify(row)}` }));
  }

  async until(isMet: () => boolean): Promise<void> {
    while (!isMet()) {
      if (this.closed) throw new Error(`closed: ${JSON.stringify(this.closed)}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async ended(): Promise<{ readonly code: number; readonly reason: string }> {
    while (!this.closed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.closed;
  }
}

/** The hub of a view, where it has but one. */
export async function hubOf(view: string): Promise<DurableObjectStub> {
  const environment = env as unknown as Environment;
  const facts = await coordinatorOf(environment).jobFacts(view);
  if (!facts.ok) throw new Error(facts.error.message);
  const { run, mapVersion } = facts.value;
  return environment.HUB.get(environment.HUB.idFromName(hubName(view, run, mapVersion, 0)));
}

/** A stream of clicks, and a view with clicks and amount per user that changes with every event. */
export async function startCounts(
  stream: string,
  view: string,
  shape: { readonly stream?: object; readonly job?: object } = {},
): Promise<void> {
  const columns = [
    { name: "time", type: "TIMESTAMP(3)" },
    { name: "user", type: "STRING" },
    { name: "amount", type: "INT" },
  ];
  const eventTime = { column: "time", outOfOrderness: "0s" };
  expect((await call("PUT", `/v1/streams/${stream}`, { columns, eventTime, ...shape.stream })).status).toBe(
    201,
  );
  const aggregates = { clicks: { function: "count" }, total: { function: "sum", argument: "amount" } };
  const job = { source: stream, key: ["user"], aggregates, ...shape.job };
  expect((await call("PUT", `/v1/jobs/${view}`, job)).status).toBe(201);
}
