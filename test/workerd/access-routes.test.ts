/** Every route, as the table of routes has it, with each kind of token that should and should not do. */

import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, expect, test } from "vitest";
import type { Environment } from "../../src/cloudflare/environment.ts";
import { resources } from "../../src/cloudflare/http/app.ts";
import { neededScopes, type RouteScope } from "../../src/cloudflare/http/with-caller.ts";
import { callDeployed, makeToken, rootToken, send } from "./deployed.ts";

const routes = resources.flatMap((resource) => resource.routes);
const closed = routes.filter(({ scope }) => scope !== "none").map(row);
const scoped = routes.filter(({ scope }) => scope !== "none" && scope !== "any").map(row);
const open = routes.filter(({ scope }) => scope === "none").map(row);

type Row = readonly [method: string, path: string, needed: readonly string[]];

function row({ method, path, scope }: (typeof routes)[number]): Row {
  const names = Object.fromEntries([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => [name, "absent"]));
  const address = path.replaceAll(/\{\w+\}/g, "absent");
  return [method.toUpperCase(), address, neededScopes(scope as RouteScope, names)];
}

const kept = {
  expired: "",
  revoked: "",
  nothing: "",
  everythingElse: new Map<string, string>(),
  right: new Map<string, string>(),
};

beforeAll(async () => {
  kept.nothing = (await makeToken(["query:other"])).token;
  const revoked = await makeToken(["admin"]);
  await callDeployed("DELETE", `/v1/tokens/${revoked.id}`, { token: rootToken });
  kept.revoked = revoked.token;
  const expired = await makeToken(["admin"], { expiresIn: "1h" });
  const { COORDINATOR: coordinator } = env as unknown as Environment;
  const stub = coordinator.get(coordinator.idFromName("coordinator"));
  await runInDurableObject(stub, (_, { storage }) => {
    const statement = "UPDATE access_tokens SET token = json_set(token, '$.expiresAt', 1) WHERE id = ?";
    storage.sql.exec(statement, expired.id);
  });
  kept.expired = expired.token;
  for (const [, , needed] of scoped) {
    const [first = ""] = needed;
    if (kept.right.has(first)) continue;
    kept.right.set(first, (await makeToken([first])).token);
    const others = ["ingest:*", "query:*", "metrics"].filter(
      (scope) => !needed.some((each) => each.startsWith(scope.replace("*", ""))),
    );
    kept.everythingElse.set(first, (await makeToken([...others, "query:other"])).token);
  }
});

test("no route is left out", () => {
  expect(closed.length + open.length).toBe(routes.length);
  expect(open.map(([method, path]) => `${method} ${path}`)).toEqual([
    ...["GET /v1/health", "GET /openapi.json", "GET /docs"],
  ]);
});

test.each(open)("%s %s is open to everybody", async (method, path) => {
  expect((await send(method, path)).status).toBe(200);
});

test.each(closed)("%s %s without a token is 401", async (method, path) => {
  const answer = await callDeployed(method, path);
  expect(answer).toMatchObject({ status: 401, body: { code: "UNAUTHORIZED" } });
  expect(answer.headers.get("www-authenticate")).toBe("Bearer");
});

test.each(closed)("%s %s with a token that is wrong, expired or revoked is 401", async (method, path) => {
  const secret = kept.nothing.slice(-43);
  const wrong = [
    ...["wrong", `${rootToken}x`, `mr_0123456789abcdef_${secret}`, `${kept.nothing.slice(0, -1)}~`],
    ...[`${kept.nothing.slice(0, 20)}${kept.expired.slice(20)}`, kept.expired, kept.revoked],
  ];
  for (const token of wrong) {
    expect(await callDeployed(method, path, { token })).toMatchObject({
      status: 401,
      body: { code: "UNAUTHORIZED" },
    });
  }
});

test.each(scoped)(
  "%s %s with all scopes but its own is 403, which names %j",
  async (method, path, needed) => {
    const token = kept.everythingElse.get(needed[0] ?? "");
    const answer = await callDeployed(method, path, { token });
    expect(answer).toMatchObject({ status: 403, body: { code: "FORBIDDEN", scopes: needed } });
    expect(answer.body.detail).toContain(needed.join(" or "));
  },
);

test.each(scoped)("%s %s with its own scope comes in", async (method, path, needed) => {
  for (const scope of needed) {
    const token = kept.right.get(scope) ?? (await makeToken([scope])).token;
    const { status } = await send(method, path, { token });
    expect([401, 403, 500]).not.toContain(status);
  }
});

test.each(closed)("%s %s with the administrator's token comes in", async (method, path) => {
  const { status } = await send(method, path, { token: rootToken });
  expect([401, 403, 500]).not.toContain(status);
});

test.each(closed.filter(([, , needed]) => needed.length === 0))(
  "%s %s takes any token",
  async (method, path) => {
    const { status } = await send(method, path, { token: kept.nothing });
    expect([401, 403, 500]).not.toContain(status);
  },
);
