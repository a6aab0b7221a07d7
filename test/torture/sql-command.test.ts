/** `npm run sql` against what `npm start` runs. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freePort } from "./run-torture.ts";
import { ServerProcess } from "./server-process.ts";

const program = fileURLToPath(new URL("../../src/cli/sql.ts", import.meta.url));
let server: ServerProcess;
let folder = "";

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "millrace-sql-"));
  server = new ServerProcess(await freePort(), join(folder, ".millrace"));
  await server.start();
}, 60_000);

afterAll(async () => {
  await server.clean();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs the command in the folder of the server's state, so that it finds the server by itself. */
async function sql(args: readonly string[], input = "") {
  const child = spawn(process.execPath, [program, ...args], { cwd: folder });
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (out += chunk));
  child.stderr.on("data", (chunk: Buffer) => (err += chunk));
  child.stdin.end(input);
  const status = await new Promise<number | null>((done) => child.once("close", done));
  return { out, err, status };
}

test("statements of the command line have tables, counts and the time", async () => {
  const { out, err, status } = await sql(["CREATE VIEW v AS SELECT 7 AS n, 'a' AS t; SELECT * FROM v"]);
  expect([err, status]).toEqual(["", 0]);
  expect(out).toMatch(
    /^View v is made\.\n\n\+-+\+-+\+\n\| n \| t \|\n.*\n\| 7 \| a \|\n.*\n1 row in set\nTook .*s\.\n$/s,
  );
});

test("statements come from a file, and from a pipe", async () => {
  const file = join(folder, "a.sql");
  writeFileSync(file, "-- two\nSELECT 2 AS two;\nSELECT 3 AS three;\n");
  expect((await sql(["--file", file])).out).toContain("| three |");
  expect((await sql([], "SELECT 4 AS four")).out).toContain("| four |");
});

test("rows as JSON and CSV", async () => {
  const query = "SELECT 1 AS a, 'x,y' AS b";
  expect((await sql(["--json", query])).out).toBe('{"a":1,"b":"x,y"}\n');
  expect((await sql(["--csv", query])).out).toBe('a,b\r\n1,"x,y"\r\n');
});

test("a query that never ends is followed until Ctrl-C", { timeout: 30_000 }, async () => {
  await sql(["CREATE TABLE hits (page STRING) WITH ('connector' = 'http')"]);
  const query = "SELECT page, COUNT(*) AS n FROM hits GROUP BY page";
  const child = spawn(process.execPath, [program, query], { cwd: folder });
  let out = "";
  child.stdout.on("data", (chunk: Buffer) => (out += chunk));
  const ended = new Promise<number | null>((done) => child.once("close", done));
  await expect.poll(() => out, { timeout: 10_000 }).toContain("op | page | n\n");
  for (let count = 0; count < 2; count++) {
    await fetch(`${server.url}/v1/streams/hits/events`, {
      ...{ method: "POST", headers: { "Content-Type": "application/json" } },
      body: '{"page": "/home"}',
    });
    await expect.poll(() => out, { timeout: 10_000 }).toContain(`/home | ${count + 1}\n`);
  }
  child.kill("SIGINT");
  expect(await ended).toBe(0);
  expect(out.split("\n").slice(-4)).toEqual(["+I | /home | 1", "-U | /home | 1", "+U | /home | 2", ""]);
  const jobs = async () => (await sql(["SHOW JOBS"])).out;
  await expect.poll(jobs, { timeout: 10_000 }).not.toContain("query-");
});

test("an error goes to standard error with its caret, and the status says so", async () => {
  for (const format of [[], ["--csv"]]) {
    const { out, err, status } = await sql([...format, "SELECT 1;\nSELEC 2"]);
    expect([out, status]).toEqual(["", 1]);
    expect(err).toMatch(/at line 2, column 1\.\n {2}SELEC 2\n {2}\^{5}\n$/);
  }
});

test("a server that is not there, and a file that is not", async () => {
  const nowhere = await sql(["--url", `http://127.0.0.1:${await freePort()}`, "SELECT 1"]);
  expect([nowhere.status, nowhere.err]).toEqual([1, expect.stringContaining("The server does not answer")]);
  const noFile = await sql(["--file", "no.sql"]);
  expect([noFile.status, noFile.err]).toEqual([1, expect.stringContaining("The file cannot be read")]);
  expect(await sql([], " ; ")).toMatchObject({ status: 1, err: "There is no statement to run.\n" });
});

test("--help says how, and what is not known is refused", async () => {
  expect(await sql(["--help"])).toMatchObject({ status: 0, out: expect.stringContaining("npm run sql") });
  expect(await sql(["--nothing"])).toMatchObject({ status: 2, err: expect.stringContaining("--nothing") });
});
