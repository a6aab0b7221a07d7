/** Rows that are written, and their fields. */
import { expect, test } from "vitest";
import { evaluateSql } from "../../../support/sql-expression.ts";

test("a row has the types of its values, and names that count them", () => {
  expect(evaluateSql("ROW(1, NULLABLE, 'a')", { NULLABLE: ["BIGINT", null] })).toEqual({
    type: "ROW<`EXPR$0` INT NOT NULL, `EXPR$1` BIGINT, `EXPR$2` CHAR(1) NOT NULL> NOT NULL",
    value: [1, null, "a"],
  });
});

test("two values in parentheses are a row", () => {
  expect(evaluateSql("(1, TRUE)").value).toEqual([1, true]);
});

test.each([
  ["r.a", "ROW<a INT NOT NULL, b STRING>", [7, null], "INT", 7],
  ["r.b", "ROW<a INT NOT NULL, b STRING>", [7, null], "STRING", null],
  ["r.a", "ROW<a INT NOT NULL> NOT NULL", [7], "INT NOT NULL", 7],
  ["r.a", "ROW<a INT NOT NULL>", null, "INT", null],
  ["r.a.c", "ROW<a ROW<b INT, c DOUBLE>>", [[1, 2.5]], "DOUBLE", 2.5],
] as const)("%s of %s is its field", (sql, type, row, fieldType, value) => {
  expect(evaluateSql(sql, { r: [type, row] })).toEqual({ type: fieldType, value });
});
