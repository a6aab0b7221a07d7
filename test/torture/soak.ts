/**
 * `npm run soak`: half an hour of steady load on the real server; what it takes of memory, files and disk
 * must stay as it is. Exits with 1 if anything grows, or if a row is missing.
 *
 * Events bear the time at which they are sent, logs and results are kept for a minute: what comes in has to
 * go out again. The first third is for warming up; the medians of the second and the last are compared.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import Table from "cli-table3";
import { KiB, MiB } from "../../src/base/limits.ts";
import { MillraceClient } from "../../src/client/client.ts";
import { Producer } from "../../src/client/producer.ts";
import { Random } from "./random.ts";
import { freePort } from "./run-torture.ts";
import { ServerProcess } from "./server-process.ts";
import { type Footprint, footprintOf } from "./watch-memory.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "30" },
    "rows-per-second": { type: "string", default: "5000" },
    seed: { type: "string", default: "1" },
  },
});

const stream = "soak";
const batchesPerSecond = 10;
const keyCount = 20_000;
const sampleMs = 5_000;
/** What may come on top of a third's median: heaps and files breathe. */
const growthMax = { residentBytes: 0.1, diskBytes: 0.1, handles: 0.05 } as const;
const slack = { residentBytes: 16 * MiB, diskBytes: 4 * MiB, handles: 8 } as const;

interface Sample extends Footprint {
  readonly seconds: number;
  readonly rows: number;
}

async function setUp(client: MillraceClient): Promise<void> {
  await client.streams.put(stream, {
    columns: [
      { name: "time", type: "TIMESTAMP(3)" },
      { name: "key", type: "STRING" },
      { name: "value", type: "BIGINT" },
    ],
    eventTime: { column: "time", outOfOrderness: "1s" },
    distributionKey: ["key"],
    shards: 2,
    retention: { time: "1min", bytesPerShard: 16 * MiB },
  });
  const aggregates = {
    events: { function: "count" },
    total: { function: "sum", argument: "value" },
  } as const;
  const shared = { source: stream, key: ["key"], retention: "1min" };
  const tumble = { type: "tumble", size: "10s" } as const;
  const hop = { type: "hop", size: "30s", slide: "5s" } as const;
  await client.jobs.put("soak_tumble", { ...shared, aggregates, window: tumble });
  await client.jobs.put("soak_hop", { ...shared, aggregates, window: hop });
  await client.jobs.put("soak_exchange", { ...shared, aggregates, window: tumble, parallelism: 2 });
  await client.jobs.put("soak_totals", { ...shared, aggregates });
}

async function load(client: MillraceClient, until: number, progress: { rows: number }): Promise<void> {
  const random = new Random(Number(values.seed));
  const wait = (ms: number) => sleep(ms);
  const producer = new Producer({ streams: client.streams, stream, id: "soak", wait });
  const batchRows = Math.round(Number(values["rows-per-second"]) / batchesPerSecond);
  for (let sequence = 1; Date.now() < until; sequence++) {
    const startedAt = Date.now();
    const rows = Array.from({ length: batchRows }, () => ({
      time: startedAt,
      key: `key-${random.below(keyCount)}`,
      value: random.below(1000),
    }));
    const { accepted, rejected } = await producer.send(sequence, rows);
    if (accepted !== batchRows || rejected > 0)
      throw new Error(`of ${batchRows} rows ${accepted} were accepted`);
    progress.rows += accepted;
    await sleep(Math.max(0, startedAt + 1000 / batchesPerSecond - Date.now()));
  }
}

function median(samples: readonly Sample[], of: keyof Footprint): number {
  const sorted = samples.map((sample) => sample[of]).sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

/** What grew between the second third and the last. */
function growthOf(samples: readonly Sample[]): string[] {
  const third = Math.floor(samples.length / 3);
  const [second, last] = [samples.slice(third, 2 * third), samples.slice(2 * third)];
  return (["residentBytes", "diskBytes", "handles"] as const).flatMap((of) => {
    const [before, after] = [median(second, of), median(last, of)];
    const isMore = after > before * (1 + growthMax[of]) + slack[of];
    return isMore ? [`${of} grew from ${before} to ${after}`] : [];
  });
}

const folder = mkdtempSync(join(tmpdir(), "millrace-soak-"));
const server = new ServerProcess(await freePort(), folder);
const problems: string[] = [];
const samples: Sample[] = [];
try {
  await server.start();
  const client = new MillraceClient({ url: server.url });
  await setUp(client);
  const startedAt = Date.now();
  const until = startedAt + Number(values.minutes) * 60_000;
  const progress = { rows: 0 };
  const loading = load(client, until, progress);
  const isLoaded = loading.then(() => true);
  while (!(await Promise.race([isLoaded, sleep(sampleMs, false)]))) {
    const pid = server.workerdPid;
    const footprint = pid === undefined ? undefined : footprintOf(pid, folder);
    if (!footprint) throw new Error("workerd is gone");
    const seconds = Math.round((Date.now() - startedAt) / 1000);
    samples.push({ ...footprint, seconds, rows: progress.rows });
    if (samples.length % 12 === 0) {
      const { residentBytes, diskBytes, handles } = footprint;
      console.log(
        `${seconds} s: ${progress.rows} rows, ${Math.round(residentBytes / MiB)} MiB in memory, ` +
          `${Math.round(diskBytes / MiB)} MiB on disk, ${handles} handles`,
      );
    }
  }
  await loading;
  const { rows, shards } = await client.streams.get(stream);
  if (rows !== progress.rows) problems.push(`${progress.rows} rows were acknowledged, ${rows} are there`);
  for (const { shard, firstOffset } of shards) {
    if (firstOffset === 1) problems.push(`the log of shard ${shard} was never trimmed`);
  }
  for (const { job } of await client.jobs.list()) {
    const { late, bad, state } = await client.jobs.get(job);
    if (late + bad > 0 || state !== "running") problems.push(`${job} is ${state}, ${late} late, ${bad} bad`);
  }
  problems.push(...growthOf(samples));
} finally {
  await server.clean();
  rmSync(folder, { recursive: true, force: true });
}

const table = new Table({
  head: ["seconds", "rows", "memory MiB", "disk KiB", "handles"],
  colAligns: ["right", "right", "right", "right", "right"],
  style: { head: [], border: [], compact: true },
});
const shown = Math.max(1, Math.floor(samples.length / 30));
for (const [index, { seconds, rows, residentBytes, diskBytes, handles }] of samples.entries()) {
  if (index % shown !== 0) continue;
  table.push([seconds, rows, Math.round(residentBytes / MiB), Math.round(diskBytes / KiB), handles]);
}
console.log(table.toString());
for (const problem of problems) console.error(problem);
console.log(problems.length === 0 ? `flat over ${values.minutes} minutes` : "NOT flat");
process.exitCode = problems.length === 0 ? 0 : 1;
