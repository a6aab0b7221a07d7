/**
 * Events over a WebSocket, by the client and by hand.
 */
import { env, exports } from "cloudflare:workers";
import { expect, test } from "vitest";
import { MillraceClient } from "../../src/client/client.ts";
import type { Socket } from "../../src/client/connection.ts";
import worker from "../../src/cloudflare/worker.ts";
import { call, clicks, clicksBody, type Json } from "./api.ts";

const ctx = {
  waitUntil: () => {},
  passThroughOnException: () => {},
  props: {},
} as unknown as ExecutionContext;

async function upgrade(path: string, headers: Record<string, string> = {}): Promise<Response> {
  return await exports.default.fetch(`http://localhost${path}`, {
    headers: { upgrade: "websocket", ...headers },
  });
}

/** A connection by hand: what came, in order, and how it ended. */
async function connect(path: string) {
  const { webSocket, status } = await upgrade(path);
  if (!webSocket) throw new Error(`no WebSocket but ${status}`);
  const messages: Json[] = [];
  const waiting: ((message: Json) => void)[] = [];
  const ended = new Promise<{ code: number; reason: string }>((resolve) => {
    webSocket.addEventListener("close", ({ code, reason }) => resolve({ code, reason }));
  });
  webSocket.addEventListener("message", ({ data }) => {
    const message = JSON.parse(String(data));
    const next = waiting.shift();
    if (next) next(message);
    else messages.push(message);
  });
  webSocket.accept();
  const next = () =>
    new Promise<Json>((resolve) => (messages.length > 0 ? resolve(messages.shift()) : waiting.push(resolve)));
  return { webSocket, next, ended };
}

test("messages are acknowledged in order, with what was rejected, and again as duplicates", async () => {
  await call("PUT", "/v1/streams/socket", clicksBody());
  const path = "/v1/streams/socket/events?producer=meter&sequence=4";
  for (const [kind, accepted, duplicate] of [
    ["first", 2, 0],
    ["again", 0, 2],
  ] as const) {
    const { webSocket, next } = await connect(path);
    expect(await next(), kind).toMatchObject({ type: "ready", credit: { messages: 64 }, sequence: 4 });
    webSocket.send(`${clicks([1, "ann", 1], [2, "bob", 2])}\nno json`);
    webSocket.send(new TextEncoder().encode(clicks([3, "ann", 3])));
    expect(await next()).toMatchObject({
      ...{ type: "ack", message: 1, sequence: 4, accepted, duplicate, rejected: 1 },
      ...{ errors: [{ record: 3, reason: "NotJson" }], token: { 0: expect.any(Number) } },
    });
    expect(await next()).toMatchObject({ type: "ack", message: 2, sequence: 5, accepted: accepted / 2 });
    webSocket.close(1000);
  }
  expect(await call("GET", "/v1/streams/socket")).toMatchObject({ body: { rows: 3, rejected: 1 } });
});

test("a type says what every message is", async () => {
  await call("PUT", "/v1/streams/socket-csv", clicksBody());
  const { webSocket, next } = await connect("/v1/streams/socket-csv/events?type=text/csv");
  await next();
  webSocket.send("time,user\n1,ann\n2,bob\n");
  expect(await next()).toMatchObject({ type: "ack", message: 1, accepted: 2 });
});

test("what cannot be taken in ends it with the reason", async () => {
  await call("PUT", "/v1/streams/socket-ended", clicksBody());
  const { webSocket, next, ended } = await connect("/v1/streams/socket-ended/events");
  await next();
  await call("POST", "/v1/streams/socket-ended/watermark", { watermark: "max" });
  webSocket.send(clicks([1, "ann", 1]));
  expect(await next()).toMatchObject({ type: "error", message: 1, code: "STREAM_ENDED" });
  expect(await ended).toEqual({ code: 1008, reason: "STREAM_ENDED" });
});

test("who exceeds the credit is closed", async () => {
  await call("PUT", "/v1/streams/socket-credit", clicksBody());
  const { webSocket, next, ended } = await connect("/v1/streams/socket-credit/events");
  const { credit } = await next();
  for (let count = 0; count <= credit.messages + 40; count++) webSocket.send(clicks([count, "ann", 1]));
  expect(await ended).toMatchObject({ code: 1008, reason: expect.stringContaining("Credit exceeded") });
});

test.each([
  ["no upgrade", "/v1/streams/socket/events", { upgrade: "h2c" }, 426, "UPGRADE_REQUIRED"],
  ["no such stream", "/v1/streams/absent/events", {}, 404, "STREAM_NOT_FOUND"],
  ["a producer without a sequence", "/v1/streams/socket/events?producer=a", {}, 400, "QUERY_INVALID"],
  ["an unknown type", "/v1/streams/socket/events?type=a/b", {}, 415, "CONTENT_TYPE_UNSUPPORTED"],
])("%s is answered without a WebSocket", async (_what, path, headers, status, code) => {
  const response = await upgrade(path, headers);
  expect(response.status).toBe(status);
  expect(await response.json()).toMatchObject({ code });
});

test("a token may come as a protocol, and a wrong one is refused", async () => {
  await call("PUT", "/v1/streams/socket", clicksBody());
  const deployed = { ...env, MILLRACE_LOCAL: undefined, MILLRACE_TOKEN: "s3cret/with+all=kinds" };
  const open = (protocols: string) =>
    worker.fetch(
      new Request<unknown, IncomingRequestCfProperties>("http://localhost/v1/streams/socket/events", {
        headers: { upgrade: "websocket", "sec-websocket-protocol": protocols },
      }),
      deployed as never,
      ctx,
    );
  const digits = (text: string) => btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const good = await open(`millrace.events.v1, millrace.bearer.${digits(deployed.MILLRACE_TOKEN)}`);
  expect(good.status).toBe(101);
  expect(good.headers.get("sec-websocket-protocol")).toBe("millrace.events.v1");
  good.webSocket?.accept();
  good.webSocket?.close();
  for (const wrong of [digits("another"), "A", "@"]) {
    expect((await open(`millrace.events.v1, millrace.bearer.${wrong}`)).status).toBe(401);
  }
  expect((await open("millrace.events.v1")).status).toBe(401);
});

test("the client sends what was not acknowledged again, and all counts once", async () => {
  await call("PUT", "/v1/streams/socket-client", clicksBody());
  const opened: WebSocket[] = [];
  const client = new MillraceClient({
    url: "http://localhost",
    fetch: (url, parts) => exports.default.fetch(url, parts),
    openSocket: (url) => socketOf(url, opened),
  });
  const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  const socket = client.streams.open("socket-client", { producer: "meter", sequence: 1, wait });
  const answers = Array.from({ length: 100 }, async (_, index) => {
    const answer = await socket.send([{ time: index, user: "ann", amount: 1 }]);
    // Whatever is on its way then is lost with its connection.
    if (index % 30 === 10) opened.at(-1)?.close(4000);
    return answer;
  });
  const all = await Promise.all(answers);
  expect(all.every(({ accepted, duplicate }) => accepted + duplicate === 1)).toBe(true);
  expect(opened.length).toBeGreaterThan(1);
  expect(await call("GET", "/v1/streams/socket-client")).toMatchObject({ body: { rows: 100 } });
  socket.close();
}, 30_000);

/** A WebSocket of the tests' own worker; its protocols are tested by hand. */
function socketOf(url: string, opened: WebSocket[]): Socket {
  const listeners: [string, (event: never) => void][] = [];
  const emit = (type: string, event: unknown) => {
    for (const [name, listener] of listeners) if (name === type) listener(event as never);
  };
  let socket: WebSocket | undefined;
  void upgrade(url.replace(/^wss?:\/\/[^/]+/, "")).then(({ webSocket }) => {
    socket = webSocket ?? undefined;
    if (!socket) return emit("error", {});
    opened.push(socket);
    socket.addEventListener("message", (event) => emit("message", event));
    socket.addEventListener("close", (event) => emit("close", event));
    socket.accept();
  });
  return {
    send: (message) => socket?.send(message),
    close: (code, reason) => socket?.close(code, reason),
    addEventListener: (type: string, listener: (event: never) => void) => listeners.push([type, listener]),
  };
}
