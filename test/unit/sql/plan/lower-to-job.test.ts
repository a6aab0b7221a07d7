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
CREATE TABLE calculated (
  user_id STRING NOT NULL, ms BIGINT, ts AS TO_TIMESTAMP_LTZ(ms, 3), WATERMARK FOR ts AS ts
) WITH ('connector' = 'http');`;

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
  const query = `SELECT user_id, window_start, ${select}
    FROM TUMBLE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '5' MINUTE) ${where}
    GROUP BY user_id, window_start, window_end`;
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
      "SELECT n + 1, COUNT(*) FROM clicks GROUP BY n + 1",
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

test("results that change are a job where the view and the state behind it are forgotten together", () => {
  const query = "SELECT user_id, COUNT(*) FROM clicks GROUP BY user_id";
  const counted = (options: SessionOptions, more: string) =>
    jobOf(choose(query, "user_id STRING, made BIGINT", "user_id", options, more)).retentionMs;
  expect(counted({}, ", 'retention' = 'forever'")).toBeNull();
  expect(counted({ "table.exec.state.ttl": "1 h" }, ", 'retention' = '60 min'")).toBe(3_600_000);
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

describe("the reason why a query is interpreted", () => {
  const counted = "user_id STRING, made BIGINT";
  const byUser = "SELECT user_id, COUNT(*) FROM clicks GROUP BY user_id";
  const kept = ", 'retention' = 'forever'";
  const tumbled = (rest: string, table = "clicks", time = "ts") =>
    `SELECT user_id, window_start, COUNT(*)
     FROM TUMBLE(TABLE ${table}, DESCRIPTOR(${time}), INTERVAL '5' MINUTE) ${rest}`;
  const started = "user_id STRING, ws TIMESTAMP(3), made BIGINT";
  const grouped = "GROUP BY user_id, window_start, window_end";

  test.each([
    ["n / 0 > 1", "/(INT, INT) has no kernel that does the same"],
    ["n / big > 1", "/(BIGINT, BIGINT) has no kernel that does the same"],
    ["n % n = 1", "%(INT, INT) has no kernel that does the same"],
    ["UPPER(url) = 'A'", "UPPER(STRING) has no kernel that does the same"],
    ["url LIKE 'a%'", "LIKE(STRING, CHAR(2)) has no kernel that does the same"],
    ["small > 1", "kernels do not hold SMALLINT"],
    ["price * price > 1", "kernels do not hold DECIMAL(21, 4)"],
    ["CAST(cost AS INT) = 1", "CAST(DOUBLE) has no kernel that does the same"],
  ])("WHERE %s", (where, why) => {
    expect(windowed("COUNT(*)", "BIGINT", `WHERE ${where}`)).toEqual({ why });
  });

  test.each([
    ["AVG(n)", "INT", "AVG of INT is cut to INT; cast to DOUBLE"],
    ["STDDEV_POP(cost)", "DOUBLE", "STDDEV_POP has no kernel"],
    ["COUNT(url, n)", "BIGINT", "COUNT of several arguments has no kernel"],
    ["COUNT(DISTINCT cost)", "BIGINT", "DISTINCT of DOUBLE is left to the interpreter"],
    [
      "MAX(url)",
      "STRING",
      "MAX keeps STRING, and a cell has no room for any; declare a VARCHAR(512) or shorter",
    ],
    ["MAX(small)", "SMALLINT", "kernels do not hold SMALLINT"],
    ["COUNT(*) + 1", "BIGINT", "made is calculated from the results"],
    [
      "SUM(n)",
      "INT NOT NULL",
      "what is written to made may be null, and the column is NOT NULL; declare the column without NOT NULL",
    ],
  ])("%s", (select, type, why) => {
    expect(windowed(select, type)).toEqual({ why });
  });

  test.each([
    [
      "state that outlives the view",
      () => choose(byUser, counted, "user_id"),
      "rows of result are kept 604800000 ms after their last change, and the state behind them forever: " +
        "set 'retention' = 'forever', or table.exec.state.ttl to the same",
    ],
    [
      "a key that may be null",
      () =>
        choose("SELECT url, COUNT(*) FROM clicks GROUP BY url", "url STRING, made BIGINT", "url", {}, kept),
      "what is written to url may be null, and the column is NOT NULL; declare url NOT NULL",
    ],
    [
      "a view that knows only the last window",
      () => choose(tumbled(grouped), started, "user_id"),
      "the PRIMARY KEY of result is not what rows are grouped by, with the start or end of their window",
    ],
    [
      "HAVING",
      () => choose(`${byUser} HAVING COUNT(*) > 1`, counted, "user_id", {}, kept),
      "there is a condition on its results (HAVING)",
    ],
    [
      "a filter alone",
      () => choose("SELECT user_id, big FROM clicks", counted, "user_id"),
      "it has no aggregation on top",
    ],
    [
      "windows by the clocks of a zone",
      () =>
        choose(tumbled(grouped, "instants", "at"), started, "user_id, ws", {
          "table.local-time-zone": "Europe/Berlin",
        }),
      "its windows go by the clocks of Europe/Berlin",
    ],
    [
      "a watermark of what is calculated",
      () => choose(tumbled(grouped, "calculated"), started, "user_id, ws"),
      "the watermark of calculated is not that of a stored column, less an interval",
    ],
    [
      "no event time",
      () => choose("SELECT user_id, COUNT(*) FROM untimed GROUP BY user_id", counted, "user_id", {}, kept),
      "the watermark of untimed is not that of a stored column, less an interval",
    ],
    [
      "a session",
      () =>
        choose(
          `SELECT user_id, SESSION_START(ts, INTERVAL '5' MINUTE), COUNT(*) FROM clicks
           GROUP BY user_id, SESSION(ts, INTERVAL '5' MINUTE)`,
          started,
          "user_id, ws",
        ),
      "SESSION windows have no kernel",
    ],
    [
      "the first value of overlapping windows",
      () =>
        choose(
          `SELECT user_id, window_start, FIRST_VALUE(big)
           FROM HOP(TABLE clicks, DESCRIPTOR(ts), INTERVAL '1' MINUTE, INTERVAL '5' MINUTE) ${grouped}`,
          started,
          "user_id, ws",
        ),
      "FIRST_VALUE goes by slices where windows overlap",
    ],
    [
      "distinct values of overlapping windows",
      () =>
        choose(
          `SELECT user_id, window_start, COUNT(DISTINCT n)
           FROM HOP(TABLE clicks, DESCRIPTOR(ts), INTERVAL '1' MINUTE, INTERVAL '5' MINUTE) ${grouped}`,
          started,
          "user_id, ws",
        ),
      expect.stringContaining("the job is refused: aggregates.made.distinct"),
    ],
  ])("%s", (_, choice, why) => {
    expect(choice()).toEqual({ why });
  });

  test("EXPLAIN tells it, and of others what the job is", () => {
    const explain = (where: string) => {
      const { bound } = planText(`${clicks}
        CREATE TABLE result (${started}, PRIMARY KEY (user_id, ws) NOT ENFORCED) WITH ('connector' = 'view');
        INSERT INTO result ${tumbled(`WHERE ${where} ${grouped}`)};`);
      const [, physical] = explainInserts(bound, {}).split("== Physical Plan ==\n");
      return physical;
    };
    expect(explain("UPPER(url) = 'A'")).toMatch(
      /^Interpreted, because UPPER\(STRING\) has no kernel that does the same\n\nStage 0/,
    );
    expect(explain("n > 1 AND url = 'it''s'")).toBe(
      `On kernels, all expressions too
  in clicks
  Calc(where=[((n > 1) AND (url = 'it''s'))])
  Aggregate(key=[user_id], window=[TUMBLE(size 300000 ms)], select=[COUNT(*) AS made], kept 604800000 ms)
  -> view result: user_id, window_start AS ws, made`,
    );
  });
});
