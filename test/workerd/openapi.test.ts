/**
 * The API's description: every route is in it, it is whole, and it is served.
 */
import { exports } from "cloudflare:workers";
import { expect, test } from "vitest";
import { errorCodes } from "../../src/base/error-codes.ts";
import { app, resources } from "../../src/cloudflare/http/app.ts";
import { describeApi } from "../../src/cloudflare/http/describe-api.ts";
import { call } from "./api.ts";
import { expectDescribed } from "./described.ts";

const description = describeApi(resources);

test("every route that is served is described", () => {
  const described = Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const served = app.routes.map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, "{$1}")}`);
  expect(described.sort()).toEqual(served.sort());
  expect(described.length).toBeGreaterThan(25);
});

test("it is served as it is made", async () => {
  const answer = await call("GET", "/openapi.json");
  expect(answer).toMatchObject({ status: 200, body: { openapi: "3.1.0" } });
  expect(answer.body).toEqual(JSON.parse(JSON.stringify(description)));
});

test("what it refers to is in it, and names of operations are their own", () => {
  const text = JSON.stringify(description);
  const named = [...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name);
  expect(Object.keys(description.components.schemas)).toEqual(expect.arrayContaining(named));
  expect(named).toContain("StreamBody");
  const operations = Object.values(description.paths).flatMap((methods) => Object.values(methods));
  const ids = operations.map(({ operationId }) => operationId);
  expect(new Set(ids).size).toBe(ids.length);
});

test("a scope names parameters that its path has", () => {
  for (const { scope, path } of resources.flatMap(({ routes }) => routes)) {
    for (const each of [scope].flat()) {
      for (const [parameter] of each.matchAll(/\{\w+\}/g)) expect(path).toContain(parameter);
    }
  }
});

test("problems stand under the statuses of their codes, with the headers that these have", () => {
  const responses = description.paths["/v1/streams/{stream}/events"]?.post?.responses;
  expect(responses?.[429]).toMatchObject({
    description: expect.stringContaining(`\`BACKLOG_FULL\`: ${errorCodes.BACKLOG_FULL.help}`),
    headers: { "Retry-After": {} },
  });
  expect(responses?.[422]?.content).toHaveProperty(["application/problem+json"]);
});

test("the page shows every operation and needs nothing beside it", async () => {
  const response = await exports.default.fetch("http://localhost/docs");
  const page = await response.text();
  expect(response.headers.get("content-security-policy")).toContain("default-src 'none'");
  for (const methods of Object.values(description.paths)) {
    for (const { operationId } of Object.values(methods)) expect(page).toContain(`id="${operationId}"`);
  }
  expect(page).not.toMatch(/<script|<link|src=|https?:\/\/(?!schemas)/);
  expect(page).toContain("&quot;const&quot;: &quot;tumble&quot;");
});

test.each([
  ["a status", 418, "application/json", {}],
  ["a type", 200, "text/plain", {}],
  ["a field", 200, "application/json", { status: "ok", more: 1 }],
  ["a value", 200, "application/json", { status: "bad" }],
])("the tests' own check finds %s that is not described", (_what, status, type, body) => {
  const answer = { status, headers: new Headers({ "content-type": type }) };
  expect(() => expectDescribed("GET", "/v1/health", answer, body)).toThrow();
});
