/** Arrays that are written, and what is asked of collections by places and keys. */
import { describe, expect, test } from "vitest";
import { evaluateSql } from "../../../support/sql-expression.ts";

test.each([
  ["ARRAY[1, 2.5]", "ARRAY<DECIMAL(11, 1) NOT NULL> NOT NULL", [10n, 25n]],
  ["ARRAY[1, n]", "ARRAY<INT> NOT NULL", [1, null]],
  ["ARRAY[NULL, 'a']", "ARRAY<CHAR(1)> NOT NULL", [null, "a"]],
  ["ARRAY[ARRAY[1], ARRAY[n]]", "ARRAY<ARRAY<INT> NOT NULL> NOT NULL", [[1], [null]]],
])("%s is an %s", (sql, type, value) => {
  expect(evaluateSql(sql, { n: ["INT", null] })).toEqual({ type, value });
});

test.each(["ARRAY[]", "ARRAY[1, 'a']"])("%s is refused", (sql) => {
  expect(() => evaluateSql(sql)).toThrow();
});

describe("what is at a place", () => {
  const columns = {
    a: ["ARRAY<INT NOT NULL> NOT NULL", [10, 20]],
    none: ["ARRAY<INT>", null],
    i: ["INT", 2],
    zero: ["INT", 0],
    n: ["INT", null],
    m: ["MAP<STRING NOT NULL, INT NOT NULL>", [["a", 1]]],
    names: [
      "MAP<INT, STRING>",
      [
        [1, "one"],
        [null, "none"],
      ],
    ],
    r: ["ROW<a INT NOT NULL, `B` STRING> NOT NULL", [1, "b"]],
  } as const;

  test.each([
    ["a[1]", "INT", 10],
    ["a[i]", "INT", 20],
    ["a[3]", "INT", null],
    ["a[zero]", "INT", null],
    ["a[CAST(i AS BIGINT)]", "INT", 20],
    ["a[n]", "INT", null],
    ["none[1]", "INT", null],
    ["m['a']", "INT", 1],
    ["m['ab']", "INT", null],
    ["names[1]", "STRING", "one"],
    ["names[CAST(1 AS BIGINT)]", "STRING", "one"],
    ["names[n]", "STRING", null],
    ["MAP['a', 1, 'b', 2]['abc']", "INT", null],
    ["r[2]", "STRING", "b"],
    ["r['a']", "INT NOT NULL", 1],
    ["r['b']", "STRING", "b"],
    ["CARDINALITY(a)", "INT NOT NULL", 2],
    ["CARDINALITY(none)", "INT", null],
    ["CARDINALITY(names)", "INT", 2],
    ["CARDINALITY(MULTISET[1, 1, 2])", "INT NOT NULL", 3],
    ["ELEMENT(ARRAY[5])", "INT", 5],
    ["ELEMENT(none)", "INT", null],
  ])("%s is a %s", (sql, type, value) => {
    expect(evaluateSql(sql, columns)).toEqual({ type, value });
  });

  test.each([
    ["a[0]", "counted from 1, and this is 0"],
    ["a['x']", "does not take"],
    ["m[TRUE]", "does not take"],
    ["i[1]", "does not take"],
    ["r[3]", "its name or its place (a, B)"],
    ["r[i]", "its name or its place"],
    ["ELEMENT(a)", "of one element"],
    ["CARDINALITY(i)", "does not take"],
  ])("%s is refused", (sql, message) => {
    expect(() => evaluateSql(sql, columns)).toThrow(message);
  });
});
