/**
 * Connections that are open when the token ends that let them in: each is closed with the reason, no later
 * than a request is refused elsewhere.
 */

import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { accessCacheMs } from "../../src/base/limits.ts";
import { coordinatorOf } from "../../src/cloudflare/coordinator-stub.ts";
import type { Environment } from "../../src/cloudflare/environment.ts";
import { isolate } from "../../src/cloudflare/isolate.ts";
import { clicks, clicksBody } from "./api.ts";
import { EventReader, hubOf, SocketReader, startCounts } from "./change-readers.ts";
import { asRoot, makeToken, rootToken, send } from "./deployed.ts";

const upgrade = { upgrade: "websocket" };

async function socketOf(path: string, token: string): Promise<WebSocket> {
  const { webSocket, status } = await send("GET", path, { token, headers: upgrade });
  if (!webSocket) throw new Error(`no WebSocket but ${status}`);
  return webSocket;
}

async function follower(path: string, token: string): Promise<SocketReader> {
  return new SocketReader(await socketOf(`/v1/views/${path}`, token));
}

async function post(stream: string, ...rows: [number, string, number][]): Promise<void> {
  const answer = await send("POST", `/v1/streams/${stream}/events`, {
    token: rootToken,
    body: clicks(...rows),
  });
  expect(answer.status).toBe(200);
}

/** Messages of a session of events, and its end. */
async function sessionOf(stream: string, token: string) {
  const socket = await socketOf(`/v1/streams/${stream}/events`, token);
  const messages: { type: string; code?: string; retryAfterMs?: number }[] = [];
  let wake = () => {};
  socket.addEventListener("message", ({ data }) => {
    messages.push(JSON.parse(String(data)));
    wake();
  });
  const ended = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.addEventListener("close", ({ code, reason }) => resolve({ code, reason }));
  });
  socket.accept();
  const next = async () => {
    while (messages.length === 0) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return messages.shift();
  };
  expect(await next()).toMatchObject({ type: "ready" });
  return { socket, next, ended };
}

test.each(["revoked", "rotated"])(
  "subscribers with a token that was %s are closed, others stay",
  async (how) => {
    const view = `${how}Counts`;
    await startCounts(how, view);
    const [made, other] = [await makeToken(["query:*"]), await makeToken(["query:*"])];
    const one = await follower(`${view}/changes`, made.token);
    const keyed = await follower(`${view}/changes?key=ada`, made.token);
    const stays = await follower(`${view}/changes`, other.token);
    const root = await follower(`${view}/changes`, rootToken);
    const events = new EventReader(await send("GET", `/v1/views/${view}/changes`, { token: made.token }));
    await post(how, [1, "ada", 5]);
    for (const socket of [one, keyed, stays, root])
      expect(await socket.changes(1)).toEqual([["+I", "ada", 1, 5]]);
    expect(await events.changes(1)).toEqual([["+I", "ada", 1, 5]]);
    await evictDurableObject(await hubOf(view));
    await (how === "revoked"
      ? asRoot("DELETE", `/v1/tokens/${made.id}`)
      : asRoot("POST", `/v1/tokens/${made.id}/rotate`));
    const reason = expect.stringContaining("UNAUTHORIZED: The token was revoked");
    for (const socket of [one, keyed]) expect(await socket.ended()).toMatchObject({ code: 4401, reason });
    expect(one.messages.at(-1)?.error).toMatchObject({ code: "UNAUTHORIZED", status: 401 });
    expect(await events.next()).toMatchObject({ name: "error", data: { code: "UNAUTHORIZED" } });
    expect(await events.next()).toBeUndefined();
    await post(how, [2, "bob", 1]);
    for (const socket of [stays, root]) expect(await socket.changes(1)).toEqual([["+I", "bob", 1, 1]]);
    for (const socket of [stays, root]) socket.close();
  },
);

test("a subscriber whose token is rotated stays for the grace, and is closed behind it", async () => {
  await startCounts("graced", "gracedCounts");
  const made = await makeToken(["query:*"]);
  const old = await follower("gracedCounts/changes", made.token);
  const { token } = await asRoot("POST", `/v1/tokens/${made.id}/rotate`, { grace: "1s" });
  const renewed = await follower("gracedCounts/changes", token);
  const hub = await hubOf("gracedCounts");
  await post("graced", [1, "ada", 5]);
  for (const socket of [old, renewed]) expect(await socket.changes(1)).toHaveLength(1);
  const alarmAt = await runInDurableObject(hub, (_, { storage }) => storage.getAlarm());
  expect(Number(alarmAt) - Date.now()).toBeLessThanOrEqual(11_000);
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  await evictDurableObject(hub);
  expect(await runDurableObjectAlarm(hub)).toBe(true);
  expect(await old.ended()).toMatchObject({ code: 4401 });
  await post("graced", [2, "bob", 5]);
  expect(await renewed.changes(1)).toEqual([["+I", "bob", 1, 5]]);
  renewed.close();
});

test("a hub that a token's end did not reach finds out, and lets nobody in with it", async () => {
  await startCounts("missed", "missedCounts");
  const made = await makeToken(["query:*"]);
  const socket = await follower("missedCounts/changes", made.token);
  const known = isolate.knownTokens.get(made.id, Date.now());
  const coordinator = coordinatorOf(env as unknown as Environment);
  await runInDurableObject(coordinator as never, (_: unknown, { storage }: DurableObjectState) => {
    storage.sql.exec("DELETE FROM token_holders WHERE token = ?", made.id);
  });
  await asRoot("DELETE", `/v1/tokens/${made.id}`);
  isolate.knownTokens.learn(made.id, known?.facts, Date.now());
  const hub = await hubOf("missedCounts");
  await evictDurableObject(hub);
  const refused = await send("GET", "/v1/views/missedCounts/changes", {
    token: made.token,
    headers: upgrade,
  });
  expect(refused.status).toBe(401);
  expect(await runDurableObjectAlarm(hub)).toBe(true);
  expect(await socket.ended()).toMatchObject({ code: 4401 });
});

/** Has what is known of a token be old in a moment. */
async function age(id: string): Promise<void> {
  const facts = await coordinatorOf(env as unknown as Environment).accessFacts(id);
  if (!facts.ok || !facts.value) throw new Error(`there is no token ${id}`);
  isolate.knownTokens.learn(id, facts.value, Date.now() - accessCacheMs + 300);
}

test("a session of events ends with its token, though no message comes", async () => {
  await asRoot("PUT", "/v1/streams/sessions", clicksBody());
  const made = await makeToken(["ingest:sessions"]);
  await age(made.id);
  const session = await sessionOf("sessions", made.token);
  session.socket.send(clicks([1, "ada", 1]));
  expect(await session.next()).toMatchObject({ type: "ack", message: 1, accepted: 1 });
  await asRoot("DELETE", `/v1/tokens/${made.id}`);
  expect(await session.next()).toMatchObject({ type: "error", message: 2, code: "UNAUTHORIZED" });
  expect(await session.ended).toEqual({ code: 1008, reason: "UNAUTHORIZED" });
});

test("messages of a session count for its token's bytes a second, each once, and wait for them", async () => {
  await asRoot("PUT", "/v1/streams/counted", clicksBody());
  const { token } = await makeToken(["ingest:counted"], { rate: { bytesPerSecond: 500 } });
  const session = await sessionOf("counted", token);
  const body = clicks(...Array.from({ length: 20 }, (): [number, string, number] => [1000, "ann", 1]));
  session.socket.send(body);
  session.socket.send(clicks([1000, "bob", 1]));
  expect(await session.next()).toMatchObject({ type: "ack", message: 1, accepted: 20 });
  const wait = await session.next();
  expect(wait).toMatchObject({ type: "wait", message: 2, code: "RATE_EXCEEDED" });
  expect(Math.abs(Number(wait?.retryAfterMs) - (body.length - 500) * 2)).toBeLessThan(700);
  expect(await session.next()).toMatchObject({ type: "ack", message: 2, accepted: 1 });
  session.socket.close(1000);
});

test("changes of a query that never ends come no longer than its token is good", async () => {
  await asRoot("PUT", "/v1/streams/asked", clicksBody());
  const made = await makeToken(["admin"]);
  await age(made.id);
  const events = new EventReader(
    await send("POST", "/v1/sql", {
      token: made.token,
      body: { sql: "SELECT user, COUNT(*) AS n FROM asked GROUP BY user" },
      headers: { accept: "text/event-stream" },
    }),
  );
  expect(await events.next()).toMatchObject({ name: "answer" });
  await post("asked", [1, "ada", 5]);
  expect(await events.next()).toMatchObject({ name: "change" });
  await asRoot("DELETE", `/v1/tokens/${made.id}`);
  expect(await events.next()).toMatchObject({ name: "error", data: { code: "UNAUTHORIZED" } });
  expect(await events.next()).toBeUndefined();
});
