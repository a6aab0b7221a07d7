/** Paths into JSON: what they lead to, and where they lead nowhere. */
import { describe, expect, test } from "vitest";
import type { JsonNode } from "../../../../src/interpreter/json/json-node.ts";
import type { JsonPath } from "../../../../src/interpreter/json/json-path.ts";
import { parseJsonText, writeJsonText } from "../../../../src/interpreter/json/json-text.ts";
import { parseJsonPath } from "../../../../src/interpreter/json/parse-json-path.ts";
import { readJsonPath } from "../../../../src/interpreter/json/read-json-path.ts";

const store = parseJsonText(`{
  "book": [
    {"title": "Sayings", "author": "Rees", "price": 8.95, "tags": ["old", "wise"]},
    {"title": "Sword", "author": "Waugh", "price": 12.99, "tags": []},
    {"title": "Moby", "author": "Melville", "price": 8.99, "isbn": "0-553", "note": null}
  ],
  "bicycle": {"color": "red", "price": 19.95},
  "my key": {"it's": 1, "dot.ted": 2},
  "numbers": [1, 2, 3.5, "4"],
  "limit": 10,
  "nothing": null
}`) as JsonNode;

/** JSON, or the problem. */
function read(path: string, isLax = false): string {
  const reading = readJsonPath(parseJsonPath(path) as JsonPath, store, isLax);
  return "node" in reading ? writeJsonText(reading.node) : `: ${reading.problem}`;
}

describe("definite paths lead to one value", () => {
  test.each([
    ["$.bicycle.color", '"red"'],
    ["bicycle.color", '"red"'],
    ["  $['bicycle'][ \"price\" ] ", "19.95"],
    ["$['my key']['it\\'s']", "1"],
    ["$['my key']['dot.ted']", "2"],
    ["$.['limit']", "10"],
    ["$.book[0].title", '"Sayings"'],
    ["$.book[-1].title", '"Moby"'],
    ["$.bicycle['color','weight']", '{"color":"red"}'],
    ["$.nothing", "null"],
    ["$.book.length()", "3"],
    ["$.bicycle.size()", "2"],
    ["$.bicycle.keys()", '["color","price"]'],
    ["$.numbers.sum()", "6.5"],
    ["$.numbers.max()", "3.5"],
    ["$.numbers.min()", "1.0"],
    ["$.numbers.sum($.limit, 3)", "19.5"],
    ["$.numbers.last()", '"4"'],
    ["$.numbers.index(1)", "2"],
    ["$.numbers.append(5)", '[1,2,3.5,"4",5]'],
    ["$..price.max()", "19.95"],
    ["$.numbers.avg()", "2.1666666666666665"],
    ["$..tags.length()", "2"],
  ])("%s leads to %s", (path, json) => {
    expect(read(path)).toBe(json);
  });
});

describe("others lead to a list", () => {
  test.each([
    ["$.book[*].title", '["Sayings","Sword","Moby"]'],
    ["$.book.*.isbn", '["0-553"]'],
    ["$.book[0,2,9].title", '["Sayings","Moby"]'],
    ["$.book[1:].title", '["Sword","Moby"]'],
    ["$.book[:1].title", '["Sayings"]'],
    ["$.book[:-1].title", '["Sayings","Sword"]'],
    ["$.book[-2:].title", '["Sword","Moby"]'],
    ["$.book[0:2].title", '["Sayings","Sword"]'],
    ["$.bicycle.*", '["red",19.95]'],
    ["$..price", "[8.95,12.99,8.99,19.95]"],
    ["$.book[*]['title','isbn']", '[{"title":"Sayings"},{"title":"Sword"},{"isbn":"0-553","title":"Moby"}]'],
    ["$..[0]", '[{"author":"Rees","price":8.95,"tags":["old","wise"],"title":"Sayings"},"old",1]'],
    ["$.book[9:]", "[]"],
    ["$..none", "[]"],
  ])("%s leads to %s", (path, json) => {
    expect(read(path)).toBe(json);
    expect(read(path, true)).toBe(json);
  });
});

describe("filters", () => {
  test.each([
    ["@.isbn", "Moby"],
    ["!@.isbn", "Sayings,Sword"],
    ["@.note", "Moby"],
    ["@.note == null", "Moby"],
    ["@.price < 9", "Sayings,Moby"],
    ["@.price < $.limit", "Sayings,Moby"],
    ["@.price<=8.950", "Sayings"],
    ["@.price >= 8.99 && @.price < 12.99", "Moby"],
    ["@.title == 'Sword' || @.isbn", "Sword,Moby"],
    ["(@.title == 'Sword' || @.isbn) && !(@.price > 10)", "Moby"],
    ['@.title != "Sword"', "Sayings,Moby"],
    ["@.isbn != 'x'", "Sayings,Sword,Moby"],
    ["@.price == '8.95'", "Sayings"],
    ["@.price === '8.95'", ""],
    ["@.price !== '8.95'", "Sayings,Sword,Moby"],
    ["@.author =~ /.*A.*/i", "Sword"],
    ["@.author =~ /Ree/", ""],
    ["@.tags =~ /w.*/", "Sayings"],
    ["@.author in ['Rees', 'Waugh']", "Sayings,Sword"],
    ["@.author nin ['Rees']", "Sword,Moby"],
    ["@.tags contains 'old'", "Sayings"],
    ["@.title contains 'o'", "Sword,Moby"],
    ["@.tags size 2", "Sayings"],
    ["@.tags empty true", "Sword"],
    ["@.tags empty false", "Sayings"],
    ["@.tags subsetof ['old', 'wise', 'new']", "Sayings,Sword"],
    ["@.tags anyof ['old']", "Sayings"],
    ["@.tags noneof ['old']", "Sword,Moby"],
    ["@.tags all ['old', 'wise']", "Sayings"],
    ["@.tags == [\"old\", 'wise']", "Sayings"],
    ["@.tags.length() == 0", "Sword"],
    ["@.author > 'N'", "Sayings,Sword"],
    ["@.tags[0]", "Sayings"],
  ])("[?(%s)] leaves %s", (filter, titles) => {
    const found = JSON.parse(read(`$.book[?(${filter})].title`)) as string[];
    expect(found.join(",")).toBe(titles);
  });

  test("a filter is of an object too, and of all below", () => {
    expect(read("$.bicycle[?(@.price > 10)].color")).toBe('["red"]');
    expect(read("$..[?(@.price > 10)].price")).toBe("[12.99,19.95]");
  });
});

describe("paths that lead nowhere", () => {
  test.each([
    ["$.none", "No results for path"],
    ["$.none.deeper", "there is no none"],
    ["$.limit.deeper", "expects an object"],
    ["$.nothing.deeper", "expects an object"],
    ["$.bicycle[0]", "expects an array"],
    ["$.book[9]", "No results"],
    ["$.limit[?(@.x)]", "expects an object or array"],
    ["$.bicycle.sum()", "of no numbers"],
    ["$.numbers.none()", "no function none()"],
    ["$.numbers.index(9)", "that is not there"],
  ])("%s has a problem where it is strict, and is null where it is lax", (path, problem) => {
    expect(read(path)).toContain(problem);
    expect(read(path, true)).toBe(path.includes("?") ? "[]" : "null");
  });
});

test.each(
  [
    "",
    " ",
    "$x",
    "$.",
    "$..",
    "$.a.",
    "$...a",
    "$.a b",
    "$[",
    "$[]",
    "$[a]",
    "$['a'",
    "$['a' 'b']",
    "$['a',]",
    "$[1",
    "$[:]",
  ].concat([
    "$[1,]",
    "$[*",
    "$[?(@.a]",
    "$[?(@.a == )]",
    "$[?(1)]",
    "$[?(@.a foo 1)]",
    "$[?(@.a =~ /(/)]",
    "$.a.sum(",
    "$[?(@.a == 1) x]",
  ]),
)("%j is no path", (path) => {
  expect(parseJsonPath(path)).toBeUndefined();
});

test.each(["!", "(", "$[?(", "@.f("])("a path with too many %s is none", (sign) => {
  expect(parseJsonPath(`$[?(${sign.repeat(50_000)}`)).toBeUndefined();
});

test("a filter may have a list of many values", () => {
  const path = parseJsonPath(`$.numbers[?(@ in [${"9, ".repeat(5000)}2])]`) as JsonPath;
  expect(readJsonPath(path, store, false)).toEqual({ node: [{ number: "2" }] });
});
