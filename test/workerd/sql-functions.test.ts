/** Functions that a deployment registers no more: jobs that call them wait, alone, until another has them. */
import { evictAllDurableObjects } from "cloudflare:test";
import { afterEach, expect, test, vi } from "vitest";
import { userFunctions } from "../../src/cloudflare/user-functions.ts";
import { call, type Json, post, rowsOf, runSql } from "./api.ts";

async function jobOf(name: string): Promise<Json> {
  return (await call("GET", `/v1/jobs/${name}`)).body;
}

/** Deploys a worker that lacks a function, or has all again: every object starts anew. */
async function deploy(without?: string): Promise<void> {
  vi.restoreAllMocks();
  if (without !== undefined) {
    const find = userFunctions.find.bind(userFunctions);
    vi.spyOn(userFunctions, "find").mockImplementation((name) => (name === without ? undefined : find(name)));
    const left = userFunctions.names.filter((name) => name !== without);
    vi.spyOn(userFunctions, "names", "get").mockReturnValue(left);
  }
  await evictAllDurableObjects();
}

afterEach(() => deploy());

const tables = (name: string) => `
  CREATE TABLE ${name} (k STRING NOT NULL, v INT) WITH ('connector' = 'http', 'shards' = '2');
  CREATE TABLE ${name}_sums (k STRING NOT NULL, n BIGINT, v INT, PRIMARY KEY (k) NOT ENFORCED)
    WITH ('connector' = 'view');
  CREATE TABLE ${name}_plain (k STRING NOT NULL, v INT, PRIMARY KEY (k) NOT ENFORCED)
    WITH ('connector' = 'view');`;

const lines = (...rows: readonly [string, number][]) =>
  rows.map(([k, v]) => JSON.stringify({ k, v })).join("\n");

const filtered = "SELECT k, COUNT(*), SUM(v) FROM at_source WHERE doubled(v) > 0 GROUP BY k";
const regrouped = `SELECT k, COUNT(*), MAX(doubled(n))
  FROM (SELECT k, SUM(v) AS n FROM behind GROUP BY k) GROUP BY k`;

test.each([
  ["in the shards", "at_source", filtered, 1],
  ["behind an exchange", "behind", regrouped, 2],
])(
  "a job that calls one %s fails by itself, and goes on when it is there again",
  {
    timeout: 60_000,
  },
  async (_, name, query, times) => {
    const poll = (sql: string) => expect.poll(() => rowsOf(sql), { timeout: 20_000 });
    const sums = `SELECT k, v FROM ${name}_sums ORDER BY k`;
    await runSql(`${tables(name)}
    CREATE FUNCTION IF NOT EXISTS doubled AS 'doubled';
    SET 'pipeline.name' = '${name}-calls';
    INSERT INTO ${name}_sums ${query};
    SET 'pipeline.name' = '${name}-plain';
    INSERT INTO ${name}_plain SELECT k, MAX(v) FROM ${name} GROUP BY k`);
    await post(name, lines(["a", 1], ["b", 2]));
    await poll(sums).toEqual([
      ["a", times],
      ["b", 2 * times],
    ]);

    await deploy("doubled");
    await post(name, lines(["a", 10]));
    await poll(`SELECT v FROM ${name}_plain ORDER BY k`).toEqual([[10], [2]]);
    const failedShards = async () => (await jobOf(`${name}-calls`)).shards.filter((each: Json) => each.error);
    await expect.poll(failedShards, { timeout: 20_000 }).not.toHaveLength(0);
    expect(await jobOf(`${name}-calls`)).toMatchObject({ state: "failed" });
    for (const { error } of await failedShards()) {
      expect(error.code).toBe("JOB_FAILED");
      expect(error.message).toContain(
        `Job "${name}-calls" waits. The deployed worker registers no function "doubled", which this query ` +
          "calls; it has mask_email, words, weighted_average, changes. Deploy a worker that registers it",
      );
    }
    expect(await jobOf(`${name}-plain`)).toMatchObject({ state: "running" });
    const again = await call("POST", "/v1/sql", { sql: `INSERT INTO ${name}_sums ${query}` });
    expect(again.body.detail).toContain(
      'The function doubled is "doubled", and the deployed worker registers none',
    );

    await deploy();
    await poll(sums).toEqual([
      ["a", 11 * times],
      ["b", 2 * times],
    ]);
    await expect.poll(async () => (await jobOf(`${name}-calls`)).state, { timeout: 20_000 }).toBe("running");
    await post(name, lines(["b", 1]));
    await poll(sums).toEqual([
      ["a", 11 * times],
      ["b", 3 * times],
    ]);
  },
);
