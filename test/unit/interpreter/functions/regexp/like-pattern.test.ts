/** LIKE against a slow reference, and SIMILAR TO. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { compileLike, compileSimilar } from "../../../../../src/interpreter/functions/regexp/like-pattern.ts";

/** Tries every length for each %. */
function isLike(text: readonly string[], pattern: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return text.length === 0;
  if (first === "%") return isLike(text, rest) || (text.length > 0 && isLike(text.slice(1), pattern));
  const [character, ...others] = text;
  if (character === undefined) return false;
  const matches = first === "_" ? !/[\n\r\x85\u2028\u2029]/.test(character) : first === character;
  return matches && isLike(others, rest);
}

const letters = fc.constantFrom("a", "b", ".", "😀", "\n", "\\", "-");

test("LIKE is what trying everything finds", () => {
  const patterns = fc.array(fc.oneof(letters, fc.constantFrom("%", "_")), { maxLength: 7 });
  fc.assert(
    fc.property(fc.array(letters, { maxLength: 8 }), patterns, (text, pattern) => {
      expect(compileLike(pattern.join(""))(text.join(""))).toBe(isLike(text, pattern));
    }),
  );
});

test("an escape is for %, _ and itself", () => {
  expect(compileLike("a!%!_!!%", "!")("a%_!bc")).toBe(true);
  expect(compileLike("a!%", "!")("ab")).toBe(false);
  for (const [pattern, escaping] of [
    ["a!b", "!"],
    ["a!", "!"],
    ["a", "!!"],
    ["a", ""],
    ["a", "\0"],
  ] as const) {
    expect(() => compileLike(pattern, escaping)).toThrow(SyntaxError);
  }
});

test("many % cost no more than few", () => {
  expect(compileLike(`${"%a".repeat(40)}%b`)("a".repeat(20_000))).toBe(false);
});

test.each([
  ["abc", "a%", true],
  ["abc", "a__", true],
  ["abc", "(abc|x)", true],
  ["aab", "a+b", true],
  ["ab", "a[[:ALPHA:]]", true],
  ["a1", "a[[:alpha:]]", false],
  ["a-", "a[x-z-]", true],
  ["a$", "a$", true],
  ["a\\", "a\\", true],
  ["a\nb", "a%b", true],
])("%j SIMILAR TO %j is %j", (text, pattern, isSimilar) => {
  expect(compileSimilar(pattern)(text)).toBe(isSimilar);
});

test("what is special in SIMILAR TO is escaped", () => {
  expect(compileSimilar("a!%![!]!+", "!")("a%[]+")).toBe(true);
  for (const pattern of ["a!b", "a!", "a]", "a[", "a[(]", "a["]) {
    expect(() => compileSimilar(pattern, "!")).toThrow(SyntaxError);
  }
});
