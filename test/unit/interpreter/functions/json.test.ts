/** JSON that is made, tested and quoted. */
import { describe, expect, test } from "vitest";
import { type Columns, evaluateSql } from "../../../support/sql-expression.ts";

const columns: Columns = {
  text: ["STRING", 'a"b'],
  none: ["STRING", null],
  json: ["STRING", ' {"b": [1, 2.50], "a": null} '],
  i: ["BIGINT", 9_007_199_254_740_993n],
  d: ["DECIMAL(10, 7)", 1n],
  f: ["FLOAT", Math.fround(1.1)],
  e: ["DOUBLE", 1e10],
  nan: ["DOUBLE", Number.NaN],
  t: ["TIMESTAMP(9)", 1_500_000_000n],
  z: ["TIMESTAMP_LTZ(3)", 0n],
  bytes: ["BYTES", Uint8Array.of(1, 2, 255)],
  a: ["ARRAY<STRING>", ["x", null]],
  m: [
    "MAP<STRING, INT>",
    [
      ["z", 1],
      ["y", null],
    ],
  ],
  r: ['ROW<b INT, `a"` ROW<c BOOLEAN>>', [1, [true]]],
  date: ["DATE", 0],
  byNumber: ["MAP<INT, INT>", []],
  nullKey: ["MAP<STRING, INT>", [[null, 1]]],
};

describe("values as JSON", () => {
  test.each([
    ["text", '"a\\"b"'],
    ["TRUE", "true"],
    ["i", "9007199254740993"],
    ["d", "1E-7"],
    ["CAST(d AS DECIMAL(10, 6))", "0.000000"],
    ["f", "1.100000023841858"],
    ["e", "1.0E+10"],
    ["nan", '"NaN"'],
    ["CAST(100 AS DOUBLE)", "100.0"],
    ["t", '"1970-01-01T00:00:01.5"'],
    ["z", '"1970-01-01T00:00:00Z"'],
    ["bytes", '"AQL/"'],
    ["a", '["x",null]'],
    ["m", '{"y":null,"z":1}'],
    ["r", '{"a\\"":{"c":true},"b":1}'],
    ["MULTISET['k', 'k']", '{"k":2}'],
    ["JSON_OBJECT('k' VALUE 1)", '{"k":1}'],
  ])("%s is %s", (sql, json) => {
    expect(evaluateSql(`JSON_STRING(${sql})`, columns).value).toBe(json);
  });

  test.each(["date", "byNumber", "ARRAY[date]", "ROW(1, TIME '00:00:00')"])(
    "%s has no form in JSON",
    (sql) => {
      expect(() => evaluateSql(`JSON_STRING(${sql})`, columns)).toThrow("no form in JSON");
    },
  );

  test("a key that is null has none either, which is known from the row only", () => {
    expect(() => evaluateSql("JSON_STRING(nullKey)", columns)).toThrow("a key that is null");
  });

  test("null is null", () => {
    expect(evaluateSql("JSON_STRING(none)", columns)).toEqual({ type: "STRING", value: null });
    expect(evaluateSql("JSON_STRING(1)").type).toBe("STRING NOT NULL");
  });
});

describe("objects and arrays", () => {
  test.each([
    ["JSON_OBJECT()", "{}"],
    ["JSON_OBJECT('b' VALUE 1, 'a' VALUE none)", '{"a":null,"b":1}'],
    ["JSON_OBJECT('b' VALUE 1, 'a' VALUE none ABSENT ON NULL)", '{"b":1}'],
    ["JSON_OBJECT('k' VALUE 1, 'k' VALUE 2)", '{"k":2}'],
    ["JSON_OBJECT('k' VALUE JSON_ARRAY(1, JSON_OBJECT('l' VALUE text)))", '{"k":[1,{"l":"a\\"b"}]}'],
    ["JSON_OBJECT('k' VALUE JSON(json))", '{"k":{"a":null,"b":[1,2.50]}}'],
    ["JSON_OBJECT('k' VALUE json)", '{"k":" {\\"b\\": [1, 2.50], \\"a\\": null} "}'],
    ["JSON_OBJECT('k' VALUE JSON(none))", '{"k":null}'],
    ["JSON_ARRAY()", "[]"],
    ["JSON_ARRAY(1, none, 'a')", '[1,"a"]'],
    ["JSON_ARRAY(1, none, 'a' NULL ON NULL)", '[1,null,"a"]'],
    ["JSON_ARRAY(NULL NULL ON NULL)", "[null]"],
    ["JSON_ARRAY(JSON(' '))", "[]"],
    ["JSON_ARRAY(JSON('[1'))", undefined],
  ])("%s is %s", (sql, json) => {
    if (json === undefined) expect(() => evaluateSql(sql, columns)).toThrow("this is none: [1");
    else expect(evaluateSql(sql, columns)).toEqual({ type: "STRING NOT NULL", value: json });
  });

  test.each([
    ["JSON(json)", "within JSON_OBJECT and JSON_ARRAY only"],
    ["UPPER(JSON(json))", "within JSON_OBJECT and JSON_ARRAY only"],
    ["JSON_OBJECT(JSON(json) VALUE 1)", "texts that are not null"],
    ["JSON_OBJECT(none VALUE 1)", "texts that are not null"],
    ["JSON_OBJECT(1 VALUE 1)", "texts that are not null"],
    ["JSON_ARRAY(date)", "no form in JSON"],
  ])("%s is refused", (sql, message) => {
    expect(() => evaluateSql(sql, columns)).toThrow(message);
  });
});

test.each([
  ['{"a":1}', [true, false, false, true]],
  ["[]", [true, false, true, false]],
  ["1.5", [true, true, false, false]],
  ["null", [true, true, false, false]],
  ["{} x", [true, false, false, true]],
  ["{", [false, false, false, false]],
  ["", [false, false, false, false]],
] as const)("%j IS JSON, a SCALAR, an ARRAY, an OBJECT: %j", (text, answers) => {
  for (const [index, kind] of ["VALUE", "SCALAR", "ARRAY", "OBJECT"].entries()) {
    const given: Columns = { t: ["STRING NOT NULL", text] };
    const answer = answers[index];
    expect(evaluateSql(`t IS JSON ${kind}`, given)).toEqual({ type: "BOOLEAN NOT NULL", value: answer });
    expect(evaluateSql(`t IS NOT JSON ${kind}`, given).value).toBe(!answer);
  }
});

test.each(["none IS JSON", "none IS NOT JSON OBJECT"])("%s is null where the text is", (sql) => {
  expect(evaluateSql(sql, columns)).toEqual({ type: "BOOLEAN", value: null });
});

test.each([
  ["abc", '"abc"'],
  ["a/b≠", '"a\\/b\\u2260"'],
  ["", '""'],
])("JSON_QUOTE of %j is %s, and JSON_UNQUOTE of that is the same", (text, quoted) => {
  const given: Columns = { t: ["STRING NOT NULL", text], q: ["STRING NOT NULL", quoted] };
  expect(evaluateSql("JSON_QUOTE(t)", given)).toEqual({ type: "STRING NOT NULL", value: quoted });
  expect(evaluateSql("JSON_UNQUOTE(q)", given)).toEqual({ type: "STRING NOT NULL", value: text });
});

test.each([
  ['"""', '"'],
  ['"["\\u0041"]"', '["A"]'],
  ['"', '"'],
  ['"a', '"a'],
  ['"\\u00g0"', '"\\u00g0"'],
  ['"" \\x"', '"" \\x"'],
  ["[1, 2]", "[1, 2]"],
  ['1"', '1"'],
  ["true", "true"],
])("JSON_UNQUOTE of %s is %s", (quoted, text) => {
  expect(evaluateSql("JSON_UNQUOTE(q)", { q: ["STRING", quoted] }).value).toBe(text);
});
