/** Statements of callers who may read some of what there is, and what the audit log has of the others. */
import { beforeAll, expect, test } from "vitest";
import { clicks, clicksBody, type Json } from "./api.ts";
import { asRoot, callDeployed, makeToken, rootToken, send } from "./deployed.ts";

let reader = "";

beforeAll(async () => {
  await asRoot("POST", "/v1/sql", {
    sql: `CREATE TABLE orders (id INT, amount INT) WITH ('connector' = 'http');
      CREATE TABLE salaries (id INT, amount INT) WITH ('connector' = 'http');
      CREATE VIEW open_orders AS SELECT id FROM orders;
      CREATE VIEW open_salaries AS SELECT id FROM salaries;
      INSERT INTO orders VALUES (1, 10);
      INSERT INTO salaries VALUES (1, 99)`,
  });
  await asRoot("PUT", "/v1/streams/visits", clicksBody());
  reader = (await makeToken(["query:orders", "query:open_*"])).token;
});

const run = (token: string, sql: string) => callDeployed("POST", "/v1/sql", { token, body: { sql } });

test.each([
  ["a table", "SELECT amount FROM orders", [[10]]],
  ["a view over it", "SELECT id FROM open_orders", [[1]]],
  ["no table", "SELECT 1", [[1]]],
  ["a name of its own", "WITH salaries AS (SELECT amount FROM orders) SELECT amount FROM salaries", [[10]]],
])("what may be read is read: %s", async (_name, sql, rows) => {
  const answer = await run(reader, sql);
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  expect(answer.body.results[0].rows).toEqual(rows);
});

test.each([
  ["a table", "SELECT * FROM salaries"],
  ["a view over it", "SELECT * FROM open_salaries"],
  ["a query of a list", "WITH s AS (SELECT * FROM salaries) SELECT * FROM s"],
  ["a union", "SELECT id FROM orders UNION ALL SELECT id FROM salaries"],
  ["another stream by a hint", "SELECT * FROM orders /*+ OPTIONS('stream' = 'salaries') */"],
  ["a plan", "EXPLAIN SELECT * FROM salaries"],
  ["columns", "DESCRIBE salaries"],
  ["columns of a view over it", "DESCRIBE open_salaries"],
  ["a definition", "SHOW CREATE TABLE salaries"],
  ["columns by SHOW", "SHOW COLUMNS FROM salaries"],
])("what may not be read is refused by its name: %s", async (_name, sql) => {
  const answer = await run(reader, sql);
  expect(answer).toMatchObject({ status: 403, body: { code: "FORBIDDEN", scopes: ["query:salaries"] } });
});

test("a query that never ends needs what one that ends does", async () => {
  const headers = { accept: "text/event-stream" };
  const follow = (sql: string) => send("POST", "/v1/sql", { token: reader, body: { sql }, headers });
  for (const from of ["salaries", "orders /*+ OPTIONS('stream' = 'salaries') */", "open_salaries"]) {
    expect((await follow(`SELECT id FROM ${from}`)).status).toBe(403);
  }
  const followed = await follow("SELECT id FROM orders");
  expect(followed.status).toBe(200);
  await followed.body?.cancel();
});

test("only what may be read is listed, and only that is suggested", async () => {
  const rowsOf = async (sql: string) => (await run(reader, sql)).body.results[0].rows.flat();
  expect(await rowsOf("SHOW TABLES")).toEqual(["open_orders", "open_salaries", "orders"]);
  expect(await rowsOf("SHOW VIEWS")).toEqual(["open_orders", "open_salaries"]);
  expect(await rowsOf("SHOW JOBS")).toEqual([]);
  const unknown = await run(reader, "SELECT * FROM salarie");
  expect(unknown).toMatchObject({ status: 400, body: { code: "SQL_INVALID" } });
  expect(unknown.body.detail).not.toContain("salaries");
});

test.each([
  "CREATE TABLE more (a INT) WITH ('connector' = 'http')",
  "CREATE VIEW more AS SELECT * FROM orders",
  "CREATE FUNCTION more AS 'more'",
  "DROP TABLE orders",
  "DROP VIEW open_orders",
  "ALTER TABLE orders RENAME TO more",
  "INSERT INTO orders VALUES (2, 20)",
  "EXECUTE STATEMENT SET BEGIN INSERT INTO orders SELECT * FROM orders; END",
  "CREATE MATERIALIZED TABLE more AS SELECT id FROM orders",
  "STOP JOB 'more'",
])("who may read may not change: %s", async (sql) => {
  expect(await run(reader, sql)).toMatchObject({
    status: 403,
    body: { code: "FORBIDDEN", scopes: ["admin"] },
  });
});

test("options are anybody's own", async () => {
  expect((await run(reader, "SET 'table.local-time-zone' = 'UTC'; RESET; SET")).status).toBe(200);
});

test("who may append may not read", async () => {
  const { token } = await makeToken(["ingest:*"]);
  expect(await run(token, "SELECT * FROM orders")).toMatchObject({ status: 403 });
  const post = { token, body: clicks([1000, "ann", 1]) };
  expect((await callDeployed("POST", "/v1/streams/visits/events", post)).status).toBe(200);
});

async function audited(): Promise<Json[]> {
  return (await asRoot("GET", "/v1/audit?limit=1000")).entries;
}

test("the audit log has who changed what with which outcome, and nothing else", async () => {
  const before = await audited();
  const made = await makeToken(["admin"], { name: "deploys" });
  const as = (method: string, path: string, body?: unknown) =>
    callDeployed(method, path, { token: made.token, body });
  await as("PUT", "/v1/streams/audited", clicksBody({ comment: "hidden" }));
  await as("PUT", "/v1/streams/audited", clicksBody());
  await as("GET", "/v1/streams/audited");
  await as("DELETE", "/v1/streams/absent");
  await as("POST", "/v1/sql", {
    sql: "SELECT 1; CREATE VIEW seen AS SELECT 'hidden' AS a; DROP VIEW absent",
  });
  await as("POST", `/v1/tokens/${made.id}/rotate`);
  const entries = (await audited()).slice(0, -before.length || undefined).reverse();
  expect(entries.map(({ tokenName, action, target, status }) => [tokenName, action, target, status])).toEqual(
    [
      ["MILLRACE_TOKEN", "POST /v1/tokens", made.id, 201],
      ["deploys", "PUT /v1/streams/{stream}", "audited", 400],
      ["deploys", "PUT /v1/streams/{stream}", "audited", 201],
      ["deploys", "DELETE /v1/streams/{stream}", "absent", 404],
      ["deploys", "SQL CREATE VIEW", "seen", 200],
      ["deploys", "SQL DROP", "absent", 400],
      ["deploys", "POST /v1/tokens/{id}/rotate", made.id, 200],
    ],
  );
  for (const { tokenId, time } of entries.slice(1)) {
    expect(tokenId).toBe(made.id);
    expect(Math.abs(Date.parse(time) - Date.now())).toBeLessThan(60_000);
  }
  const text = JSON.stringify(entries);
  for (const hidden of ["hidden", made.token.slice(-43), rootToken]) expect(text).not.toContain(hidden);
});

test("the audit log is read in pages", async () => {
  const all = await audited();
  const first = await asRoot("GET", "/v1/audit?limit=2");
  const second = await asRoot("GET", `/v1/audit?limit=2&cursor=${first.cursor}`);
  expect([...first.entries, ...second.entries]).toEqual(all.slice(0, 4));
  const wrong = await callDeployed("GET", "/v1/audit?cursor=x", { token: rootToken });
  expect(wrong).toMatchObject({ status: 400, body: { code: "QUERY_INVALID" } });
});
