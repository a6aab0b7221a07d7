/** Functions of numbers, and what rounds. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { bindSql, evaluated, evaluateSql } from "../../../support/evaluated.ts";

test.each([
  ["ABS(-5)", "5: INT NOT NULL"],
  ["ABS(CAST(-128 AS TINYINT))", "-128: TINYINT NOT NULL"],
  ["ABS(-2.50)", "2.50: DECIMAL(3, 2) NOT NULL"],
  ["ABS('-2.5')", "2.5000000000000000000: DECIMAL(38, 19) NOT NULL"],
  ["ABS(-1e0)", "1.0: DOUBLE NOT NULL"],
  ["ABS(CAST(NULL AS BIGINT))", "NULL: BIGINT"],
  ["ABS(-9223372036854775807)", "9223372036854775807: BIGINT NOT NULL"],
  ["SIGN(-3)", "-1: INT NOT NULL"],
  ["SIGN(-1.1)", "-1.0: DECIMAL(2, 1) NOT NULL"],
  ["SIGN(0.00)", "0.00: DECIMAL(2, 2) NOT NULL"],
  ["SIGN(CAST(5 AS BIGINT))", "1: BIGINT NOT NULL"],
  ["SIGN(2e0)", "1.0: DOUBLE NOT NULL"],
  ["SQRT(25)", "5.0: DOUBLE NOT NULL"],
  ["SQRT(-1)", "NaN: DOUBLE NOT NULL"],
  ["POWER(2, 0.5)", "1.4142135623730951: DOUBLE NOT NULL"],
  ["POW(2, '3')", "8.0: DOUBLE NOT NULL"],
  ["EXP(1)", "2.718281828459045: DOUBLE NOT NULL"],
  ["LN(0)", "-Infinity: DOUBLE NOT NULL"],
  ["LN(E())", "1.0: DOUBLE NOT NULL"],
  ["LOG(10, 100)", "2.0: DOUBLE NOT NULL"],
  ["LOG(1, 100)", "Infinity: DOUBLE NOT NULL"],
  ["LOG(-1)", "NaN: DOUBLE NOT NULL"],
  ["LOG(CAST(NULL AS DOUBLE), 1)", "NULL: DOUBLE"],
  ["LOG2(8)", "3.0: DOUBLE NOT NULL"],
  ["LOG10(100)", "2.0: DOUBLE NOT NULL"],
  ["SIN(2.5)", "0.5984721441039564: DOUBLE NOT NULL"],
  ["COS(2.5)", "-0.8011436155469337: DOUBLE NOT NULL"],
  ["TAN(2.5)", "-0.7470222972386603: DOUBLE NOT NULL"],
  ["COT(2.5)", "-1.3386481283041514: DOUBLE NOT NULL"],
  ["ACOS(0.5)", "1.0471975511965979: DOUBLE NOT NULL"],
  ["ASIN(0.5)", "0.5235987755982989: DOUBLE NOT NULL"],
  ["ATAN(0.5)", "0.4636476090008061: DOUBLE NOT NULL"],
  ["ATAN2(0.5, 0.5)", "0.7853981633974483: DOUBLE NOT NULL"],
  ["SINH(2.5)", "6.0502044810397875: DOUBLE NOT NULL"],
  ["COSH(2.5)", "6.132289479663686: DOUBLE NOT NULL"],
  ["TANH(2.5)", "0.9866142981514303: DOUBLE NOT NULL"],
  ["DEGREES(0.5)", "28.64788975654116: DOUBLE NOT NULL"],
  ["RADIANS(0.5)", "0.008726646259971648: DOUBLE NOT NULL"],
  ["SIN(NULL)", "NULL: DOUBLE"],
  ["PI()", "3.141592653589793: DOUBLE NOT NULL"],
  ["PI", "3.141592653589793: DOUBLE NOT NULL"],
  ["BIN(12)", "1100: STRING NOT NULL"],
  ["BIN(CAST(-1 AS TINYINT))", `${"1".repeat(64)}: STRING NOT NULL`],
  ["BIN('5')", "101: STRING NOT NULL"],
])("%s is %s", (sql, expected) => {
  expect(evaluated(sql)).toBe(expected);
});

test.each([
  ["ROUND(125.315)", "125: DECIMAL(4, 0) NOT NULL"],
  ["ROUND(-125.315, 2)", "-125.32: DECIMAL(6, 2) NOT NULL"],
  ["ROUND(999.9, 0)", "1000: DECIMAL(4, 0) NOT NULL"],
  ["ROUND(1.4, 1)", "1.4: DECIMAL(2, 1) NOT NULL"],
  ["ROUND(1.4, 5)", "1.4: DECIMAL(2, 1) NOT NULL"],
  ["ROUND(155.55, -2)", "200: DECIMAL(4, 0) NOT NULL"],
  ["ROUND(155.55, -9)", "0: DECIMAL(4, 0) NOT NULL"],
  ["ROUND(1.2345, 1 + 1)", "1.2300: DECIMAL(5, 4) NOT NULL"],
  ["ROUND(1.2345, CAST(NULL AS INT))", "NULL: DECIMAL(5, 4)"],
  ["ROUND(155, -1)", "160: INT NOT NULL"],
  ["ROUND(-155, -1)", "-160: INT NOT NULL"],
  ["ROUND(155, 3)", "155: INT NOT NULL"],
  ["ROUND(155, -1000000000)", "0: INT NOT NULL"],
  ["ROUND(CAST(127 AS TINYINT), -1)", "-126: TINYINT NOT NULL"],
  ["ROUND(CAST(123 AS BIGINT), -2)", "100: BIGINT NOT NULL"],
  ["ROUND(1.005e0, 2)", "1.01: DOUBLE NOT NULL"],
  ["ROUND(-2.5e0)", "-3.0: DOUBLE NOT NULL"],
  ["ROUND(1.5e300, -300)", "2.0E300: DOUBLE NOT NULL"],
  ["ROUND(CAST(1.2345 AS FLOAT))", "1.0: FLOAT NOT NULL"],
  ["ROUND(CAST(1.26 AS FLOAT), 1)", "1.3: FLOAT NOT NULL"],
  ["TRUNCATE(42.345, 2)", "42.34: DECIMAL(5, 2) NOT NULL"],
  ["TRUNCATE(42.345)", "42: DECIMAL(3, 0) NOT NULL"],
  ["TRUNCATE(-42.345e0, 1)", "-42.3: DOUBLE NOT NULL"],
  ["TRUNCATE(47, -1)", "40: INT NOT NULL"],
  ["TRUNCATE(CAST(NULL AS DOUBLE), 1)", "NULL: DOUBLE"],
])("%s is %s", (sql, expected) => {
  expect(evaluated(sql)).toBe(expected);
});

test("a DOUBLE that is no number has no digits to round", () => {
  expect(() => evaluateSql("ROUND(SQRT(-1), 1)")).toThrow("NaN has no digits to round");
});

test.each([
  ["SIN(TRUE)", "SIN does not take (BOOLEAN); expected SIN(number)"],
  ["LOG(1, 2, 3)", "expected LOG(number) or (number, number)"],
  ["ROUND(1.5, 1.5)", "ROUND does not take (DECIMAL(2, 1), DECIMAL(2, 1))"],
  ["ROUND(1.5, CAST(1 AS BIGINT))", "expected ROUND(number [, digits])"],
  ["BIN(1.5)", "BIN does not take (DECIMAL(2, 1))"],
  ["PI(1)", "PI does not take (INT)"],
])("%s is refused", (sql, message) => {
  expect(() => bindSql(sql)).toThrow(message);
});

test("a DOUBLE is rounded as its shortest text is", () => {
  const columns = [{ name: "a", type: { name: "DOUBLE", isNullable: false } as const }];
  const digits = fc.tuple(fc.integer({ min: -1e9, max: 1e9 }), fc.integer({ min: 0, max: 6 }), fc.nat(4));
  fc.assert(
    fc.property(digits, ([whole, scale, places]) => {
      const value = Number(`${whole}e-${scale}`);
      const kept = Math.min(places, scale);
      const unit = 10 ** (scale - kept);
      const rounded = Math.sign(whole) * Math.floor((2 * Math.abs(whole) + unit) / (2 * unit));
      expect(evaluateSql(`ROUND(a, ${places})`, columns, [value])).toBe(Number(`${rounded}e-${kept}`) + 0);
    }),
  );
});
