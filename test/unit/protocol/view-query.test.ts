import { expect, test } from "vitest";
import { readPageQuery, readViewQuery } from "../../../src/protocol/view-query.ts";

const read = (parameters: string) => readViewQuery(new URLSearchParams(parameters));

test("a query without parameters reads the newest hundred rows and waits for nothing", () => {
  expect(read("")).toEqual({
    key: undefined,
    windowFrom: undefined,
    windowTo: undefined,
    newestFirst: true,
    limit: 100,
    cursor: undefined,
    top: undefined,
    tokens: {},
    timeoutMs: 5000,
  });
});

test("times are read in every form that events may have", () => {
  for (const time of [
    "2001-01-31T12:30:00Z",
    "2001/01/31 12:30",
    "2001-01-31 12:30:00.000",
    "980944200000",
  ]) {
    expect(read(`from=${time}`).windowFrom).toBe(980_944_200_000);
  }
});

test("a token is read as the answer it came in, as its token, or in short", () => {
  const forms = ['{"accepted":1,"token":{"0":17,"1":4}}', '{"0":17,"1":4}', "0:17,1:4", " 0:17, 1:4 "];
  for (const token of forms) expect(read(`token=${token}`).tokens).toEqual({ "": { 0: 17, 1: 4 } });
});

test("tokens of streams that are named are read as answers by stream, or in short", () => {
  const forms = [
    '{"clicks":{"accepted":1,"token":{"0":17,"1":4}},"views":{"2":5}}',
    "clicks:0:17,views:2:5,clicks:1:4",
  ];
  const tokens = { clicks: { 0: 17, 1: 4 }, views: { 2: 5 } };
  for (const token of forms) expect(read(`token=${token}`).tokens).toEqual(tokens);
});

test("a top is read with its order, a key column by column", () => {
  expect(read("top=worst").top).toEqual({ output: "worst", ascending: false });
  expect(read("top=worst&order=asc").top).toEqual({ output: "worst", ascending: true });
  expect(read("key.origin=ATL&key.day=3").key).toEqual({ origin: "ATL", day: "3" });
});

test.each([
  ["limit=0", "limit: found"],
  ["token=[]", "token: found"],
  ['token={"0":-1}', "token: found"],
  ["token=clicks:17", "token: found"],
  ['token={"clicks":17}', "token: found"],
  ["timeout=1h", "timeout: found"],
  ["top=worst&cursor=x", "cursor: found"],
  ["from=5&to=5", "to: found"],
  ["order=asc", 'order: found "asc", expected it with top only'],
  ["limt=5", 'query: unknown field "limt"; did you mean "limit"'],
])("%s is refused", (parameters, words) => {
  expect(() => read(parameters)).toThrow(words);
});

test("letters have a limit and a cursor, and nothing else", () => {
  expect(readPageQuery(new URLSearchParams("limit=5&cursor=abc"))).toEqual({ limit: 5, cursor: "abc" });
  expect(() => readPageQuery(new URLSearchParams("top=x"))).toThrow("top");
});
