/** What casts make of values, and where they have none. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatDecimal } from "../../../../src/columnar/decimal-text.ts";
import { prepareCast } from "../../../../src/interpreter/cast/prepare-cast.ts";
import type { SqlValue } from "../../../../src/interpreter/values/sql-value.ts";
import { contextOf } from "../../../conformance/evaluate-sql.ts";
import { typeOfText } from "../../../conformance/tagged-values.ts";

function cast(from: string, to: string, value: SqlValue, zone = "Asia/Shanghai"): SqlValue {
  return prepareCast(typeOfText(from), typeOfText(to), contextOf(zone))(value);
}

function bytesOf(...bytes: number[]): Uint8Array {
  return Uint8Array.from(bytes);
}

describe("to numbers", () => {
  test.each<[string, SqlValue, string, SqlValue]>([
    ["INT", 1_234_567, "SMALLINT", -10_617],
    ["BIGINT", 12_345_678_901n, "INT", -539_222_987],
    ["INT", -1, "BIGINT", -1n],
    ["DOUBLE", 1e300, "INT", 2_147_483_647],
    ["DOUBLE", 1e300, "TINYINT", -1],
    ["DOUBLE", -1e300, "BIGINT", -(2n ** 63n)],
    ["DOUBLE", Number.NaN, "INT", 0],
    ["DOUBLE", -1.9, "INT", -1],
    ["DECIMAL(10, 3)", 9_123_870n, "TINYINT", -93],
    ["DECIMAL(4, 3)", -9_870n, "INT", -9],
    ["BOOLEAN", true, "BIGINT", 1n],
    ["STRING", "  12  ", "INT", 12],
    ["STRING", "+1.9", "TINYINT", 1],
    ["STRING", ".5", "INT", 0],
    ["STRING", "-9223372036854775808", "BIGINT", -(2n ** 63n)],
    ["INTERVAL DAY", 172_800_000, "INT", 2],
    ["INTERVAL YEAR", 84, "BIGINT", 7n],
    ["BIGINT", 16_777_217n, "FLOAT", 16_777_216],
    ["DOUBLE", 123.456789, "FLOAT", Math.fround(123.456789)],
    ["DOUBLE", 1e40, "FLOAT", Number.POSITIVE_INFINITY],
    ["DECIMAL(30, 20)", 12_345_678_912_345_678_912_345_678_912n, "DOUBLE", 123_456_789.12345679],
    ["STRING", " -Infinity ", "DOUBLE", Number.NEGATIVE_INFINITY],
    ["STRING", "1.5f", "DOUBLE", 1.5],
    ["DECIMAL(10, 8)", 1_234_565_000n, "DECIMAL(8, 4)", 123_457n],
    ["DECIMAL(10, 8)", -1_234_565_000n, "DECIMAL(8, 4)", -123_457n],
    ["INT", 12_345, "DECIMAL(8, 4)", null],
    ["DOUBLE", 0.1, "DECIMAL(38, 20)", 10n ** 19n],
    ["DOUBLE", 1.7976931348623157e308, "DECIMAL(38, 32)", null],
    ["STRING", " 1.2\n", "DECIMAL(5, 3)", 1200n],
    ["STRING", "1e2", "DECIMAL(5, 2)", 10_000n],
    ["INT", 0, "BOOLEAN", false],
    ["BIGINT", -3n, "BOOLEAN", true],
    ["STRING", " Yes ", "BOOLEAN", true],
    ["STRING", "0", "BOOLEAN", false],
  ])("a %s %s as %s is %s", (from, value, to, result) => {
    expect(cast(from, to, value)).toStrictEqual(result);
  });

  test.each([
    ["", "INT"],
    ["-", "INT"],
    ["1e2", "INT"],
    ["1 2", "INT"],
    ["128", "TINYINT"],
    ["9223372036854775808", "BIGINT"],
    ["one", "DOUBLE"],
    ["0x10", "DOUBLE"],
    ["12345.6", "DECIMAL(5, 1)"],
    ["", "DECIMAL(5, 1)"],
    ["maybe", "BOOLEAN"],
    ["2021-09-27", "TIME"],
    ["24:00", "TIME"],
    ["2021-02-30", "DATE"],
    ["10000-01-01", "DATE"],
    ["2021-09-27T12:34:56", "TIMESTAMP"],
    ["2021-09-27 12:34", "TIMESTAMP"],
    ["2021-13-27", "TIMESTAMP_LTZ"],
  ])("'%s' is no %s", (text, to) => {
    expect(() => cast("STRING", to, text)).toThrow("cannot be read as");
  });
});

test("NaN is no DECIMAL", () => {
  expect(() => cast("DOUBLE", "DECIMAL(5, 2)", Number.NaN)).toThrow("'NaN' cannot be read as DECIMAL(5, 2)");
});

describe("to text and bytes", () => {
  test.each<[string, SqlValue, string, SqlValue]>([
    ["STRING", "abcdef", "CHAR(3)", "abc"],
    ["CHAR(3)", "foo", "CHAR(5)", "foo  "],
    ["STRING", "a🙂b", "VARCHAR(2)", "a🙂"],
    ["STRING", "🙂", "CHAR(2)", "🙂 "],
    ["INT", 5, "CHAR(3)", "5  "],
    ["BOOLEAN", true, "STRING", "TRUE"],
    ["DECIMAL(5, 3)", -1n, "STRING", "-0.001"],
    ["FLOAT", Math.fround(123.456), "STRING", "123.456"],
    ["DOUBLE", 1e10, "STRING", "1.0E10"],
    ["BYTES", bytesOf(0x66, 0x6f), "STRING", "fo"],
    ["DATE", 18_894, "STRING", "2021-09-24"],
    ["TIME(5)", 45_296_120, "STRING", "12:34:56.12"],
    ["TIME(3)", 45_296_000, "STRING", "12:34:56.0"],
    ["TIME", 45_296_123, "STRING", "12:34:56"],
    ["TIMESTAMP(3)", 1_000_000_000n, "STRING", "1970-01-01 00:00:01.000"],
    ["TIMESTAMP(0)", -1n, "STRING", "1969-12-31 23:59:59"],
    ["TIMESTAMP_LTZ(3)", 0n, "STRING", "1970-01-01 08:00:00.000"],
    ["INTERVAL YEAR TO MONTH", -123, "STRING", "-10-03"],
    ["INTERVAL MONTH", 5, "STRING", "+0-05"],
    ["INTERVAL DAY TO SECOND", 129_600_010, "STRING", "+1 12:00:00.010"],
    ["INTERVAL SECOND", -1500, "STRING", "-0 00:00:01.500"],
    ["ARRAY<DOUBLE>", [1, null], "STRING", "[1.0, NULL]"],
    ["MAP<STRING, INTERVAL MONTH>", [["a", 1]], "STRING", "{a=+0-01}"],
    ["MULTISET<STRING>", [["a", 2]], "STRING", "{a=2}"],
    ["ROW<a INT, b ROW<c BOOLEAN>>", [null, [false]], "STRING", "(NULL, (FALSE))"],
    ["ARRAY<INT>", [1, 2, 3], "VARCHAR(5)", "[1, 2"],
    ["STRING", "é", "BYTES", bytesOf(0xc3, 0xa9)],
    ["STRING", "a", "BINARY(2)", bytesOf(0x61, 0)],
    ["BYTES", bytesOf(1, 2, 3), "VARBINARY(2)", bytesOf(1, 2)],
    ["BYTES", bytesOf(1), "VARBINARY(2)", bytesOf(1)],
  ])("a %s %s as %s is %s", (from, value, to, result) => {
    expect(cast(from, to, value)).toStrictEqual(result);
  });

  test("bytes that are no UTF-8 are no text", () => {
    expect(() => cast("BYTES", "STRING", bytesOf(0x80))).toThrow("x'80' are no UTF-8");
  });
});

const nanosPerHour = 3_600_000_000_000n;

describe("to times and intervals", () => {
  test.each<[string, SqlValue, string, SqlValue]>([
    ["STRING", "2021-09-24", "DATE", 18_894],
    ["STRING", "2021-9-4 and more", "DATE", 18_874],
    ["STRING", "1970", "DATE", 0],
    ["STRING", "23", "TIME", 82_800_000],
    ["STRING", "23:45", "TIME", 85_500_000],
    ["STRING", "00:00:00.1236", "TIME(3)", 124],
    ["STRING", "00:00:00.9", "TIME", 0],
    ["STRING", "1970-1-2", "TIMESTAMP", 24n * nanosPerHour],
    ["STRING", "1970-01-01 01:00:00.123456789", "TIMESTAMP(6)", nanosPerHour + 123_456_000n],
    ["STRING", "2021-02-31", "TIMESTAMP", 1_614_470_400_000_000_000n],
    ["STRING", "1970-01-01 08:00:00", "TIMESTAMP_LTZ", 0n],
    ["DATE", 1, "TIMESTAMP_LTZ(3)", 16n * nanosPerHour],
    ["DATE", -1, "TIMESTAMP(3)", -24n * nanosPerHour],
    ["TIME(3)", 1, "TIMESTAMP(3)", 1_000_000n],
    ["TIMESTAMP_LTZ(3)", 20n * nanosPerHour, "DATE", 1],
    ["TIMESTAMP_LTZ(3)", 20n * nanosPerHour, "TIME", 14_400_000],
    ["TIMESTAMP(9)", -1n, "DATE", -1],
    ["TIMESTAMP(9)", -1n, "TIME(2)", 86_399_990],
    ["TIMESTAMP(9)", -1n, "TIMESTAMP(3)", -1_000_000n],
    ["TIMESTAMP(3)", 0n, "TIMESTAMP_LTZ(3)", -8n * nanosPerHour],
    ["TIMESTAMP_LTZ(3)", 0n, "TIMESTAMP(3)", 8n * nanosPerHour],
    ["TIME(3)", 1999, "TIME(1)", 1900],
    ["INT", 2, "INTERVAL YEAR", 24],
    ["BIGINT", 2n, "INTERVAL HOUR", 7_200_000],
    ["DECIMAL(2, 1)", 15n, "INTERVAL SECOND", 1500],
    ["INTERVAL YEAR", 84, "INTERVAL MONTH", 84],
  ])("a %s %s as %s is %s", (from, value, to, result) => {
    expect(cast(from, to, value)).toStrictEqual(result);
  });
});

test.each<[string, SqlValue, string, SqlValue]>([
  ["ARRAY<INT>", [1, null], "ARRAY<BIGINT>", [1n, null]],
  [
    "MAP<DOUBLE, INT>",
    [
      [1.2, 1],
      [1.4, 2],
      [2, null],
    ],
    "MAP<INT, STRING>",
    [
      [1, "2"],
      [2, null],
    ],
  ],
  [
    "MULTISET<DOUBLE>",
    [
      [1.2, 1],
      [1.4, 2],
    ],
    "MULTISET<INT>",
    [[1, 3]],
  ],
  ["ROW<a INT, b STRING>", [1, null], "ROW<b STRING, c INT>", ["1", null]],
  ["ARRAY<ROW<a INT>>", [[1], null], "ARRAY<ROW<a BOOLEAN>>", [[true], null]],
])("a %s %s as %s is %s", (from, value, to, result) => {
  expect(cast(from, to, value)).toStrictEqual(result);
});

test("a DECIMAL as text and back is the same", () => {
  fc.assert(
    fc.property(fc.bigInt(-(10n ** 38n) + 1n, 10n ** 38n - 1n), fc.nat(38), (unscaled, scale) => {
      const type = `DECIMAL(38, ${scale})`;
      const text = cast(type, "STRING", unscaled);
      expect(text).toBe(formatDecimal(unscaled, scale));
      expect(cast("STRING", type, text)).toBe(unscaled);
    }),
  );
});
