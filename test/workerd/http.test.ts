/**
 * The rim: who is let in, what every error looks like, and what is told to a caller who got something wrong.
 */
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import worker from "../../src/cloudflare/worker.ts";
import { answerOf, call, clicksBody, ndjson, totalsBody } from "./api.ts";

const ctx = {
  waitUntil: () => {},
  passThroughOnException: () => {},
  props: {},
} as unknown as ExecutionContext;

/** Calls the Worker with variables of its own. */
async function callWith(variables: Record<string, string | undefined>, headers: Record<string, string> = {}) {
  const request = new Request<unknown, IncomingRequestCfProperties>("http://localhost/v1/streams", {
    headers,
  });
  return await answerOf(await worker.fetch(request, { ...env, ...variables } as never, ctx));
}

const deployed = { MILLRACE_LOCAL: undefined, MILLRACE_TOKEN: "s3cret-of-a-deployment" };

test("a deployed Worker without a token serves nobody and says what to do", async () => {
  const answer = await callWith({ ...deployed, MILLRACE_TOKEN: undefined });
  expect(answer.status).toBe(503);
  expect(answer.body).toMatchObject({
    code: "TOKEN_NOT_SET",
    help: expect.stringContaining("wrangler secret put"),
  });
});

test("an empty token is no token", async () => {
  const answer = await callWith({ ...deployed, MILLRACE_TOKEN: "" }, { authorization: "Bearer " });
  expect(answer.body).toMatchObject({ code: "TOKEN_NOT_SET" });
});

test.each([
  ["no token", {}, "no Authorization header"],
  ["a wrong one", { authorization: "Bearer s3cret-of-a-deploymenT" }, "not one that this Worker knows"],
  ["one that begins like it", { authorization: "Bearer s3cret" }, "not one that this Worker knows"],
  ["another scheme", { authorization: "Basic s3cret-of-a-deployment" }, "Bearer <token>"],
])("with a token set, %s is refused", async (_name, headers, words) => {
  const answer = await callWith(deployed, headers as Record<string, string>);
  expect(answer.status).toBe(401);
  expect(answer.headers.get("www-authenticate")).toBe("Bearer");
  expect(answer.body).toMatchObject({ code: "UNAUTHORIZED", detail: expect.stringContaining(words) });
});

test("the right token is served", async () => {
  const answer = await callWith(deployed, { authorization: `Bearer ${deployed.MILLRACE_TOKEN}` });
  expect(answer).toMatchObject({ status: 200, body: { streams: expect.any(Array) } });
});

test("a token that is set counts for a local start too", async () => {
  const answer = await callWith({ ...deployed, MILLRACE_LOCAL: "1" });
  expect(answer.status).toBe(401);
});

test("an unknown address is a problem document", async () => {
  const answer = await call("GET", "/v1/nothing");
  expect(answer.status).toBe(404);
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  expect(answer.body).toEqual({
    type: "urn:millrace:error:NOT_FOUND",
    title: "Not found",
    status: 404,
    code: "NOT_FOUND",
    detail: "There is no GET /v1/nothing.",
    instance: expect.stringMatching(/^urn:millrace:request:./),
    help: expect.any(String),
  });
});

test("a method that an address does not have is not found", async () => {
  expect(await call("DELETE", "/v1/health")).toMatchObject({ status: 404, body: { code: "NOT_FOUND" } });
  expect(await call("PUT", "/v1/streams/clicks/events", {})).toMatchObject({ status: 404 });
});

test.each([
  ["GET", "/v1/streams/absent", "STREAM_NOT_FOUND"],
  ["DELETE", "/v1/streams/absent", "STREAM_NOT_FOUND"],
  ["GET", "/v1/streams/absent/dead-letters", "STREAM_NOT_FOUND"],
  ["GET", "/v1/jobs/absent", "JOB_NOT_FOUND"],
  ["DELETE", "/v1/jobs/absent", "JOB_NOT_FOUND"],
  ["POST", "/v1/jobs/absent/pause", "JOB_NOT_FOUND"],
  ["POST", "/v1/jobs/absent/resume", "JOB_NOT_FOUND"],
  ["GET", "/v1/views/absent", "VIEW_NOT_FOUND"],
])("%s %s is %s", async (method, path, code) => {
  expect(await call(method, path)).toMatchObject({ status: 404, body: { code } });
});

test("events of a stream that is not there are refused", async () => {
  const answer = await call("POST", "/v1/streams/absent/events", "{}", ndjson);
  expect(answer).toMatchObject({ status: 404, body: { code: "STREAM_NOT_FOUND" } });
});

test("a wrong stream is refused with the place, what was found and what was expected", async () => {
  const body = clicksBody({ idle: "stop", shards: 0 });
  const answer = await call("PUT", "/v1/streams/wrong", body);
  expect(answer).toMatchObject({ status: 400, body: { code: "STREAM_INVALID" } });
  expect(answer.body.detail).toContain('idle: found "stop"');
  expect(answer.body.issues).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ path: "idle" }),
      expect.objectContaining({ path: "shards" }),
    ]),
  );
});

test("a wrong job is refused with the place", async () => {
  await call("PUT", "/v1/streams/rim", clicksBody());
  const unknown = await call("PUT", "/v1/jobs/wrong", totalsBody("rim", { windw: {} }));
  expect(unknown).toMatchObject({ status: 400, body: { code: "JOB_INVALID" } });
  expect(unknown.body.detail).toContain("windw");
  const noColumn = await call("PUT", "/v1/jobs/wrong", totalsBody("rim", { key: ["usr"] }));
  expect(noColumn.status).toBe(400);
  expect(noColumn.body.detail).toContain('"user"');
});

test("a name that could not stand in an address is refused", async () => {
  const answer = await call("PUT", "/v1/streams/1st%20stream", clicksBody());
  expect(answer).toMatchObject({ status: 400, body: { code: "STREAM_INVALID" } });
});

test.each([
  ["nothing", "", "found nothing"],
  ["no JSON", "{", "found no JSON"],
])("a definition that is %s is refused", async (_name, body, words) => {
  const answer = await call("PUT", "/v1/streams/wrong", body, { "content-type": "application/json" });
  expect(answer).toMatchObject({ status: 400, body: { code: "REQUEST_INVALID" } });
  expect(answer.body.detail).toContain(words);
});

test("a definition of more than a mebibyte is refused", async () => {
  const answer = await call("PUT", "/v1/streams/wrong", clicksBody({ comment: "x".repeat(1 << 20) }));
  expect(answer).toMatchObject({ status: 413, body: { code: "BODY_TOO_LARGE" } });
});
