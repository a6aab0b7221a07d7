/**
 * The same pipelines run straight, with kill -9 of the real server and recovery, and stopped with a savepoint
 * and begun again with other numbers of partitions: each view holds the same in the end, and what it must.
 *
 * The programs of Flink's own tests are skipped where `shared/conformance` is not there.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MillraceClient } from "../../src/client/client.ts";
import { Producer } from "../../src/client/producer.ts";
import { found, retried } from "../torture/retried.ts";
import { freePort } from "../torture/run-torture.ts";
import { ServerProcess } from "../torture/server-process.ts";
import { flinkPipelines } from "./flink-pipelines.ts";
import { graphPipelines } from "./graph-pipelines.ts";
import type { Pipelines } from "./pipelines.ts";

type Mode = "straight" | "killed" | "rescaled";

const requestsBetweenKills = 4;

let server: ServerProcess;
let client: MillraceClient;
let stateFolder = "";

beforeAll(async () => {
  stateFolder = mkdtempSync(join(tmpdir(), "millrace-pipelines-"));
  server = new ServerProcess(await freePort(), stateFolder);
  await server.start();
  client = new MillraceClient({ url: server.url });
}, 60_000);

afterAll(async () => {
  await server.clean();
  rmSync(stateFolder, { recursive: true, force: true });
});

describe.each<Mode>(["straight", "killed", "rescaled"])("%s", { timeout: 180_000 }, (mode) => {
  test("steps of every kind hold what the batch model makes of their rows", async () => {
    await run(graphPipelines(), mode);
  });

  const flink = flinkPipelines();
  test.skipIf(!flink)("programs of Flink's own restore tests hold what Flink expects", async () => {
    expect(flink?.jobs.length).toBeGreaterThan(10);
    await run(flink as Pipelines, mode);
  });
});

async function run(pipelines: Pipelines, mode: Mode): Promise<void> {
  const stream = `${pipelines.name}_${mode}`;
  await client.streams.put(stream, pipelines.stream);
  for (const [index] of pipelines.jobs.entries()) await begin(pipelines, index, mode);
  const post = poster(stream, mode);
  await post(pipelines.requests);
  if (mode === "rescaled")
    for (const [index] of pipelines.jobs.entries()) await rescale(pipelines, index, mode);
  let token = await post(pipelines.requestsAfter);
  if (pipelines.ends) ({ token } = await client.streams.setWatermark(stream, "max"));
  for (const job of pipelines.jobs) {
    for (const [suffix, expected] of Object.entries(job.views)) {
      const view = `${nameOf(pipelines, job.name, mode)}${suffix}`;
      const rows: unknown[][] = [];
      await retried(() => client.views.query(view, { token, limit: 1, timeout: "30s" }));
      for await (const row of client.views.rows(view, { limit: 1000 }))
        rows.push(Object.values(row).map(timeless));
      expect([view, sorted(rows)]).toEqual([view, sorted(expected)]);
    }
  }
}

/** Starts a job, with other numbers of partitions where it goes on from a savepoint. */
async function begin(pipelines: Pipelines, index: number, mode: Mode, fromSavepoint?: number): Promise<void> {
  const job = pipelines.jobs[index] as Pipelines["jobs"][number];
  const [few, many] = index % 2 === 0 ? [2, 5] : [5, 2];
  const name = nameOf(pipelines, job.name, mode);
  const body = { source: `${pipelines.name}_${mode}`, ...job.body(fromSavepoint === undefined ? few : many) };
  await client.jobs.put(name, fromSavepoint === undefined ? body : { ...body, fromSavepoint });
  await found(`${name} to run`, async () => (await client.jobs.get(name)).state === "running" || undefined);
}

async function rescale(pipelines: Pipelines, index: number, mode: Mode): Promise<void> {
  const name = nameOf(pipelines, pipelines.jobs[index]?.name ?? "", mode);
  const { savepoint } = await client.savepoints.create(name, { stop: true });
  await found(`a savepoint of ${name}`, async () => {
    return (await client.savepoints.get(savepoint)).state === "done" || undefined;
  });
  await begin(pipelines, index, mode, savepoint);
}

/** Returns what posts requests, and says the token behind them; now and then the server is killed. */
function poster(stream: string, mode: Mode) {
  const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, Math.min(ms, 200)));
  const producer = new Producer({ streams: client.streams, stream, id: "only", wait, onRetry: () => {} });
  let sequence = 0;
  let token = {};
  return async (requests: readonly (readonly object[])[]) => {
    for (const events of requests) {
      const answer = await producer.send(++sequence, events);
      token = { ...token, ...answer.token };
      if (mode !== "killed" || sequence % requestsBetweenKills > 0) continue;
      await server.kill("workerd");
      await server.answers();
    }
    return token;
  };
}

function nameOf({ name }: Pipelines, job: string, mode: Mode): string {
  return `${name}_${mode}_${job}`.slice(0, 62);
}

/** Bounds of windows as numbers. */
function timeless(value: unknown): unknown {
  const isTime = typeof value === "string" && /^\d{4}-\d\d-\d\d /.test(value);
  return isTime ? Date.parse(`${value.replace(" ", "T")}Z`) : value;
}

function sorted(rows: readonly (readonly unknown[])[]): (readonly unknown[])[] {
  return [...rows].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}
