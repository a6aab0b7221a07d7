/** CASE and its like: the type of branches together, and which of them is calculated. */
import { describe, expect, test } from "vitest";
import { bindSql, evaluated, evaluateSql } from "../../../support/evaluated.ts";

describe("CASE and IF", () => {
  test.each([
    ["CASE WHEN 1 = 1 THEN 1 ELSE 2 END", "1: INT NOT NULL"],
    ["CASE WHEN 1 = 2 THEN 1 END", "NULL: INT"],
    ["CASE 2 WHEN 1, 2 THEN 'a' ELSE 'b' END", "a: CHAR(1) NOT NULL"],
    ["CASE 1 WHEN 1 THEN 'a' WHEN 2 THEN 'bcd' ELSE 'x' END", "a: VARCHAR(3) NOT NULL"],
    ["CASE WHEN FALSE THEN 1 ELSE 2.50 END", "2.50: DECIMAL(12, 2) NOT NULL"],
    ["CASE WHEN TRUE THEN 1 ELSE 'a' END", "1: STRING NOT NULL"],
    ["CASE WHEN NULL THEN 1 ELSE 2 END", "2: INT NOT NULL"],
    ["CASE WHEN TRUE THEN NULL ELSE DATE '2020-01-01' END", "NULL: DATE"],
    ["CASE WHEN TRUE THEN 1 ELSE 1 / 0 END", "1: INT NOT NULL"],
    ["IF(1 = 1, 2, 1 / 0)", "2: INT NOT NULL"],
    ["IF(CAST(NULL AS BOOLEAN), 1, CAST(2 AS BIGINT))", "2: BIGINT"],
    ["IF(TRUE, 'a', 'bc')", "a: VARCHAR(2) NOT NULL"],
    ["IF(TRUE, TRY_CAST('x' AS BIGINT), 0)", "NULL: BIGINT"],
  ])("%s is %s", (sql, expected) => {
    expect(evaluated(sql)).toBe(expected);
  });

  test.each([
    ["CASE WHEN TRUE THEN NULL END", "At least one result of CASE must be other than NULL"],
    ["CASE WHEN TRUE THEN 1 ELSE DATE '2020-01-01' END", "CASE does not take"],
    ["CASE WHEN 1 THEN 1 ELSE 2 END", "CASE does not take"],
    ["IF(TRUE, 1)", "expected IF(boolean, value, value)"],
    ["IF(TRUE, INTERVAL '1' DAY, INTERVAL '2' DAY)", "IF does not take"],
  ])("%s is refused", (sql, message) => {
    expect(() => bindSql(sql)).toThrow(message);
  });

  test("an error in the branch that is chosen is one", () => {
    expect(() => evaluateSql("CASE WHEN 1 / 0 = 1 THEN 1 END")).toThrow("Division by zero.");
  });
});

describe("functions that choose", () => {
  test.each([
    ["COALESCE(NULL, 5)", "5: INT NOT NULL"],
    ["COALESCE(CAST(NULL AS INT), CAST(NULL AS BIGINT))", "NULL: BIGINT"],
    ["COALESCE(1, 1 / 0)", "1: INT NOT NULL"],
    ["COALESCE(CAST(NULL AS STRING), 'a')", "a: STRING NOT NULL"],
    ["IFNULL(CAST(NULL AS INT), 12)", "12: INT NOT NULL"],
    ["IFNULL(123.45, 1)", "123.45: DECIMAL(12, 2) NOT NULL"],
    ["NULLIF(1, 1)", "NULL: INT"],
    ["NULLIF(1, 2.0)", "1: INT"],
    ["NULLIF(1, 1.0)", "NULL: INT"],
    ["NULLIF('a', NULL)", "a: CHAR(1)"],
    ["NULLIF(CAST(NULL AS INT), 1)", "NULL: INT"],
    ["GREATEST(1, 3.14, 2)", "3.14: DECIMAL(12, 2) NOT NULL"],
    ["GREATEST('a', 'bc')", "bc: VARCHAR(2) NOT NULL"],
    ["LEAST(3, 1, 2)", "1: INT NOT NULL"],
    ["LEAST(3)", "3: INT NOT NULL"],
    ["LEAST(CAST(NULL AS INT), 1)", "NULL: INT"],
    ["LEAST(DATE '2020-01-02', DATE '2020-01-01')", "2020-01-01: DATE NOT NULL"],
  ])("%s is %s", (sql, expected) => {
    expect(evaluated(sql)).toBe(expected);
  });

  test.each([
    ["COALESCE(1, 'a')", "COALESCE does not take (INT, CHAR(1))"],
    ["COALESCE(NULL, NULL)", "COALESCE does not take"],
    ["COALESCE()", "expected COALESCE(value, ...)"],
    ["IFNULL(1, 2, 3)", "expected IFNULL(value, value)"],
    ["NULLIF(NULL, 1)", "NULLIF does not take"],
    ["NULLIF(1, TIME '10:00:00')", "NULLIF does not take"],
    ["GREATEST(1, 'a')", "GREATEST does not take"],
    ["LEAST()", "expected LEAST(value, ...)"],
  ])("%s is refused", (sql, message) => {
    expect(() => bindSql(sql)).toThrow(message);
  });
});

test.each([
  ["TYPEOF(12)", "INT NOT NULL: STRING"],
  ["TYPEOF('abc')", "CHAR(3) NOT NULL: STRING"],
  ["TYPEOF(NULL)", "NULL: STRING"],
  ["TYPEOF(CAST('a' AS STRING))", "STRING NOT NULL: STRING"],
  ["TYPEOF(CAST('a' AS STRING), TRUE)", "VARCHAR(2147483647) NOT NULL: STRING"],
  [
    "TYPEOF(CAST(NULL AS ROW<`STRING` STRING 'BYTES', b TIMESTAMP_LTZ(3)>), TRUE)",
    "ROW<`STRING` VARCHAR(2147483647) 'BYTES', `b` TIMESTAMP(3) WITH LOCAL TIME ZONE>: STRING",
  ],
])("%s is %s", (sql, expected) => {
  expect(evaluated(sql)).toBe(expected);
});
