/** The operators of arithmetic over numbers: their types and values, against exact models. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { SqlType } from "../../../../src/interpreter/types/sql-type.ts";
import type { ScopeColumn } from "../../../../src/sql/bind/scope.ts";
import { bindSql, evaluated, evaluateSql } from "../../../support/evaluated.ts";

test.each([
  ["1 + 2", "3: INT NOT NULL"],
  ["CAST(100 AS TINYINT) + CAST(100 AS TINYINT)", "-56: TINYINT NOT NULL"],
  ["CAST(1 AS TINYINT) + CAST(1 AS SMALLINT)", "2: SMALLINT NOT NULL"],
  ["2147483647 + 1", "-2147483648: INT NOT NULL"],
  ["2147483647 * 2147483647", "1: INT NOT NULL"],
  ["9223372036854775807 + 1", "-9223372036854775808: BIGINT NOT NULL"],
  ["1 + CAST(2 AS BIGINT)", "3: BIGINT NOT NULL"],
  ["-7 / 2", "-3: INT NOT NULL"],
  ["-7 % 2", "-1: INT NOT NULL"],
  ["(-2147483647 - 1) / -1", "-2147483648: INT NOT NULL"],
  ["MOD(CAST(7 AS BIGINT), 4)", "3: INT NOT NULL"],
  ["7 % CAST(4 AS BIGINT)", "3: BIGINT NOT NULL"],
  ["MOD(1514356320000000000000, 7)", "1: INT NOT NULL"],
  ["7.5 % 2", "1.5: DECIMAL(2, 1) NOT NULL"],
  ["7.5e0 % 2", "1.500000000000000: DECIMAL(25, 15) NOT NULL"],
  ["1.5 + 1", "2.5: DECIMAL(12, 1) NOT NULL"],
  ["1.50 * 1.5", "2.250: DECIMAL(6, 3) NOT NULL"],
  ["-2 / 3.0", "-0.666667: DECIMAL(17, 6) NOT NULL"],
  ["1.0 / 400", "0.002500000000: DECIMAL(13, 12) NOT NULL"],
  ["1.5e0 + 1.5", "3.0: DOUBLE NOT NULL"],
  ["CAST(0.1 AS FLOAT) + 1", "1.1: FLOAT NOT NULL"],
  ["CAST(0.1 AS FLOAT) * CAST(3 AS DOUBLE)", "0.30000000447034836: DOUBLE NOT NULL"],
  ["1e0 / 0", "Infinity: DOUBLE NOT NULL"],
  ["0e0 / 0", "NaN: DOUBLE NOT NULL"],
  ["99999999999999999999999999999999999999 + 1", "NULL: DECIMAL(38, 0) NOT NULL"],
  ["'12' + 1", "13: INT NOT NULL"],
  ["1e0 - '0.5'", "0.5: DOUBLE NOT NULL"],
  ["'1.5' * 2.0", "3.00000000000000000: DECIMAL(38, 17) NOT NULL"],
  ["NULL + 1", "NULL: INT"],
  ["1.5 * NULL", "NULL: DECIMAL(2, 1)"],
  ["CAST(NULL AS INT) + 1", "NULL: INT"],
  ["-5", "-5: INT NOT NULL"],
  ["+5", "5: INT NOT NULL"],
  ["-(1.50)", "-1.50: DECIMAL(3, 2) NOT NULL"],
  ["-(CAST(-128 AS TINYINT))", "-128: TINYINT NOT NULL"],
  ["- - 3", "3: INT NOT NULL"],
  ["-0", "0: INT NOT NULL"],
])("%s is %s", (sql, expected) => {
  expect(evaluated(sql)).toBe(expected);
});

test.each([["1 / 0"], ["1 % 0"], ["CAST(1 AS BIGINT) / 0"], ["1.5 / 0"], ["1.5 % 0.0"], ["'a' + 1"]])(
  "%s has no value",
  (sql) => {
    const bound = bindSql(sql);
    expect(bound.node).toBe("call");
    expect(() => evaluateSql(sql)).toThrow(expect.objectContaining({ code: "SQL_EVALUATION_FAILED" }));
  },
);

test.each([
  ["TRUE + 1", "+ does not take (BOOLEAN, INT); expected number + number"],
  ["1 * DATE '2020-01-01'", "* does not take (INT, DATE)"],
  ["-TRUE", "NEGATE does not take (BOOLEAN); expected -number"],
])("%s is refused", (sql, message) => {
  expect(() => bindSql(sql)).toThrow(message);
});

const bitsOf = { TINYINT: 8, SMALLINT: 16, INT: 32, BIGINT: 64 } as const;

type Whole = keyof typeof bitsOf;

const wholes = Object.keys(bitsOf) as Whole[];

describe("whole numbers", () => {
  const operand = fc.constantFrom(...wholes).chain((name) => {
    const bound = 2n ** BigInt(bitsOf[name] - 1);
    const value = fc.oneof(
      fc.bigInt({ min: -bound, max: bound - 1n }),
      fc.constantFrom(-bound, bound - 1n, -1n, 0n, 1n),
    );
    return fc.record({ name: fc.constant(name), value });
  });

  test("wrap around as integers of so many bits", () => {
    const operators = fc.constantFrom("+", "-", "*", "/", "%");
    fc.assert(
      fc.property(operand, operand, operators, (one, other, operator) => {
        fc.pre(other.value !== 0n || (operator !== "/" && operator !== "%"));
        const wide = wholes[Math.max(wholes.indexOf(one.name), wholes.indexOf(other.name))] as Whole;
        const name = operator === "%" ? other.name : wide;
        const exact = wholeModel(operator, one.value, other.value);
        const { type, value } = calculate(
          `a ${operator} b`,
          [one, other].map((each) => ({ name: each.name, isNullable: false })),
          [one, other].map((each) => (each.name === "BIGINT" ? each.value : Number(each.value))),
        );
        expect(type).toEqual({ name, isNullable: false });
        expect(typeof value).toBe(name === "BIGINT" ? "bigint" : "number");
        expect(BigInt(value as number)).toBe(BigInt.asIntN(bitsOf[name], exact));
        expect(Object.is(value, -0)).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});

describe("DECIMAL numbers", () => {
  const operand = fc
    .integer({ min: 1, max: 38 })
    .chain((precision) => fc.record({ precision: fc.constant(precision), scale: fc.nat(precision) }))
    .chain(({ precision, scale }) => {
      const bound = 10n ** BigInt(precision) - 1n;
      const value = fc.oneof(
        fc.bigInt({ min: -bound, max: bound }),
        fc.bigInt({ min: -1000n, max: 1000n }).filter((each) => each >= -bound && each <= bound),
        fc.constantFrom(bound, -bound),
      );
      return fc.record({ type: fc.constant({ name: "DECIMAL", precision, scale } as const), value });
    });

  test("are exact, then rounded half away from zero, and null where they do not fit", () => {
    const operators = fc.constantFrom("+", "-", "*", "/", "%");
    fc.assert(
      fc.property(operand, operand, operators, (one, other, operator) => {
        fc.pre(other.value !== 0n || (operator !== "/" && operator !== "%"));
        const types = [one, other].map(({ type }) => ({ ...type, isNullable: false }));
        const { type, value } = calculate(`a ${operator} b`, types, [one.value, other.value]);
        if (type.name !== "DECIMAL") throw new Error(type.name);
        const exact = fractionModel(operator, fractionOf(one), fractionOf(other));
        const rounded = operator === "/" ? toDigits(exact, 38) : exact;
        const unscaled = roundHalfUp(times10(rounded, type.scale));
        const fits = unscaled < 10n ** BigInt(type.precision) && unscaled > -(10n ** BigInt(type.precision));
        expect(value).toBe(fits ? unscaled : null);
      }),
      { numRuns: 500 },
    );
  });
});

function calculate(sql: string, types: readonly SqlType[], row: readonly (number | bigint)[]) {
  const columns: ScopeColumn[] = types.map((type, index) => ({ name: "ab"[index] ?? "", type }));
  return { type: bindSql(sql, columns).type, value: evaluateSql(sql, columns, row) };
}

function wholeModel(operator: string, one: bigint, other: bigint): bigint {
  if (operator === "+") return one + other;
  if (operator === "-") return one - other;
  if (operator === "*") return one * other;
  return operator === "/" ? one / other : one % other;
}

/** A number as numerator and denominator; the latter is positive. */
type Fraction = readonly [bigint, bigint];

function fractionOf({ type, value }: { type: { scale: number }; value: bigint }): Fraction {
  return [value, 10n ** BigInt(type.scale)];
}

function fractionModel(operator: string, [a, b]: Fraction, [c, d]: Fraction): Fraction {
  if (operator === "+") return [a * d + c * b, b * d];
  if (operator === "-") return [a * d - c * b, b * d];
  if (operator === "*") return [a * c, b * d];
  const quotient: Fraction = c < 0n ? [-a * d, b * -c] : [a * d, b * c];
  if (operator === "/") return quotient;
  const whole = quotient[0] / quotient[1];
  return [a * d - whole * c * b, b * d];
}

function times10([numerator, denominator]: Fraction, power: number): Fraction {
  const factor = 10n ** BigInt(Math.abs(power));
  return power < 0 ? [numerator, denominator * factor] : [numerator * factor, denominator];
}

function roundHalfUp([numerator, denominator]: Fraction): bigint {
  const isNegative = numerator < 0n;
  const size = isNegative ? -numerator : numerator;
  const down = size / denominator;
  const up = 2n * (size - down * denominator) >= denominator ? down + 1n : down;
  return isNegative ? -up : up;
}

/** The nearest number of so many digits, wherever its point is. */
function toDigits(fraction: Fraction, digits: number): Fraction {
  if (fraction[0] === 0n) return fraction;
  let power = -80;
  const size: Fraction = [fraction[0] < 0n ? -fraction[0] : fraction[0], fraction[1]];
  const isBelow = ([numerator, denominator]: Fraction) => numerator < denominator * 10n ** BigInt(digits - 1);
  while (isBelow(times10(size, power))) power++;
  return times10([roundHalfUp(times10(fraction, power)), 1n], -power);
}
