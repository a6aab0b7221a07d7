/** What is wrong is said at its place, with what could have stood there. */
import { expect, test } from "vitest";
import type { EngineError } from "../../../../src/base/errors.ts";
import { sqlChainMax, sqlDepthMax, sqlTextMax } from "../../../../src/base/limits.ts";
import { formatExpression } from "../../../../src/sql/parse/format-query.ts";
import { formatStatement } from "../../../../src/sql/parse/format-statement.ts";
import { parseExpressionText, parseStatements } from "../../../../src/sql/parse/parse-statements.ts";

function errorOf(text: string): EngineError {
  try {
    parseStatements(text);
  } catch (thrown) {
    return thrown as EngineError;
  }
  throw new Error(`"${text}" is taken`);
}

/** The text has the place of the error between two carets. */
test.each([
  ["^SELCT^ a FROM t", 'did you mean "SELECT"?'],
  ["SELECT a FORM ^t^ WHERE b", 'did you mean "FROM" instead of FORM?'],
  ["SELECT a FROM t GROPU ^BY^ a", 'did you mean "GROUP" instead of GROPU?'],
  ["SELECT a FROM ^WHERE^ b", "Found the reserved word WHERE, expected a table, LATERAL"],
  ["SELECT a FROM t WHERE ^^", "Found the end, expected"],
  ["SELECT a, ^FROM^ (t)", "Found the reserved word FROM, expected an expression"],
  ["SELECT a FROM t WHERE a AND ^OR^ (b)", "Found the reserved word OR, expected an expression"],
  ["SELECT a FROM LATERAL u^^", ""],
  ["SELECT a FROM (t^,^ u)", ""],
  ["CREATE OR REPLACE TABLE ^IF^ NOT EXISTS t (a INT)", "either replaced or kept"],
  ["SELECT a FROM t GROUP ^a^", "expected BY"],
  ["SELECT (a FROM^ ^t)", ""],
  ["SELECT ^'a^ FROM t", "The text that begins here has no closing '"],
  ["SELECT ^`a^ FROM t", "The quoted name that begins here has no closing `"],
  ["SELECT a ^/*^ FROM t", "The comment that begins here has no closing */"],
  ["SELECT ^X'0'^ FROM t", "pairs of the digits"],
  ["SELECT ^\\^", "Nothing begins with \\ here"],
  ["SELECT U&^'\\zz'^", ""],
  ["SELECT CAST(a ^INT^)", "expected"],
  ["SELECT CAST(a AS ^1^)", "expected a type"],
  ["SELECT CASE ^END^", "expected"],
  ["SELECT INTERVAL '1' ^FORTNIGHT^", "expected a unit of time"],
  ["SELECT a BETWEEN 1 ^OR^ 2", "expected"],
  ["SELECT a IN ^1^", "expected ("],
  ["SELECT EXTRACT(^x^ FROM a)", "expected a unit of time"],
  ["SELECT a FROM t JOIN u ON ^^", "Found the end"],
  ["SELECT a FROM t LEFT ^u^", "JOIN"],
  ["SELECT a FROM t LIMIT ^,^", ""],
  ["SELECT f(a => ^)^", ""],
  ["SELECT SUM(a) OVER ^1^", ""],
  ["SELECT a FROM (SELECT b FROM u ^^", "Found the end"],
  ["CREATE ^TABEL^ t (a INT)", 'did you mean "TABLE"?'],
  ["CREATE TABLE t (a ^,^ b INT)", ""],
  ["CREATE TABLE t (^a^)", "Only a table that is made of a query has columns without type"],
  ["CREATE TABLE t (a, b ^INT^) AS SELECT 1", "have no type"],
  ["CREATE TABLE t (a INT) WITH ('k' ^,^)", "expected ="],
  ["CREATE TABLE t (a INT) WITH (^k^ = 'v')", "expected"],
  ["CREATE TABLE t (a INT) DISTRIBUTED INTO ^0^ BUCKETS", "There is at least one bucket"],
  ["CREATE TABLE t (a INT) DISTRIBUTED INTO ^1.5^ BUCKETS", "expected a number of buckets"],
  ["CREATE TABLE t (WATERMARK FOR a AS a, ^WATERMARK^ FOR b AS b)", "at most one watermark"],
  ["CREATE TEMPORARY ^MATERIALIZED^ TABLE t AS SELECT 1", "not temporary"],
  ["CREATE MATERIALIZED TABLE t (a INT)^^", "expected"],
  ["CREATE VIEW v ^SELECT^ 1", "AS"],
  ["CREATE ^SYSTEM^ FUNCTION f AS 'f'", "created as a temporary one"],
  ["CREATE TEMPORARY SYSTEM FUNCTION a.^b^ AS 'f'", "name has one part"],
  ["DROP ^TABEL^ t", 'did you mean "TABLE"?'],
  ["ALTER TABLE t ^FROB^ a", "expected"],
  ["ALTER TABLE t RENAME a ^b^", "expected"],
  ["INSERT ^t^ SELECT 1", "expected INTO or OVERWRITE"],
  ["INSERT INTO t SELECT 1 ON CONFLICT DO ^UPDATE^", "expected ERROR, NOTHING or DEDUPLICATE"],
  ["SHOW ^TABELS^", 'did you mean "TABLES"?'],
  ["SHOW TABLES ^LKE^ 'a'", ""],
  ["SHOW COLUMNS^^", "FROM"],
  ["DESCRIBE ^^", "a name"],
  ["EXPLAIN ^SHOW^ TABLES", "Only a query, an INSERT or a statement set is explained"],
  ["SET 'a' ^'b'^", "expected ="],
  ["STOP JOB ^j^", "a text in quotes"],
  ["STOP JOB 'j' ^WITH^ DRAIN", "stands behind WITH SAVEPOINT"],
  ["SELECT 1 ^SELECT^ 2", "the end"],
  ["SELECT 1;\nSELECT ^;^", "line 2, column 8"],
])("%s", (marked, message) => {
  const [before = "", found = ""] = marked.split("^");
  const error = errorOf(marked.replaceAll("^", ""));
  expect(error.code).toBe("SQL_SYNTAX");
  expect(error.message).toContain(message);
  if (message === "") return;
  expect(error.details).toMatchObject({ start: before.length });
  expect(found.length === 0 || (error.details?.end as number) > before.length).toBe(true);
});

test.each([
  ["CREATE CATALOG c", "CREATE CATALOG"],
  ["CREATE MODEL m", "CREATE MODEL"],
  ["SELECT * FROM t MATCH_RECOGNIZE (PATTERN (A) DEFINE A AS TRUE)", "MATCH_RECOGNIZE"],
  ["WITH RECURSIVE t AS (SELECT 1) SELECT * FROM t", "WITH RECURSIVE"],
  ["UPDATE t SET a = 1", "UPDATE"],
  ["COMPILE AND EXECUTE PLAN 'p' FOR INSERT INTO t SELECT 1", "COMPILE"],
  ["CREATE FUNCTION f AS 'f' USING JAR 'j'", "functions out of files"],
  ["CREATE TABLE t (a TIMESTAMP WITH TIME ZONE)", "TIMESTAMP WITH TIME ZONE"],
  ["CREATE OR REPLACE VIEW v AS SELECT 1", "CREATE OR REPLACE of anything but tables"],
  ["SELECT * FROM t TABLESAMPLE BERNOULLI (10)", "TABLESAMPLE"],
  ["SELECT * FROM t PIVOT (SUM(a) FOR b IN (1))", "PIVOT"],
  ["INSERT INTO t /*+ STATE_TTL('t' = '1d') */ SELECT 1", "the hint STATE_TTL of INSERT"],
  ["SELECT INTERVAL '1' SECOND(2, 3)", "SECOND with two precisions"],
  ["SELECT * FROM TABLE(f(i => DEFAULT))", "DEFAULT as a value"],
  ["SELECT * FROM TABLE(f((SELECT 1) PARTITION BY a))", "a query as an argument with PARTITION BY"],
  ["SELECT a ILIKE 'x' FROM t", "ILIKE"],
  ["SELECT a NOT RLIKE 'x' FROM t", "NOT RLIKE"],
  ["SELECT a MEMBER OF b FROM t", "MEMBER OF"],
  ["SELECT a MULTISET UNION b FROM t", "MULTISET UNION"],
  ["SELECT a IS NOT A SET FROM t", "IS A SET"],
  ["END", "END in a text without BEGIN STATEMENT SET"],
])("what Flink knows and Millrace does not is named: %s", (text, name) => {
  const error = errorOf(text);
  expect(error.code).toBe("SQL_NOT_SUPPORTED");
  expect(error.message).toContain(`Not supported: ${name}`);
});

test("the line is shown with carets below the place", () => {
  const error = errorOf("SELECT a,\n       b\nFROM t WHERRE c");
  expect(error.message.split("\n").slice(1)).toEqual(["  FROM t WHERRE c", "                ^"]);
  expect(error.details).toMatchObject({ line: 3, column: 15 });
});

test("of a long line the place is shown", () => {
  const error = errorOf(`SELECT ${"a, ".repeat(100)}FROM t`);
  const [, line = "", carets = ""] = error.message.split("\n");
  expect(line.length).toBeLessThan(90);
  expect(line.slice(carets.indexOf("^"), carets.lastIndexOf("^") + 1)).toBe("FROM");
});

test("a text that is too long or too deep is refused, and one that is as deep as it may be is not", () => {
  expect(errorOf(" ".repeat(sqlTextMax + 1)).message).toContain("at most");
  for (const [open, close] of [
    ["(", ")"],
    ["NOT ", ""],
    ["- ", ""],
    ["(SELECT ", ")"],
    ["CASE WHEN 1 THEN ", " END"],
    ["CAST(", " AS INT)"],
  ] as const) {
    const deep = (levels: number) => `SELECT ${open.repeat(levels)}1${close.repeat(levels)}`;
    expect(errorOf(deep(100_000).slice(0, sqlTextMax)).message).toContain("levels deep");
    expect(parseStatements(deep(20))).toHaveLength(1);
  }
  const types = `SELECT CAST(a AS ${"ARRAY<".repeat(5000)}INT${">".repeat(5000)})`;
  expect(errorOf(types).message).toContain(`more than ${sqlDepthMax} levels deep`);
  const tables = `SELECT * FROM ${"(".repeat(5000)}a JOIN b${")".repeat(5000)}`;
  expect(errorOf(tables).message).toContain("levels deep");
});

test.each([
  (length: number) => `SELECT ${"1 + ".repeat(length)}1`,
  (length: number) => `SELECT 1${" UNION ALL SELECT 1".repeat(length)}`,
  (length: number) => `SELECT a FROM t${" JOIN t ON TRUE".repeat(length)}`,
  (length: number) => `SELECT a${" IS NULL".repeat(length)}`,
])("a long chain is taken as far as its tree can be gone through", (chain) => {
  const [statement] = parseStatements(chain(900));
  expect(statement && parseStatements(formatStatement(statement))).toHaveLength(1);
  expect(errorOf(chain(2000)).message).toContain(`At most ${sqlChainMax}`);
});

test.each(["EXECUTE ", "EXPLAIN "])("%s before itself ends in an error", (word) => {
  expect(errorOf(`${word.repeat(50_000)}SELECT 1`).code).toBe("SQL_SYNTAX");
});

test.each([
  ["a = ANY (1, 2) AND b", "(a = 1 OR a = 2) AND b"],
  ["a < ALL (1, x + 2)", "a < 1 AND a < x + 2"],
  ["a <> SOME (3)", "a <> 3"],
  ["a = ANY (SELECT 1)", "a = ANY (SELECT 1)"],
])("%s is read as %s", (text, expected) => {
  expect(formatExpression(parseExpressionText(text))).toBe(expected);
});

test.each([
  ["SELECT JSON_VALUE(a, '$' PASSING 1 AS x)", "PASSING in a JSON function"],
  ["SELECT JSON_ARRAYAGG(a ORDER BY b)", "ORDER BY in a JSON function"],
  ["SELECT COUNT(a) WITHIN DISTINCT (b)", "WITHIN DISTINCT"],
  ["SELECT * FROM UNNEST(a, b)", "UNNEST of several collections"],
])("%s is not supported by name", (text, what) => {
  expect(() => parseStatements(text)).toThrow(`Not supported: ${what}`);
});
