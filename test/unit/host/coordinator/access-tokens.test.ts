import { expect, test } from "vitest";
import { accessTokensMax } from "../../../../src/base/limits.ts";
import { AccessTokens } from "../../../../src/host/coordinator/access-tokens.ts";
import { NodeStorage } from "../../../support/node-storage.ts";

const wish = { name: "sensors", scopes: ["ingest:clicks" as const] };

function set(sql = new NodeStorage()) {
  const clock = { time: 1_000, now: () => clock.time };
  return { sql, clock, tokens: new AccessTokens(sql, clock) };
}

test("a token is kept with its hash, and told without", async () => {
  const { sql, clock, tokens } = set();
  const made = await tokens.createAccessToken("1", "hash-1", { ...wish, expiresIn: 5000 });
  const told = {
    id: "1",
    ...wish,
    createdAt: "1970-01-01T00:00:01.000Z",
    expiresAt: "1970-01-01T00:00:06.000Z",
  };
  expect(made).toEqual({ ok: true, value: told });
  const again = new AccessTokens(sql, clock);
  expect(await again.accessTokens()).toEqual({ ok: true, value: [told] });
  expect(await again.accessFacts("1")).toMatchObject({
    value: { tokenId: "1", name: "sensors", expiresAt: 6000, hashes: [{ hash: "hash-1" }] },
  });
});

test("a rotated token keeps its id; the old secret is good for the grace, by default no longer", async () => {
  const { clock, tokens } = set();
  await tokens.createAccessToken("1", "old", wish);
  await tokens.rotateAccessToken("1", "new", { grace: 0 });
  expect(await tokens.accessFacts("1")).toMatchObject({ value: { hashes: [{ hash: "new" }] } });
  clock.time = 2_000;
  const rotated = await tokens.rotateAccessToken("1", "newest", { grace: 500, expiresIn: 9000 });
  expect(rotated).toMatchObject({
    value: { id: "1", previousValidUntil: "1970-01-01T00:00:02.500Z", expiresAt: "1970-01-01T00:00:11.000Z" },
  });
  const hashes = [{ hash: "newest" }, { hash: "new", until: 2500 }];
  expect(await tokens.accessFacts("1")).toMatchObject({ value: { hashes } });
  clock.time = 2_500;
  const later = await tokens.accessToken("1");
  expect(later).toMatchObject({ ok: true, value: { rotatedAt: "1970-01-01T00:00:02.000Z" } });
  expect(later).not.toHaveProperty("value.previousValidUntil");
});

test("a token that is deleted is gone, and one that is not there says so", async () => {
  const { tokens } = set();
  await tokens.createAccessToken("1", "hash", wish);
  expect(await tokens.deleteAccessToken("1")).toEqual({ ok: true, value: null });
  expect(await tokens.accessFacts("1")).toEqual({ ok: true, value: null });
  const calls = [
    tokens.accessToken("1"),
    tokens.deleteAccessToken("1"),
    tokens.rotateAccessToken("1", "h", { grace: 0 }),
  ];
  for (const call of calls)
    expect(await call).toMatchObject({ ok: false, error: { code: "TOKEN_NOT_FOUND" } });
});

test("there are no more tokens than the limit, which the error names", async () => {
  const { sql, tokens } = set();
  const many = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${accessTokensMax})
    INSERT INTO access_tokens (id, token) SELECT CAST(i AS TEXT), '{}' FROM n`;
  sql.run(many);
  const refused = await tokens.createAccessToken("more", "hash", wish);
  expect(refused).toMatchObject({ ok: false, error: { code: "LIMIT_REACHED" } });
  expect(refused).toHaveProperty("error.message", expect.stringContaining("accessTokensMax"));
});
