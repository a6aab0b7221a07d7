/** Statements of one text, one after the other. */
import { expect, test } from "vitest";
import { answerOf } from "../../../../src/host/sql/statement-result.ts";
import { emptyPorts, runSql } from "./run-sql.ts";

test("what SET set is told, to be sent along again", async () => {
  const { options } = await runSql("SET 'pipeline.name' = 'p'; SET 'parallelism.default' = '3'");
  expect(options).toEqual({ "pipeline.name": "p", "parallelism.default": "3" });
});

test("RESET takes an option back", async () => {
  const { options } = await runSql("SET 'pipeline.name' = 'p'; RESET 'pipeline.name'");
  expect(options).toEqual({});
});

test("a query has parameters in its order", async () => {
  const { results } = await runSql(
    "SELECT a + ? AS s FROM (VALUES (?), (?)) AS t (a) WHERE a > ?",
    [10, 1, 2, 1],
  );
  expect(results.map(answerOf)).toEqual([
    { statement: "SELECT", columns: [{ name: "s", type: "INT NOT NULL" }], rows: [[12]] },
  ]);
});

test("a view keeps the value that a parameter had", async () => {
  const ports = emptyPorts();
  await runSql("CREATE VIEW v AS SELECT :x AS x", { x: "a'b" }, ports);
  const { results } = await runSql("SELECT x FROM v; DESCRIBE v", [], ports);
  expect(results.map(({ table }) => table?.rows)).toEqual([
    [["a'b"]],
    [["x", "CHAR(3)", false, null, null, null]],
  ]);
});

test("SHOW FUNCTIONS has aggregates too", async () => {
  const { results } = await runSql("SHOW FUNCTIONS LIKE 'SU%'");
  expect(results[0]?.table?.rows).toEqual([["SUBSTRING"], ["SUM"]]);
});

test("columns of one name get numbers", async () => {
  const { results } = await runSql("SELECT 1 AS a, 2 AS a, 3 AS a0, 4 AS a");
  expect(results[0]?.table?.fields.map(({ name }) => name)).toEqual(["a", "a1", "a0", "a2"]);
});

const tables =
  "CREATE TABLE p (a STRING) WITH ('connector' = 'print');" +
  " CREATE TABLE v (a STRING, PRIMARY KEY (a) NOT ENFORCED) WITH ('connector' = 'view');";

test.each([
  ["SELECT a FROM p", "p has the connector 'print', which is only written"],
  [
    "INSERT INTO p SELECT a FROM v",
    "Not supported: rows that end, of VALUES or views, into p with the connector 'print'",
  ],
])("%s is refused", async (statement, message) => {
  await expect(runSql(`${tables} ${statement}`)).rejects.toThrow(message);
});
