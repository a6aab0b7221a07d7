/** Queries that never end: their changes as server-sent events, and the job that is behind them. */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { beforeAll, expect, test } from "vitest";
import { leaseMs } from "../../src/host/coordinator/leases.ts";
import { call, type Json, post } from "./api.ts";

const events = "text/event-stream";

interface Event {
  readonly name: string;
  readonly data: Json;
}

/** The events of an answer, as they come. */
class Listener {
  readonly #reader: ReadableStreamDefaultReader<string>;
  #text = "";

  constructor(response: Response) {
    if (!response.body) throw new Error("an answer without a body");
    this.#reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** The next event; undefined at the end. */
  async next(): Promise<Event | undefined> {
    while (!this.#text.includes("\n\n")) {
      const { done, value } = await this.#reader.read();
      if (done) return undefined;
      this.#text += value;
    }
    const [block = "", ...rest] = this.#text.split("\n\n");
    this.#text = rest.join("\n\n");
    const [, name = "", data = ""] = /^event: (.*)\ndata: (.*)$/.exec(block) ?? [];
    return name === "" ? await this.next() : { name, data: JSON.parse(data) };
  }

  /** The next changes, each as its kind and its values. */
  async changes(count: number): Promise<unknown[][]> {
    const changes: unknown[][] = [];
    while (changes.length < count) {
      const { name, data } = (await this.next()) ?? { name: "", data: undefined };
      if (name !== "change") throw new Error(`found ${name} ${JSON.stringify(data)}, expected a change`);
      changes.push([data.kind, ...Object.values(data.row)]);
    }
    return changes;
  }

  async close(): Promise<void> {
    await this.#reader.cancel();
  }
}

async function listen(sql: string, accept = events): Promise<Response> {
  const headers = { accept, "content-type": "application/sql" };
  return await exports.default.fetch("http://localhost/v1/sql", { method: "POST", headers, body: sql });
}

/** Starts a query; answers its listener and its job. */
async function follow(sql: string) {
  const response = await listen(sql);
  expect([response.status, response.headers.get("content-type")]).toEqual([200, events]);
  const listener = new Listener(response);
  const first = await listener.next();
  expect(first?.name).toBe("answer");
  return { listener, answer: first?.data, job: first?.data.results.at(-1).job as string };
}

function coordinator() {
  const namespace = (env as unknown as { COORDINATOR: DurableObjectNamespace }).COORDINATOR;
  return namespace.get(namespace.idFromName("coordinator"));
}

async function jobs(): Promise<string[]> {
  const { body } = await call("GET", "/v1/jobs");
  return body.jobs.map(({ job }: { job: string }) => job);
}

function click(user_id: string, ts: string, amount = 1): string {
  return JSON.stringify({ user_id, amount, ts: `1970-01-01 ${ts}` });
}

beforeAll(async () => {
  const { status } = await call("POST", "/v1/sql", {
    sql: `CREATE TABLE visits (user_id STRING NOT NULL, amount INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
      WITH ('connector' = 'http', 'shards' = '2');
      CREATE TABLE seen (user_id STRING PRIMARY KEY NOT ENFORCED, n BIGINT) WITH ('connector' = 'view')`,
  });
  expect(status).toBe(200);
});

test("rows come as they are posted, those that were there first", { timeout: 30_000 }, async () => {
  await post("visits", click("ann", "00:00:01", 7));
  const sql = "SELECT user_id, amount, amount FROM visits WHERE amount > 5";
  const { listener, answer } = await follow(`SET 'table.local-time-zone' = 'Asia/Tokyo'; ${sql}`);
  expect(answer.options).toEqual({ "table.local-time-zone": "Asia/Tokyo" });
  expect(answer.results[1].columns.map(({ name }: { name: string }) => name)).toEqual([
    "user_id",
    "amount",
    "amount0",
  ]);
  expect(await listener.changes(1)).toEqual([["+I", "ann", 7, 7]]);
  await post("visits", [click("ben", "00:00:02", 3), click("eve", "00:00:02", 9)].join("\n"));
  expect(await listener.changes(1)).toEqual([["+I", "eve", 9, 9]]);
  await listener.close();
});

test("a result that changes is taken back before it comes anew", { timeout: 30_000 }, async () => {
  const { listener } = await follow(
    "SELECT user_id, COUNT(*) AS n FROM visits WHERE user_id = 'kim' GROUP BY user_id",
  );
  await post("visits", click("kim", "00:00:03"));
  expect(await listener.changes(1)).toEqual([["+I", "kim", 1]]);
  await post("visits", click("kim", "00:00:04"));
  expect(await listener.changes(2)).toEqual([
    ["-U", "kim", 1],
    ["+U", "kim", 2],
  ]);
  await listener.close();
});

test("a window comes when its time is over", { timeout: 30_000 }, async () => {
  const { listener } = await follow(
    `SELECT user_id, COUNT(*) AS clicks, TUMBLE_START(ts, INTERVAL '5' MINUTE)
     FROM visits WHERE user_id = 'lee' GROUP BY user_id, TUMBLE(ts, INTERVAL '5' MINUTE);`,
  );
  await post("visits", [click("lee", "00:01:00"), click("lee", "00:02:00")].join("\n"));
  await call("POST", "/v1/streams/visits/watermark", { watermark: 300_000 });
  expect(await listener.changes(1)).toEqual([["+I", "lee", 2, "1970-01-01 00:00:00.000"]]);
  await listener.close();
});

test("who stops listening ends the job", { timeout: 30_000 }, async () => {
  const { listener, job } = await follow("SELECT user_id FROM visits");
  expect(await jobs()).toContain(job);
  await listener.close();
  await expect.poll(jobs, { timeout: 10_000 }).not.toContain(job);
});

test("a job that nobody reads ends when its lease does", { timeout: 30_000 }, async () => {
  // Its events are never read, as if the Worker that reads them had gone.
  const { job } = await follow("SELECT user_id FROM visits");
  const endsAt = await runInDurableObject(coordinator(), (_, { storage }) => {
    const [lease] = storage.sql.exec("SELECT ends_at FROM leases WHERE job = ?", job);
    return Number(lease?.ends_at);
  });
  expect(Math.abs(endsAt - Date.now() - leaseMs)).toBeLessThan(20_000);
  await runDurableObjectAlarm(coordinator());
  expect(await jobs()).toContain(job);
  await runInDurableObject(coordinator(), (_, { storage }) => {
    storage.sql.exec("UPDATE leases SET ends_at = ends_at - ? WHERE job = ?", leaseMs, job);
  });
  await runDurableObjectAlarm(coordinator());
  await expect.poll(jobs, { timeout: 10_000 }).not.toContain(job);
});

test("a job that is deleted tells its listener, and leaves no lease", { timeout: 30_000 }, async () => {
  const { listener, job } = await follow("SELECT user_id FROM visits WHERE user_id = 'nobody'");
  expect((await call("DELETE", `/v1/jobs/${job}`)).status).toBeLessThan(300);
  expect(await listener.next()).toMatchObject({ name: "error", data: { code: "VIEW_NOT_FOUND" } });
  expect(await listener.next()).toBeUndefined();
  const left = await runInDurableObject(coordinator(), (_, { storage }) => [
    ...storage.sql.exec("SELECT job FROM leases WHERE job = ?", job),
  ]);
  expect(left).toEqual([]);
});

test("the rows of a query that ends are followed by its end", async () => {
  const listener = new Listener(await listen("SELECT * FROM (VALUES (1), (2)) AS t (n)"));
  expect(await listener.next()).toMatchObject({
    name: "answer",
    data: { results: [{ statement: "SELECT", columns: [{ name: "n" }] }] },
  });
  expect(await listener.changes(2)).toEqual([
    ["+I", 1],
    ["+I", 2],
  ]);
  expect([await listener.next(), await listener.next()]).toEqual([{ name: "end", data: {} }, undefined]);
});

test("who takes both gets events only where a query never ends", { timeout: 30_000 }, async () => {
  const both = `application/json, ${events}`;
  expect(await (await listen("SELECT 1 AS n", both)).json()).toMatchObject({ results: [{ rows: [[1]] }] });
  const response = await listen("SELECT user_id FROM visits; SHOW VIEWS", both);
  expect(response.headers.get("content-type")).toBe(events);
  const listener = new Listener(response);
  expect((await listener.next())?.data.results[1].rows).toEqual([]);
  expect((await listener.changes(1))[0]?.[0]).toBe("+I");
  await listener.close();
});

test("who takes anything, or says batch, is given what there is now", async () => {
  const query = "SELECT COUNT(*) > 0 AS any_rows FROM visits";
  const rows = { results: [{ rows: [[true]] }] };
  expect(await (await listen(query, "*/*")).json()).toMatchObject(rows);
  const batch = `SET 'execution.runtime-mode' = 'batch'; ${query}`;
  const last = (await (await listen(batch, `application/json, ${events}`)).json()) as { results: unknown[] };
  expect({ results: last.results.slice(-1) }).toMatchObject(rows);
});

test("a table that is dropped ends the queries over it that are only watched", async () => {
  const made = await call("POST", "/v1/sql", {
    sql: "CREATE TABLE numbers (id INT) WITH ('connector' = 'datagen', 'rows-per-second' = '1')",
  });
  expect(made.status).toBe(200);
  const { listener, job } = await follow("SELECT id FROM numbers");
  expect(await listener.changes(1)).toEqual([["+I", expect.any(Number)]]);
  const dropped = await call("POST", "/v1/sql", { sql: "DROP TABLE numbers" });
  expect([dropped.status, dropped.body.results?.[0]?.message]).toEqual([200, "numbers is dropped."]);
  expect(await jobs()).not.toContain(job);
  let last = await listener.next();
  while (last?.name === "change") last = await listener.next();
  expect(last).toMatchObject({ name: "error", data: { code: "VIEW_NOT_FOUND" } });
});
