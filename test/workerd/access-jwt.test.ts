/** JWTs of a trusted issuer: what is taken, and everything that must not be. */
import { evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { isolate } from "../../src/cloudflare/isolate.ts";
import { clicks, clicksBody, post } from "./api.ts";
import { hubOf, SocketReader, startCounts } from "./change-readers.ts";
import { asRoot, callDeployed, send } from "./deployed.ts";

const issuer = "https://issuer.example";
const audience = "millrace";
type Pair = Awaited<ReturnType<typeof generateKeyPair>>;
let [signing, other]: Pair[] = [];
let keys = "";
let otherKeys = "";

beforeAll(async () => {
  [signing, other] = await Promise.all([generateKeyPair("ES256"), generateKeyPair("ES256")]);
  keys = await keySetOf(signing, "first");
  otherKeys = await keySetOf(other, "second");
});

afterEach(() => {
  vi.unstubAllGlobals();
  isolate.jwtKeys = undefined;
});

async function keySetOf(pair: Pair | undefined, kid: string): Promise<string> {
  return JSON.stringify({
    keys: [{ ...(await exportJWK(pair?.publicKey as CryptoKey)), kid, alg: "ES256" }],
  });
}

const now = () => Math.floor(Date.now() / 1000);
const good = () => ({ iss: issuer, aud: audience, sub: "ann", exp: now() + 60, scope: "openid query:*" });

async function sign(payload: JWTPayload, { pair = signing, kid = "first" } = {}): Promise<string> {
  const key = pair?.privateKey as CryptoKey;
  return await new SignJWT(payload).setProtectedHeader({ alg: "ES256", kid }).sign(key);
}

function call(token: string, change: Record<string, string | undefined> = {}, path = "/v1/streams") {
  const variables = {
    ...{ MILLRACE_JWT_ISSUER: issuer, MILLRACE_JWT_AUDIENCE: audience, MILLRACE_JWT_KEYS: keys },
    ...change,
  };
  return callDeployed("GET", path, { token, variables });
}

test("a JWT of the issuer comes in with its scopes, and no others", async () => {
  const token = await sign(good());
  expect((await call(token)).status).toBe(200);
  expect((await call(token, {}, "/v1/views/absent")).status).toBe(404);
  const refused = await call(token, {}, "/v1/tokens");
  expect(refused).toMatchObject({ status: 403, body: { scopes: ["admin"] } });
  expect(refused.body.detail).toContain('"ann"');
});

test("clocks may differ by half a minute", async () => {
  expect((await call(await sign({ ...good(), exp: now() - 20 }))).status).toBe(200);
  expect((await call(await sign({ ...good(), nbf: now() + 20 }))).status).toBe(200);
});

test.each([
  ["another issuer", { iss: "https://evil.example" }, "iss"],
  ["another audience", { aud: "others" }, "aud"],
  ["no audience", { aud: undefined }, "aud"],
  ["an end that has passed", { exp: 1 }, "exp"],
  ["no end", { exp: undefined }, "exp"],
  ["a beginning that has not come", { nbf: 2 ** 40 }, "nbf"],
  ["no subject", { sub: undefined }, "sub"],
  ["an empty subject", { sub: "" }, "sub"],
])("a JWT with %s is refused, and the claim is named", async (_name, change, words) => {
  const payload = Object.entries({ ...good(), ...change }).filter(([, value]) => value !== undefined);
  const answer = await call(await sign(Object.fromEntries(payload) as JWTPayload));
  expect(answer).toMatchObject({ status: 401, body: { code: "UNAUTHORIZED" } });
  expect(answer.body.detail).toContain(words);
});

test("a JWT that another key signed, under a known name or its own, is refused", async () => {
  for (const kid of ["first", "second"]) {
    expect((await call(await sign(good(), { pair: other, kid }))).status).toBe(401);
  }
});

test("a JWT that was changed behind its signature is refused", async () => {
  const [header, , signature] = (await sign(good())).split(".");
  const payload = btoa(JSON.stringify({ ...good(), scope: "admin" })).replaceAll("=", "");
  expect((await call(`${header}.${payload}.${signature}`)).status).toBe(401);
});

test("a JWT without a signature, or with one by a shared secret, is refused", async () => {
  const encode = (value: unknown) => btoa(JSON.stringify(value)).replaceAll("=", "");
  expect((await call(`${encode({ alg: "none" })}.${encode(good())}.`)).status).toBe(401);
  const shared = new SignJWT(good()).setProtectedHeader({ alg: "HS256", kid: "first" });
  expect((await call(await shared.sign(new TextEncoder().encode(keys.padEnd(64))))).status).toBe(401);
});

test("where no issuer is trusted a JWT is a wrong token, and half a configuration is told", async () => {
  const token = await sign(good());
  const none = { MILLRACE_JWT_ISSUER: "", MILLRACE_JWT_AUDIENCE: "", MILLRACE_JWT_KEYS: "" };
  expect((await call(token, none)).status).toBe(401);
  const half = await call(token, { MILLRACE_JWT_AUDIENCE: undefined });
  expect(half).toMatchObject({ status: 503, body: { code: "KEYS_UNAVAILABLE" } });
  expect(half.body.detail).toContain("MILLRACE_JWT_AUDIENCE");
});

test("keys are read from their address once, and anew for one that is unknown, but not at will", async () => {
  let [served, fetched] = [keys, 0];
  vi.stubGlobal("fetch", async () => {
    fetched += 1;
    return new Response(served);
  });
  const address = { MILLRACE_JWT_KEYS: "https://issuer.example/keys" };
  for (const exp of [61, 62, 63]) {
    expect((await call(await sign({ ...good(), exp: now() + exp }), address)).status).toBe(200);
  }
  expect(fetched).toBe(1);
  served = otherKeys;
  const renewed = await sign(good(), { pair: other, kid: "second" });
  expect((await call(renewed, address)).status).toBe(401);
  expect(fetched).toBe(1);
  isolate.jwtKeys = isolate.jwtKeys && { ...isolate.jwtKeys, readAt: Date.now() - 31_000 };
  expect((await call(renewed, address)).status).toBe(200);
  expect(fetched).toBe(2);
});

test.each([
  ["does not answer", () => Promise.reject(new Error("no route"))],
  ["answers an error", async () => new Response("", { status: 500 })],
  ["answers no keys", async () => new Response("<html>")],
  ["answers without end", async () => new Response("[".repeat(70_000))],
])("an address that %s is told, and keys that were read before stay good", async (_name, answer) => {
  const address = { MILLRACE_JWT_KEYS: "https://issuer.example/keys" };
  vi.stubGlobal("fetch", answer);
  const refused = await call(await sign({ ...good(), jti: String(answer) }), address);
  expect(refused).toMatchObject({ status: 503, body: { code: "KEYS_UNAVAILABLE" } });
  expect(refused.headers.get("retry-after")).not.toBeNull();
  vi.stubGlobal("fetch", async () => new Response(keys));
  expect((await call(await sign({ ...good(), jti: `${answer} 1` }), address)).status).toBe(200);
  vi.stubGlobal("fetch", answer);
  isolate.jwtKeys = isolate.jwtKeys && { ...isolate.jwtKeys, readAt: 0 };
  expect((await call(await sign({ ...good(), jti: `${answer} 2` }), address)).status).toBe(200);
});

test("keys are not read over plain HTTP", async () => {
  const token = await sign({ ...good(), jti: "http" });
  const answer = await call(token, { MILLRACE_JWT_KEYS: "http://issuer.example" });
  expect(answer).toMatchObject({ status: 503 });
  expect(answer.body.detail).toContain("https://");
});

test("a subject is one producer's token whichever of its JWTs it bears", async () => {
  await asRoot("PUT", "/v1/streams/subjects", clicksBody());
  const variables = { MILLRACE_JWT_ISSUER: issuer, MILLRACE_JWT_AUDIENCE: audience, MILLRACE_JWT_KEYS: keys };
  const post = async (sub: string, exp: number) =>
    await callDeployed("POST", "/v1/streams/subjects/events", {
      token: await sign({ ...good(), sub, exp: now() + exp, scope: "ingest:subjects" }),
      headers: { "producer-id": "p", sequence: "1" },
      body: clicks([1000, "ann", 1]),
      variables,
    });
  expect(await post("ann", 60)).toMatchObject({ body: { accepted: 1 } });
  expect(await post("ann", 90)).toMatchObject({ body: { accepted: 0, duplicate: 1 } });
  expect(await post("bob", 60)).toMatchObject({ body: { accepted: 1, duplicate: 0 } });
});

test("a subscription that a JWT let in ends with it", async () => {
  await startCounts("borne", "borneCounts");
  const variables = { MILLRACE_JWT_ISSUER: issuer, MILLRACE_JWT_AUDIENCE: audience, MILLRACE_JWT_KEYS: keys };
  const follow = async (exp: number) => {
    const token = await sign({ ...good(), exp: now() + exp });
    const headers = { upgrade: "websocket" };
    const path = "/v1/views/borneCounts/changes";
    const { webSocket } = await send("GET", path, { token, headers, variables });
    if (!webSocket) throw new Error("no WebSocket");
    return new SocketReader(webSocket);
  };
  // Clocks may differ by 30 s: it is good for another 1 or 2.
  const [short, long] = [await follow(-28), await follow(60)];
  await post("borne", clicks([1, "ada", 5]));
  for (const socket of [short, long]) expect(await socket.changes(1)).toEqual([["+I", "ada", 1, 5]]);
  const hub = await hubOf("borneCounts");
  await new Promise((resolve) => setTimeout(resolve, 2_100));
  await evictDurableObject(hub);
  expect(await runDurableObjectAlarm(hub)).toBe(true);
  expect(await short.ended()).toMatchObject({ code: 4401, reason: expect.stringContaining("has expired") });
  await post("borne", clicks([2, "bob", 1]));
  expect(await long.changes(1)).toEqual([["+I", "bob", 1, 1]]);
  long.close();
});
