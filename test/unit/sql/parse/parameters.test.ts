/** Values for `?` and `:name`. */
import { expect, test } from "vitest";
import type { EngineError } from "../../../../src/base/errors.ts";
import { formatStatement } from "../../../../src/sql/parse/format-statement.ts";
import type { ParameterValues } from "../../../../src/sql/parse/parameters.ts";
import { parseStatements } from "../../../../src/sql/parse/parse-statements.ts";

function formatted(text: string, values?: ParameterValues): string {
  const plain = parseStatements(text, values).map(formatStatement).join("; ");
  return plain.replaceAll(/\s+/g, " ");
}

function errorOf(text: string, values?: ParameterValues): EngineError {
  try {
    parseStatements(text, values);
  } catch (thrown) {
    return thrown as EngineError;
  }
  throw new Error(`"${text}" is taken`);
}

test.each([
  ["a text keeps its quotes", "SELECT ?", ["it's"], "SELECT 'it''s'"],
  ["a whole number", "SELECT ?", [7], "SELECT 7"],
  ["a negative number behind a minus", "SELECT 1 -?", [-2], "SELECT 1 - -2"],
  ["a fraction", "SELECT ?", [1.5], "SELECT 1.5"],
  ["a huge number", "SELECT ?", [1e30], "SELECT 1e+30"],
  ["truth and null", "SELECT ?, ?", [true, null], "SELECT TRUE, NULL"],
  ["values in their order, over statements", "SELECT ?, ?; SELECT ?", [1, 2, 3], "SELECT 1, 2; SELECT 3"],
  ["one name several times", "SELECT :a, :b, :a", { a: 1, b: 2 }, "SELECT 1, 2, 1"],
  ["a limit", "SELECT a FROM t LIMIT ?", [3], "SELECT a FROM t LIMIT 3"],
] as const)("%s is written as a literal", (_, text, values, expected) => {
  expect(formatted(text, values)).toBe(formatted(expected));
});

test("what is in quotes or a comment is no parameter", () => {
  expect(formatted("SELECT '?', ':a' -- ? :b")).toBe("SELECT '?', ':a'");
});

test.each([
  ["SELECT 1, ?", undefined, "There is no value for parameter 1"],
  ["SELECT ?, ?", [1], "There is no value for parameter 2"],
  ["SELECT :a", { b: 1 }, "There is no value for the parameter :a"],
  ["SELECT :toString", {}, "There is no value for the parameter :toString"],
  ["SELECT :a", [1], "by name"],
  ["SELECT ?", { a: 1 }, "as a list"],
  ["SELECT ?", [1, 2], "The parameters are 2, and the text has 1 times ?"],
  ["SELECT :a", { a: 1, b: 2 }, "Nothing in the text is a parameter :b"],
] as const)("%s with %j is refused", (text, values, message) => {
  const error = errorOf(text, values);
  expect(error.code).toBe("SQL_INVALID");
  expect(error.message).toContain(message);
});
