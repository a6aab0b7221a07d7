import { expect, test } from "vitest";
import type { RpcResult } from "../../../../src/engine/partition-types.ts";
import { planJob } from "../../../../src/engine/plan/plan-job.ts";
import { evenRanges } from "../../../../src/engine/shard-map.ts";
import type { JobFacts } from "../../../../src/host/coordinator/coordinator-rpc.ts";
import { FactsCache } from "../../../../src/host/facts-cache.ts";
import { ViewReader } from "../../../../src/host/query/view-reader.ts";
import { readViewQuery } from "../../../../src/protocol/view-query.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { jobOf, streamOf } from "../definitions.ts";
import { FakeShards } from "../fake-shards.ts";

const stream = streamOf({ shards: 4, distributionKey: ["user"] });
const plan = planJob(jobOf(), stream);
const partitions = { stream: "clicks", generation: 1, mapVersion: 1, ranges: evenRanges(4) };
const facts: JobFacts = { view: "totals", job: "totals", run: 3, ...partitions, plan, before: [] };

class Harness {
  readonly shards = new FakeShards();
  readonly clock = new ManualClock();
  readonly asked: string[] = [];
  answer: RpcResult<JobFacts> = { ok: true, value: facts };
  readonly reader = new ViewReader({
    clock: this.clock,
    shards: this.shards,
    facts: new FactsCache<JobFacts>(4),
    askFacts: async (name) => {
      this.asked.push(name);
      return this.answer;
    },
  });

  constructor() {
    for (const shard of [0, 1, 2, 3]) {
      const command = { job: "totals", run: 3, revision: 1, state: "running", plan } as const;
      this.shards.at("clicks", 1, shard).jobs.set(3, command);
      const at = { window: 60_000, hash: String(shard).padStart(16, "0") };
      const values = { user: `of ${shard}`, clicks: shard };
      const rows = [{ values, final: true, at }];
      this.shards.at("clicks", 1, shard).page = {
        rows,
        hasMore: false,
        watermark: 1000n,
        appliedOffset: shard,
      };
    }
  }

  read(parameters: string) {
    return this.reader.read("totals", readViewQuery(new URLSearchParams(parameters)));
  }

  calls(): string[][] {
    return [0, 1, 2, 3].map((shard) => this.shards.at("clicks", 1, shard).calls);
  }
}

test("a key is read from the one shard that owns it", async () => {
  const harness = new Harness();
  expect(await harness.read("key=ann")).toMatchObject({ ok: true });
  expect(harness.calls().flat()).toHaveLength(1);
});

test("everything else is read from all shards, and says how far each is", async () => {
  const harness = new Harness();
  expect(await harness.read("")).toEqual({
    ok: true,
    value: {
      view: "totals",
      rows: [0, 1, 2, 3].map((shard) => ({ user: `of ${shard}`, clicks: shard, final: true })),
      watermarks: Object.fromEntries([0, 1, 2, 3].map((shard) => [shard, "1970-01-01T00:00:01.000Z"])),
      offsets: { 0: 0, 1: 1, 2: 2, 3: 3 },
    },
  });
});

test("a token makes only the shards wait that it names", async () => {
  const harness = new Harness();
  await harness.read('token={"accepted":2,"token":{"1":7,"3":9}}&limit=5');
  expect(harness.calls()).toEqual([
    ["queryView totals 3 - limit 5"],
    ["queryView totals 3 7 limit 5"],
    ["queryView totals 3 - limit 5"],
    ["queryView totals 3 9 limit 5"],
  ]);
});

test("tokens of several streams are followed through the stages of each", async () => {
  const clicks = { stream: "clicks", generation: 1, mapVersion: 1, ranges: evenRanges(2), to: 9 };
  const views = { stream: "views", generation: 2, mapVersion: 1, ranges: evenRanges(1), to: 9 };
  const own = { stream: "totals/1", generation: 9, mapVersion: 1, ranges: evenRanges(2) };
  const harness = new Harness();
  harness.answer = { ok: true, value: { ...facts, ...own, before: [clicks, views] } };
  for (const shard of [0, 1]) {
    const stage = harness.shards.at("totals/1", 9, shard);
    stage.jobs.set(3, { job: "totals", run: 3, revision: 1, state: "running", plan });
  }
  harness.shards.at("clicks", 1, 1).token = [4, 8];
  harness.shards.at("views", 2, 0).token = [6, 3];
  expect(await harness.read("token=clicks:1:17,views:0:5")).toMatchObject({ ok: true });
  expect(harness.shards.at("views", 2, 0).calls).toEqual(["tokenBehind totals 3 5 to 9"]);
  const asked = [0, 1].map((shard) => harness.shards.at("totals/1", 9, shard).calls);
  expect(asked).toEqual([["queryView totals 3 6 limit 100"], ["queryView totals 3 8 limit 100"]]);
  const refused = async (token: string) => {
    const answer = await harness.read(`token=${token}`);
    return answer.ok ? "no error" : answer.error.message;
  };
  expect(await refused("0:17")).toContain("of no stream, but the job reads");
  expect(await refused("view:0:17")).toBe(
    'token: found stream "view", but the job reads clicks, views; did you mean "views"?',
  );
  expect(await refused("views:1:17")).toBe('token: found shard 1, but stream "views" has 1.');
});

test("a job that was made anew is looked up again, once", async () => {
  const harness = new Harness();
  await harness.read("key=ann");
  for (const shard of [0, 1, 2, 3]) harness.shards.at("clicks", 1, shard).jobs.clear();
  harness.answer = { ok: true, value: { ...facts, run: 4 } };
  expect(await harness.read("key=ann")).toMatchObject({ ok: false, error: { code: "VIEW_NOT_FOUND" } });
  expect(harness.asked).toHaveLength(2);
  expect(harness.calls().flat().at(-1)).toContain("totals 4");
});

test("a token of a shard that is not known yet has the job looked up again, once", async () => {
  const harness = new Harness();
  const fewer = { ...facts, ranges: evenRanges(3) };
  harness.answer = { ok: true, value: fewer };
  await harness.read("");
  harness.answer = { ok: true, value: facts };
  expect(await harness.read("token=3:1")).toMatchObject({ ok: true });
  expect(harness.asked).toHaveLength(2);
  expect(await harness.read("token=4:1")).toMatchObject({ ok: false, error: { code: "QUERY_INVALID" } });
});

test("a shard that does not answer fails the query: half a view is none", async () => {
  const harness = new Harness();
  harness.shards.at("clicks", 1, 2).beforeCall = () => new Promise(() => {});
  const reading = harness.read("");
  await harness.clock.advance(10_000);
  expect(await reading).toMatchObject({
    ok: false,
    error: { code: "PARTITION_UNAVAILABLE", details: { shard: 2 } },
  });
});

test("a cursor is good for the run and the order that gave it", async () => {
  const harness = new Harness();
  const page = await harness.read("limit=2");
  const cursor = page.ok ? page.value.cursor : undefined;
  expect(cursor).toMatch(/^[A-Za-z0-9_-]+$/);
  expect(await harness.read(`limit=2&cursor=${cursor}`)).toMatchObject({ ok: true });
  expect(await harness.read(`limit=2&windows=oldest&cursor=${cursor}`)).toMatchObject({ ok: false });
  harness.answer = { ok: true, value: { ...facts, run: 4 } };
  const other = new Harness();
  other.answer = harness.answer;
  expect(await other.read(`limit=2&cursor=${cursor}`)).toMatchObject({ error: { code: "QUERY_INVALID" } });
});
