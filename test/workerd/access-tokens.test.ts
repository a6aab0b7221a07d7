/** Tokens from their making to their end, and the rates that they may have. */
import { expect, test } from "vitest";
import { isolate } from "../../src/cloudflare/isolate.ts";
import { clicks, clicksBody } from "./api.ts";
import { asRoot, callDeployed, makeToken, rootToken, send } from "./deployed.ts";

const streams = (token: string) => callDeployed("GET", "/v1/streams", { token });

test("a token is told once, is of the form that is documented, and works at once", async () => {
  const made = await makeToken(["query:*"], { name: "dashboards", expiresIn: "30d" });
  expect(made.token).toMatch(/^mr_[0-9a-f]{16}_[A-Za-z0-9_-]{43}$/);
  expect(made.token).toContain(`mr_${made.id}_`);
  expect((await streams(made.token)).status).toBe(200);
  const { tokens } = await asRoot("GET", "/v1/tokens");
  const { token: _, ...listed } = made;
  expect(tokens).toContainEqual(listed);
  expect(await asRoot("GET", `/v1/tokens/${made.id}`)).toEqual(listed);
  expect(JSON.stringify(tokens)).not.toContain(made.token.slice(-43));
});

test("an answer with a token is kept by nobody on the way", async () => {
  const body = { name: "cache", scopes: ["admin"] };
  const answer = await callDeployed("POST", "/v1/tokens", { token: rootToken, body });
  expect(answer).toMatchObject({ status: 201 });
  expect(answer.headers.get("cache-control")).toBe("no-store");
});

test.each([
  [{ scopes: ["admin"] }, "name"],
  [{ name: "a" }, "scopes"],
  [{ name: "a", scopes: [] }, "scopes"],
  [{ name: "a\nb", scopes: ["admin"] }, "name"],
  [{ name: "a", scopes: ["write:x"] }, 'scopes[0]: found "write:x", expected "admin"'],
  [{ name: "a", scopes: ["admin"], expiresIn: "1ms" }, "expiresIn"],
  [{ name: "a", scopes: ["admin"], rate: { requestsPerSecond: 0 } }, "rate.requestsPerSecond"],
  [{ name: "a", scopes: ["admin"], expires: "1h" }, 'unknown field "expires"'],
  [{ name: "a", scopes: Array.from({ length: 65 }, () => "admin") }, "scopes"],
])("the token %j is refused", async (body, words) => {
  const answer = await callDeployed("POST", "/v1/tokens", { token: rootToken, body });
  expect(answer).toMatchObject({ status: 400, body: { code: "TOKEN_INVALID" } });
  expect(answer.body.detail).toContain(words);
});

test("a revoked token is refused at once here, and elsewhere when what is known is old", async () => {
  const made = await makeToken(["query:*"]);
  expect((await streams(made.token)).status).toBe(200);
  const elsewhere = isolate.knownTokens.get(made.id, Date.now());
  await asRoot("DELETE", `/v1/tokens/${made.id}`);
  expect((await streams(made.token)).status).toBe(401);
  isolate.knownTokens.learn(made.id, elsewhere?.facts, Date.now());
  expect((await streams(made.token)).status).toBe(200);
  isolate.knownTokens.learn(made.id, elsewhere?.facts, Date.now() - 10_000);
  expect((await streams(made.token)).status).toBe(401);
});

test("a rotated token has a new text at once, and the old one for the grace that was named", async () => {
  const made = await makeToken(["query:*"]);
  const first = await asRoot("POST", `/v1/tokens/${made.id}/rotate`, { grace: "1h" });
  expect(first).toMatchObject({ id: made.id, name: made.name, previousValidUntil: expect.any(String) });
  expect(first.token).not.toBe(made.token);
  for (const token of [made.token, first.token]) expect((await streams(token)).status).toBe(200);
  const second = await asRoot("POST", `/v1/tokens/${made.id}/rotate`);
  for (const token of [made.token, first.token]) expect((await streams(token)).status).toBe(401);
  expect((await streams(second.token)).status).toBe(200);
});

test("a Worker that knows the old text of a rotated token learns the new one within a second", async () => {
  const made = await makeToken(["query:*"]);
  await streams(made.token);
  const old = isolate.knownTokens.get(made.id, Date.now());
  const { token } = await asRoot("POST", `/v1/tokens/${made.id}/rotate`);
  isolate.knownTokens.learn(made.id, old?.facts, Date.now() - 1_000);
  expect((await streams(token)).status).toBe(200);
});

test("a producer stays who it is when its token is rotated, and is another with another token", async () => {
  await asRoot("PUT", "/v1/streams/kept", clicksBody());
  const made = await makeToken(["ingest:kept"]);
  const other = await makeToken(["ingest:kept"]);
  const headers = { "producer-id": "p", sequence: "1" };
  const post = (token: string) =>
    callDeployed("POST", "/v1/streams/kept/events", { token, headers, body: clicks([1000, "ann", 1]) });
  expect(await post(made.token)).toMatchObject({ body: { accepted: 1 } });
  const { token } = await asRoot("POST", `/v1/tokens/${made.id}/rotate`);
  expect(await post(token)).toMatchObject({ body: { accepted: 0, duplicate: 1 } });
  expect(await post(other.token)).toMatchObject({ body: { accepted: 1, duplicate: 0 } });
});

test("lists have what the token may see", async () => {
  await asRoot("PUT", "/v1/streams/seen_a", clicksBody());
  await asRoot("PUT", "/v1/streams/unseen", clicksBody());
  const { token } = await makeToken(["ingest:seen_*"]);
  const { body } = await streams(token);
  expect(body.streams.map(({ stream }: { stream: string }) => stream)).toEqual(["seen_a"]);
  expect((await callDeployed("GET", "/v1/jobs", { token })).body).toEqual({ jobs: [] });
});

test("a token that sends too many requests is told to wait", async () => {
  const { token } = await makeToken(["query:*"], { rate: { requestsPerSecond: 0.05 } });
  expect((await streams(token)).status).toBe(200);
  const refused = await streams(token);
  expect(refused).toMatchObject({ status: 429, body: { code: "RATE_EXCEEDED" } });
  expect(refused.body.detail).toContain("0.05 requests a second");
  expect(Number(refused.headers.get("retry-after"))).toBeLessThanOrEqual(20);
});

test.each(["tells", "does not tell"])("bytes of bodies count where a request %s its length", async (how) => {
  await asRoot("PUT", "/v1/streams/rated", clicksBody());
  const { token } = await makeToken(["ingest:rated"], { rate: { bytesPerSecond: 100 } });
  const text = clicks(...Array.from({ length: 20 }, () => [1000, "ann", 1] as [number, string, number]));
  const body = how === "tells" ? text : new Blob([text]).stream();
  const headers: Record<string, string> = how === "tells" ? { "content-length": String(text.length) } : {};
  const first = await callDeployed("POST", "/v1/streams/rated/events", { token, body, headers });
  expect(first).toMatchObject({ status: 200, body: { accepted: 20 } });
  const refused = await callDeployed("POST", "/v1/streams/rated/events", { token, body: "{}" });
  expect(refused).toMatchObject({ status: 429, body: { code: "RATE_EXCEEDED" } });
  const wait = Number(refused.headers.get("retry-after"));
  expect(Math.abs(wait - (text.length - 100) / 100)).toBeLessThanOrEqual(1.5);
});

test("who sends many wrong tokens is told to wait, and right ones pass from there still", async () => {
  const headers = { "cf-connecting-ip": "192.0.2.1" };
  const { token } = await makeToken(["query:*"]);
  expect((await callDeployed("GET", "/v1/streams", { token, headers })).status).toBe(200);
  const statuses: number[] = [];
  for (let index = 0; index < 30; index++) {
    const wrong = `mr_${String(index).padStart(16, "0")}_${token.slice(-43)}`;
    statuses.push((await send("GET", "/v1/streams", { token: wrong, headers })).status);
  }
  expect(statuses.slice(0, 20)).toEqual(Array.from({ length: 20 }, () => 401));
  expect(statuses.at(-1)).toBe(429);
  for (const right of [token, rootToken]) {
    expect((await callDeployed("GET", "/v1/streams", { token: right, headers })).status).toBe(200);
  }
});

test("a token of absurd length is refused by its length", async () => {
  const answer = await streams("x".repeat(8193));
  expect(answer).toMatchObject({ status: 401 });
  expect(answer.body.detail).toContain("accessTextMax");
});
