/** What a scope grants, held against a slow reading of it as a regular expression. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { isGranted, isScope, type Scope } from "../../../src/protocol/scopes.ts";

const name = fc.stringMatching(/^[a-c_.-]{1,4}$/);
const kind = fc.constantFrom("ingest", "query");
const pattern = fc.oneof(
  name,
  fc.stringMatching(/^[a-c_.-]{0,3}$/).map((prefix) => `${prefix}*`),
);
const granted = fc.oneof(
  fc.constantFrom<Scope>("admin", "metrics"),
  fc.tuple(kind, pattern).map(([verb, rest]) => `${verb}:${rest}` as Scope),
);
const needed = fc.oneof(
  fc.constantFrom<Scope>("admin", "metrics"),
  fc.tuple(kind, name).map(([verb, rest]) => `${verb}:${rest}` as Scope),
);

function isGrantedSlowly(scopes: readonly Scope[], wanted: Scope): boolean {
  for (const scope of scopes) {
    if (scope === "admin") return true;
    const escaped = scope.replaceAll(/[.-]/g, "\\$&").replaceAll("*", "[^]*");
    if (new RegExp(`^(?:${escaped})$`).test(wanted)) return true;
  }
  return false;
}

test("scopes grant what their patterns say, and admin everything", () => {
  fc.assert(
    fc.property(fc.array(granted, { maxLength: 4 }), needed, (scopes, wanted) => {
      expect(isGranted(scopes, wanted)).toBe(isGrantedSlowly(scopes, wanted));
    }),
    { numRuns: 2000 },
  );
});

test("more scopes never grant less, and their order means nothing", () => {
  fc.assert(
    fc.property(fc.array(granted, { maxLength: 4 }), granted, needed, (scopes, more, wanted) => {
      const all = isGranted([...scopes, more], wanted);
      expect(all).toBe(isGranted(scopes, wanted) || isGranted([more], wanted));
      expect(isGranted([more, ...scopes].reverse(), wanted)).toBe(all);
    }),
  );
});

test("nothing but admin grants admin", () => {
  fc.assert(
    fc.property(fc.array(granted, { maxLength: 6 }), (scopes) => {
      expect(isGranted(scopes, "admin")).toBe(scopes.includes("admin"));
    }),
  );
});

test("every scope that can be granted reads as one", () => {
  fc.assert(
    fc.property(granted, (scope) => {
      expect(isScope(scope)).toBe(true);
    }),
  );
});

test.each([
  "",
  "*",
  "admin:*",
  "ingest",
  "ingest:",
  "query:a*b",
  "query:**",
  "Admin",
  "query:a b",
  "write:a",
  "query:a\n",
])("%j is no scope", (text) => {
  expect(isScope(text)).toBe(false);
});
