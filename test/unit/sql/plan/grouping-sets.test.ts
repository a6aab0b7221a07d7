/** GROUPING SETS over windows on the real engine. */
import { expect, test } from "vitest";
import { TableProgram } from "../../../conformance/table-program.ts";

const source = {
  name: "orders",
  schema: ["item STRING", "amount INT", "ts TIMESTAMP(3)", "WATERMARK FOR ts AS ts"],
  options: {},
};
const sink = { name: "sums", schema: ["item STRING", "grouped BIGINT", "total INT"], options: {} };

const rows = (
  [
    ["a", 1, "2024-01-01T00:00:01"],
    ["b", 2, "2024-01-01T00:00:02"],
    ["a", 4, "2024-01-01T00:00:03"],
    ["b", 8, "2024-01-01T00:00:12"],
  ] as const
).map(([item, amount, time]) => ({ kind: "+I", values: [item, amount, { $localdatetime: time }] }));

test.each([
  ["TUMBLE in GROUP BY", "FROM orders GROUP BY TUMBLE(ts, INTERVAL '10' SECOND), ROLLUP (item)"],
  [
    "TUMBLE behind FROM",
    "FROM TUMBLE(TABLE orders, DESCRIPTOR(ts), INTERVAL '10' SECOND) " +
      "GROUP BY GROUPING SETS ((window_start, window_end, item), (window_start, window_end))",
  ],
])("%s: each set has the windows of its own", (_, from) => {
  const sql = `INSERT INTO sums SELECT item, GROUPING(item), SUM(amount) ${from}`;
  const program = new TableProgram([source], [sink], [sql], {});
  program.start(2);
  program.feed("orders", rows);
  const first = ["+I[a, 0, 5]", "+I[b, 0, 2]", "+I[null, 1, 7]"];
  expect(
    program
      .rows("sums")
      .map(({ text }) => text)
      .sort(),
  ).toEqual(first);
  program.end();
  const all = [...first, "+I[b, 0, 8]", "+I[null, 1, 8]"].sort();
  expect(
    program
      .rows("sums")
      .map(({ text }) => text)
      .sort(),
  ).toEqual(all);
});
