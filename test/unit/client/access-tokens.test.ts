import { expect, test } from "vitest";
import { MillraceClient } from "../../../src/client/client.ts";
import { fakeFetch } from "./fake-fetch.ts";

const url = "http://millrace.test/";

test("tokens are made, rotated, looked at and revoked by their addresses", async () => {
  const made = { id: "1", name: "a", scopes: ["admin"], createdAt: "now", token: "mr_1_x" };
  const { asked, fetch } = fakeFetch([
    { body: made },
    { body: made },
    { body: made },
    { body: { tokens: [made] } },
    {},
  ]);
  const { tokens } = new MillraceClient({ url, token: "root", fetch });
  expect(await tokens.create({ name: "a", scopes: ["admin"], expiresIn: "1d" })).toEqual(made);
  await tokens.rotate("1", { grace: "1h" });
  await tokens.get("1");
  expect(await tokens.list()).toEqual([made]);
  await tokens.delete("1");
  expect(asked.map(({ method, url: address, body }) => [method, new URL(address).pathname, body])).toEqual([
    ["POST", "/v1/tokens", '{"name":"a","scopes":["admin"],"expiresIn":"1d"}'],
    ["POST", "/v1/tokens/1/rotate", '{"grace":"1h"}'],
    ["GET", "/v1/tokens/1", undefined],
    ["GET", "/v1/tokens", undefined],
    ["DELETE", "/v1/tokens/1", undefined],
  ]);
});

test("the audit log is read to its end by following the cursor", async () => {
  const { asked, fetch } = fakeFetch([
    { body: { entries: [{ number: 2 }], cursor: "2" } },
    { body: { entries: [{ number: 1 }] } },
  ]);
  const { tokens } = new MillraceClient({ url, fetch });
  const numbers: number[] = [];
  for await (const { number } of tokens.audited()) numbers.push(number);
  expect(numbers).toEqual([2, 1]);
  expect(asked.map((request) => new URL(request.url).search)).toEqual([
    "?limit=1000",
    "?limit=1000&cursor=2",
  ]);
});
