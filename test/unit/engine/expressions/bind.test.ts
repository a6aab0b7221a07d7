/** Types of expressions, and how mistakes in them are told. */
import { describe, expect, test } from "vitest";
import { errorBodyOf } from "../../../../src/base/errors.ts";
import { formatType, parseType } from "../../../../src/columnar/schema.ts";
import {
  bindCondition,
  bindExpression,
  type ExpressionScope,
} from "../../../../src/engine/expressions/bind.ts";
import type { TypedExpression } from "../../../../src/engine/expressions/typed-expression.ts";
import type { ExpressionJson } from "../../../../src/protocol/expression-json.ts";
import { evaluate } from "../../../reference/expressions.ts";

/** Columns named after their types; each holds no null unless its name says so. */
const types: Readonly<Record<string, string>> = {
  flag: "BOOLEAN",
  int: "INT",
  bigint: "BIGINT",
  double: "DOUBLE",
  price: "DECIMAL(10,2)",
  rate: "DECIMAL(5,4)",
  name: "STRING",
  raw: "BYTES",
  time: "TIMESTAMP(3)",
  local: "TIMESTAMP_LTZ(3)",
  day: "DATE",
  int_or_null: "INT",
};
const names = Object.keys(types);
const scope: ExpressionScope = {
  names,
  lookup: (name) => {
    const type = parseType(types[name] ?? "");
    return type && { node: "column", column: names.indexOf(name), type, nullable: name.endsWith("null") };
  },
};

function bind(json: ExpressionJson): TypedExpression {
  return bindExpression(json, scope, ["x"]);
}

function messageFor(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    const { code, message } = errorBodyOf(error);
    return `${code} ${message}`;
  }
  return "no error";
}

describe("the type of a result", () => {
  test.each<[string, ExpressionJson]>([
    ["INT", ["+", "int", "int"]],
    ["BIGINT", ["*", "int", "bigint"]],
    ["INT", ["/", "int", 7]],
    ["BIGINT", ["+", "int", 3_000_000_000]],
    ["DOUBLE", ["+", "int", 2.5]],
    ["DOUBLE", ["*", "price", "double"]],
    ["DECIMAL(11, 2)", ["+", "price", "price"]],
    ["DECIMAL(13, 4)", ["-", "price", "rate"]],
    ["DECIMAL(16, 6)", ["*", "price", "rate"]],
    ["DECIMAL(18, 8)", ["/", "price", "price"]],
    ["DECIMAL(5, 4)", ["%", "price", "rate"]],
    ["DECIMAL(13, 2)", ["+", "price", "int"]],
    ["DECIMAL(13, 3)", ["*", "price", 2.5]],
    ["BIGINT", ["-", "time", "time"]],
    ["TIMESTAMP(3)", ["+", 1000, "time"]],
    ["TIMESTAMP_LTZ(3)", ["-", "local", "int"]],
    ["BIGINT", ["-", "time", { literal: "2001-01-01 00:00" }]],
    ["DOUBLE", ["coalesce", "int", 0.5]],
    ["DECIMAL(12, 4)", ["coalesce", "price", "rate"]],
    ["BIGINT", ["case", "flag", null, ["not", "flag"], "bigint", "int"]],
    ["STRING", ["coalesce", null, { literal: "none" }]],
    ["DECIMAL(18, 0)", ["cast", "double", "DECIMAL(18)"]],
    ["BOOLEAN", ["between", "price", 0, 99.99]],
  ])("%s: %j", (type, expression) => {
    expect(formatType(bind(expression).type)).toBe(type);
  });
});

describe("the value of an expression of literals", () => {
  test.each<[string, ExpressionJson, bigint | number | null]>([
    [
      "a fraction beside a DECIMAL is exact",
      ["=", ["+", { literal: "0.10", type: "DECIMAL(3,2)" }, 0.2], 0.3],
      1n,
    ],
    ["a fraction beside a DOUBLE is a double", ["=", ["+", ["cast", 0.1, "DOUBLE"], 0.2], 0.3], 0n],
    ["INT wraps", ["+", 2_147_483_647, 1], -2_147_483_648n],
    ["BIGINT wraps", ["+", { literal: "9223372036854775807", type: "BIGINT" }, 1], -(2n ** 63n)],
    ["integers divide toward zero", ["/", -7, 2], -3n],
    ["a remainder has the sign of the dividend", ["%", -7, 2], -1n],
    ["an integer divided by zero is NULL", ["/", 7, 0], null],
    ["a double divided by zero is infinite", ["/", 7, ["cast", 0, "DOUBLE"]], Infinity],
    ["NULL and false is false", ["and", null, false], 0n],
    ["NULL and true is NULL", ["and", null, true], null],
    ["in with a null among the candidates is true or NULL", ["in", 1, 2, null], null],
    [
      "a text beside a timestamp is a timestamp",
      ["<", { literal: "2001-01-01T00:00:00Z", type: "TIMESTAMP(3)" }, { literal: "2001/01/02 00:00" }],
      1n,
    ],
    ["a double is rounded half away from zero", ["cast", -0.125, "DECIMAL(3,2)"], -13n],
    ["a double is cut to an integer", ["cast", -2.9, "INT"], -2n],
    ["case without otherwise is NULL", ["case", false, 1], null],
  ])("%s", (_, expression, value) => {
    expect(evaluate(bind(expression), [])).toBe(value);
  });
});

test("a result is nullable where a column or the operator makes it so", () => {
  const isNullable = (expression: ExpressionJson) => bind(expression).nullable;
  expect(isNullable(["+", "int", 1])).toBe(false);
  expect(isNullable(["+", "int_or_null", 1])).toBe(true);
  expect(isNullable(["/", "int", 2])).toBe(true);
  expect(isNullable(["/", "double", 2])).toBe(false);
  expect(isNullable(["+", "price", 1])).toBe(true);
  expect(isNullable(["is null", "int_or_null"])).toBe(false);
  expect(isNullable(["coalesce", "int_or_null", 0])).toBe(false);
  expect(isNullable(["case", "flag", "int"])).toBe(true);
  expect(isNullable(["case", "flag", "int", 0])).toBe(false);
});

describe("mistakes are told with their place", () => {
  test.each<[ExpressionJson, string]>([
    [["+", "int", "bigintt"], 'x[2]: no column "bigintt"; did you mean "bigint"?'],
    [["plus", "int", 1], 'x[0]: no operator "plus"'],
    [["colaesce", "int", 1], 'x[0]: no operator "colaesce"; did you mean "coalesce"?'],
    [["=", "int"], 'x: found 1 arguments of "=", expected 2'],
    [["and", true], 'x: found 1 arguments of "and", expected at least 2'],
    [
      ["+", "name", 1],
      "x: found STRING + INT, expected numbers, a timestamp and milliseconds, or (for -) two " +
        "timestamps of one type",
    ],
    [
      ["-", "time", "local"],
      "x: found TIMESTAMP(3) - TIMESTAMP_LTZ(3), expected numbers, a timestamp and milliseconds, or " +
        "(for -) two timestamps of one type",
    ],
    [["=", ["abs", "name"], 1], "x[1][1]: found STRING, expected INT or BIGINT or DOUBLE or DECIMAL"],
    [["<", "name", "int"], "x: STRING and INT cannot be compared"],
    [["=", "int", { literal: "7" }], 'x[2]: found "7", expected INT'],
    [["=", "time", { literal: "yesterday" }], 'x[2]: found "yesterday", expected TIMESTAMP(3)'],
    [["and", "flag", "int"], "x[2]: found INT, expected BOOLEAN"],
    [["coalesce", "int", "name"], "x: found results of INT and STRING"],
    [["coalesce", null, null], 'x: found only null: write one as ["cast", null, "BIGINT"]'],
    [["is null", null], 'x[1]: found null without a type: write ["cast", null, "BIGINT"]'],
    [
      ["cast", "name", "INT"],
      "x: found a cast from STRING to INT; casts go between BOOLEAN, INT, BIGINT, DOUBLE and DECIMAL",
    ],
    [["cast", "int", "LONG"], 'x[2]: found "LONG", expected a type such as "BIGINT"'],
    [{ literal: "300", type: "BOOLEAN" }, 'x.literal: found "300", expected BOOLEAN'],
    [
      ["+", "int", 1e17],
      'x[2]: found 100000000000000000, which JSON does not hold exactly: write { "literal": "…", ' +
        '"type": "BIGINT" }',
    ],
  ])("%j", (expression, message) => {
    expect(messageFor(() => bind(expression))).toBe(`EXPRESSION_INVALID ${message}`);
  });

  test("a condition must be BOOLEAN", () => {
    expect(messageFor(() => bindCondition(["+", "int", 1], scope, ["filter"]))).toBe(
      "EXPRESSION_INVALID filter: found INT, expected BOOLEAN",
    );
  });
});
