/** What of SQL runs on kernels, what does not, and why. */
import { describe, expect, test } from "vitest";
import type { SessionOptions } from "../../../../src/sql/bind/session-options.ts";
import { explainInserts } from "../../../../src/sql/explain/explain.ts";
import { lowerToJob } from "../../../../src/sql/plan/lower-to-job.ts";
import { planText } from "../../../support/sql-statements.ts";

const clicks = `CREATE TABLE clicks (
  user_id STRING NOT NULL, url STRING, tag VARCHAR(20), n INT, big BIGINT, cost DOUBLE, price DECIMAL(10, 2),
  small SMALLINT, is_new BOOLEAN, seen TIMESTAMP(3), ts TIMESTAMP(3), late AS n + 1,
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
) WITH ('connector' = 'http', 'shards' = '2');
CREATE TABLE instants (user_id STRING NOT NULL, at TIMESTAMP_LTZ(3), WATERMARK FOR at AS at)
  WITH ('connector' = 'http');
CREATE TABLE untimed (user_id STRING NOT NULL) WITH ('connector' = 'http');
CREATE TABLE calculated (user_id STRING NOT NULL, ms BIGINT, ts AS TO_TIMESTAMP_LTZ(ms, 3), WATERMARK FOR ts AS ts)
  WITH ('connector' = 'http');`;

/** A query into a view with such columns, the first of which are its key. */
function choose(query: string, columns: string, key: string, options: SessionOptions = {}, more = "") {
  const text = `${clicks}
CREATE TABLE result (${columns}, PRIMARY KEY (${key}) NOT ENFORCED) WITH ('connector' = 'view'${more});
INSERT INTO result ${query};`;
  const { inserts } = planText(text, options);
  return lowerToJob(inserts, options, "INSERT");
}

/** Aggregates by user and five minutes. */
function windowed(select: string, type: string, where = "") {
  const query = `SELECT user_id, window_start, ${select} FROM TUMBLE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '5' MINUTE)
    ${where} GROUP BY user_id, window_start, window_end`;
  return choose(query, `user_id STRING, ws TIMESTAMP(3), made ${type}`, "user_id, ws");
}

function jobOf(choice: ReturnType<typeof choose>) {
  if ("why" in choice) throw new Error(choice.why);
  return choice.job;
}

test("the query of the tour is a job with a tumbling window, and the view knows its columns", () => {
  const choice = choose(
    `SELECT user_id, COUNT(*) AS clicks, TUMBLE_START(ts, INTERVAL '5' MINUTE) FROM clicks
     GROUP BY user_id, TUMBLE(ts, INTERVAL '5' MINUTE)`,
    "user_id STRING, clicks BIGINT, started TIMESTAMP(3)",
    "user_id, started",
  );
  expect(jobOf(choice)).toEqual({
    source: "clicks",
    startFrom: "earliest",
    columns: [],
    key: ["user_id"],
    window: { type: "tumble", sizeMs: 300_000, offsetMs: 0 },
    aggregates: [{ name: "clicks", function: "count" }],
    allowedLatenessMs: 0,
    retentionMs: 604_800_000,
    sql: {
      statement: "INSERT",
      view: {
        table: "result",
        isWindowed: true,
        columns: [
          expect.objectContaining({ name: "user_id", output: "user_id" }),
          expect.objectContaining({ name: "clicks", output: "clicks" }),
          expect.objectContaining({ name: "started", output: "window_start" }),
        ],
      },
    },
  });
});

describe("expressions that kernels calculate alike", () => {
  test.each([
    ["n + 1 > 3", [">", ["+", "n", { literal: "1", type: "INT" }], { literal: "3", type: "INT" }]],
    ["n = big", ["=", ["cast", "n", "BIGINT"], "big"]],
    ["n < cost", ["<", ["cast", "n", "DOUBLE"], "cost"]],
    ["price > 1.5", [">", "price", { literal: "1.5", type: "DECIMAL(2, 1)" }]],
    ["n / 2 = 1", ["=", ["/", "n", { literal: "2", type: "INT" }], { literal: "1", type: "INT" }]],
    ["url = 'a'", ["=", "url", { literal: "a", type: "STRING" }]],
    ["url IN ('a', 'b')", ["in", "url", { literal: "a", type: "STRING" }, { literal: "b", type: "STRING" }]],
    ["is_new IS NOT TRUE", ["not", ["coalesce", "is_new", false]]],
    ["seen > TIMESTAMP '1970-01-01 00:00:01'", [">", "seen", { literal: 1000, type: "TIMESTAMP(3)" }]],
    ["late > 3", [">", ["+", "n", { literal: "1", type: "INT" }], { literal: "3", type: "INT" }]],
  ])("WHERE %s", (where, filter) => {
    expect(jobOf(windowed("COUNT(*)", "BIGINT", `WHERE ${where}`)).filter).toEqual(filter);
  });

  test.each([
    ["COUNT(url)", "BIGINT", { function: "count", argument: "url" }],
    ["COUNT(DISTINCT tag)", "BIGINT", { function: "count", argument: "tag", distinct: true }],
    ["MAX(DISTINCT n)", "INT", { function: "max", argument: "n" }],
    ["AVG(cost)", "DOUBLE", { function: "avg", argument: "cost" }],
    ["SUM(price)", "DECIMAL(38, 2)", { function: "sum", argument: "price" }],
    ["LAST_VALUE(tag)", "STRING", { function: "last_value", argument: "tag" }],
    ["SUM(n) FILTER (WHERE is_new)", "INT", { function: "sum", argument: ["case", "is_new", "n"] }],
    ["COUNT(*) FILTER (WHERE is_new)", "BIGINT", { function: "count", argument: ["case", "is_new", 1] }],
  ])("%s", (select, type, aggregate) => {
    expect(jobOf(windowed(select, type)).aggregates).toEqual([{ name: "made", ...aggregate }]);
  });
});

test("the sum of INT wraps in the table, which may be wider", () => {
  for (const type of ["INT", "BIGINT"]) {
    const made = jobOf(windowed("SUM(n)", type)).sql?.view?.columns.at(-1);
    expect(made).toMatchObject({ name: "made", output: "made", narrow: true });
  }
});

test("outputs whose names a job cannot have get others", () => {
  const job = jobOf(
    choose(
      `SELECT url || '', COUNT(*) FROM clicks GROUP BY url || ''`.replace("url || ''", "n + 1").replace("url || ''", "n + 1"),
      "n INT, `two words` BIGINT",
      "n",
      { "table.exec.sink.not-null-enforcer": "DROP" },
      ", 'retention' = 'forever'",
    ),
  );
  expect(job).toMatchObject({
    columns: [{ name: "key_0" }],
    key: ["key_0"],
    aggregates: [{ name: "aggregate_1" }],
    filter: ["is not null", ["+", "n", { literal: "1", type: "INT" }]],
    retentionMs: null,
  });
  expect(job.sql?.view?.columns.map(({ name, output }) => [name, output])).toEqual([
    ["n", "key_0"],
    ["two words", "aggregate_1"],
  ]);
});

test("sums of DOUBLE are added in the order of their rows", () => {
  expect(jobOf(windowed("SUM(cost)", "DOUBLE")).twoPhase).toBe(false);
  expect(jobOf(windowed("MAX(cost)", "DOUBLE")).twoPhase).toBeUndefined();
});

test("windows go into a stream whose columns are called as those of a job", () => {
  const into = (columns: string) => {
    const { inserts } = planText(`${clicks}
      CREATE TABLE result (${columns}) WITH ('connector' = 'http');
      INSERT INTO result SELECT user_id, window_end, COUNT(*)
        FROM HOP(TABLE clicks, DESCRIPTOR(ts), INTERVAL '1' MINUTE, INTERVAL '5' MINUTE)
        GROUP BY user_id, window_start, window_end;`);
    return lowerToJob(inserts, {}, "");
  };
  expect(jobOf(into("user_id STRING, window_end TIMESTAMP(3), made BIGINT"))).toMatchObject({
    into: "result",
    window: { type: "hop", sizeMs: 300_000, slideMs: 60_000 },
  });
  expect(into("user_id STRING, ended TIMESTAMP(3), made BIGINT")).toEqual({
    why: "a job that fills a stream calls ended window_end",
  });
});
