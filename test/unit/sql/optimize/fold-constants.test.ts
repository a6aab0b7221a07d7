/** Constants that are calculated before there are rows. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileExpression } from "../../../../src/interpreter/compile-expression.ts";
import type { CallExpression, RowExpression } from "../../../../src/interpreter/row-expression.ts";
import type { SqlValue } from "../../../../src/interpreter/values/sql-value.ts";
import type { ScopeColumn } from "../../../../src/sql/bind/scope.ts";
import { foldConstants } from "../../../../src/sql/optimize/fold-constants.ts";
import { bindSql, stillContext } from "../../../support/evaluated.ts";

const columns: readonly ScopeColumn[] = [
  { name: "n", type: { name: "INT", isNullable: true } },
  { name: "m", type: { name: "INT", isNullable: false } },
  { name: "b", type: { name: "BOOLEAN", isNullable: true } },
  { name: "c", type: { name: "BOOLEAN", isNullable: false } },
];

describe("what is left of an expression", () => {
  test.each([
    ["1 + 2 * 3", "7"],
    ["m + (1 + 2)", "+(m, 3)"],
    ["1.5 + 1", '{"integer":"25"}'],
    ["CAST('12' AS INT)", "12"],
    ["CAST(NULL AS INT) + 1", "null"],
    ["TRY_CAST('x' AS INT)", "null"],
    ["m + 1 / 0", "+(m, /(1, 0))"],
    ["PI()", "3.141592653589793"],
    ["b AND TRUE", "b"],
    ["TRUE AND b AND 1 = 1", "b"],
    ["b AND FALSE", "false"],
    ["b AND NULL", "AND(b, null)"],
    ["b OR 1 = 1", "true"],
    ["FALSE OR b", "b"],
    ["NOT (1 = 1)", "false"],
    ["NOT b", "NOT(b)"],
    ["CASE WHEN FALSE THEN 1 WHEN b THEN 2 ELSE 3 END", "CASE(b, 2, 3)"],
    ["CASE WHEN b THEN 1 WHEN TRUE THEN 2 WHEN c THEN 3 END", "CASE(b, 1, 2)"],
    ["CASE WHEN NULL THEN 1 ELSE n END", "n"],
    ["CASE WHEN TRUE THEN m ELSE n END", "CAST(m)"],
    ["IF(1 = 2, m, m + 1)", "+(m, 1)"],
    ["IF(b, 1, 2)", "IF(b, 1, 2)"],
    ["COALESCE(NULL, n, 1 + 1, m)", "COALESCE(n, 2)"],
    ["COALESCE(CAST(NULL AS INT), m)", "m"],
    ["COALESCE(1 + 1, m)", "2"],
    ["IFNULL(NULL, CAST(NULL AS INT))", "null"],
    [
      "99999999999999999999999999999999999999 + 1",
      '+({"integer":"99999999999999999999999999999999999999"}, {"integer":"1"})',
    ],
  ])("%s: %s", (sql, expected) => {
    const bound = bindSql(sql, columns);
    const folded = foldConstants(bound);
    expect(folded.type).toEqual(bound.type);
    expect(show(folded)).toBe(expected);
  });

  test("a value of a time zone stays a call", () => {
    const bound = bindSql("CAST(TIMESTAMP '2020-01-01 00:00:00' AS TIMESTAMP_LTZ(3))");
    expect(foldConstants(bound)).toEqual(bound);
    expect(foldConstants(bindSql("TRY_CAST(TIMESTAMP '2020-01-01 00:00:00' AS TIMESTAMP_LTZ(3))")).node).toBe(
      "call",
    );
  });

  test("a value that is long stays a call", () => {
    const long = bindSql(`CAST(X'${"61".repeat(3000)}' AS STRING)`);
    expect(foldConstants(long).node).toBe("literal");
    const longer = bindSql(`CAST(X'${"61".repeat(5000)}' AS STRING)`);
    expect(foldConstants(longer)).toEqual(longer);
  });
});

const { number, truth } = fc.letrec<{ number: string; truth: string }>((tie) => {
  const [number, truth] = [tie("number"), tie("truth")];
  const joined = (...parts: (string | fc.Arbitrary<string>)[]) =>
    fc
      .tuple(...parts.map((part) => (typeof part === "string" ? fc.constant(part) : part)))
      .map((each) => `(${each.join(" ")})`);
  return {
    number: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom("n", "m", "0", "1", "2", "2147483647", "CAST(NULL AS INT)"),
      joined(number, fc.constantFrom("+", "-", "*", "/", "%"), number),
      joined("CASE WHEN", truth, "THEN", number, "WHEN", truth, "THEN", number, "ELSE", number, "END"),
      joined("IF(", truth, ",", number, ",", number, ")"),
      joined("COALESCE(", number, ",", number, ",", number, ")"),
      joined("NULLIF(", number, ",", number, ")"),
      joined("-", number),
    ),
    truth: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom("b", "c", "TRUE", "FALSE", "UNKNOWN"),
      joined(truth, fc.constantFrom("AND", "OR"), truth),
      joined(truth, "AND", truth, "AND", truth),
      joined("NOT", truth),
      joined(number, fc.constantFrom("=", "<", ">="), number),
      joined(number, "IS NULL"),
      joined(truth, fc.constantFrom("IS TRUE", "IS NOT FALSE", "IS UNKNOWN")),
    ),
  };
});

test("folding changes neither value nor type, and makes no errors", () => {
  const row = fc.tuple(
    fc.constantFrom(null, -1, 0, 1, 2),
    fc.constantFrom(-1, 0, 1, 2),
    fc.constantFrom(null, true, false),
    fc.boolean(),
  );
  fc.assert(
    fc.property(fc.oneof(number, truth), row, (sql, values) => {
      const bound = bindSql(sql, columns);
      const folded = foldConstants(bound);
      expect(folded.type).toEqual(bound.type);
      const expected = valueIn(bound, values);
      if (expected !== undefined) expect(valueIn(folded, values)).toBe(expected);
      expect(foldConstants(folded)).toEqual(folded);
    }),
    { numRuns: 500 },
  );
});

/** Undefined where there is none. */
function valueIn(expression: RowExpression, row: readonly SqlValue[]): SqlValue | undefined {
  try {
    return compileExpression(expression, stillContext)(row);
  } catch {
    return undefined;
  }
}

function show(expression: RowExpression): string {
  if (expression.node === "input") return columns[expression.index]?.name ?? "";
  if (expression.node === "literal") return JSON.stringify(expression.value);
  const { function: name, arguments: given } = expression satisfies CallExpression;
  return `${name}(${given.map(show).join(", ")})`;
}
