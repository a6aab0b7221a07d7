/** What queries are made of, from text to rows: VALUES, LIMIT, sets of groups, windows of windows. */
import { beforeAll, expect, test } from "vitest";
import { call, post, rowsOf, runSql } from "./api.ts";

const values = "(VALUES ('a', 1, 10), ('a', 2, 20), ('b', 1, 30), ('b', 1, 40)) AS t (k, g, v)";

test.each<[query: string, rows: unknown[][]]>([
  [
    "VALUES (1, 'x'), (2, NULL)",
    [
      [1, "x"],
      [2, null],
    ],
  ],
  ["SELECT * FROM (VALUES (1), (2), (3)) AS t (n) ORDER BY n DESC LIMIT 2", [[3], [2]]],
  ["SELECT * FROM (VALUES (1), (2), (3)) AS t (n) ORDER BY n LIMIT 1 OFFSET 1", [[2]]],
  ["SELECT * FROM (VALUES (1), (2), (3)) AS t (n) ORDER BY n OFFSET 2 ROWS", [[3]]],
  ["SELECT * FROM (VALUES (1), (2), (3)) AS t (n) ORDER BY n FETCH FIRST 2 ROWS ONLY", [[1], [2]]],
  ["SELECT * FROM (VALUES (1)) AS t (n) LIMIT 0", []],
  [
    `SELECT k, g, SUM(v) FROM ${values} GROUP BY GROUPING SETS ((k), (g), ()) ORDER BY k, g`,
    [
      [null, null, 100],
      [null, 1, 80],
      [null, 2, 20],
      ["a", null, 30],
      ["b", null, 70],
    ],
  ],
  [
    `SELECT k, g, GROUPING_ID(k, g) AS i, SUM(v) FROM ${values} GROUP BY ROLLUP (k, g) ORDER BY i, k, g`,
    [
      ["a", 1, 0, 10],
      ["a", 2, 0, 20],
      ["b", 1, 0, 70],
      ["a", null, 1, 30],
      ["b", null, 1, 70],
      [null, null, 3, 100],
    ],
  ],
  [
    `SELECT GROUPING(k) AS a, GROUPING(g) AS b, COUNT(*) AS n FROM ${values}
     GROUP BY CUBE (k, g) ORDER BY a, b, n`,
    [
      [0, 0, 1],
      [0, 0, 1],
      [0, 0, 2],
      [0, 1, 2],
      [0, 1, 2],
      [1, 0, 1],
      [1, 0, 3],
      [1, 1, 4],
    ],
  ],
])("%s", async (query, rows) => {
  expect(await rowsOf(query)).toEqual(rows);
});

const minute = "INTERVAL '1' MINUTE";
const perMinute = `SELECT k, window_start AS ws, window_end AS we, window_time AS wt, COUNT(*) AS n
  FROM TABLE(TUMBLE(TABLE visits, DESCRIPTOR(ts), ${minute}))
  GROUP BY k, window_start, window_end, window_time`;

const jobs: Readonly<Record<string, readonly [columns: string, key: string, query: string]>> = {
  sets: [
    "k STRING NOT NULL, g INT NOT NULL, i BIGINT NOT NULL, n BIGINT",
    "k, g, i",
    `SELECT COALESCE(k, '-'), COALESCE(g, 0), GROUPING_ID(k, g), COUNT(*) FROM visits
     GROUP BY GROUPING SETS ((k), (g))`,
  ],
  rolled: [
    "k STRING NOT NULL, i BIGINT NOT NULL, n BIGINT",
    "k, i",
    "SELECT COALESCE(k, '-'), GROUPING(k), COUNT(*) FROM visits GROUP BY ROLLUP (k)",
  ],
  cubed: [
    "k STRING NOT NULL, g INT NOT NULL, i BIGINT NOT NULL, n BIGINT",
    "k, g, i",
    `SELECT COALESCE(k, '-'), COALESCE(g, 0), GROUPING_ID(k, g), COUNT(*) FROM visits GROUP BY CUBE (k, g)`,
  ],
  longer: [
    "ws TIMESTAMP(3) NOT NULL, users BIGINT, n BIGINT",
    "ws",
    `SELECT window_start, COUNT(*), SUM(n)
     FROM TABLE(TUMBLE((${perMinute}), DESCRIPTOR(wt), INTERVAL '5' MINUTE))
     GROUP BY window_start, window_end`,
  ],
  hopping: [
    "ws TIMESTAMP(3) NOT NULL, n BIGINT",
    "ws",
    `SELECT window_start, MAX(n)
     FROM TABLE(HOP((${perMinute}), DESCRIPTOR(wt), ${minute}, INTERVAL '2' MINUTE))
     GROUP BY window_start, window_end`,
  ],
  same: [
    "ws TIMESTAMP(3) NOT NULL, most BIGINT",
    "ws",
    `SELECT ws, MAX(n) FROM (${perMinute}) GROUP BY ws, we`,
  ],
  legacy: [
    "ws TIMESTAMP(3) NOT NULL, n BIGINT",
    "ws",
    `SELECT TUMBLE_START(rt, INTERVAL '5' MINUTE), SUM(n) FROM (
       SELECT TUMBLE_ROWTIME(ts, ${minute}) AS rt, COUNT(*) AS n FROM visits GROUP BY k, TUMBLE(ts, ${minute})
     ) GROUP BY TUMBLE(rt, INTERVAL '5' MINUTE)`,
  ],
  limited: ["k STRING NOT NULL, ts TIMESTAMP(3) NOT NULL", "ts", "SELECT k, ts FROM visits LIMIT 2"],
};

const expected: Readonly<Record<string, unknown[][]>> = {
  sets: [
    ["-", 1, 2, 3],
    ["-", 2, 2, 1],
    ["a", 0, 1, 3],
    ["b", 0, 1, 1],
  ],
  rolled: [
    ["-", 1, 4],
    ["a", 0, 3],
    ["b", 0, 1],
  ],
  cubed: [
    ["-", 0, 3, 4],
    ["-", 1, 2, 3],
    ["-", 2, 2, 1],
    ["a", 0, 1, 3],
    ["a", 1, 0, 2],
    ["a", 2, 0, 1],
    ["b", 0, 1, 1],
    ["b", 1, 0, 1],
  ],
  longer: [["1970-01-01 00:00:00.000", 3, 4]],
  hopping: [
    ["1969-12-31 23:59:00.000", 2],
    ["1970-01-01 00:00:00.000", 2],
    ["1970-01-01 00:01:00.000", 1],
  ],
  same: [
    ["1970-01-01 00:00:00.000", 2],
    ["1970-01-01 00:01:00.000", 1],
  ],
  legacy: [["1970-01-01 00:00:00.000", 4]],
};

beforeAll(async () => {
  await runSql(`CREATE TABLE visits (k STRING, g INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
    WITH ('connector' = 'http', 'shards' = '2') `);
  for (const [name, [columns, key, query]] of Object.entries(jobs)) {
    await runSql(`
      CREATE TABLE ${name} (${columns}, PRIMARY KEY (${key}) NOT ENFORCED) WITH ('connector' = 'view');
      INSERT INTO ${name} ${query} ON CONFLICT DO DEDUPLICATE`);
  }
  const visits = [
    ["a", 1, "1970-01-01 00:00:01"],
    ["a", 2, "1970-01-01 00:00:59.999"],
    ["b", 1, "1970-01-01 00:00:30"],
    ["a", 1, "1970-01-01 00:01:00"],
  ];
  await post("visits", visits.map(([k, g, ts]) => JSON.stringify({ k, g, ts })).join("\n"));
  await call("POST", "/v1/streams/visits/watermark", { watermark: "max" });
}, 60_000);

test.each(Object.entries(expected))("in a job over a stream: %s", { timeout: 30_000 }, async (name, rows) => {
  const [, key] = jobs[name] ?? [];
  await expect.poll(() => rowsOf(`SELECT * FROM ${name} ORDER BY ${key}`), { timeout: 20_000 }).toEqual(rows);
});

test("in a job over a stream LIMIT takes so many", { timeout: 30_000 }, async () => {
  await expect.poll(() => rowsOf("SELECT * FROM limited"), { timeout: 20_000 }).toHaveLength(2);
});
