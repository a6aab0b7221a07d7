/** What an operator sees of the whole: metrics, how rows lie on partitions, and requests by their names. */
import { createExecutionContext, env } from "cloudflare:test";
import { describe, expect, test, vi } from "vitest";
import type { Environment } from "../../src/cloudflare/environment.ts";
import worker from "../../src/cloudflare/worker.ts";
import { readExposition } from "../support/read-exposition.ts";
import { answerOf, call, clicks, clicksBody, ndjson, totalsBody } from "./api.ts";

async function metricsOf(): Promise<ReturnType<typeof readExposition>> {
  const response = await worker.fetch(
    new Request("http://localhost/metrics") as never,
    { ...(env as unknown as Environment) },
    createExecutionContext(),
  );
  expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  return readExposition(await response.text());
}

function sampleOf(metrics: Awaited<ReturnType<typeof metricsOf>>, name: string, labels: object): number {
  const found = metrics.get(name)?.samples.filter((sample) => {
    return Object.entries(labels).every(([label, value]) => sample.labels[label] === String(value));
  });
  expect(found, `${name} ${JSON.stringify(labels)}`).toHaveLength(1);
  return found?.[0]?.value as number;
}

describe("metrics", () => {
  test("tell of streams, partitions and tasks what went through them", async () => {
    await call("PUT", "/v1/streams/measured", clicksBody({ shards: 2, distributionKey: ["user"] }));
    await call("PUT", "/v1/jobs/measuring", totalsBody("measured"));
    const users = Array.from({ length: 40 }, (_, index) => `user-${index}`);
    const body = clicks(...users.map((user) => [60_000, user, 1] as [number, string, number]));
    const { body: posted } = await call(
      "POST",
      "/v1/streams/measured/events",
      `${body}\n{"time": "never"}`,
      ndjson,
    );
    expect(posted).toMatchObject({ accepted: 40, rejected: 1 });
    const token = Object.entries(posted.token).map((pair) => pair.join(":"));
    await call("GET", `/v1/views/measuring?limit=1&token=${token.join(",")}`);
    const metrics = await metricsOf();
    const both = (name: string, labels: object, partition: string) =>
      [0, 1].map((number) => sampleOf(metrics, name, { ...labels, [partition]: number }));
    const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
    const stream = { stream: "measured" };
    expect(sum(both("millrace_stream_numRecordsIn", stream, "partition"))).toBe(40);
    expect(sum(both("millrace_stream_numRecordsRejected", stream, "partition"))).toBe(1);
    expect(both("millrace_partition_isReachable", stream, "partition")).toEqual([1, 1]);
    for (const bytes of both("millrace_log_bytes", stream, "partition")) expect(bytes).toBeGreaterThan(0);
    for (const pages of both("millrace_partition_pages", stream, "partition")) {
      expect(pages).toBeGreaterThan(0);
    }
    const job = { job: "measuring", stage: 0 };
    const rows = both("millrace_task_numRecordsIn", job, "subtask_index");
    expect(sum(rows)).toBe(40);
    expect(both("millrace_task_pendingRecords", job, "subtask_index")).toEqual([0, 0]);
    expect(both("millrace_task_pendingTimeMs", job, "subtask_index")).toEqual([0, 0]);
    expect(both("millrace_task_currentInputWatermark", job, "subtask_index")).toEqual([55_000, 55_000]);
    expect(sampleOf(metrics, "millrace_job_isRunning", { job: "measuring" })).toBe(1);
    const { body: status } = await call("GET", "/v1/jobs/measuring");
    const most = Math.max(...rows);
    expect(status.skew).toEqual([
      { stage: 0, largest: rows.indexOf(most), rows: { most, mean: 20 }, ratio: most / 20 },
    ]);
  });

  test("count the rows that go on to a next stage", async () => {
    await call("PUT", "/v1/streams/passed-on", clicksBody());
    await call("PUT", "/v1/jobs/passing", totalsBody("passed-on", { parallelism: 2 }));
    const { body: posted } = await call(
      "POST",
      "/v1/streams/passed-on/events",
      clicks([60_000, "ann", 1], [60_000, "bob", 1], [60_000, "cid", 2]),
      ndjson,
    );
    await call("GET", `/v1/views/passing?limit=1&token=0:${posted.token[0]}`);
    const metrics = await metricsOf();
    expect(sampleOf(metrics, "millrace_task_numRecordsOut", { job: "passing", stage: 0 })).toBe(3);
    const arrived = metrics.get("millrace_task_numRecordsIn")?.samples ?? [];
    const later = arrived.filter(({ labels }) => labels.job === "passing" && labels.stage === "1");
    expect(later.reduce((total, { value }) => total + value, 0)).toBe(3);
  });
});

describe("requests", () => {
  const traced = async (headers: Record<string, string>, variables: Partial<Environment> = {}) => {
    const request = new Request("http://localhost/v1/nothing?secret=1", { headers });
    const environment = { ...(env as unknown as Environment), ...variables };
    return await answerOf(await worker.fetch(request as never, environment, createExecutionContext()));
  };

  test("keep the name that the caller gives them, in the header and in the problem", async () => {
    const { headers, body } = await traced({ "x-request-id": "order-17.a" });
    expect(headers.get("x-request-id")).toBe("order-17.a");
    expect(body.instance).toBe("urn:millrace:request:order-17.a");
  });

  test.each([["two words"], ["x".repeat(65)], [""]])("get a new one in place of %o", async (given) => {
    const { headers } = await traced({ "x-request-id": given });
    expect(headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("are logged from the level on that the deployment says, without what may be secret", async () => {
    const written = vi.spyOn(console, "log").mockImplementation(() => {});
    try {
      await traced({ "x-request-id": "silent", authorization: "Bearer hidden" });
      expect(written).not.toHaveBeenCalled();
      await traced({ "x-request-id": "told", authorization: "Bearer hidden" }, { MILLRACE_LOG: "warn" });
      const lines = written.mock.calls.map(([line]) => String(line));
      expect(lines).toHaveLength(1);
      expect(JSON.parse(lines[0] as string)).toMatchObject({
        level: "warn",
        requestId: "told",
        method: "GET",
        path: "/v1/nothing",
        status: 404,
        code: "NOT_FOUND",
        durationMs: expect.any(Number),
      });
      expect(lines[0]).not.toMatch(/hidden|secret/);
    } finally {
      written.mockRestore();
    }
  });
});
