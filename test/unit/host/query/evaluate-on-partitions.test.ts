/**
 * SELECT over a view whose rows are made up: partitions without an engine, each asked again until its rows
 * are at their end.
 */
import { expect, test } from "vitest";
import { EngineError, errorBodyOf } from "../../../../src/base/errors.ts";
import type { RpcResult, ViewPage, ViewScan } from "../../../../src/engine/partition-types.ts";
import { planJob } from "../../../../src/engine/plan/plan-job.ts";
import { evenRanges } from "../../../../src/engine/shard-map.ts";
import type { JobFacts } from "../../../../src/host/coordinator/coordinator-rpc.ts";
import { FactsCache } from "../../../../src/host/facts-cache.ts";
import type { QueryLimits } from "../../../../src/host/query/evaluate-on-partitions.ts";
import { ViewReader } from "../../../../src/host/query/view-reader.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { jobOf, streamOf } from "../definitions.ts";
import { FakeShards } from "../fake-shards.ts";
import { emptyPorts, runSql } from "../sql/run-sql.ts";

const plan = planJob(jobOf({ window: undefined }), streamOf({ shards: 4, distributionKey: ["user"] }));

const table =
  "CREATE TABLE totals (`user` STRING, clicks BIGINT, PRIMARY KEY (`user`) NOT ENFORCED) " +
  "WITH ('connector' = 'view');";

function factsOf(shards: number, mapVersion: number): JobFacts {
  const partitions = { stream: "clicks", generation: 1, mapVersion, ranges: evenRanges(shards) };
  return { view: "totals", job: "totals", run: 3, ...partitions, plan, before: [] };
}

class Harness {
  readonly shards = new FakeShards();
  readonly asked: string[] = [];
  answer: RpcResult<JobFacts>;
  readonly reader: ViewReader;

  constructor(shards: number, queryLimits?: QueryLimits) {
    this.answer = { ok: true, value: factsOf(shards, 1) };
    this.reader = new ViewReader({
      ...{ clock: new ManualClock(), shards: this.shards, facts: new FactsCache<JobFacts>(4) },
      askFacts: async (name) => {
        this.asked.push(name);
        return this.answer;
      },
      ...(queryLimits && { queryLimits }),
    });
  }

  /** The shard has so many rows: `user` of each is `<shard>-<number>`, `clicks` the rest by ten. */
  fill(shard: number, count: number, before: (scan: ViewScan) => void = () => {}): void {
    const partition = this.shards.at("clicks", 1, shard);
    partition.jobs.set(3, { job: "totals", run: 3, revision: 1, state: "running", plan });
    partition.pageOf = (scan) => {
      before(scan);
      return pageOf(shard, count, scan);
    };
  }

  async rows(sql: string): Promise<unknown> {
    try {
      const ports = { ...emptyPorts(), views: this.reader };
      return (await runSql(`${table} ${sql}`, [], ports)).results.at(-1)?.table?.rows;
    } catch (thrown) {
      const { code, message } = errorBodyOf(thrown);
      return `${code}: ${message}`;
    }
  }

  calls(shard: number): readonly string[] {
    return this.shards.at("clicks", 1, shard).calls;
  }
}

function pageOf(shard: number, count: number, { after, limit, key }: ViewScan): ViewPage {
  const first = after ? Number(after.hash) + 1 : 0;
  const last = Math.min(count, first + (key ? 1 : limit));
  const rows = Array.from({ length: Math.max(0, last - first) }, (_, index) => ({
    values: { user: `${shard}-${first + index}`, clicks: (first + index) % 10 },
    final: false,
    at: { window: 0, hash: String(first + index).padStart(16, "0") },
  }));
  return { rows, hasMore: !key && last < count, watermark: 0n, appliedOffset: 0 };
}

test("a view of more rows than a query holds is counted, share by share", { timeout: 20_000 }, async () => {
  const harness = new Harness(3);
  for (const [shard, count] of [
    [0, 120_000],
    [1, 0],
    [2, 90_000],
  ] as const) {
    harness.fill(shard, count);
  }
  const sql = "SELECT COUNT(*), SUM(clicks), MAX(clicks) FROM totals WHERE clicks < 5";
  expect(await harness.rows(sql)).toEqual([[105_000n, 210_000n, 4n]]);
  expect(harness.calls(0).length).toBeGreaterThan(1);
  expect(await harness.rows("SELECT clicks FROM totals")).toBe(
    "QUERY_INVALID: The query needs more than 200000 rows of totals, the most that it holds at a time. " +
      "Leave rows out with WHERE, group by less, or say LIMIT.",
  );
});

test("groups of partitions are merged, and what is above them is evaluated", async () => {
  const harness = new Harness(2);
  for (const shard of [0, 1]) harness.fill(shard, 2500);
  const sql =
    "SELECT clicks, COUNT(DISTINCT `user`) AS users FROM totals GROUP BY clicks " +
    "HAVING clicks > 6 ORDER BY clicks DESC LIMIT 2";
  expect(await harness.rows(sql)).toEqual([
    [9n, 500n],
    [8n, 500n],
  ]);
});

test("the first of an order are the first of those of the partitions", async () => {
  const harness = new Harness(2, { rowsMax: 10, bytesMax: 10_000 });
  for (const shard of [0, 1]) harness.fill(shard, 3000);
  const sql = "SELECT `user`, clicks FROM totals ORDER BY clicks DESC, `user` LIMIT 2 OFFSET 1";
  expect(await harness.rows(sql)).toEqual([
    ["0-1019", 9n],
    ["0-1029", 9n],
  ]);
});

test("with LIMIT a partition goes no further than the rows that it has to give", async () => {
  const harness = new Harness(1);
  let pages = 0;
  harness.fill(0, 100_000, () => pages++);
  expect(await harness.rows("SELECT `user` FROM totals WHERE clicks = 3 LIMIT 3")).toHaveLength(3);
  expect(pages).toBe(1);
});

test("where the key is equal to literals only its partition is asked, and for that row", async () => {
  const harness = new Harness(4);
  let pages = 0;
  for (const shard of [0, 1, 2, 3]) harness.fill(shard, 5, ({ key }) => (pages += key ? 1 : 100));
  expect(await harness.rows("SELECT COUNT(*) FROM totals WHERE `user` = '0-0'")).toHaveLength(1);
  expect(pages).toBe(1);
});

test("a partition that is split meanwhile has all begin anew: nothing is counted twice", async () => {
  const harness = new Harness(2);
  harness.fill(1, 80_000);
  harness.fill(0, 80_000, ({ after, mapVersion }) => {
    if (mapVersion !== 1 || Number(after?.hash ?? 0) < 70_000) return;
    harness.answer = { ok: true, value: factsOf(3, 2) };
    throw new EngineError("MAP_STALE", { message: "Split." });
  });
  harness.fill(2, 40);
  expect(await harness.rows("SELECT COUNT(*) FROM totals")).toEqual([[160_040n]]);
  expect(harness.asked).toHaveLength(2);
});

test("a partition that stays away fails the query", async () => {
  const harness = new Harness(2);
  harness.fill(0, 10);
  expect(await harness.rows("SELECT COUNT(*) FROM totals")).toContain("VIEW_NOT_FOUND");
});

test("what groups keep is limited too, and shares of one group count once", async () => {
  const harness = new Harness(1, { rowsMax: 100, bytesMax: 200 });
  harness.fill(0, 200_000);
  expect(await harness.rows("SELECT SUM(clicks) FROM totals")).toEqual([[900_000n]]);
  expect(await harness.rows("SELECT COUNT(DISTINCT clicks) FROM totals")).toEqual([[10n]]);
  expect(await harness.rows("SELECT COUNT(DISTINCT `user`) FROM totals")).toContain("needs more than");
  expect(await harness.rows("SELECT `user` FROM totals GROUP BY `user`")).toContain("more than 100 rows");
});
