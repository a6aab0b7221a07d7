/** Where a statement that is typed ends. */
import { expect, test } from "vitest";
import { isBlank, isComplete } from "../../../src/cli/statement-end.ts";

test.each([
  "SELECT 1;",
  "SELECT 1; SELECT 2;  ",
  "SELECT ';';",
  "SELECT 'it''s';",
  "SELECT 1; -- one",
  "SELECT 1 /* ; */ ;",
  "SELECT `a;b` FROM t;",
  "EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT 1; INSERT INTO b SELECT 2; END;",
  "SELECT CASE WHEN a THEN b END;",
])("complete: %s", (text) => {
  expect(isComplete(text)).toBe(true);
});

test.each([
  "SELECT 1",
  "SELECT 1; SELECT 2",
  "SELECT ';",
  "SELECT ';' -- ;",
  "SELECT 1 /* ;",
  "SELECT `a;",
  "BEGIN STATEMENT SET; INSERT INTO a SELECT 1;",
  "BEGIN STATEMENT SET; INSERT INTO a SELECT CASE WHEN b THEN 1 END;",
])("goes on: %s", (text) => {
  expect(isComplete(text)).toBe(false);
});

test.each([
  ["", true],
  [" ;\n; ", true],
  ["-- nothing", true],
  ["'x'", false],
  ["a", false],
])("%j has nothing to run: %s", (text, expected) => {
  expect(isBlank(text)).toBe(expected);
});
