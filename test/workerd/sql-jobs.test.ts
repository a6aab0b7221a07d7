/** SQL from outside: a stream, a query over it on kernels, and its rows. */
import { beforeAll, expect, test } from "vitest";
import { call, post, runSql } from "./api.ts";

const insert = `INSERT INTO clicks_per_user
  SELECT user_id, COUNT(*) AS clicks, SUM(amount), TUMBLE_START(ts, INTERVAL '5' MINUTE)
  FROM user_clicks
  GROUP BY user_id, TUMBLE(ts, INTERVAL '5' MINUTE)`;

beforeAll(async () => {
  const started = await runSql(`
    CREATE TABLE user_clicks (
      user_id STRING NOT NULL, amount INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
    ) WITH ('connector' = 'http', 'shards' = '2');
    CREATE TABLE clicks_per_user (
      user_id STRING, clicks BIGINT, total INT, started TIMESTAMP(3),
      PRIMARY KEY (user_id, started) NOT ENFORCED
    ) WITH ('connector' = 'view');
    ${insert};`);
  expect(started).toMatchObject({ statement: "INSERT", job: "insert-into-clicks_per_user" });
}, 60_000);

test("windows that are over are rows of the table, and others are not", async () => {
  const events = [
    ["ann", 2_147_483_647, "1970-01-01 00:00:01"],
    ["ben", 3, "1970-01-01 00:01:00"],
    ["ann", 1, "1970-01-01 00:04:59.999"],
    ["ann", null, "1970-01-01 00:05:00"],
    ["ann", 5, "1970-01-01 00:12:00"],
  ].map(([user_id, amount, ts]) => JSON.stringify({ user_id, amount, ts }));
  const posted = await post("user_clicks", events.join("\n"));
  expect(posted.status).toBe(200);
  const ticked = await call("POST", "/v1/streams/user_clicks/watermark", { watermark: 700_000 });
  const token = encodeURIComponent(JSON.stringify(ticked.body.token));
  const seen = await call("GET", `/v1/views/clicks_per_user?token=${token}`);
  expect(seen.body.rows).toHaveLength(4);

  const rows = async (query: string) => (await runSql(query)).rows;
  expect(await rows("SELECT * FROM clicks_per_user ORDER BY started, user_id")).toEqual([
    ["ann", 2, -2_147_483_648, "1970-01-01 00:00:00.000"],
    ["ben", 1, 3, "1970-01-01 00:00:00.000"],
    ["ann", 1, null, "1970-01-01 00:05:00.000"],
  ]);
  expect(await rows("SELECT SUM(clicks) FROM clicks_per_user WHERE user_id = 'ann'")).toEqual([[3]]);
});

test("EXPLAIN tells that it runs on kernels", async () => {
  const { rows } = await runSql(`EXPLAIN ${insert}`);
  expect((rows as string[][])[0]?.[0]).toContain("On kernels, all expressions too\n  in user_clicks");
});

test("windows go from stream to stream", async () => {
  await runSql(`
    CREATE TABLE sums (user_id STRING, clicks BIGINT, window_end TIMESTAMP(3),
      WATERMARK FOR window_end AS window_end) WITH ('connector' = 'http');
    CREATE TABLE most (user_id STRING NOT NULL, clicks BIGINT, PRIMARY KEY (user_id) NOT ENFORCED)
      WITH ('connector' = 'view', 'retention' = 'forever');
    INSERT INTO sums SELECT user_id, COUNT(*), window_end
      FROM TUMBLE(TABLE user_clicks, DESCRIPTOR(ts), INTERVAL '5' MINUTE)
      GROUP BY user_id, window_start, window_end;
    SET 'table.exec.sink.not-null-enforcer' = 'DROP';
    INSERT INTO most SELECT user_id, MAX(clicks) FROM sums GROUP BY user_id`);
  await expect
    .poll(async () => (await runSql("SELECT * FROM most ORDER BY user_id")).rows, { timeout: 10_000 })
    .toEqual([
      ["ann", 2],
      ["ben", 1],
    ]);
});

test("a view in the shards of its stream answers for a key, from a savepoint and when divided", {
  timeout: 30_000,
}, async () => {
  const fill = "INSERT INTO notes SELECT kind, author, LISTAGG(note) FROM remarks GROUP BY kind, author";
  await runSql(`
    CREATE TABLE remarks (author STRING NOT NULL, kind STRING NOT NULL, note STRING)
      DISTRIBUTED BY HASH (author) INTO 3 BUCKETS WITH ('connector' = 'http');
    CREATE TABLE notes (kind STRING, author STRING, notes STRING, PRIMARY KEY (kind, author) NOT ENFORCED)
      WITH ('connector' = 'view', 'retention' = 'forever')`);
  const explained = JSON.stringify((await runSql(`EXPLAIN ${fill}`)).rows);
  expect(explained).toContain("whose rows are there by author");
  expect(explained).not.toContain("Stage 1");
  await runSql(fill);
  const authors = ["ann", "ben", "cid", "dan", "eve", "fay"];
  const say = async (note: string) => {
    const events = authors.map((author) => JSON.stringify({ author, kind: "a", note }));
    expect((await post("remarks", events.join("\n"))).status).toBe(200);
  };
  const told = async (note: string) => {
    for (const author of authors) {
      const query = `SELECT notes FROM notes WHERE author = '${author}' AND kind = 'a'`;
      await expect.poll(async () => (await runSql(query)).rows, { timeout: 10_000 }).toEqual([[note]]);
    }
  };
  await runSql(`
    CREATE TABLE alike (notes STRING NOT NULL, authors BIGINT, PRIMARY KEY (notes) NOT ENFORCED)
      WITH ('connector' = 'view', 'retention' = 'forever');
    SET 'table.exec.sink.not-null-enforcer' = 'DROP';
    INSERT INTO alike SELECT notes, COUNT(*)
      FROM (SELECT author, LISTAGG(note) AS notes FROM remarks GROUP BY author) GROUP BY notes`);
  await say("one");
  await told("one");
  const stopped = await runSql("STOP JOB 'insert-into-notes' WITH SAVEPOINT");
  const savepoint = /\d+/.exec(JSON.stringify(stopped.rows ?? stopped))?.[0] ?? "";
  expect(savepoint).not.toBe("");
  await runSql(`SET 'execution.state-recovery.path' = '${savepoint}'; ${fill}`);
  await say("two");
  await told("one,two");
  for (const shard of [0, 1, 2]) {
    expect(await call("POST", "/v1/streams/remarks/splits", { shard })).toMatchObject({ status: 201 });
  }
  await say("three");
  await told("one,two,three");
  await expect
    .poll(async () => (await runSql("SELECT * FROM alike")).rows, { timeout: 10_000 })
    .toEqual([["one,two,three", 6]]);
});
