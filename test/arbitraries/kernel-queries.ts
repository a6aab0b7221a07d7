/**
 * Queries that run on kernels, as text: an aggregation of `events` into a view `result`. Rows of `events` as
 * JSON, with the ends of ranges among their values.
 */
import fc from "fast-check";
import type { JsonScalar } from "../../src/columnar/values.ts";

/** Rows are late by so many minutes at most. */
export const eventsTable = (delay: number) => `CREATE TABLE events (
  user_id STRING NOT NULL, tag VARCHAR(20), n INT, big BIGINT, cost DOUBLE, price DECIMAL(6, 2),
  is_new BOOLEAN, day DATE, ts TIMESTAMP(3), more AS n * 3 - 1,
  WATERMARK FOR ts AS ts - INTERVAL '${delay}' MINUTE
) WITH ('connector' = 'http', 'shards' = '1');`;

/** Of its rows, which come within half an hour. */
const rowsMs = 1_800_000;

export const eventRow: fc.Arbitrary<readonly JsonScalar[]> = fc.tuple(
  fc.constantFrom("ann", "ben", "cé"),
  fc.constantFrom(null, "", "a", "b", "Ünï", "😀"),
  fc.constantFrom(null, 0, 1, 2, 7, -3, 2_147_483_647, -2_147_483_648),
  fc.constantFrom(null, 0, 5, -5, "9223372036854775807", "-9223372036854775808"),
  fc.constantFrom(null, "0", "-0", "1.5", "-2.25", "1000000", "NaN", "Infinity"),
  fc.constantFrom(null, "0.00", "1.25", "-1.25", "9999.99"),
  fc.constantFrom(null, true, false),
  fc.constantFrom(null, "1969-12-31", "2026-02-28"),
  fc.integer({ min: 0, max: rowsMs }),
);

interface Trees {
  integer: string;
  long: string;
  double: string;
  condition: string;
}

const comparisons = fc.constantFrom("=", "<>", "<", "<=", ">", ">=");

const trees = fc.letrec<Trees>((tie) => {
  const pair = (name: keyof Trees, operators: readonly string[]) =>
    fc.tuple(tie(name), fc.constantFrom(...operators), tie(name)).map((parts) => `(${parts.join(" ")})`);
  const choice = (name: keyof Trees) =>
    fc
      .tuple(tie("condition"), tie(name), tie(name))
      .map(([test, then, other]) => `CASE WHEN ${test} THEN ${then} ELSE ${other} END`);
  const cut = fc.constantFrom("/", "%");
  const divisor = fc.constantFrom("2", "-1", "7", "-2147483647");
  const compared = (name: keyof Trees) => fc.tuple(tie(name), comparisons, tie(name));
  return {
    integer: fc.oneof(
      { depthSize: "small" },
      fc.constantFrom("n", "more", "3", "-2147483647", "2147483647"),
      pair("integer", ["+", "-", "*"]),
      fc.tuple(tie("integer"), cut, divisor).map((parts) => `(${parts.join(" ")})`),
      tie("integer").map((part) => `(- ${part})`),
      choice("integer"),
      fc.tuple(tie("integer"), tie("integer")).map((parts) => `COALESCE(${parts.join(", ")})`),
    ),
    long: fc.oneof(
      { depthSize: "small" },
      fc.constantFrom("big", "9223372036854775807"),
      tie("integer").map((part) => `CAST(${part} AS BIGINT)`),
      fc
        .tuple(tie("long"), fc.constantFrom("+", "-", "*"), tie("integer"))
        .map((parts) => `(${parts.join(" ")})`),
    ),
    double: fc.oneof(
      { depthSize: "small" },
      fc.constantFrom("cost", "CAST(0.5 AS DOUBLE)"),
      tie("long").map((part) => `CAST(${part} AS DOUBLE)`),
      pair("double", ["+", "-", "*", "/"]),
    ),
    condition: fc.oneof(
      { depthSize: "small" },
      fc.constantFrom(
        "is_new",
        "tag IS NULL",
        "tag = 'a'",
        "tag IN ('', 'Ünï')",
        "tag > 'b'",
        "is_new IS NOT FALSE",
      ),
      fc.constantFrom("price > 1.2", "price + 1.5 <= 2.75", "price * 2.5 > n", "price = 1.250"),
      fc.constantFrom("day > DATE '2000-01-01'", "ts >= TIMESTAMP '1970-01-01 00:10:00'"),
      compared("integer").map((parts) => parts.join(" ")),
      compared("long").map((parts) => parts.join(" ")),
      compared("double").map((parts) => parts.join(" ")),
      pair("condition", ["AND", "OR"]),
      tie("condition").map((part) => `NOT (${part})`),
      tie("integer").map((part) => `${part} BETWEEN -5 AND 5`),
    ),
  };
});

/** An aggregate and the type of its column. */
const aggregate = fc.oneof(
  fc.constant(["COUNT(*)", "BIGINT"]),
  fc
    .tuple(fc.constantFrom("COUNT", "SUM", "MIN", "MAX"), trees.integer, fc.constantFrom("INT", "BIGINT"))
    .map(([called, argument, type]) => [
      `${called}(${argument})`,
      called === "COUNT" ? "BIGINT" : called === "SUM" ? type : "INT",
    ]),
  fc
    .tuple(fc.constantFrom("SUM", "MIN", "MAX"), trees.long)
    .map(([called, argument]) => [`${called}(${argument})`, "BIGINT"]),
  fc.constantFrom("SUM(cost)", "AVG(cost)", "MAX(cost)", "MIN(cost)").map((call) => [call, "DOUBLE"]),
  fc.constantFrom(
    ["SUM(price)", "DECIMAL(38, 2)"],
    ["AVG(price)", "DECIMAL(38, 6)"],
    ["MIN(price)", "DECIMAL(6, 2)"],
  ),
  fc.constantFrom(
    ["MAX(tag)", "STRING"],
    ["MIN(day)", "DATE"],
    ["MAX(ts)", "TIMESTAMP(3)"],
    ["MIN(is_new)", "BOOLEAN"],
  ),
);

/** Those that know no slices. */
const wholeAggregate = fc.constantFrom(
  ["COUNT(DISTINCT n)", "BIGINT"],
  ["SUM(DISTINCT n)", "INT"],
  ["COUNT(DISTINCT tag)", "BIGINT"],
  ["FIRST_VALUE(n)", "INT"],
  ["LAST_VALUE(tag)", "STRING"],
);

const filtered = (call: fc.Arbitrary<readonly string[]>) =>
  fc.tuple(call, fc.option(trees.condition, { freq: 3 })).map(([[text = "", type = ""], condition]) => ({
    text: condition === null ? text : `${text} FILTER (WHERE ${condition})`,
    type,
  }));

const minutes = (count: number) => `INTERVAL '${count}' MINUTE`;

const windows = fc.constantFrom(
  undefined,
  `TUMBLE(TABLE events, DESCRIPTOR(ts), ${minutes(5)})`,
  `TUMBLE(TABLE events, DESCRIPTOR(ts), ${minutes(5)}, INTERVAL '7' SECOND)`,
  `HOP(TABLE events, DESCRIPTOR(ts), ${minutes(2)}, ${minutes(6)})`,
  `CUMULATE(TABLE events, DESCRIPTOR(ts), ${minutes(2)}, ${minutes(10)})`,
);

export interface KernelQuery {
  /** CREATE TABLE result and INSERT INTO it. */
  readonly text: string;
  readonly isWindowed: boolean;
}

export const kernelQuery: fc.Arbitrary<KernelQuery> = windows.chain((window) => {
  const isSliced = window !== undefined && !window.startsWith("TUMBLE");
  const call = isSliced
    ? filtered(aggregate)
    : filtered(fc.oneof({ weight: 3, arbitrary: aggregate }, wholeAggregate));
  const condition = fc.option(trees.condition, { freq: 2 });
  return fc
    .tuple(fc.array(call, { minLength: 1, maxLength: 4 }), condition, fc.boolean())
    .map(([calls, where, isTwice]) => {
      const keys = ["user_id", ...(isTwice ? ["COALESCE(is_new, FALSE)"] : [])];
      const names = keys.map((_, index) => `key${index}`);
      const bounds = window ? ["window_start", "window_end"] : [];
      const columns = [
        "key0 STRING",
        ...(isTwice ? ["key1 BOOLEAN"] : []),
        ...bounds.map((bound) => `${bound}s TIMESTAMP(3)`),
        ...calls.map(({ type }, index) => `made${index} ${type}`),
      ];
      const key = [...names, ...bounds.map((bound) => `${bound}s`)].join(", ");
      const select = [...keys, ...bounds, ...calls.map(({ text }) => text)].join(", ");
      const filter = where === null ? "" : `WHERE ${where}`;
      return {
        isWindowed: window !== undefined,
        text: `CREATE TABLE result (${columns.join(", ")}, PRIMARY KEY (${key}) NOT ENFORCED)
        WITH ('connector' = 'view', 'retention' = 'forever');
      INSERT INTO result SELECT ${select} FROM ${window ?? "events"} ${filter}
      GROUP BY ${[...keys, ...bounds].join(", ")};`,
      };
    });
});
