/** Numbers as text. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { formatDouble, formatFloat, parseDouble } from "../../../../src/interpreter/values/number-text.ts";

test.each([
  [0, "0.0"],
  [-0, "-0.0"],
  [1, "1.0"],
  [-123.456789, "-123.456789"],
  [0.001, "0.001"],
  [0.00099, "9.9E-4"],
  [9_999_999, "9999999.0"],
  [10_000_000, "1.0E7"],
  [1.5e-7, "1.5E-7"],
  [12_345_678_901, "1.2345678901E10"],
  [1e23, "1.0E23"],
  [Number.MIN_VALUE, "4.9E-324"],
  [Number.MAX_VALUE, "1.7976931348623157E308"],
  [Number.NaN, "NaN"],
  [Number.NEGATIVE_INFINITY, "-Infinity"],
])("the DOUBLE %s is written %s", (value, text) => {
  expect(formatDouble(value)).toBe(text);
});

test.each([
  [0.1, "0.1"],
  [123.456, "123.456"],
  [3.4028235e38, "3.4028235E38"],
  [1.4e-45, "1.4E-45"],
  [16_777_216, "1.6777216E7"],
  [Number.NaN, "NaN"],
])("the FLOAT %s is written %s", (value, text) => {
  expect(formatFloat(Math.fround(value))).toBe(text);
});

test("what is written is read back", () => {
  fc.assert(
    fc.property(fc.double(), (value) => {
      expect(parseDouble(formatDouble(value))).toBe(value);
      const float = Math.fround(value);
      expect(Math.fround(parseDouble(formatFloat(float)) as number)).toBe(float);
    }),
  );
});

test.each(["", "-", "1e", "0x1", "1,5", "infinity", "nan"])("'%s' is no number", (text) => {
  expect(parseDouble(text)).toBeUndefined();
});
