/** JSON as text against JSON.parse and JSON.stringify, and where it is read as Jackson reads it. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  isJsonArray,
  isJsonNumber,
  isJsonObject,
  type JsonNode,
} from "../../../../src/interpreter/json/json-node.ts";
import {
  parseJsonAt,
  parseJsonText,
  quoteJson,
  quoteJsonAscii,
  unescapeJson,
  writeJsonText,
} from "../../../../src/interpreter/json/json-text.ts";

/** The same as JavaScript has it. */
function plain(node: JsonNode | undefined): unknown {
  if (node === undefined || node === null || typeof node !== "object") return node;
  if (isJsonNumber(node)) return Number(node.number);
  if (isJsonArray(node)) return node.map(plain);
  return isJsonObject(node) ? Object.fromEntries([...node].map(([key, part]) => [key, plain(part)])) : node;
}

test("what JSON.stringify writes is read as JSON.parse does, and written again it is the same", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(undefined, 2, "\t"), (value, space) => {
      const text = JSON.stringify(value, undefined, space);
      const node = parseJsonText(text);
      expect(plain(node)).toEqual(JSON.parse(text));
      expect(parseJsonText(writeJsonText(node as JsonNode))).toEqual(node);
    }),
  );
});

test("strings are quoted and resolved like JSON.stringify's", () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.nat(0x7f), fc.nat(0xffff))).map((codes) => String.fromCharCode(...codes)),
      (text) => {
        expect(JSON.parse(quoteJson(text))).toBe(text);
        expect(unescapeJson(quoteJson(text).slice(1, -1))).toBe(text);
        expect(unescapeJson(quoteJsonAscii(text).slice(1, -1))).toBe(text);
      },
    ),
  );
});

describe("reading", () => {
  test.each([
    ["  1 2", "1"],
    ["{} and so on", "{}"],
    ['"a"b', '"a"'],
    ["true,", "true"],
    ['{"b":1,"a":2,"b":3}', '{"a":2,"b":3}'],
    ['["\\u0041\\/\\n"]', '["A/\\n"]'],
    ["\n\r\t null", "null"],
  ])("%s is %s", (text, json) => {
    expect(writeJsonText(parseJsonText(text) as JsonNode)).toBe(json);
  });

  test.each(
    [
      "",
      " ",
      "a",
      "{",
      "}",
      "[1,]",
      "[,1]",
      "[1 2]",
      '{"a"}',
      '{"a":}',
      "{a:1}",
      "{'a':1}",
      '"a',
      '"\\x"',
      '"\\u12"',
    ].concat([
      "01",
      "+1",
      "1.",
      ".5",
      "1e",
      "-",
      "1a",
      "truely",
      "nul",
      "NaN",
      '"a\nb"',
      '{"a":1,}',
      "\ufeff1",
      "\u00a01",
    ]),
  )("%j is no JSON", (text) => {
    expect(parseJsonText(text)).toBeUndefined();
  });

  test("too deep is no JSON", () => {
    expect(parseJsonText("[".repeat(1000) + "]".repeat(1000))).toBeDefined();
    expect(parseJsonText("[".repeat(1001) + "]".repeat(1001))).toBeUndefined();
    expect(parseJsonText("[".repeat(1_000_000))).toBeUndefined();
  });

  test("a number of too many digits is no JSON", () => {
    expect(parseJsonText("9".repeat(1000))).toBeDefined();
    expect(parseJsonText("9".repeat(1001))).toBeUndefined();
  });

  test("a value within text ends where it ends", () => {
    expect(parseJsonAt("x [1, 2]) y", 2)).toMatchObject({ end: 8 });
    expect(parseJsonAt("x", 1)).toBeUndefined();
  });
});

test.each([
  ["13.370", "13.370"],
  ["123456789.987654321", "123456789.987654321"],
  ["12345678901234567890123", "12345678901234567890123"],
  ["-0", "0"],
  ["-0.0", "0.0"],
  ["1e2", "1E+2"],
  ["1.50e2", "150"],
  ["1.5e+10", "1.5E+10"],
  ["0.000001", "0.000001"],
  ["0.0000001", "1E-7"],
  ["12e-9", "1.2E-8"],
  ["1e400", "1E+400"],
])("the number %s is written %s", (digits, text) => {
  expect(writeJsonText(parseJsonText(digits) as JsonNode)).toBe(text);
});

test("control characters and quotes are escaped; ASCII only also what is beyond", () => {
  expect(quoteJson('a"\\/\b\f\n\r\t\u001f\u007fé😀')).toBe('"a\\"\\\\/\\b\\f\\n\\r\\t\\u001F\u007fé😀"');
  expect(quoteJsonAscii('a"\\/\n\u001fé😀')).toBe('"a\\"\\\\\\/\\n\u001f\\u00e9\\ud83d\\ude00"');
});

test("keys are written in the order of their code units", () => {
  const keys = ["b", "a", "10", "9", "é", "\uffff", "😀", "B"];
  const node = new Map(keys.map((key): [string, JsonNode] => [key, null]));
  expect(Object.keys(JSON.parse(writeJsonText(node).replaceAll(/"(\d+)"/g, '"_$1"')))).toEqual([
    "_10",
    "_9",
    "B",
    "a",
    "b",
    "é",
    "😀",
    "\uffff",
  ]);
});
