/** Comparisons of values of several types, IN, OVERLAPS and TRY_CAST. */
import { expect, test } from "vitest";
import { formatSqlType } from "../../../../src/interpreter/types/sql-type.ts";
import { bindList, contextOf, evaluateList } from "../../../conformance/evaluate-sql.ts";
import { typeOfText } from "../../../conformance/tagged-values.ts";

function resultOf(sql: string): unknown {
  const bound = bindList(sql, []);
  return evaluateList(bound, [], contextOf("Asia/Shanghai"))[0];
}

test.each([
  ["1 = 1.0", true],
  ["1 < 1.5", true],
  ["CAST(1 AS BIGINT) = CAST(1 AS DOUBLE)", true],
  ["9007199254740993 = 9007199254740992", false],
  ["0.00000000000000000000000000000000000001 > 0", true],
  ["12345678901234567890123456789012345678 < 0.00000000000000000000000000000000000001", false],
  ["'b' > 'a'", true],
  ["'a' = 'a '", false],
  ["'test' = 'tests'", false],
  ["x'00' < x'0000'", true],
  ["TRUE > FALSE", true],
  ["NULL = 1", null],
  ["CAST(NULL AS INT) <> 1", null],
  ["CAST('NaN' AS DOUBLE) = CAST('NaN' AS DOUBLE)", false],
  ["CAST('NaN' AS DOUBLE) <> CAST('NaN' AS DOUBLE)", true],
  ["CAST('NaN' AS DOUBLE) > 1e0", false],
  ["CAST('-0' AS DOUBLE) = 0e0", true],
  ["DATE '2020-01-01' = TIMESTAMP '2020-01-01 00:00:00'", true],
  ["TIMESTAMP '1970-01-01 08:00:00' = CAST(TIMESTAMP '1970-01-01 08:00:00' AS TIMESTAMP_LTZ(3))", true],
  ["DATE '2020-01-01' = '2020-01-01'", true],
  ["'2020-01-01' = DATE '2020-01-01'", true],
  ["'2020-01-02' > DATE '2020-01-01'", true],
  ["1 < '2.9'", true],
  ["2 < '2.9'", false],
  ["CAST(1 AS TINYINT) < '300'", true],
  ["1.5 <= '1.5'", true],
  ["TRUE > 'no'", true],
  ["1 IN ('2', '1')", true],
  ["DATE '2020-01-01' = 'someday'", null],
  ["DATE '2020-01-01' IS DISTINCT FROM 'someday'", true],
  ["TIME '12:00:00' <> '12:00'", false],
  ["INTERVAL '1' DAY = INTERVAL '24' HOUR", true],
  ["NULL IS NOT DISTINCT FROM NULL", true],
  ["1 IS DISTINCT FROM NULL", true],
  ["1 IN (3, 2, 1.0)", true],
  ["1 IN (2, NULL)", null],
  ["1 IN (1, NULL)", true],
  ["NULL IN (1, 2)", null],
  ["'a' IN ('a ', 'b')", false],
  ["'a' NOT IN ('b', 'abc')", true],
  ["DATE '2020-01-01' IN ('2020-01-01', DATE '2020-01-02')", true],
  ["TRY_CAST('x' AS INT)", null],
  ["TRY_CAST('1' AS INT)", 1],
  ["TRY_CAST(x'80' AS STRING)", null],
])("%s is %s", (sql, value) => {
  expect(resultOf(sql)).toBe(value);
});

test.each([
  "1 = '1'",
  "INTERVAL '1' DAY < '1'",
  "x'00' < '1'",
  "'1' IN (1)",
  "TRUE = 'true'",
  "DATE '2020-01-01' = TIME '12:00:00'",
  "x'00' = 'a'",
])("%s is refused", (sql) => {
  expect(() => bindList(sql, [])).toThrow("does not take");
});

test("text that is cast to be compared has to be readable", () => {
  expect(() => resultOf("1 < 'two'")).toThrow("'two' cannot be read as BIGINT");
});

test("collections are equal or not, and have no order", () => {
  const columns = ["a", "b"].map((name) => ({ name, type: typeOfText("ARRAY<INT>") }));
  const equal = bindList("a = b, a <> b, a IN (b)", columns);
  const row = [
    [1, null],
    [1, null],
  ];
  expect(evaluateList(equal, row, contextOf("UTC"))).toEqual([true, false, true]);
  expect(() => bindList("a < b", columns)).toThrow("does not take");
});

test.each([
  ["(DATE '2020-01-01', DATE '2020-01-03') OVERLAPS (DATE '2020-01-02', DATE '2020-01-09')", true],
  ["(DATE '2020-01-03', DATE '2020-01-01') OVERLAPS (DATE '2020-01-02', DATE '2020-01-02')", true],
  ["(TIME '09:00:00', TIME '10:00:00') OVERLAPS (TIME '10:00:00', TIME '11:00:00')", true],
  ["(TIME '09:00:00', TIME '10:00:00') OVERLAPS (TIME '10:00:01', TIME '11:00:00')", false],
  ["(DATE '2020-01-01', NULL) OVERLAPS (DATE '2020-01-02', DATE '2020-01-09')", null],
])("%s is %s", (sql, value) => {
  expect(resultOf(sql)).toBe(value);
});

test("OVERLAPS takes two periods", () => {
  expect(() => bindList("(1, 2) OVERLAPS (3, 4)", [])).toThrow("expected (start, end or interval)");
  expect(() => bindList("DATE '2020-01-01' OVERLAPS (DATE '2020-01-01', DATE '2020-01-01')", [])).toThrow(
    "OVERLAPS takes periods of two items",
  );
});

test.each([
  ["1 = 2", "BOOLEAN NOT NULL"],
  ["1 = NULL", "BOOLEAN"],
  ["1 IN (1, NULL)", "BOOLEAN"],
  ["1 IS DISTINCT FROM NULL", "BOOLEAN NOT NULL"],
  ["TRY_CAST('1' AS INT)", "INT"],
  ["CAST('1' AS INT)", "INT NOT NULL"],
])("%s is a %s", (sql, type) => {
  expect(bindList(sql, []).map((bound) => formatSqlType(bound.type))).toEqual([type]);
});
