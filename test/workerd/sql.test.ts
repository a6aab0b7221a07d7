/** `POST /v1/sql`: statements in any of their forms, results in any of theirs. */

import { exports } from "cloudflare:workers";
import { tableFromIPC } from "@uwdata/flechette";
import { expect, test } from "vitest";
import { call } from "./api.ts";

const rows = "SELECT * FROM (VALUES (1, 'a,b'), (2, CAST(NULL AS STRING))) AS t (id, name)";

async function post(body: string, headers: Record<string, string>): Promise<Response> {
  return await exports.default.fetch("http://localhost/v1/sql", { method: "POST", body, headers });
}

test("statements make, tell and query; each has its result", { timeout: 30_000 }, async () => {
  const sql =
    "CREATE TABLE trips (city STRING, fare DECIMAL(8, 2)) WITH ('connector' = 'http');" +
    " CREATE VIEW v AS SELECT 1 AS x; SHOW TABLES; SELECT x + 1 AS y FROM v; DROP VIEW v; DROP TABLE trips";
  const { status, body } = await call("POST", "/v1/sql", { sql });
  expect(status).toBe(200);
  expect(body.results.map(({ statement }: { statement: string }) => statement)).toEqual([
    "CREATE TABLE",
    "CREATE VIEW",
    "SHOW TABLES",
    "SELECT",
    "DROP VIEW",
    "DROP TABLE",
  ]);
  expect(body.results[2].rows).toEqual([["trips"], ["v"]]);
  expect(body.results[3]).toEqual({
    statement: "SELECT",
    columns: [{ name: "y", type: "INT NOT NULL" }],
    rows: [[2]],
  });
});

test("options that are set come back, and hold in the next request", async () => {
  const { body } = await call("POST", "/v1/sql", { sql: "SET 'table.local-time-zone' = 'Asia/Tokyo'" });
  expect(body.options).toEqual({ "table.local-time-zone": "Asia/Tokyo" });
  const sql = "SELECT CAST(TO_TIMESTAMP_LTZ(0, 3) AS STRING) AS t";
  const next = await call("POST", "/v1/sql", { sql, options: body.options });
  expect(next.body.results[0].rows).toEqual([["1970-01-01 09:00:00.000"]]);
});

test.each([
  [{ sql: "SELECT ? AS a, ? AS b", parameters: [1, "x"] }, [[1, "x"]]],
  [{ sql: "SELECT :b AS b, :a AS a", parameters: { a: null, b: -1.5 } }, [["-1.5", null]]],
])("%j has its parameters", async (body, expected) => {
  const answer = await call("POST", "/v1/sql", body);
  expect(answer.body.results[0].rows).toEqual(expected);
});

test.each([
  [{ sql: "SELECT ?", parameters: [[1]] }, "REQUEST_INVALID", "expected string or number or boolean or null"],
  [{ sql: "SELECT ?" }, "SQL_INVALID", "There is no value for parameter 1"],
  [{ sql: "" }, "REQUEST_INVALID", "expected one or more statements"],
  [{ sql: "SELECT 1", option: {} }, "REQUEST_INVALID", 'did you mean "options"'],
  [{ sql: "SELECT 1", options: { "no.such": "1" } }, "SQL_INVALID", "There is no option 'no.such'"],
])("%j is refused", async (body, code, words) => {
  const answer = await call("POST", "/v1/sql", body);
  expect(answer).toMatchObject({ status: 400, body: { code } });
  expect(JSON.stringify(answer.body)).toContain(JSON.stringify(words).slice(1, -1));
});

test.each([["application/sql"], ["text/plain; charset=utf-8"], ["application/x-www-form-urlencoded"]])(
  "a body of %s is the statements",
  async (type) => {
    const response = await post("SELECT 1 AS a", { "content-type": type });
    expect(await response.json()).toMatchObject({ results: [{ rows: [[1]] }] });
  },
);

test("an error without a place of its own has that of its statement", async () => {
  const answer = await post("SELECT 1;\n  CREATE TABLE x (a INT) WITH ('connector' = 'htpp')", {
    "content-type": "application/sql",
  });
  expect(await answer.json()).toMatchObject({
    code: "SQL_INVALID",
    line: 2,
    column: 3,
    detail: expect.stringMatching(/^In the statement at line 2, column 3: There is no connector 'htpp'/),
  });
});

test("an error has its place, and is a problem document whatever was accepted", async () => {
  const response = await post("SELECT 1;\nSELEC 2", {
    "content-type": "application/sql",
    accept: "text/csv",
  });
  expect(response.status).toBe(400);
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  expect(await response.json()).toMatchObject({
    code: "SQL_SYNTAX",
    line: 2,
    column: 1,
    detail: expect.stringContaining("  SELEC 2\n  ^^^^^"),
  });
});

test.each([
  ["application/x-ndjson", '{"id":1,"name":"a,b"}\n{"id":2,"name":null}\n'],
  ["text/csv", 'id,name\r\n1,"a,b"\r\n2,\r\n'],
  [
    "text/plain",
    "+----+--------+\n| id | name   |\n+----+--------+\n|  1 | a,b    |\n|  2 | <NULL> |\n+----+--------+\n" +
      "2 rows in set\n",
  ],
])("rows as %s", async (accept, expected) => {
  const response = await post(`${rows}; SET 'pipeline.name' = 'p'`, { accept });
  expect(response.headers.get("content-type")).toContain(accept);
  const text = await response.text();
  expect(accept === "text/plain" ? text.replace(/\n'pipeline.*\n$/, "") : text).toBe(expected);
});

test("rows as Arrow", async () => {
  const accept = "application/vnd.apache.arrow.stream";
  const response = await post(rows, { accept });
  expect(response.headers.get("content-type")).toBe(accept);
  const table = tableFromIPC(new Uint8Array(await response.arrayBuffer()));
  expect(table.toArray()).toEqual([
    { id: 1, name: "a,b" },
    { id: 2, name: null },
  ]);
});

test("statements without rows are an empty text", async () => {
  const response = await post("RESET", { accept: "text/csv" });
  expect([response.status, (await response.text()).trim()]).toEqual([200, ""]);
});

test("a format that there is not is refused before anything runs", async () => {
  const answer = await call(
    "POST",
    "/v1/sql",
    { sql: "CREATE VIEW never AS SELECT 1" },
    { accept: "application/xml" },
  );
  expect(answer).toMatchObject({ status: 406, body: { code: "NOT_ACCEPTABLE" } });
  expect(answer.body.formats).toContain("application/vnd.apache.arrow.stream");
  const { body } = await call("POST", "/v1/sql", { sql: "SHOW VIEWS" });
  expect(body.results[0].rows).toEqual([]);
});
