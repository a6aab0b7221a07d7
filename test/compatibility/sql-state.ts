/**
 * What SQL adds to the state of a deployment: tables, views and functions of the catalog, jobs on kernels and
 * interpreted ones of every operator, with windows and sessions that are open, and a savepoint of them.
 */
import type { MillraceClient } from "../../src/client/client.ts";
import { found, retried } from "../torture/retried.ts";

const tables = `
CREATE TABLE clicks (
  user_id STRING NOT NULL, page STRING, price DECIMAL(10, 2), amount DOUBLE,
  at_time TIMESTAMP_LTZ(3) NOT NULL, tags STRING, hour_of AS HOUR(at_time),
  WATERMARK FOR at_time AS at_time - INTERVAL '3' SECOND
) DISTRIBUTED BY HASH (user_id) INTO 2 BUCKETS WITH ('connector' = 'http', 'idle-timeout' = '1 d');
CREATE TABLE numbers (id BIGINT, half INT) WITH (
  'connector' = 'datagen', 'number-of-rows' = '50', 'fields.id.kind' = 'sequence', 'fields.id.start' = '1',
  'fields.id.end' = '50', 'fields.half.min' = '0', 'fields.half.max' = '0');
CREATE VIEW priced AS SELECT user_id, COALESCE(page, 'none') AS page, price, at_time FROM clicks
  WHERE price IS NOT NULL;
CREATE TABLE by_minute (user_id STRING, minute_start TIMESTAMP(3), clicks BIGINT, amount DOUBLE,
  PRIMARY KEY (user_id, minute_start) NOT ENFORCED) WITH ('connector' = 'view', 'retention' = 'forever');
CREATE TABLE by_page (page STRING NOT NULL, users BIGINT, total DECIMAL(38, 2), latest STRING, pairs STRING,
  PRIMARY KEY (page) NOT ENFORCED) WITH ('connector' = 'view', 'retention' = 'forever');
CREATE TABLE by_hop (page STRING, window_end TIMESTAMP(3), clicks BIGINT, most DECIMAL(10, 2),
  PRIMARY KEY (page, window_end) NOT ENFORCED) WITH ('connector' = 'view', 'retention' = 'forever');
CREATE TABLE by_session (user_id STRING, session_start TIMESTAMP(3), session_end TIMESTAMP(3), clicks BIGINT,
  PRIMARY KEY (user_id, session_start) NOT ENFORCED) WITH ('connector' = 'view', 'retention' = 'forever');
CREATE TABLE sets (user_id STRING, page STRING, clicks BIGINT,
  PRIMARY KEY (user_id, page) NOT ENFORCED) WITH ('connector' = 'view', 'retention' = 'forever');
CREATE TABLE words (user_id STRING, word STRING, PRIMARY KEY (user_id, word) NOT ENFORCED)
  WITH ('connector' = 'view', 'retention' = 'forever');
CREATE TABLE counted (half INT NOT NULL, n BIGINT, total BIGINT, PRIMARY KEY (half) NOT ENFORCED)
  WITH ('connector' = 'view', 'retention' = 'forever');
CREATE TABLE sorted (user_id STRING, at_time TIMESTAMP_LTZ(3)) WITH ('connector' = 'http');
CREATE MATERIALIZED TABLE totals (PRIMARY KEY (user_id) NOT ENFORCED) FRESHNESS = INTERVAL '1' MINUTE
  AS SELECT user_id, COUNT(*) AS clicks FROM clicks GROUP BY user_id;
`;

const jobs = `
SET 'pipeline.name' = 'on-kernels';
INSERT INTO by_minute SELECT user_id, TUMBLE_START(at_time, INTERVAL '1' MINUTE), COUNT(*), SUM(amount)
  FROM clicks GROUP BY user_id, TUMBLE(at_time, INTERVAL '1' MINUTE);
SET 'pipeline.name' = 'count-numbers';
INSERT INTO counted SELECT COALESCE(half, 0), COUNT(*), SUM(id) FROM numbers GROUP BY COALESCE(half, 0);
`;

const statementSet = `
SET 'table.local-time-zone' = 'Europe/Berlin';
SET 'pipeline.name' = 'interpreted';
EXECUTE STATEMENT SET BEGIN
INSERT INTO by_page SELECT COALESCE(page, 'none'), COUNT(DISTINCT user_id), SUM(price),
    MAX(DATE_FORMAT(at_time, 'HH:mm:ss')), CAST(COUNT(DISTINCT (user_id, price)) AS STRING)
  FROM clicks GROUP BY COALESCE(page, 'none');
INSERT INTO by_hop SELECT page, window_end, COUNT(*), MAX(price)
  FROM HOP(TABLE priced, DESCRIPTOR(at_time), INTERVAL '10' SECOND, INTERVAL '30' SECOND)
  GROUP BY page, window_start, window_end;
INSERT INTO by_session SELECT user_id, window_start, window_end, COUNT(*)
  FROM SESSION(TABLE clicks PARTITION BY user_id, DESCRIPTOR(at_time), INTERVAL '6' SECOND)
  GROUP BY user_id, window_start, window_end;
INSERT INTO sets SELECT COALESCE(user_id, '*'), COALESCE(page, '*'), COUNT(*)
  FROM priced GROUP BY GROUPING SETS ((user_id), (page)) ON CONFLICT DO DEDUPLICATE;
INSERT INTO sorted SELECT user_id, at_time FROM clicks ORDER BY at_time;
INSERT INTO words
  SELECT DISTINCT user_id, word FROM clicks CROSS JOIN UNNEST(SPLIT(tags, ' ')) AS t (word)
  UNION SELECT user_id, page FROM priced WHERE page <> 'home' ON CONFLICT DO DEDUPLICATE;
END`;

const views = ["by_minute", "by_page", "by_hop", "by_session", "sets", "words", "counted", "totals"] as const;

/** Makes the state; returns when all is applied. */
export async function writeSqlState(client: MillraceClient): Promise<void> {
  await client.sql(tables);
  await client.sql(jobs);
  await client.sql(statementSet);
  for (let request = 0; request < 12; request++) await post(client, request);
  const { results } = await client.sql("STOP JOB 'interpreted' WITH SAVEPOINT");
  const savepoint = Number(results[0]?.rows?.[0]?.[0]);
  await found("a savepoint of SQL", async () => {
    return (await client.savepoints.get(savepoint)).state === "done" || undefined;
  });
  const begin = `SET 'execution.state-recovery.path' = '${savepoint}'; SET 'parallelism.default' = '3';`;
  await client.sql(`${begin} ${statementSet}`);
  for (let request = 12; request < 16; request++) await post(client, request);
  await moveTime(client, 16);
}

/** Everything that can be read of it. */
export async function sqlContentOf(client: MillraceClient): Promise<unknown> {
  const content: Record<string, unknown> = {};
  for (const view of views) {
    const { results } = await retried(() => client.sql(`SELECT * FROM ${view}`));
    content[view] = results[0]?.rows?.map((row) => JSON.stringify(row)).sort();
  }
  content.sorted = (await retried(() => client.streams.get("sorted"))).rows;
  const { results } = await retried(() =>
    client.sql("SHOW TABLES; SHOW VIEWS; SHOW CREATE TABLE clicks; DESCRIBE totals; SHOW CREATE VIEW priced"),
  );
  content.catalog = results.map(({ rows }) => rows);
  return content;
}

/** What comes after a restart: more events, and sessions and windows that close. */
export async function goOnWithSql(client: MillraceClient): Promise<unknown> {
  for (let request = 16; request < 24; request++) await post(client, request);
  await moveTime(client, 24);
  return await sqlContentOf(client);
}

/** Moves time behind all rows of so many requests; returns when these have come out in their order. */
async function moveTime(client: MillraceClient, requests: number): Promise<void> {
  await client.streams.setWatermark("clicks", new Date(requests * 10_000 - 1).toISOString());
  await settled(client);
  await found("the sorted rows", async () => {
    return (await client.streams.get("sorted")).rows === requests * 20 || undefined;
  });
}

/** Posts rows of ten seconds, none of them late. */
async function post(client: MillraceClient, request: number): Promise<void> {
  const events = Array.from({ length: 20 }, (_, index) => ({
    user_id: `user ${(request * 7 + index * 5) % 9}`,
    page: ["home", "cart", "pay", null][(request + index) % 4],
    price: index % 6 === 5 ? null : (((request * 31 + index * 17) % 90) - 30) / 4,
    amount: (request + index) / 8,
    at_time: request * 10_000 + index * 450,
    tags: `tag${index % 3} tag${request % 4}`,
  }));
  await client.streams.post("clicks", events);
  await settled(client);
}

/** Returns when all jobs have applied what they were sent. */
async function settled(client: MillraceClient): Promise<void> {
  for (const { job } of await client.jobs.list()) {
    // Its stages are not asked at one moment: two answers in a row must say that nothing is behind.
    for (let quiet = 0; quiet < 2; ) {
      const { lag } = await client.jobs.get(job);
      quiet = lag.bytes === 0 ? quiet + 1 : 0;
    }
  }
}
