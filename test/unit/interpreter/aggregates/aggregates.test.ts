/** What aggregates are of rows, of what type they are, and what they do not take. */
import { describe, expect, test } from "vitest";
import type { EngineError } from "../../../../src/base/errors.ts";
import { formatSqlType } from "../../../../src/interpreter/types/sql-type.ts";
import type { Row, SqlValue } from "../../../../src/interpreter/values/sql-value.ts";
import { Aggregated, bindCall, typeOf } from "../../../support/aggregated.ts";

function aggregate(
  call: string,
  types: readonly string[],
  rows: readonly Row[],
  isRetracting = false,
): SqlValue {
  const aggregated = new Aggregated(bindCall(call, types.map(typeOf)), isRetracting);
  for (const row of rows) aggregated.apply({ row });
  aggregated.restore();
  return aggregated.value;
}

const column = (...values: readonly SqlValue[]): Row[] => values.map((value) => [value]);

test.each<[call: string, type: string, values: readonly SqlValue[], expected: SqlValue]>([
  ["COUNT(*)", "INT", [1, null], 2n],
  ["COUNT(a)", "INT", [1, null], 1n],
  ["COUNT(DISTINCT a)", "DOUBLE", [1, 1, 0, -0, null], 3n],
  ["COUNT(a)", "INT", [], 0n],
  ["SUM(a)", "INT", [], null],
  ["SUM(a)", "INT", [null], null],
  ["SUM(a)", "TINYINT", [100, 100], -56],
  ["SUM(a)", "SMALLINT", [32767, 1], -32768],
  ["SUM(a)", "INT", [2147483647, 1], -2147483648],
  ["SUM(a)", "BIGINT", [2n ** 63n - 1n, 1n], -(2n ** 63n)],
  ["SUM(a)", "FLOAT", [16777216, 1], 16777216],
  ["SUM(a)", "DOUBLE", [0.5, 0.25], 0.75],
  ["SUM(a)", "DECIMAL(3, 1)", [999n, 1n], 1000n],
  ["SUM(a)", "DECIMAL(38, 0)", [10n ** 38n - 1n, 1n], null],
  ["SUM(DISTINCT a)", "INT", [1, 1, 2], 3],
  ["AVG(a)", "INT", [1, 2], 1],
  ["AVG(a)", "INT", [-1, -2], -1],
  ["AVG(a)", "INT", [2147483647, 2147483647], 2147483647],
  ["AVG(a)", "TINYINT", [127, 127, 126], 126],
  ["AVG(a)", "BIGINT", [5n, 2n, null], 3n],
  ["AVG(a)", "DOUBLE", [1, 2], 1.5],
  ["AVG(a)", "DECIMAL(2, 0)", [1n, 1n, 0n], 666667n],
  ["AVG(a)", "DECIMAL(2, 0)", [-1n, -1n, 0n], -666667n],
  ["AVG(a)", "DECIMAL(20, 8)", [1n, 2n], 2n],
  ["MIN(a)", "INT", [3, null, 1, 2], 1],
  ["MAX(a)", "STRING", ["b", "\u{1F600}", "\uFFFD"], "\u{1F600}"],
  ["MAX(a)", "BOOLEAN", [false, true], true],
  ["MAX(a)", "DOUBLE", [1, Number.NaN, 2], Number.NaN],
  ["FIRST_VALUE(a)", "INT", [null, 3, 1], 3],
  ["LAST_VALUE(a) IGNORE NULLS", "INT", [3, 1, null], 1],
  ["LAST_VALUE(a)", "ARRAY<INT>", [[1], [2, null]], [2, null]],
  ["SINGLE_VALUE(a)", "INT", [7], 7],
  ["SINGLE_VALUE(a)", "INT", [null], null],
  ["SINGLE_VALUE(a)", "INT", [], null],
  ["VAR_POP(a)", "DOUBLE", [1, 2, 3, 4], 1.25],
  ["VAR_SAMP(a)", "DOUBLE", [1, 3], 2],
  ["VARIANCE(a)", "DOUBLE", [1], null],
  ["STDDEV_POP(a)", "DOUBLE", [1, 3], 1],
  ["STDDEV_POP(a)", "DOUBLE", [], null],
  ["STDDEV_SAMP(a)", "DOUBLE", [1, 1], 0],
  ["STDDEV(a)", "DOUBLE", [0, 2, 4], 2],
  ["VAR_POP(a)", "DOUBLE", [1e9 + 1, 1e9 + 3], 1],
  ["VAR_POP(a)", "DOUBLE", [0.1, 0.1, 0.1], 0],
  ["VAR_POP(a)", "DOUBLE", [1, 1 + 2 ** -50], 2 ** -102],
  ["VAR_POP(a)", "INT", [1, 2], 0],
  ["VAR_SAMP(a)", "DECIMAL(3, 1)", [10n, 20n], 500000n],
  ["STDDEV_SAMP(a)", "FLOAT", [1, 2], Math.fround(Math.SQRT1_2)],
  ["LISTAGG(a)", "STRING", ["x", null, "y"], "x,y"],
  ["LISTAGG(a, '; ')", "STRING", ["x", "", "y"], "x; ; y"],
  ["LISTAGG(DISTINCT a, '')", "STRING", ["x", "x", "y"], "xy"],
  ["LISTAGG(a)", "STRING", [null], null],
  ["ARRAY_AGG(a)", "INT", [2, null, 1], [2, null, 1]],
  ["ARRAY_AGG(a) IGNORE NULLS", "INT", [2, null, 1], [2, 1]],
  ["ARRAY_AGG(DISTINCT a RESPECT NULLS)", "INT", [2, null, null, 2], [2, null]],
  ["ARRAY_AGG(a IGNORE NULLS)", "INT", [null], null],
  [
    "COLLECT(a)",
    "STRING",
    ["x", "y", null, "x"],
    [
      ["x", 2],
      ["y", 1],
    ],
  ],
  ["COLLECT(a)", "STRING", [], []],
  ["PERCENTILE(a, 0.5)", "INT", [1, 3, null], 2],
  ["PERCENTILE(a, 0)", "DOUBLE", [4, 3], 3],
  ["PERCENTILE(a, 1)", "DECIMAL(3, 1)", [15n, 25n], 2.5],
  ["PERCENTILE(a, 0.5)", "INT", [], null],
])("%s of %s %s is %s", (call, type, values, expected) => {
  expect(aggregate(call, [type], column(...values))).toEqual(expected);
  expect(aggregate(call, [type], column(...values), true)).toEqual(expected);
});

test("rows count where FILTER is true, and where no argument is null", () => {
  const rows: Row[] = [
    [1, true],
    [2, false],
    [3, null],
    [null, true],
  ];
  expect(aggregate("SUM(a) FILTER (WHERE b)", ["INT", "BOOLEAN"], rows)).toBe(1);
  expect(aggregate("COUNT(*) FILTER (WHERE b IS NOT TRUE)", ["INT", "BOOLEAN"], rows)).toBe(2n);
  expect(aggregate("COUNT(a, b)", ["INT", "BOOLEAN"], rows)).toBe(2n);
  expect(aggregate("COUNT(DISTINCT b)", ["INT", "BOOLEAN"], rows)).toBe(2n);
});

test("a percentile counts a value as often as its frequency says", () => {
  const rows: Row[] = [
    [1, 3],
    [2, 4],
    [4, 2],
    [5, 2],
    [9, 3],
    [100, 0],
    [100, -1],
    [100, null],
  ];
  expect(aggregate("PERCENTILE(a, 0.5, b)", ["DOUBLE", "INT"], rows)).toBe(3);
});

test.each<[call: string, type: string, ofAll: string, ofGroup: string]>([
  ["COUNT(a)", "INT", "BIGINT NOT NULL", "BIGINT NOT NULL"],
  ["SUM(a)", "INT NOT NULL", "INT", "INT NOT NULL"],
  ["SUM(a)", "DECIMAL(10, 2)", "DECIMAL(38, 2)", "DECIMAL(38, 2)"],
  ["AVG(a)", "SMALLINT", "SMALLINT", "SMALLINT"],
  ["AVG(a)", "DECIMAL(10, 2) NOT NULL", "DECIMAL(38, 6)", "DECIMAL(38, 6) NOT NULL"],
  ["AVG(a)", "DECIMAL(20, 8)", "DECIMAL(38, 8)", "DECIMAL(38, 8)"],
  ["STDDEV_POP(a)", "INT NOT NULL", "INT", "INT NOT NULL"],
  ["VAR_SAMP(a)", "INT NOT NULL", "INT", "INT"],
  ["MAX(a)", "TIMESTAMP(3) NOT NULL", "TIMESTAMP(3)", "TIMESTAMP(3) NOT NULL"],
  ["MAX(a) FILTER (WHERE TRUE)", "INT NOT NULL", "INT", "INT"],
  ["LISTAGG(a)", "VARCHAR(5)", "VARCHAR(5)", "VARCHAR(5)"],
  ["ARRAY_AGG(a)", "INT NOT NULL", "ARRAY<INT NOT NULL>", "ARRAY<INT NOT NULL>"],
  ["COLLECT(a)", "INT", "MULTISET<INT> NOT NULL", "MULTISET<INT> NOT NULL"],
  ["PERCENTILE(a, 0.5)", "INT NOT NULL", "DOUBLE", "DOUBLE"],
  ["APPROX_COUNT_DISTINCT(a)", "INT", "BIGINT NOT NULL", "BIGINT NOT NULL"],
])("%s of %s is of type %s, in a group with rows %s", (call, type, ofAll, ofGroup) => {
  expect(formatSqlType(bindCall(call, [typeOf(type)]).type)).toBe(ofAll);
  expect(formatSqlType(bindCall(call, [typeOf(type)], false).type)).toBe(ofGroup);
});

test.each<[call: string, type: string]>([
  ["COUNT()", "INT"],
  ["COUNT(DISTINCT *)", "INT"],
  ["SUM(*)", "INT"],
  ["SUM(a)", "STRING"],
  ["SUM(a, a)", "INT"],
  ["SUM(a) IGNORE NULLS", "INT"],
  ["FIRST_VALUE(a) RESPECT NULLS", "INT"],
  ["AVG(a)", "BOOLEAN"],
  ["MIN(a)", "ARRAY<INT>"],
  ["LISTAGG(a)", "INT"],
  ["LISTAGG(a, a)", "STRING"],
  ["LISTAGG(a) WITHIN GROUP (ORDER BY a)", "STRING"],
  ["PERCENTILE(a, -1)", "INT"],
  ["PERCENTILE(a, 1.5)", "INT"],
  ["PERCENTILE(a, a)", "INT"],
  ["PERCENTILE(a, 0.5, 'x')", "INT"],
  ["MAX(MAX(a))", "INT"],
])("%s of %s is refused", (call, type) => {
  expect(() => bindCall(call, [typeOf(type)])).toThrow(
    expect.objectContaining({ code: expect.stringMatching(/^SQL_(INVALID|NOT_SUPPORTED)$/) }),
  );
});

describe("rows for which there is no value", () => {
  test.each<[call: string, rows: readonly Row[]]>([
    [
      "SINGLE_VALUE(a)",
      [
        [1, 0],
        [1, 0],
      ],
    ],
    ["PERCENTILE(a, CAST(b AS DOUBLE))", [[1, 2]]],
  ])("%s", (call, rows) => {
    const evaluate = () => aggregate(call, ["INT", "INT NOT NULL"], rows);
    expect(evaluate).toThrow(
      expect.objectContaining<Partial<EngineError>>({ code: "SQL_EVALUATION_FAILED" }),
    );
  });
});

test("an approximate count is exact for few values, and off by little for many", () => {
  for (const count of [1, 10, 100, 10_000, 40_000]) {
    const aggregated = new Aggregated(bindCall("APPROX_COUNT_DISTINCT(a)", [typeOf("INT")]), false);
    aggregated.apply({ row: [null] });
    for (let value = 0; value < count; value++) aggregated.apply({ row: [value] });
    if (count < 100) aggregated.apply({ row: [0] });
    aggregated.restore();
    expect(Math.abs(Number(aggregated.value) - count)).toBeLessThanOrEqual(count * 0.02);
  }
});
