/** What pages in a browser may do: those of allowed origins, and nothing with a server of this machine. */
import { expect, test } from "vitest";
import { clicksBody } from "./api.ts";
import { asRoot, callDeployed, rootToken, send } from "./deployed.ts";

const origin = "https://console.example";
const variables = { MILLRACE_CORS_ORIGINS: ` https://other.example, ${origin}` };
const asked = { "access-control-request-method": "PUT", "access-control-request-headers": "authorization" };

test("a preflight of an allowed origin is answered without a token", async () => {
  const answer = await send("OPTIONS", "/v1/streams/a", { headers: { origin, ...asked }, variables });
  expect(answer.status).toBe(204);
  expect(answer.headers.get("access-control-allow-origin")).toBe(origin);
  expect(answer.headers.get("access-control-allow-methods")).toContain("PUT");
  expect(answer.headers.get("access-control-allow-headers")).toContain("Authorization");
  expect(answer.headers.get("access-control-allow-headers")).toContain("Producer-Id");
});

test("a preflight of another origin allows nothing, nor does one where none is configured", async () => {
  const headers = { origin: "https://evil.example", ...asked };
  for (const of of [variables, { MILLRACE_CORS_ORIGINS: undefined }]) {
    const answer = await send("OPTIONS", "/v1/streams/a", { headers, variables: of });
    expect(answer.headers.get("access-control-allow-origin")).toBeNull();
  }
});

test("answers say that the origin may read them, errors and those of the hot route too", async () => {
  await asRoot("PUT", "/v1/streams/browsed", clicksBody());
  const calls = [
    send("GET", "/v1/streams", { token: rootToken, headers: { origin }, variables }),
    send("GET", "/v1/streams", { headers: { origin }, variables }),
    send("POST", "/v1/streams/browsed/events", {
      token: rootToken,
      body: "{}",
      headers: { origin },
      variables,
    }),
    send("POST", "/v1/streams/browsed/events", { body: "{}", headers: { origin }, variables }),
  ];
  const answers = await Promise.all(calls);
  expect(answers.map(({ status }) => status)).toEqual([200, 401, 200, 401]);
  for (const { headers } of answers) {
    expect(headers.get("access-control-allow-origin")).toBe(origin);
    expect(headers.get("access-control-expose-headers")).toContain("Retry-After");
    expect(headers.get("vary")).toContain("Origin");
  }
});

test("any origin may be allowed, and then none is named", async () => {
  const all = { MILLRACE_CORS_ORIGINS: "*" };
  const answer = await send("GET", "/v1/health", { headers: { origin }, variables: all });
  expect(answer.headers.get("access-control-allow-origin")).toBe("*");
  expect(answer.headers.get("access-control-allow-credentials")).toBeNull();
});

const local = { MILLRACE_LOCAL: "1", MILLRACE_TOKEN: undefined };

test.each([
  ["localhost", "http://localhost:8787"],
  ["a name below localhost", "http://millrace.localhost"],
  ["the address", "http://127.0.0.1:8787"],
  ["the address of version 6", "http://[::1]:8787"],
])("a server of this machine answers by %s", async (_name, url) => {
  const answer = await callDeployed("GET", "/v1/streams", { url, variables: local });
  expect(answer.status).toBe(200);
});

test.each([
  ["a name that somebody points here", "http://rebound.example:8787", {}, "Host"],
  ["a name that only begins so", "http://localhost.example", {}, "Host"],
  ["a page of another origin", "http://localhost:8787", { origin: "https://evil.example" }, "Origin"],
  ["a page that only ends so", "http://localhost:8787", { origin: "http://evillocalhost" }, "Origin"],
  ["a page without an origin", "http://localhost:8787", { origin: "null" }, "Origin"],
  [
    "a picture of another site",
    "http://localhost:8787",
    { "sec-fetch-site": "cross-site" },
    "Sec-Fetch-Site",
  ],
])("a server of this machine refuses %s", async (_name, url, headers, words) => {
  for (const path of ["/v1/streams/evil", "/v1/streams/evil/events"]) {
    const method = path.endsWith("events") ? "POST" : "PUT";
    const options = { url, headers: headers as Record<string, string>, body: {}, variables: local };
    const answer = await callDeployed(method, path, options);
    expect(answer).toMatchObject({ status: 403, body: { code: "ORIGIN_REFUSED" } });
    expect(answer.body.detail).toContain(words);
  }
});

test.each(["http://localhost:3000", origin])(
  "a server of this machine answers a page of %s",
  async (page) => {
    const answer = await callDeployed("GET", "/v1/streams", {
      url: "http://localhost:8787",
      headers: { origin: page },
      variables: { ...local, ...variables },
    });
    expect(answer.status).toBe(200);
  },
);
