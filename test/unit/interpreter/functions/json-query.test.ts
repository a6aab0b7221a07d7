/** What is read from JSON by paths, and what rows get where there is nothing. */
import { describe, expect, test } from "vitest";
import { type Columns, evaluateSql } from "../../../support/sql-expression.ts";

const columns: Columns = {
  j: [
    "STRING NOT NULL",
    '{"t":"x","n":42,"f":13.370,"b":true,"o":{"z":1,"a":[]},"l":[1,"2",null,[3]],"v":null,"s":"7"}',
  ],
  bad: ["STRING", "{"],
  word: ["STRING", "null"],
  none: ["STRING", null],
  path: ["STRING", "lax $.n"],
  many: ["STRING", '["1", 2, 3.7]'],
};

describe("JSON_EXISTS", () => {
  test.each([
    ["j, '$.t'", true],
    ["j, 'lax $.x'", false],
    ["j, 'strict $.x'", false],
    ["j, 'strict $.x' TRUE ON ERROR", true],
    ["j, '$.x' UNKNOWN ON ERROR", null],
    ["j, 'lax $.x' TRUE ON ERROR", false],
    ["j, 'lax $.v'", false],
    ["j, 'LAX  $.l[*]'", true],
    ["j, 'lax $.x[*]'", true],
    ["bad, 'lax $'", false],
    ["bad, 'strict $' TRUE ON ERROR", true],
    ["word, 'lax $' TRUE ON ERROR", true],
    ["j, 'lax $[' TRUE ON ERROR", true],
    ["none, '$'", null],
    ["j, path", true],
    ["j, none", null],
  ])("of %s is %s", (given, value) => {
    expect(evaluateSql(`JSON_EXISTS(${given})`, columns)).toEqual({ type: "BOOLEAN", value });
  });

  test("an error is one where it is asked for", () => {
    expect(() => evaluateSql("JSON_EXISTS(j, 'strict $.x' ERROR ON ERROR)", columns)).toThrow(
      "No results for path",
    );
  });
});

describe("JSON_VALUE", () => {
  test.each([
    ["j, '$.t'", "STRING", "x"],
    ["j, '$.f'", "STRING", "13.370"],
    ["j, '$.b'", "STRING", "true"],
    ["j, '$.n' RETURNING INT", "INT", 42],
    ["j, '$.s' RETURNING BIGINT", "BIGINT", 7n],
    ["j, '$.f' RETURNING TINYINT", "TINYINT", 13],
    ["j, '$.f' RETURNING DOUBLE", "DOUBLE", 13.37],
    ["j, '$.f' RETURNING DECIMAL(5, 1)", "DECIMAL(5, 1)", 134n],
    ["j, '$.f' RETURNING DECIMAL(2, 1)", "DECIMAL(2, 1)", null],
    ["j, '$.b' RETURNING BOOLEAN", "BOOLEAN", true],
    ["j, '$.n' RETURNING BOOLEAN", "BOOLEAN", null],
    ["j, '$.t' RETURNING INT DEFAULT -1 ON ERROR", "INT", -1],
    ["j, '$.x'", "STRING", null],
    ["j, 'lax $.x' DEFAULT 1 ON EMPTY DEFAULT 2 ON ERROR", "STRING", "1"],
    ["j, 'strict $.x' DEFAULT 1 ON EMPTY DEFAULT 2 ON ERROR", "STRING", "2"],
    ["j, 'lax $.o' DEFAULT 1 ON EMPTY DEFAULT 2 ON ERROR", "STRING", "1"],
    ["j, 'strict $.o' DEFAULT 1 ON EMPTY DEFAULT 2 ON ERROR", "STRING", "2"],
    ["j, 'lax $.v' DEFAULT 'e' ON EMPTY", "STRING", "e"],
    ["j, 'strict $.v' DEFAULT 'e' ON EMPTY DEFAULT none ON ERROR", "STRING", null],
    ["bad, 'lax $' DEFAULT 'e' ON EMPTY", "STRING", "e"],
    ["bad, 'strict $' DEFAULT 'e' ON ERROR", "STRING", "e"],
    ["j, '$.n' RETURNING INT DEFAULT 'no number' ON ERROR", "INT", 42],
    ["none, '$' DEFAULT 'e' ON ERROR", "STRING", null],
  ])("of %s is a %s", (given, type, value) => {
    expect(evaluateSql(`JSON_VALUE(${given})`, columns)).toEqual({ type, value });
  });

  test.each([
    ["j, 'lax $.x' ERROR ON EMPTY", "leads to nothing"],
    ["j, '$.o' ERROR ON ERROR", 'this leads to {"a":[],"z":1}'],
    ["j, '$.t' RETURNING INT ERROR ON ERROR", '"x" is no INT'],
    ["j, '$.l[' ERROR ON ERROR", "The path is none"],
    ["bad, '$' ERROR ON ERROR", "no JSON"],
    ["j, '$.n' RETURNING DATE", "does not return values of type DATE"],
    ["j, '$.n' EMPTY ARRAY ON ERROR", "EMPTY ARRAY is not for ON ERROR"],
    ["j, '$.n' RETURNING INT DEFAULT ARRAY[1] ON ERROR", "a value of type INT"],
    ["1, '$.n'", "does not take"],
  ])("of %s is refused", (given, message) => {
    expect(() => evaluateSql(`JSON_VALUE(${given})`, columns)).toThrow(message);
  });
});

describe("JSON_QUERY", () => {
  test.each([
    ["j, '$.o'", "STRING", '{"a":[],"z":1}'],
    ["j, '$.l'", "STRING", '[1,"2",null,[3]]'],
    ["j, '$.l[*]' WITHOUT WRAPPER", "STRING", '[1,"2",null,[3]]'],
    ["j, '$.n'", "STRING", null],
    ["j, '$.n' WITH WRAPPER", "STRING", "[42]"],
    ["j, '$.l' WITH UNCONDITIONAL ARRAY WRAPPER", "STRING", '[[1,"2",null,[3]]]'],
    ["j, '$.l' WITH CONDITIONAL WRAPPER", "STRING", '[1,"2",null,[3]]'],
    ["j, '$.o' WITH CONDITIONAL WRAPPER", "STRING", '[{"a":[],"z":1}]'],
    ["j, 'lax $.x' EMPTY OBJECT ON EMPTY", "STRING", "{}"],
    ["j, 'strict $.x' EMPTY ARRAY ON ERROR", "STRING", "[]"],
    ["j, 'lax $.n' EMPTY ARRAY ON EMPTY", "STRING", "[]"],
    ["j, '$.l' RETURNING ARRAY<STRING>", "ARRAY<STRING>", ["1", "2", null, "[3]"]],
    ["many, '$' RETURNING ARRAY<INT>", "ARRAY<INT>", [1, 2, 3]],
    ["j, '$.l' RETURNING ARRAY<INT>", "ARRAY<INT>", null],
    ["j, '$.l' RETURNING ARRAY<INT> EMPTY ARRAY ON ERROR", "ARRAY<INT>", []],
    ["j, '$.o' RETURNING ARRAY<STRING>", "ARRAY<STRING>", null],
    ["none, '$'", "STRING", null],
  ])("of %s is a %s", (given, type, value) => {
    expect(evaluateSql(`JSON_QUERY(${given})`, columns)).toEqual({ type, value });
  });

  test.each([
    ["j, 'lax $.n' ERROR ON EMPTY", "no array or object"],
    ["j, '$.n' ERROR ON ERROR", "this leads to 42"],
    ["j, '$.o' RETURNING ARRAY<STRING> ERROR ON ERROR", "is no ARRAY"],
    ["j, '$.o' RETURNING ARRAY<STRING> EMPTY OBJECT ON EMPTY", "EMPTY OBJECT is not for ON EMPTY"],
    ["j, '$.o' RETURNING INT", "returns STRING, or an ARRAY"],
    ["j, '$.o' RETURNING ARRAY<DATE>", "returns STRING, or an ARRAY"],
    ["j, '$.o' DEFAULT 1 ON EMPTY", "does not take"],
  ])("of %s is refused", (given, message) => {
    expect(() => evaluateSql(`JSON_QUERY(${given})`, columns)).toThrow(message);
  });
});
