import { describe, expect, test } from "vitest";
import { Coordinator } from "../../../../src/host/coordinator/coordinator.ts";
import { streamNamesOf } from "../../../../src/host/coordinator/job-definitions.ts";
import { aggregate, bigint, dataflow, string } from "../../../support/dataflows.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { MemoryBlobs } from "../../../support/memory-blobs.ts";
import { NodeStorage } from "../../../support/node-storage.ts";
import { jobOf, streamOf } from "../definitions.ts";
import { FakeShards } from "../fake-shards.ts";

const counts = (sql: string) => ({
  ...dataflow(
    {
      uid: "source",
      source: { stream: "clicks", columns: [{ name: "user", type: string }] },
      operators: [],
      sinks: [],
    },
    {
      uid: "counts",
      inputs: [{ stage: 0, operator: { port: 0 }, key: [0], types: [string] }],
      parallelism: 2,
      operators: [
        {
          operator: "group aggregate",
          inputs: [{ port: 0 }],
          ...{ key: [0], keyTypes: [string], aggregates: [aggregate("COUNT", bigint)] },
          ...{ isRetracting: false, sendsUpdateBefore: true, isFolding: false },
        },
      ],
      sinks: [
        {
          ...{ sink: "view", name: "per_user", of: { operator: 0 }, key: [0], retentionMs: null },
          columns: [
            { name: "user", type: string },
            { name: "n", type: bigint },
          ],
        },
      ],
    },
  ),
  sql,
});

async function started() {
  const [sql, clock, shards] = [new NodeStorage(), new ManualClock(), new FakeShards()];
  const blobs = new MemoryBlobs();
  const coordinator = new Coordinator({
    sql,
    clock,
    shards,
    blobs,
    generated: undefined,
    setAlarm: () => {},
    abort: () => {},
  });
  await coordinator.putStream("clicks", streamOf());
  return { coordinator, shards };
}

describe("a dataflow", () => {
  test("is started as other jobs are, and answered for by its SQL", async () => {
    const { coordinator, shards } = await started();
    expect(await coordinator.putJob("flow", counts("INSERT …"))).toMatchObject({
      ok: true,
      value: {
        isNew: true,
        answer: {
          stream: "clicks",
          state: "running",
          definition: { sql: "INSERT …", stages: ["source", "counts"] },
        },
      },
    });
    const [first, second] = [0, 1].map((index) => shards.at("flow/1", 2, index).jobs.get(1)?.plan);
    expect(first?.chain?.result?.kind).toBe("view");
    expect(second).toEqual(first);
    expect(await coordinator.putJob("flow", counts("INSERT …"))).toMatchObject({ value: { isNew: false } });
    expect(await coordinator.putJob("flow", counts("another"))).toMatchObject({
      error: { code: "JOB_CONFLICT" },
    });
    expect(await coordinator.deleteJob("flow")).toMatchObject({ ok: true });
  });

  test("has a view for each stage that keeps a table, by the table's name too", async () => {
    const { coordinator } = await started();
    await coordinator.putJob("flow", counts(""));
    for (const view of ["flow", "flow.per_user", "flow.counts", "flow.1"]) {
      expect(await coordinator.jobFacts(view)).toMatchObject({
        ok: true,
        value: { job: "flow", generation: 2 },
      });
    }
    expect(await coordinator.jobFacts("flow.source")).toMatchObject({ error: { code: "VIEW_NOT_FOUND" } });
  });

  test("is found by the view that it fills, also where another job has the view's name", async () => {
    const { coordinator } = await started();
    await coordinator.putJob("per_user", jobOf());
    expect(await coordinator.jobFacts("per_user")).toMatchObject({ value: { job: "per_user" } });
    await coordinator.putJob("flow", counts(""));
    expect(await coordinator.jobFacts("per_user")).toMatchObject({ value: { job: "flow" } });
    expect(await coordinator.jobFacts("per_user.0")).toMatchObject({ value: { job: "per_user" } });
  });

  test("fills no view that another one fills", async () => {
    const { coordinator } = await started();
    await coordinator.putJob("flow", counts(""));
    const refused = await coordinator.putJob("again", counts(""));
    expect(refused).toMatchObject({ error: { code: "JOB_CONFLICT" } });
    expect(!refused.ok && refused.error.message).toContain("STOP JOB 'flow' first");
    await coordinator.deleteJob("flow");
    expect(await coordinator.putJob("again", counts(""))).toMatchObject({ ok: true });
    const [source, kept] = counts("").stages;
    const twice = { ...counts(""), stages: [source, kept, { ...kept, uid: "more" }] };
    expect(await coordinator.putJob("twice", twice as ReturnType<typeof counts>)).toMatchObject({
      error: { code: "JOB_CONFLICT" },
    });
  });

  test("tells the streams that it reads and writes", () => {
    expect(streamNamesOf(counts(""))).toEqual({ read: ["clicks"], written: [] });
  });
});
