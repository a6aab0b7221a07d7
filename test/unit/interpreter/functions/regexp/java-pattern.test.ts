/** Regular expressions of Java: results of Java 17. */
import { expect, test } from "vitest";
import {
  compileJavaPattern,
  JavaPattern,
} from "../../../../../src/interpreter/functions/regexp/java-pattern.ts";

test.each([
  ["(?i)abc", "aBC", ["aBC"]],
  ["(?i)ä", "Ä", []],
  ["(?iu)ä", "Ä", ["Ä"]],
  ["x(?i)a|b", "xA B", ["xA", "B"]],
  ["(a(?i)b)c", "aBC", []],
  ["(?i:ab)c", "ABc", ["ABc"]],
  ["a.b", "a\nb", []],
  ["a.b", "a\u0085b", []],
  ["(?s)a.b", "a\nb", ["a\nb"]],
  ["^a$", "b\na\nc", []],
  ["(?m)^a$", "b\na\r\nc", ["a"]],
  ["a$", "a\r\n", ["a"]],
  ["a\\Z", "a\n", ["a"]],
  ["a\\z", "a\n", []],
  ["(?x) a b # c", "ab", ["ab"]],
  ["[a-c&&[^b]]", "abc", ["a", "c"]],
  ["[a[bc]d]", "abcd", ["a", "b", "c", "d"]],
  ["[]a]", "]a", ["]", "a"]],
  ["[a-]", "-", ["-"]],
  ["[\\w&&[^\\d]]", "a1", ["a"]],
  ["[\\Q^-]\\E]", "^-]", ["^", "-", "]"]],
  ["\\bfoo\\b", "äfoo foo", ["foo"]],
  ["\\s", "\u00a0 ", [" "]],
  ["\\p{Alpha}\\p{Punct}", "äa!", ["a!"]],
  ["\\p{IsLatin}+", "aäΩ", ["aä"]],
  ["\\pL", "ä1", ["ä"]],
  ["\\P{javaLowerCase}", "aB", ["B"]],
  ["\\x41\\x{1F600}\\u0041\\0101\\t", "A😀AA\t", ["A😀AA\t"]],
  ["\\ud83d\\ude00", "😀", ["😀"]],
  ["\\Qa.b\\E+", "a.bb a.b axb", ["a.bb", "a.b"]],
  ["a*+a", "aaa", []],
  ["(?>a+)b", "aab", ["aab"]],
  ["(?<x>a)\\k<x>", "aa", ["aa"]],
  ["(a)(b)\\2\\1", "abba", ["abba"]],
  ["\\1a", "a", []],
  ["(?<=a)b(?!c)", "abc ab", ["b"]],
  ["a{1}{2}", "aa", ["a", "a"]],
  ["a}]", "a}]", ["a}]"]],
  ["[😀]", "a😀", ["😀"]],
])("%s finds in %j", (source, text, found) => {
  expect(Array.from(new JavaPattern(source).findAll(text), ({ groups }) => groups[0])).toEqual(found);
});

test.each([
  ..."( ) [a a** *a + a{ { a{,2} (?<1a>b) [b-a] \\ \\y (?q) \\p{Nothing} (?<n>a)(?<n>b) a\\Eb".split(" "),
  "\\k<n>",
  "a{3,2}",
  "[a-\\d]",
  "\\x4",
  "\\u00g0",
  "\\08",
])("%s is none", (source) => {
  expect(compileJavaPattern(source)).toBeUndefined();
});

test("groups have Java's numbers, and null where they took no part", () => {
  const pattern = new JavaPattern("(?<first>a)|(?>b)(c)++(?:d)");
  expect(pattern.groupCount).toBe(2);
  expect([...pattern.findAll("abcd")]).toEqual([
    { index: 0, groups: ["a", "a", null] },
    { index: 1, groups: ["bcd", null, "c"] },
  ]);
});

test.each([
  ["a,b,,", undefined, ["a", "b"]],
  [",a", undefined, ["", "a"]],
  ["a", undefined, ["a"]],
  ["", undefined, [""]],
  [",", undefined, []],
  ["a,b,c", 2, ["a", "b,c"]],
  ["a,", 2, ["a", ""]],
])("%j is split into %j parts at most: %j", (text, limit, parts) => {
  expect(new JavaPattern(",").split(text, limit)).toEqual(parts);
});

test("nothing between characters splits them", () => {
  expect(new JavaPattern("").split("abc")).toEqual(["a", "b", "c"]);
});

test("a whole text matches, or not", () => {
  const pattern = new JavaPattern("a|ab");
  expect(["a", "ab", "abc"].map((text) => pattern.matches(text))).toEqual([true, true, false]);
  expect(pattern.replaceAll("ab", () => "$&")).toBe("$&b");
});
