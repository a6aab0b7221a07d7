/** Tables of the datagen connector: rows that come by themselves, each once, while a job reads them. */
import { expect, test } from "vitest";
import { call, rowsOf, runSql } from "./api.ts";

test("a sequence that ends is there once, and its windows are closed", { timeout: 30_000 }, async () => {
  await runSql(`
    CREATE TABLE orders (
      id BIGINT, customer INT, at_time TIMESTAMP(3), WATERMARK FOR at_time AS at_time
    ) DISTRIBUTED BY HASH (customer) INTO 2 BUCKETS WITH (
      'connector' = 'datagen', 'rows-per-second' = '40',
      'fields.id.kind' = 'sequence', 'fields.id.start' = '1', 'fields.id.end' = '100',
      'fields.customer.min' = '0', 'fields.customer.max' = '4'
    );
    CREATE TABLE per_day (day_start TIMESTAMP(3) NOT NULL, orders BIGINT, total BIGINT,
      PRIMARY KEY (day_start) NOT ENFORCED) WITH ('connector' = 'view');
    INSERT INTO per_day
      SELECT window_start, COUNT(DISTINCT id), SUM(id)
      FROM TUMBLE(TABLE orders, DESCRIPTOR(at_time), INTERVAL '1' DAY) GROUP BY window_start, window_end`);
  const sums = async () => await rowsOf("SELECT SUM(orders), SUM(total) FROM per_day");
  await expect.poll(sums, { timeout: 20_000, interval: 200 }).toEqual([[100, 5050]]);
});

test("rows without end come while a job reads them, and no longer", { timeout: 30_000 }, async () => {
  await runSql(`
    CREATE TABLE clicks (word STRING) WITH ('connector' = 'datagen', 'rows-per-second' = '20',
      'fields.word.length' = '8');
    CREATE TABLE clicks_count (all_of_them BOOLEAN NOT NULL, n BIGINT, longest INT, shortest INT,
      PRIMARY KEY (all_of_them) NOT ENFORCED) WITH ('connector' = 'view');
    SET 'pipeline.name' = 'count-clicks';
    INSERT INTO clicks_count SELECT word IS NOT NULL, COUNT(*), MAX(CHAR_LENGTH(word)), MIN(CHAR_LENGTH(word))
      FROM clicks GROUP BY word IS NOT NULL`);
  const counted = async () => Number((await rowsOf("SELECT n FROM clicks_count"))[0]?.[0] ?? 0);
  await expect.poll(counted, { timeout: 20_000, interval: 200 }).toBeGreaterThanOrEqual(40);
  expect(await rowsOf("SELECT all_of_them, longest, shortest FROM clicks_count")).toEqual([[true, 8, 8]]);
  await runSql("STOP JOB 'count-clicks'");
  const stream = async () => (await call("GET", "/v1/streams/clicks")).body;
  const before = await stream();
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect((await stream()).rows).toEqual(before.rows);
  await runSql("DROP TABLE clicks");
});
