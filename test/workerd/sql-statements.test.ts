/** Statements of SQL whose effects only a running server has. */
import { expect, test } from "vitest";
import { call } from "./api.ts";

type Result = Record<string, unknown>;

async function resultsOf(sql: string): Promise<Result[]> {
  const { status, body } = await call("POST", "/v1/sql", { sql });
  expect(body).not.toHaveProperty("code");
  expect(status).toBe(200);
  return body.results;
}

async function lastOf(sql: string): Promise<Result> {
  return (await resultsOf(sql)).at(-1) ?? {};
}

/** Waits until a query has these rows. */
async function expectRows(query: string, rows: readonly unknown[]): Promise<void> {
  await expect.poll(async () => (await lastOf(query)).rows, { timeout: 10_000 }).toEqual(rows);
}

const columns =
  "id INT, flag BOOLEAN, amount DECIMAL(8, 2), big BIGINT, half DOUBLE, bytes BYTES, day DATE," +
  " at_time TIMESTAMP(3), seen TIMESTAMP_LTZ(3), name STRING";

test("VALUES are appended with their types", { timeout: 30_000 }, async () => {
  const inserted = await lastOf(`
    CREATE TABLE things (${columns}) WITH ('connector' = 'http');
    CREATE TABLE kept (${columns}, PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'view');
    INSERT INTO kept SELECT * FROM things;
    INSERT INTO things VALUES
      (1, TRUE, 12.50, 9007199254740993, 0.5, X'00ff', DATE '2024-02-29', TIMESTAMP '2024-02-29 12:00:00.123',
        TO_TIMESTAMP_LTZ(1, 3), 'it''s "é"'),
      (2, CAST(NULL AS BOOLEAN), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)`);
  expect(inserted).toEqual({ statement: "INSERT", message: "2 rows are appended to things." });
  await expectRows("SELECT * FROM kept ORDER BY id", [
    [
      ...[1, true, "12.50", "9007199254740993", 0.5, "AP8=", "2024-02-29", "2024-02-29 12:00:00.123"],
      ...["1970-01-01 00:00:00.001Z", 'it\'s "é"'],
    ],
    [2, null, null, null, null, null, null, null, null, null],
  ]);
  await lastOf("INSERT INTO things (id, big) SELECT 3, SUM(id) FROM kept");
  await expectRows("SELECT id, big FROM kept WHERE id = 3", [[3, 3]]);
});

test("a materialized table is kept up to date, suspended, resumed and dropped", {
  timeout: 60_000,
}, async () => {
  const made = await lastOf(`
    CREATE TABLE visits (page STRING, visitor STRING, tags STRING)
      WITH ('connector' = 'http', 'shards' = '2');
    CREATE MATERIALIZED TABLE per_page FRESHNESS = INTERVAL '1' MINUTE
    AS SELECT page, COUNT(*) AS visits, COUNT(DISTINCT visitor) AS visitors FROM visits GROUP BY page;
    CREATE MATERIALIZED TABLE pages AS
    SELECT DISTINCT UPPER(page) AS page, CARDINALITY(SPLIT(tags, ',')) AS tags FROM visits`);
  expect(made).toMatchObject({ statement: "CREATE MATERIALIZED TABLE", job: "insert-into-pages" });
  await lastOf(
    "INSERT INTO visits VALUES ('a', 'x', 'k,l'), ('a', 'y', 'm,n'), ('b', 'x', NULL), (NULL, 'z', NULL)",
  );
  const perPage = "SELECT * FROM per_page ORDER BY page NULLS LAST";
  await expectRows(perPage, [
    ["a", 2, 2],
    ["b", 1, 1],
    [null, 1, 1],
  ]);
  await expectRows("SELECT * FROM pages ORDER BY page NULLS LAST", [
    ["A", 2],
    ["B", null],
    [null, null],
  ]);
  expect((await lastOf("SHOW MATERIALIZED TABLES")).rows).toEqual([["pages"], ["per_page"]]);

  expect((await lastOf("SELECT visits FROM per_page WHERE page = 'a'")).rows).toEqual([[2]]);
  expect((await lastOf("SELECT tags FROM pages WHERE page = 'A' AND tags = 2")).rows).toEqual([[2]]);
  expect((await lastOf("SELECT tags FROM pages WHERE page = 'A' AND tags = 3")).rows).toEqual([]);

  await lastOf("ALTER MATERIALIZED TABLE per_page SUSPEND");
  const states = async () => Object.fromEntries((await lastOf("SHOW JOBS")).rows as [string, string][]);
  await expect.poll(states).toMatchObject({ "insert-into-per_page": "paused" });
  await lastOf("INSERT INTO visits VALUES ('b', 'x', NULL)");
  await lastOf("ALTER MATERIALIZED TABLE per_page RESUME");
  await expectRows(perPage, [
    ["a", 2, 2],
    ["b", 2, 1],
    [null, 1, 1],
  ]);

  await lastOf("DROP MATERIALIZED TABLE pages; DROP MATERIALIZED TABLE per_page");
  await expect.poll(states).not.toHaveProperty("insert-into-per_page");
  await expect
    .poll(async () => (await call("POST", "/v1/sql", { sql: "DROP TABLE visits" })).status)
    .toBe(200);
});

test("a view is not dropped while a job fills it, and only gains columns", { timeout: 30_000 }, async () => {
  await lastOf(`
    CREATE TABLE hits (page STRING, hits INT) WITH ('connector' = 'http');
    CREATE TABLE newest (PRIMARY KEY (page) NOT ENFORCED) WITH ('connector' = 'view')
      AS SELECT page, hits FROM hits`);
  const { status, body } = await call("POST", "/v1/sql", { sql: "DROP TABLE newest" });
  expect(status).toBe(400);
  expect(body.detail).toContain("STOP JOB 'insert-into-newest' before it is dropped");
  await lastOf(`
    ALTER TABLE newest ADD (note STRING, twice AS hits * 2);
    INSERT INTO hits VALUES ('a', 1), ('a', 2)`);
  await expectRows("SELECT page, hits, note, twice FROM newest", [["a", 2, null, 4]]);
  const second = await call("POST", "/v1/sql", { sql: "INSERT INTO newest (page) SELECT page FROM hits" });
  expect(second.body.detail).toContain("STOP JOB 'insert-into-newest' first");
  await lastOf("STOP JOB 'insert-into-newest'; DROP TABLE newest");
});

test("a stream keeps its events under another name of its table", { timeout: 30_000 }, async () => {
  await lastOf(`
    CREATE TABLE raw (k STRING) WITH ('connector' = 'http');
    CREATE MATERIALIZED TABLE per_k AS SELECT k, COUNT(*) AS n FROM raw GROUP BY k;
    INSERT INTO raw VALUES ('a');
    ALTER TABLE raw RENAME TO raw_events;
    INSERT INTO raw_events VALUES ('a')`);
  await expectRows("SELECT * FROM per_k", [["a", 2]]);
  expect((await lastOf("SHOW TABLES LIKE 'raw%'")).rows).toEqual([["raw_events"]]);
  const used = await call("POST", "/v1/sql", { sql: "DROP TABLE raw_events" });
  expect(used.body.detail).toContain("First STOP JOB 'insert-into-per_k'.");
  await lastOf("DROP MATERIALIZED TABLE per_k");
});

test("functions that the worker registers run in jobs, and in answers", { timeout: 30_000 }, async () => {
  await lastOf(`
    CREATE TABLE notes (author STRING, note STRING, price DOUBLE, weight INT) WITH ('connector' = 'http');
    CREATE FUNCTION mask AS 'mask_email';
    CREATE FUNCTION words AS 'words' LANGUAGE TYPESCRIPT;
    CREATE FUNCTION wavg AS 'weighted_average';
    CREATE MATERIALIZED TABLE per_word AS
    SELECT word, mask(MAX(author)) AS author, wavg(price, weight) AS price
    FROM notes, LATERAL TABLE(words(note)) AS t (word, place) GROUP BY word;
    CREATE MATERIALIZED TABLE per_count AS
    SELECT uses, wavg(price, 1) AS price FROM (
      SELECT word, COUNT(*) AS uses, MAX(price) AS price FROM notes, LATERAL TABLE(words(note)) GROUP BY word
    ) GROUP BY uses`);
  await lastOf(`INSERT INTO notes VALUES
    ('ann@example.org', 'to be', 1e0, 1), ('ben@example.org', 'or not to be', 4e0, 3), ('cy', NULL, 1e0, 1)`);
  await expectRows("SELECT * FROM per_word ORDER BY word", [
    ["be", "b…@example.org", 3.25],
    ["not", "b…@example.org", 4],
    ["or", "b…@example.org", 4],
    ["to", "b…@example.org", 3.25],
  ]);
  await expectRows("SELECT uses, price FROM per_count ORDER BY uses", [
    [1, 4],
    [2, 4],
  ]);
  await lastOf(`
    CREATE FUNCTION changes AS 'changes';
    CREATE TABLE mails (email STRING, sent STRING, who AS mask(email), at_time AS TO_TIMESTAMP(mask(sent)),
      WATERMARK FOR at_time AS at_time) WITH ('connector' = 'http');
    CREATE MATERIALIZED TABLE changes_of AS
    SELECT window_start, COUNT(who) AS n, changes(who) AS changes
    FROM TABLE(TUMBLE(TABLE mails, DESCRIPTOR(at_time), INTERVAL '1' MINUTE))
    GROUP BY window_start, window_end;
    INSERT INTO mails VALUES ('ann@x.org', '2024-01-01 00:00:01'), ('ben@x.org', '2024-01-01 00:00:02'),
      ('ben@x.org', '2024-01-01 00:00:03'), ('cy@x.org', '2024-01-01 00:01:00')`);
  await expectRows("SELECT n, changes FROM changes_of", [[3, 1]]);
  await expectRows("SELECT changes(word), changes('x') FROM per_word WHERE word = 'be'", [[0, 0]]);
  await expectRows("SELECT changes('x') FROM per_word", [[0]]);
  expect((await lastOf("SELECT mask('dee@x.org') AS a")).rows).toEqual([["d…@x.org"]]);
  expect((await lastOf("DROP FUNCTION mask; SHOW USER FUNCTIONS")).rows).toEqual([
    ["changes"],
    ["wavg"],
    ["words"],
  ]);
});
