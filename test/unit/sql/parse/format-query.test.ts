/** A tree that is formatted and parsed again is the same tree. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { formatExpression, formatQuery } from "../../../../src/sql/parse/format-query.ts";
import { formatStatement } from "../../../../src/sql/parse/format-statement.ts";
import { parseExpressionText, parseStatements } from "../../../../src/sql/parse/parse-statements.ts";
import { sqlExpression, sqlQuery } from "../../../arbitraries/sql-queries.ts";
import { withoutPlaces } from "../../../support/without-places.ts";

test("any expression comes back from its text", { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(sqlExpression, (tree) => {
      const text = formatExpression(tree);
      expect(withoutPlaces(parseExpressionText(text)), text).toEqual(withoutPlaces(tree));
    }),
    { numRuns: 1000 },
  );
});

test("any query comes back from its text", { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(sqlQuery, (tree) => {
      const text = formatQuery(tree);
      const [statement] = parseStatements(text);
      expect(withoutPlaces(statement), text).toEqual(withoutPlaces({ kind: "query", query: tree }));
    }),
    { numRuns: 300 },
  );
});

test.each([
  ["a+b*c", "a + b * c"],
  ["(a+b)*c", "(a + b) * c"],
  ["a-(b-c)", "a - (b - c)"],
  ["not (a and b) or c", "NOT (a AND b) OR c"],
  ["- -5", "-(-5)"],
  ["-a[1]", "-a[1]"],
  ["a != b", "a <> b"],
  ["x between 1 and 2 and y", "x BETWEEN 1 AND 2 AND y"],
  ["substring(a from 2 for 3)", "SUBSTRING(a, 2, 3)"],
  ["extract(day from t)", "EXTRACT(DAY FROM t)"],
  ["trim(leading 'x' from a)", "TRIM(LEADING 'x' FROM a)"],
  ["floor(t to day)", "FLOOR(t TO DAY)"],
  ["position('a' in b)", "POSITION('a' IN b)"],
  ["timestampadd(day, 1, t)", "TIMESTAMPADD(DAY, 1, t)"],
  ["U&'\\00e9t\\00e9'", "'été'"],
  [
    "json_value(a, 'lax $.b' returning int default 1 on empty)",
    "JSON_VALUE(a, 'lax $.b' RETURNING INT DEFAULT 1 ON EMPTY)",
  ],
  ["json_object(key 'a' value b absent on null)", "JSON_OBJECT('a' VALUE b ABSENT ON NULL)"],
  ["count(distinct a) filter (where b > 0)", "count(DISTINCT a) FILTER (WHERE b > 0)"],
  ["(a).b", "(a).b"],
  ["a + b || c", "a + b || c"],
  ["(a + b) || c", "(a + b) || c"],
  ["a = b in (1)", "a = b IN (1)"],
  ["(a = b) in (1)", "(a = b) IN (1)"],
  ["a = b is null", "a = b IS NULL"],
  ["a = not (b)", "a = (NOT b)"],
  ["not a = b", "NOT a = b"],
  ["case a when 1, 2 then 'x' end", "CASE a WHEN 1 THEN 'x' WHEN 2 THEN 'x' END"],
  ["trim(both ' x ')", "TRIM(BOTH FROM ' x ')"],
  ["constructor(a)", "constructor(a)"],
  ["left(a, 1)", "left(a, 1)"],
  ["f(order => 1)", "f(order => 1)"],
  ["json_value(a, '$' returning int null on empty)", "JSON_VALUE(a, '$' RETURNING INT NULL ON EMPTY)"],
  ["json_object(key value 1)", "JSON_OBJECT(key VALUE 1)"],
  ["cast(a as row<>)", "CAST(a AS ROW<>)"],
  ["a // all of it", "a"],
  ["f(x).y[1]", "f(x).y[1]"],
  ["CURRENT_DATE", "CURRENT_DATE"],
  [
    "try_cast(a as row<b int not null, c array<string>>)",
    "TRY_CAST(a AS ROW<b INT NOT NULL, c ARRAY<STRING>>)",
  ],
  ["cast(a as timestamp(3) with local time zone)", "CAST(a AS TIMESTAMP_LTZ(3))"],
  ["interval '1-2' year to month", "INTERVAL '1-2' YEAR TO MONTH"],
  ["t - interval a.b day", "t - a.b * INTERVAL '1' DAY"],
  ["interval (a + 1) hours", "(a + 1) * INTERVAL '1' HOUR"],
  ["interval f(a) minute", "f(a) * INTERVAL '1' MINUTE"],
  ["E'it\\'s ''a\\tb'' \\x41\\101\\u00e9\\\\'", "'it''s ''a\tb'' AAé\\'"],
  ["_utf8'é' 'b'", "'éb'"],
  ["{fn abs(a)} + 1", "abs(a) + 1"],
  ["{d '2024-01-01'}", "DATE '2024-01-01'"],
  ["{ts '2024-01-01 00:00:00'}", "TIMESTAMP '2024-01-01 00:00:00'"],
  ["cast(a as `my types`.`Point 1`)", "CAST(a AS `my types`.`Point 1`)"],
  ["cast(a as array<`int`>)", "CAST(a AS ARRAY<`int`>)"],
  ["array[1].f", "ARRAY[1].f"],
])("%s is written %s", (text, written) => {
  expect(formatExpression(parseExpressionText(text))).toBe(written);
});

test.each([
  [
    "SELECT user_id, COUNT(*) AS clicks, TUMBLE_START(ts, INTERVAL '5' MINUTE) FROM user_clicks " +
      "GROUP BY user_id, TUMBLE(ts, INTERVAL '5' MINUTE)",
  ],
  ["SELECT * FROM TABLE(HOP(TABLE t, DESCRIPTOR(ts), INTERVAL '1' MINUTE, INTERVAL '1' HOUR)) AS w"],
  ["SELECT /*+ `MY HINT`('a') */ a FROM t"],
  ["SELECT a FROM t /*+ OPTIONS('k' = 'v') */ AS x LEFT JOIN (u CROSS JOIN v) ON x.a = u.a"],
  ["(SELECT a FROM t ORDER BY a LIMIT 1) UNION ALL SELECT b FROM u"],
  [
    "SELECT a, GROUPING(a) FROM t GROUP BY GROUPING SETS ((a, b), CUBE (c), ())".replace(
      "(a, b)",
      "ROW(a, b)",
    ),
  ],
  ["SELECT SUM(a) OVER (PARTITION BY b ORDER BY c ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) FROM t"],
  ["INSERT INTO t (a, b) SELECT 1, 2 ON CONFLICT DO NOTHING"],
  ["EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT 1; INSERT INTO b SELECT 2; END"],
  [
    "CREATE TABLE IF NOT EXISTS t (a INT NOT NULL, b STRING METADATA FROM 'k' VIRTUAL, " +
      "c AS a + 1 COMMENT 'x', PRIMARY KEY (a) NOT ENFORCED, " +
      "WATERMARK FOR ts AS ts - INTERVAL '5' SECOND) COMMENT 'it''s' " +
      "DISTRIBUTED BY HASH(a) INTO 4 BUCKETS PARTITIONED BY (a) WITH ('connector' = 'http')",
  ],
  ["CREATE OR ALTER MATERIALIZED TABLE t FRESHNESS = INTERVAL '3' MINUTE REFRESH_MODE = FULL AS SELECT 1"],
  ["CREATE TABLE t LIKE s (INCLUDING ALL EXCLUDING OPTIONS)"],
  ["CREATE TEMPORARY VIEW v (a, b COMMENT 'c') AS SELECT 1, 2"],
  ["ALTER TABLE t ADD (a INT FIRST, b INT AFTER a)"],
  ["ALTER MATERIALIZED TABLE t REFRESH PARTITION (d = '2026-01-01')"],
  ["EXPLAIN CHANGELOG_MODE, PLAN_ADVICE SELECT a FROM t"],
  ["SHOW TABLES FROM d NOT LIKE 'a%'"],
  ["STOP JOB 'j' WITH SAVEPOINT WITH DRAIN"],
  ["SELECT * FROM (SELECT a FROM t ORDER BY a LIMIT 3) LIMIT 2"],
  ["SELECT * FROM TABLE(f(TABLE t PARTITION BY (a, b) ORDER BY (c DESC, d), 10))"],
  ["SET 'k' = 'v'"],
])("%s stays as it is", (text) => {
  expect(parseStatements(text).map(formatStatement)).toEqual([text]);
});

test.each([
  ["(SELECT a FROM t LIMIT 3) LIMIT 2", "SELECT * FROM (SELECT a FROM t LIMIT 3) LIMIT 2"],
  [
    "(WITH x AS (SELECT 1) SELECT a FROM x) ORDER BY a",
    "SELECT * FROM (WITH x AS (SELECT 1) SELECT a FROM x) ORDER BY a",
  ],
  ["SELECT * FROM a, b RIGHT JOIN c ON x", "SELECT * FROM a CROSS JOIN b RIGHT JOIN c ON x"],
  [
    "SELECT * FROM TABLE(f(TABLE t PARTITION BY a, TRUE))",
    "SELECT * FROM TABLE(f(TABLE t PARTITION BY (a), TRUE))",
  ],
  ["SELECT a ilike FROM t", "SELECT a AS ilike FROM t"],
  ["SET execution.x = 'v'", "SET 'execution.x' = 'v'"],
  ["RESET execution.x", "RESET 'execution.x'"],
  ["EXECUTE INSERT INTO t SELECT 1", "INSERT INTO t SELECT 1"],
])("%s is written otherwise", (text, written) => {
  expect(parseStatements(text).map(formatStatement)).toEqual([written]);
});
