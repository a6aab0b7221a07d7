/** Single values as JSON and back, and their order. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type DataType, parseType } from "../../../src/columnar/schema.ts";
import {
  compareJson,
  compareValues,
  formatValue,
  type JsonScalar,
  type LaneValue,
  readValue,
} from "../../../src/columnar/values.ts";
import { valueArbitrary } from "../../arbitraries/expressions.ts";

function typeOf(text: string): DataType {
  return parseType(text) as DataType;
}

const utf8 = (text: string) => new TextEncoder().encode(text);

describe("values look in JSON as documented", () => {
  test.each<[string, LaneValue, JsonScalar]>([
    ["BOOLEAN", 1n, true],
    ["INT", -7n, -7],
    ["BIGINT", 9_007_199_254_740_991n, 9_007_199_254_740_991],
    ["BIGINT", 9_007_199_254_740_992n, "9007199254740992"],
    ["BIGINT", -(2n ** 63n), "-9223372036854775808"],
    ["DOUBLE", 0.1, 0.1],
    ["DOUBLE", Number.NaN, "NaN"],
    ["DOUBLE", -Infinity, "-Infinity"],
    ["DECIMAL(10,2)", -5n, "-0.05"],
    ["DECIMAL(10,2)", 123_400n, "1234.00"],
    ["DECIMAL(10,0)", 7n, "7"],
    ["STRING", utf8("\ufeffgrün"), "\ufeffgrün"],
    ["BYTES", Uint8Array.of(0, 255, 16), "AP8Q"],
    ["BYTES", Uint8Array.of(1), "AQ=="],
    ["DATE", 11_323n, "2001-01-01"],
    ["DATE", -1n, "1969-12-31"],
    ["TIMESTAMP(3)", 978_310_020_000n, "2001-01-01 00:47:00"],
    ["TIMESTAMP(3)", -1n, "1969-12-31 23:59:59.999"],
    ["TIMESTAMP_LTZ(3)", 978_310_020_050n, "2001-01-01 00:47:00.050Z"],
    ["TIMESTAMP(3)", -62_167_219_200_000n, "0000-01-01 00:00:00"],
    ["TIMESTAMP(3)", 253_402_300_800_000n, "+10000-01-01 00:00:00"],
    ["TIMESTAMP(3)", 2n ** 63n - 1n, "+292278994-08-17 07:12:55.807"],
    ["STRING", null, null],
  ])("%s %s", (type, value, json) => {
    expect(formatValue(value, typeOf(type))).toBe(json);
  });
});

test("what is written reads back, as JSON and as text", () => {
  const types = ["BOOLEAN", "INT", "BIGINT", "DOUBLE", "DECIMAL(18,7)", "BYTES"];
  fc.assert(
    fc.property(
      fc.constantFrom(...types).chain((type) =>
        valueArbitrary({ name: "a", type: typeOf(type), nullable: false }).map((value) => ({
          type: typeOf(type),
          value,
        })),
      ),
      ({ type, value }) => {
        const json = formatValue(value, type);
        const expected = Object.is(value, -0) ? 0 : value;
        expect(readValue(json, type)).toEqual(expected);
        expect(readValue(String(json), type)).toEqual(expected);
      },
    ),
  );
});

test("dates and times of the years 0 to 9999 read back, and agree with Date", () => {
  fc.assert(
    fc.property(fc.integer({ min: -62_167_219_200_000, max: 253_402_300_799_999 }), (ms) => {
      for (const name of ["TIMESTAMP", "TIMESTAMP_LTZ"] as const) {
        const type: DataType = { name, precision: 3 };
        expect(readValue(formatValue(BigInt(ms), type), type)).toBe(BigInt(ms));
      }
      const iso = new Date(ms).toISOString();
      expect(readValue(iso, typeOf("TIMESTAMP(3)"))).toBe(BigInt(ms));
      expect(formatValue(BigInt(Math.floor(ms / 86_400_000)), typeOf("DATE"))).toBe(iso.slice(0, 10));
      expect(readValue(iso.slice(0, 10), typeOf("DATE"))).toBe(BigInt(Math.floor(ms / 86_400_000)));
    }),
  );
});

describe("timestamps are read in every form that events may have", () => {
  test.each([
    ["2001/01/01 00:47", 978_310_020_000n],
    ["2001-01-01T00:47:00.5Z", 978_310_020_500n],
    ["2001-01-01T02:47:00.123456789+02:00", 978_310_020_123n],
    ["978310020000", 978_310_020_000n],
    ["2001-01-01", 978_307_200_000n],
    ["2000-02-29 12:00", 951_825_600_000n],
  ])("%s", (text, ms) => {
    expect(readValue(text, typeOf("TIMESTAMP(3)"))).toBe(ms);
  });
});

describe("what is no value of the type is refused", () => {
  test.each<[string, JsonScalar]>([
    ["BOOLEAN", 1],
    ["INT", 2_147_483_648],
    ["INT", 1.5],
    ["INT", "0x10"],
    ["BIGINT", "9223372036854775808"],
    ["DOUBLE", "1,5"],
    ["DOUBLE", true],
    ["DECIMAL(4,2)", "1.005"],
    ["DECIMAL(4,2)", "100"],
    ["STRING", 7],
    ["BYTES", "A"],
    ["BYTES", "AQ="],
    ["DATE", "2001-02-29"],
    ["TIMESTAMP(3)", "2001-01-01 24:00"],
    ["TIMESTAMP(3)", "2001-13-01 00:00"],
    ["TIMESTAMP(3)", "2001-01/01 00:00"],
  ])("%s %j", (type, json) => {
    expect(readValue(json, typeOf(type))).toBeUndefined();
  });
});

test("a DECIMAL may be written with other zeros or an exponent", () => {
  expect(readValue("1.50000", typeOf("DECIMAL(4,2)"))).toBe(150n);
  expect(readValue(1.5, typeOf("DECIMAL(4,2)"))).toBe(150n);
  expect(readValue("15e-1", typeOf("DECIMAL(4,2)"))).toBe(150n);
  expect(readValue("1e999999", typeOf("DECIMAL(4,2)"))).toBeUndefined();
});

test("order of written values", () => {
  const ordered: JsonScalar[] = [
    null,
    false,
    true,
    "-Infinity",
    "-9223372036854775808",
    "-1.50",
    0,
    "2.00",
    10,
    "9007199254740992",
    "9007199254740993",
    "Infinity",
    "NaN",
    "2001-01-01 00:00:00",
    "2001-01-01 00:00:00.001",
    "a",
    "b",
  ];
  for (const [i, a] of ordered.entries()) {
    for (const [j, b] of ordered.entries())
      expect(Math.sign(compareJson(a, b)), `${a} ${b}`).toBe(Math.sign(i - j));
  }
});

test("order of lane values", () => {
  expect(compareValues(null, 0n)).toBeLessThan(0);
  expect(compareValues(2n ** 63n, 2n ** 63n - 1n)).toBeGreaterThan(0);
  expect(compareValues(Number.NaN, Infinity)).toBeGreaterThan(0);
  expect(compareValues(Number.NaN, Number.NaN)).toBe(0);
  expect(compareValues(utf8("ab"), utf8("abc"))).toBeLessThan(0);
  expect(compareValues(utf8("b"), utf8("abc"))).toBeGreaterThan(0);
});
