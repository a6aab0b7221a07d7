/**
 * A job that fails at a row: what the API tells of it, and how it goes on, through ends of its objects.
 */
import { abortAllDurableObjects, evictAllDurableObjects } from "cloudflare:test";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { userFunctions } from "../../src/cloudflare/user-functions.ts";
import { call, type Json, post, rowsOf, runSql } from "./api.ts";
import { callDeployed, makeToken } from "./deployed.ts";

/** Deploys a worker whose function `doubled` throws for this number. */
async function deploy(refused: number | undefined): Promise<void> {
  vi.restoreAllMocks();
  if (refused !== undefined) {
    const find = userFunctions.find.bind(userFunctions);
    vi.spyOn(userFunctions, "find").mockImplementation((name) => {
      const found = find(name);
      if (name !== "doubled" || found?.kind !== "scalar") return found;
      const doubled = found.evaluate as (value: unknown) => unknown;
      const evaluate = (value: unknown) => {
        if (value === refused) throw new Error(`${refused} brings bad luck`);
        return doubled(value);
      };
      return { ...found, evaluate } as typeof found;
    });
  }
  await evictAllDurableObjects();
}

async function jobOf(name: string): Promise<Json> {
  return (await call("GET", `/v1/jobs/${name}`)).body;
}

const lines = (...values: readonly number[]) => values.map((v) => JSON.stringify({ k: "a", v })).join("\n");

const poll = (sql: string) => expect.poll(() => rowsOf(sql), { timeout: 20_000 });

let name = "";
let count = 0;

beforeEach(async () => {
  name = `unlucky_${count++}`;
  await deploy(13);
  await runSql(`
    CREATE TABLE ${name} (k STRING NOT NULL, v INT) WITH ('connector' = 'http');
    CREATE TABLE ${name}_sums (k STRING NOT NULL, n BIGINT, v INT, PRIMARY KEY (k) NOT ENFORCED)
      WITH ('connector' = 'view');
    CREATE TABLE ${name}_plain (k STRING NOT NULL, n BIGINT, PRIMARY KEY (k) NOT ENFORCED)
      WITH ('connector' = 'view');
    CREATE FUNCTION IF NOT EXISTS doubled AS 'doubled';
    SET 'pipeline.name' = '${name}-doubling';
    INSERT INTO ${name}_sums SELECT k, COUNT(*), SUM(doubled(v)) FROM ${name} GROUP BY k;
    SET 'pipeline.name' = '${name}-counting';
    INSERT INTO ${name}_plain SELECT k, COUNT(*) FROM ${name} GROUP BY k`);
  await post(name, lines(1, 2));
  await post(name, lines(3, 13, 4));
  await post(name, lines(5));
  const stateOf = async () => (await jobOf(`${name}-doubling`)).state;
  await expect.poll(stateOf, { timeout: 20_000 }).toBe("failed");
});

afterEach(() => deploy(undefined));

test("it says where and why; the stream and the other jobs go on", { timeout: 60_000 }, async () => {
  const job = await jobOf(`${name}-doubling`);
  const [shard] = job.shards.filter((each: Json) => each.error?.at);
  expect(shard).toMatchObject({
    stage: 1,
    shard: 0,
    state: "failed",
    error: {
      code: "SQL_EVALUATION_FAILED",
      message: expect.stringContaining("13 brings bad luck"),
      at: { offset: expect.any(Number), row: 1, content: expect.stringContaining("13") },
      attempts: 2,
      since: expect.stringMatching(/^\d{4}-/),
    },
  });
  expect(shard.error).not.toHaveProperty("isMended");
  const { token } = await makeToken([`query:${name}-doubling`]);
  const { body: seen } = await callDeployed("GET", `/v1/jobs/${name}-doubling`, { token });
  const [{ error }] = seen.shards.filter((each: Json) => each.error?.at);
  expect(error).toMatchObject({ code: "SQL_EVALUATION_FAILED", at: { row: 1 } });
  expect(error.at).not.toHaveProperty("content");
  await post(name, lines(6));
  await poll(`SELECT n FROM ${name}_plain`).toEqual([[7]]);
  expect(await jobOf(`${name}-counting`)).toMatchObject({ state: "running" });
});

test("mended by a deployment, it goes on when resumed, and nothing is lost or doubled", {
  timeout: 60_000,
}, async () => {
  await deploy(undefined);
  expect(await call("POST", `/v1/jobs/${name}-doubling/resume`)).toMatchObject({ status: 200 });
  await poll(`SELECT n, v FROM ${name}_sums`).toEqual([[6, 2 * 28]]);
  expect(await jobOf(`${name}-doubling`)).toMatchObject({ state: "running", bad: 0 });
});

test("it goes on without the row that its error names, which becomes a letter", {
  timeout: 60_000,
}, async () => {
  const failed = (await jobOf(`${name}-doubling`)).shards.find((each: Json) => each.error?.at);
  const { offset, row } = failed.error.at;
  const path = `/v1/jobs/${name}-doubling/skip`;
  const place = { stage: failed.stage, shard: failed.shard, offset };
  expect(await call("POST", path, { ...place, row: row + 1 })).toMatchObject({
    status: 409,
    body: { code: "SKIP_CONFLICT" },
  });
  expect(await call("POST", path, { ...place, shard: 7, row })).toMatchObject({ status: 400 });
  expect(await call("POST", path, { ...place, row })).toMatchObject({ status: 200 });
  await poll(`SELECT n, v FROM ${name}_sums`).toEqual([[5, 2 * 15]]);
  expect(await call("POST", path, { ...place, row })).toMatchObject({ status: 200 });
  await abortAllDurableObjects();
  await poll(`SELECT n, v FROM ${name}_sums`).toEqual([[5, 2 * 15]]);
  expect(await jobOf(`${name}-doubling`)).toMatchObject({ state: "running", bad: 1 });
  const { letters } = (await call("GET", `/v1/jobs/${name}-doubling/letters`)).body;
  expect(letters).toMatchObject([
    { offset, reason: "bad", message: expect.stringContaining("13 brings bad luck") },
  ]);
});
