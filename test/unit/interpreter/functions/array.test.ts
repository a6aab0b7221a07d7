/** Functions of arrays. */
import { describe, expect, test } from "vitest";
import { type Columns, evaluateSql } from "../../../support/sql-expression.ts";

const columns: Columns = {
  a: ["ARRAY<INT>", [1, null, 2, 1, null]],
  whole: ["ARRAY<INT NOT NULL> NOT NULL", [3, 1, 2]],
  none: ["ARRAY<INT>", null],
  empty: ["ARRAY<INT>", []],
  n: ["INT", null],
  texts: ["ARRAY<STRING>", ["b", null, "a"]],
  nested: ["ARRAY<ARRAY<INT>>", [[1, null], [2], [1, null]]],
  doubles: ["ARRAY<DOUBLE>", [Number.NaN, -0, 0, 1.5]],
  truths: ["ARRAY<BOOLEAN>", [true]],
};

describe.each([
  ["ARRAY_APPEND(whole, 4)", "ARRAY<INT NOT NULL> NOT NULL", [3, 1, 2, 4]],
  ["ARRAY_APPEND(whole, n)", "ARRAY<INT> NOT NULL", [3, 1, 2, null]],
  ["ARRAY_APPEND(none, 4)", "ARRAY<INT>", null],
  ["ARRAY_PREPEND(empty, NULL)", "ARRAY<INT>", [null]],
  ["ARRAY_PREPEND(texts, 'c')", "ARRAY<STRING>", ["c", "b", null, "a"]],
  ["ARRAY_CONCAT(whole, ARRAY[n], whole)", "ARRAY<INT> NOT NULL", [3, 1, 2, null, 3, 1, 2]],
  ["ARRAY_CONCAT(a, none)", "ARRAY<INT>", null],
  [
    "ARRAY_CONCAT(nested, nested)",
    "ARRAY<ARRAY<INT>>",
    [[1, null], [2], [1, null], [1, null], [2], [1, null]],
  ],
  ["ARRAY_CONTAINS(a, NULL)", "BOOLEAN", true],
  ["ARRAY_CONTAINS(whole, n)", "BOOLEAN NOT NULL", false],
  ["ARRAY_CONTAINS(nested, ARRAY[1, n])", "BOOLEAN", true],
  ["ARRAY_CONTAINS(none, 1)", "BOOLEAN", null],
  ["ARRAY_CONTAINS(ARRAY['a'], 'ab')", "BOOLEAN NOT NULL", false],
  ["ARRAY_DISTINCT(a)", "ARRAY<INT>", [1, null, 2]],
  ["ARRAY_DISTINCT(nested)", "ARRAY<ARRAY<INT>>", [[1, null], [2]]],
  ["ARRAY_EXCEPT(a, ARRAY[2])", "ARRAY<INT>", [1, null]],
  ["ARRAY_EXCEPT(a, ARRAY[n])", "ARRAY<INT>", [1, 2]],
  ["ARRAY_INTERSECT(a, ARRAY[n, 1, 9])", "ARRAY<INT>", [1, null]],
  ["ARRAY_UNION(a, ARRAY[2, 3, 3])", "ARRAY<INT>", [1, null, 2, 3]],
  ["ARRAY_UNION(a, none)", "ARRAY<INT>", null],
  ["ARRAY_JOIN(texts, '-')", "STRING", "b-a"],
  ["ARRAY_JOIN(texts, '-', '?')", "STRING", "b-?-a"],
  ["ARRAY_JOIN(ARRAY['x'], '')", "STRING NOT NULL", "x"],
  ["ARRAY_MAX(a)", "INT", 2],
  ["ARRAY_MAX(empty)", "INT", null],
  ["ARRAY_MAX(doubles)", "DOUBLE", Number.NaN],
  ["ARRAY_MIN(whole)", "INT", 1],
  ["ARRAY_MIN(texts)", "STRING", "a"],
  ["ARRAY_POSITION(a, 2)", "INT", 3],
  ["ARRAY_POSITION(whole, 9)", "INT NOT NULL", 0],
  ["ARRAY_POSITION(a, n)", "INT", null],
  ["ARRAY_REMOVE(a, 1)", "ARRAY<INT>", [null, 2, null]],
  ["ARRAY_REMOVE(a, NULL)", "ARRAY<INT>", [1, 2, 1]],
  ["ARRAY_REVERSE(a)", "ARRAY<INT>", [null, 1, 2, null, 1]],
  ["ARRAY_SLICE(whole, 2)", "ARRAY<INT NOT NULL> NOT NULL", [1, 2]],
  ["ARRAY_SLICE(whole, 0, 0)", "ARRAY<INT NOT NULL> NOT NULL", [3]],
  ["ARRAY_SLICE(whole, -2, -1)", "ARRAY<INT NOT NULL> NOT NULL", [1, 2]],
  ["ARRAY_SLICE(whole, 3, 2)", "ARRAY<INT NOT NULL> NOT NULL", []],
  ["ARRAY_SLICE(whole, -9, 9)", "ARRAY<INT NOT NULL> NOT NULL", [3, 1, 2]],
  ["ARRAY_SLICE(empty, 0, 0)", "ARRAY<INT>", []],
  ["ARRAY_SLICE(whole, 1, n)", "ARRAY<INT NOT NULL>", null],
  ["ARRAY_SORT(a)", "ARRAY<INT>", [null, null, 1, 1, 2]],
  ["ARRAY_SORT(a, FALSE)", "ARRAY<INT>", [2, 1, 1, null, null]],
  ["ARRAY_SORT(a, FALSE, TRUE)", "ARRAY<INT>", [null, null, 2, 1, 1]],
  ["ARRAY_SORT(texts, TRUE, FALSE)", "ARRAY<STRING>", ["a", "b", null]],
])("%s", (sql, type, value) => {
  test(`is a ${type}`, () => {
    expect(evaluateSql(sql, columns)).toEqual({ type, value });
  });
});

test.each([
  "ARRAY_APPEND(a, 'x')",
  "ARRAY_APPEND(1, a)",
  "ARRAY_CONTAINS(a, 1.5)",
  "ARRAY_CONCAT()",
  "ARRAY_CONCAT(a, texts)",
  "ARRAY_UNION(a, 1)",
  "ARRAY_EXCEPT(a, a, a)",
  "ARRAY_JOIN(a, '-')",
  "ARRAY_JOIN(texts)",
  "ARRAY_MAX(truths)",
  "ARRAY_MIN(nested)",
  "ARRAY_SORT(nested)",
  "ARRAY_SLICE(a, 'x')",
  "ARRAY_DISTINCT(n)",
])("%s is refused", (sql) => {
  expect(() => evaluateSql(sql, columns)).toThrow("does not take");
});
