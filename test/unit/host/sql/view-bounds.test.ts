/** What queries ask of the views that they read. */
import { expect, test } from "vitest";
import type { ViewQuery } from "../../../../src/protocol/view-query.ts";
import { emptyPorts, runSql } from "./run-sql.ts";

const table = `CREATE TABLE v (
    name STRING, at_time TIMESTAMP(3), id BIGINT, price DECIMAL(30, 2), half DOUBLE, n INT,
    PRIMARY KEY (name) NOT ENFORCED
  ) WITH ('connector' = 'view');`;

/** How the view is asked, and how often, where each page has one row and another follows. */
async function asked(query: string): Promise<ViewQuery[]> {
  const queries: ViewQuery[] = [];
  const readShaped = async (_view: string, view: ViewQuery) => {
    queries.push(view);
    const answer = { rows: [{ name: "ann" }], ...(queries.length < 5 && { cursor: "more" }) };
    return { ok: true, value: { answer, shape: undefined } } as never;
  };
  await runSql(`${table} ${query}`, [], { ...emptyPorts(), views: { readShaped } });
  return queries;
}

test.each([
  ["name = 'ann'", { name: "ann" }],
  ["'ann' = name AND n > 3", { name: "ann" }],
  ["id = 5 AND at_time = TIMESTAMP '2024-01-01 00:00:00.000'", { id: 5, at_time: "2024-01-01 00:00:00.000" }],
  ["name = 'ann' OR n = 3", {}],
  ["name <> 'ann'", {}],
  ["UPPER(name) = 'ANN'", {}],
  ["half = 0e0", {}],
  ["price = CAST(1 AS DECIMAL(30, 2))", {}],
  ["name = NULL", {}],
])("WHERE %s asks for %j", async (condition, equal) => {
  const [first] = await asked(`SELECT n AS number, name FROM v WHERE ${condition}`);
  expect(first?.equal).toEqual(equal);
});

test.each([
  ["SELECT name FROM v", 5],
  ["SELECT name FROM v LIMIT 2", 2],
  ["SELECT name FROM v LIMIT 2 OFFSET 1", 3],
  ["SELECT n + 1 FROM (SELECT n FROM v) LIMIT 1", 1],
  ["SELECT name FROM v ORDER BY name LIMIT 1", 5],
  ["SELECT name FROM v WHERE n > 1 LIMIT 1", 5],
  ["SELECT COUNT(*) FROM v LIMIT 1", 5],
])("%s reads %d pages", async (query, pages) => {
  expect(await asked(query)).toHaveLength(pages);
});
