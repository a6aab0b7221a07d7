import { expect, test } from "vitest";
import { accessCacheMs } from "../../../../src/base/limits.ts";
import { KnownTokens } from "../../../../src/host/access/known-tokens.ts";

const facts = { tokenId: "a", name: "a", scopes: ["admin"], hashes: [] } as const;

test("a token is remembered for its time, and no longer", () => {
  const known = new KnownTokens(2);
  known.learn("a", facts, 1000);
  expect(known.get("a", 1000 + accessCacheMs - 1)?.facts).toBe(facts);
  expect(known.get("a", 1000 + accessCacheMs)).toBeUndefined();
});

test("ids that nobody has are remembered, and displace no token however many come", () => {
  const known = new KnownTokens(2);
  known.learn("a", facts, 0);
  for (let id = 0; id < 100; id++) known.learn(`made up ${id}`, undefined, 0);
  expect(known.get("a", 0)?.facts).toBe(facts);
  expect(known.get("made up 99", 0)).toEqual({ facts: undefined, learnedAt: 0 });
  expect(known.get("made up 97", 0)).toBeUndefined();
});

test("an id that was unknown is a token once that is learned, and nothing once it is forgotten", () => {
  const known = new KnownTokens(2);
  known.learn("a", undefined, 0);
  known.learn("a", facts, 1);
  expect(known.get("a", 1)?.facts).toBe(facts);
  known.forget("a");
  expect(known.get("a", 1)).toBeUndefined();
});
