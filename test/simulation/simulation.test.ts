/**
 * Lives of the whole deployment in a simulated platform: all are sound, and a seed is one history.
 * `npm run simulate` is the long run; `plants.test.ts` shows that it finds what is wrong.
 */
import { describe, expect, test } from "vitest";
import { runSql } from "../unit/host/sql/run-sql.ts";
import { drawQueryLife } from "./draw-queries.ts";
import { createStreamOf, createViewOf } from "./query-tables.ts";
import { type Life, runLife } from "./run-life.ts";

/** A long run: LAW_RUNS=20 multiplies the number of lives with queries. */
const queryLives = 20 * Number(process.env.LAW_RUNS ?? 1);

describe("a simulated life", { timeout: 300_000 }, () => {
  test("comes to rest with every acknowledged row counted once, through crashes at any point", async () => {
    const unsound: Life[] = [];
    for (let seed = 1; seed <= 300; seed++) {
      const life = await runLife(seed);
      if (life.problems.length > 0) unsound.push(life);
    }
    expect(unsound).toEqual([]);
  });

  test("of queries comes to their batch over the accepted rows, through restores and splits", async () => {
    const unsound: Life[] = [];
    for (let seed = 1; seed <= queryLives; seed++) {
      const life = await runLife(drawQueryLife(seed));
      if (life.problems.length > 0) unsound.push(life);
    }
    expect(unsound).toEqual([]);
  });

  test("of queries runs on kernels, and on chains of operators", async () => {
    const onKernels = new Set<boolean>();
    for (let seed = 1; seed <= 30; seed++) {
      const plan = drawQueryLife(seed);
      const streams =
        plan.otherShards === undefined ? (["events"] as const) : (["events", "others"] as const);
      const created = streams.map((stream) => createStreamOf(plan, stream));
      for (const query of plan.queries) {
        const { name, expectedSql: sql = query.sql } = query;
        const dropping = "SET 'table.exec.sink.not-null-enforcer' = 'DROP'";
        const explained = `EXPLAIN INSERT INTO ${name} ${sql}`;
        const statements = [...created, createViewOf(query), dropping, explained];
        const { results } = await runSql(statements.join(";"));
        onKernels.add(JSON.stringify(results.at(-1)?.table?.rows).includes("On kernels"));
      }
    }
    expect(onKernels).toEqual(new Set([true, false]));
  });

  test("has the same history each time", async () => {
    const [first, second] = [await runLife(12), await runLife(12)];
    expect(first).toEqual(second);
    expect(first.rowsLogged).toBeGreaterThan(0);
    expect(first.trace).not.toBe((await runLife(13)).trace);
  });
});
