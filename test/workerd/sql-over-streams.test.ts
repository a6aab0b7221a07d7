/** SELECT over what streams retain: more frames than a turn reads, splits, and added columns. */
import { beforeAll, expect, test } from "vitest";
import { call, post, rowsOf } from "./api.ts";

const requests = 6;
const rowsOfOne = 1500;
const users = 40;

function events(request: number): string {
  return Array.from({ length: rowsOfOne }, (_, index) => {
    const number = request * rowsOfOne + index;
    return JSON.stringify({
      user_id: `u${number % users}`,
      amount: number % 9 === 0 ? null : number,
      at_time: `2026-01-01 00:0${request}:00`,
    });
  }).join("\n");
}

const count = requests * rowsOfOne;
const sum = Array.from({ length: count }, (_, number) => (number % 9 === 0 ? 0 : number)).reduce(
  (a, b) => a + b,
);

beforeAll(async () => {
  await rowsOf(`CREATE TABLE clicks (
    user_id STRING, amount BIGINT, at_time TIMESTAMP(3), double_amount AS amount * 2,
    WATERMARK FOR at_time AS at_time - INTERVAL '1' SECOND
  ) DISTRIBUTED BY HASH (user_id) INTO 2 BUCKETS WITH ('connector' = 'http')`);
  for (let request = 0; request < requests; request++) {
    expect((await post("clicks", events(request))).status).toBe(200);
  }
}, 30_000);

test("all rows are counted once, also those that a computed column is made of", async () => {
  expect(
    await rowsOf("SELECT COUNT(*), SUM(amount), SUM(double_amount), COUNT(DISTINCT user_id) FROM clicks"),
  ).toEqual([[count, sum, 2 * sum, users]]);
});

test("conditions, orders, limits and windows", async () => {
  expect(
    await rowsOf("SELECT user_id, amount FROM clicks WHERE amount >= 8990 ORDER BY amount DESC LIMIT 2"),
  ).toEqual([
    ["u39", 8999],
    ["u38", 8998],
  ]);
  expect(await rowsOf("SELECT user_id FROM clicks LIMIT 3")).toHaveLength(3);
  expect(
    await rowsOf(`SELECT window_start, COUNT(*)
      FROM TUMBLE(TABLE clicks, DESCRIPTOR(at_time), INTERVAL '3' MINUTE)
      GROUP BY window_start, window_end ORDER BY window_start`),
  ).toEqual([
    ["2026-01-01 00:00:00.000", 3 * rowsOfOne],
    ["2026-01-01 00:03:00.000", 3 * rowsOfOne],
  ]);
});

test("a split in the middle of the reading counts nothing twice, nor do added columns", {
  timeout: 30_000,
}, async () => {
  const reading = Array.from({ length: 6 }, () => rowsOf("SELECT COUNT(*), SUM(amount) FROM clicks"));
  const split = await call("POST", "/v1/streams/clicks/splits", { shard: 0 });
  expect(split.status).toBeLessThan(300);
  for (const rows of await Promise.all(reading)) expect(rows).toEqual([[count, sum]]);
  await rowsOf("ALTER TABLE clicks ADD note STRING");
  const more = JSON.stringify({ user_id: "u1", amount: 1, at_time: "2026-01-01 00:09:00", note: "new" });
  expect((await post("clicks", more)).status).toBe(200);
  expect(await rowsOf("SELECT COUNT(*), SUM(amount), COUNT(note), MAX(note) FROM clicks")).toEqual([
    [count + 1, sum + 1, 1, "new"],
  ]);
});

test("rows that are there are inserted elsewhere once, in batch mode only", async () => {
  await rowsOf("CREATE TABLE copies (user_id STRING, amount BIGINT) WITH ('connector' = 'http')");
  const { body } = await call("POST", "/v1/sql", {
    sql: `SET 'execution.runtime-mode' = 'batch';
      INSERT INTO copies SELECT user_id, amount FROM clicks WHERE amount > 8994`,
  });
  expect(body.results.at(-1).message).toBe("5 rows are appended to copies.");
  expect(await rowsOf("SELECT COUNT(*) FROM copies")).toEqual([[5]]);
});

test("rows that are changes are not added up", async () => {
  const { body } = await call("POST", "/v1/sql", {
    sql: `CREATE TABLE changes (a INT) WITH ('connector' = 'http');
      SELECT a FROM changes /*+ OPTIONS('changelog-mode' = 'I,UA,D') */`,
  });
  expect(body).toMatchObject({ code: "SQL_NOT_SUPPORTED", detail: expect.stringContaining("are changes") });
});

test("what the log says of rows is read with them, in answers and in jobs", { timeout: 30_000 }, async () => {
  const before = Date.now();
  await rowsOf(`
    CREATE TABLE noted (
      k STRING, appended TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
      \`partition\` INT METADATA VIRTUAL,
      at_offset BIGINT METADATA FROM 'offset' VIRTUAL, WATERMARK FOR appended AS appended
    ) DISTRIBUTED BY HASH (k) INTO 2 BUCKETS WITH ('connector' = 'http');
    CREATE TABLE seen (k STRING NOT NULL, appended TIMESTAMP_LTZ(3), shard INT, at_offset BIGINT,
      PRIMARY KEY (k) NOT ENFORCED)
      WITH ('connector' = 'view');
    INSERT INTO seen SELECT k, appended, \`partition\`, at_offset FROM noted WHERE at_offset >= 1`);
  for (const keys of ["abcd", "efgh"]) {
    await post("noted", [...keys].map((k) => JSON.stringify({ k })).join("\n"));
  }
  const rows = async (table: string, shard: string) =>
    await rowsOf(`SELECT k, appended, ${shard}, at_offset FROM ${table} ORDER BY k`);
  await expect.poll(() => rows("seen", "shard"), { timeout: 10_000 }).toHaveLength(8);
  const noted = await rows("noted", "`partition`");
  expect(await rows("seen", "shard")).toEqual(noted);
  expect(new Set(noted.map(([, , shard]) => shard))).toEqual(new Set([0, 1]));
  for (const [, appended, , offset] of noted) {
    expect(Date.parse(String(appended).replace(" ", "T"))).toBeGreaterThanOrEqual(before);
    expect(Number(offset)).toBeGreaterThanOrEqual(1);
  }
});

test("nobody writes what the log says, and only what is VIRTUAL may be left out", async () => {
  const { body } = await call("POST", "/v1/sql", {
    sql: `CREATE TABLE real_metadata (k STRING, at_offset BIGINT METADATA FROM 'offset')
      WITH ('connector' = 'http');
      INSERT INTO real_metadata SELECT 'a', 1`,
  });
  expect(body).toMatchObject({ code: "SQL_INVALID", detail: expect.stringContaining("must say VIRTUAL") });
});
