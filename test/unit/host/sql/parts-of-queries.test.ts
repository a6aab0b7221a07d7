/** What queries ask of the views that they read. */
import { expect, test } from "vitest";
import type { PartialQuery } from "../../../../src/sql/batch/divide.ts";
import { keyEqualities } from "../../../../src/sql/batch/key-equalities.ts";
import { emptyPorts, runSql } from "./run-sql.ts";

const table = `CREATE TABLE v (
    name STRING, at_time TIMESTAMP(3), id BIGINT, price DECIMAL(30, 2), half DOUBLE, n INT, list ARRAY<INT>,
    PRIMARY KEY (name) NOT ENFORCED
  ) WITH ('connector' = 'view');
  CREATE TABLE w (at_time TIMESTAMP(3), WATERMARK FOR at_time AS at_time, PRIMARY KEY (at_time) NOT ENFORCED)
    WITH ('connector' = 'view');`;

async function asked(query: string): Promise<PartialQuery[]> {
  const queries: PartialQuery[] = [];
  const evaluate = async (_view: string, part: PartialQuery) => {
    queries.push(structuredClone(part));
    return { ok: true, value: [] } as const;
  };
  await runSql(`${table} ${query}`, [], { ...emptyPorts(), views: { evaluate } });
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
])("WHERE %s wants %j of all rows", async (condition, equal) => {
  for (const select of ["n AS number, name", "COUNT(n)"]) {
    const [first] = await asked(`SELECT ${select} FROM v WHERE ${condition}`);
    expect(first && keyEqualities(first.relation)).toEqual(equal);
  }
});

const all = Number.POSITIVE_INFINITY;

test.each([
  ["SELECT name FROM v", "scan", all],
  ["SELECT name FROM v LIMIT 2", "scan", 2],
  ["SELECT name FROM v LIMIT 2 OFFSET 1", "scan", 3],
  ["SELECT n + 1 FROM (SELECT n FROM v LIMIT 5 OFFSET 1) LIMIT 4", "scan", 5],
  ["SELECT name FROM v WHERE n > 1 LIMIT 1", "calc", 1],
  ["SELECT name, RAND() FROM v LIMIT 3", "scan", 3],
  ["SELECT name FROM v WHERE n > RAND() LIMIT 3", "scan", all],
  ["SELECT name FROM v ORDER BY name LIMIT 1", "sort", 1],
  ["SELECT name FROM v ORDER BY name", "scan", all],
  ["SELECT COUNT(*) FROM v LIMIT 1", "aggregate", all],
  ["SELECT DISTINCT name FROM v", "aggregate", all],
  ["SELECT n, SUM(id) FROM v GROUP BY ROLLUP (n) HAVING SUM(id) > 1 ORDER BY n LIMIT 1", "aggregate", all],
  ["SELECT COUNT(*) FROM w GROUP BY HOP(at_time, INTERVAL '1' HOUR, INTERVAL '2' HOUR)", "aggregate", all],
  ["SELECT COUNT(*) FROM w GROUP BY SESSION(at_time, INTERVAL '1' HOUR)", "scan", all],
  ["SELECT SUM(n + RAND()) FROM v", "scan", all],
  ["SELECT MAX(e) FROM v CROSS JOIN UNNEST(list) AS t (e) WHERE n > 1", "calc", all],
  ["SELECT COUNT(*) FROM (SELECT n, COUNT(*) AS c FROM v GROUP BY n)", "aggregate", all],
])("%s: partitions make its %s, %d rows of it", async (query, node, rows) => {
  const parts = await asked(query);
  expect(parts.map((part) => [part.relation.node, part.rows])).toEqual([[node, rows]]);
});

test("each side of a set operation is a part", async () => {
  const parts = await asked("SELECT n FROM v UNION ALL SELECT MAX(n) FROM v LIMIT 7");
  expect(parts.map((part) => [part.relation.node, part.rows])).toEqual([
    ["scan", 7],
    ["aggregate", all],
  ]);
  expect(await asked("SELECT n FROM v EXCEPT SELECT n FROM v WHERE n > 1")).toHaveLength(2);
});
