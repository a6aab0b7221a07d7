/**
 * The state of a whole deployment that each release leaves for all later ones: what `npm start` keeps in its
 * folder. Streams, one of them split; a job of several steps, which branch and meet again, with windows that
 * are open; one whose results change; one that writes into a stream; one that was drained; and a savepoint.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, type Stats, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { MillraceClient } from "../../src/client/client.ts";
import type { JobBody } from "../../src/protocol/job-spec.ts";
import { found, retried } from "../torture/retried.ts";

const counts = { n: { function: "count" }, sum: { function: "sum", argument: "v" } } as const;
const sums = {
  n: { function: "sum", argument: "n" },
  least: { function: "min", argument: "sum" },
} as const;

const jobs: Readonly<Record<string, JobBody>> = {
  local: { source: "left", key: ["user"], aggregates: counts },
  union: {
    ...{ source: ["left", "right"], key: ["item"], parallelism: 3, aggregates: counts },
    window: { type: "hop", size: "20s", slide: "10s" },
    allowedLateness: "5s",
  },
  graph: {
    ...{ source: "left", uid: "first", key: ["user", "item"], parallelism: 2, aggregates: counts },
    window: { type: "tumble", size: "10s" },
    steps: [
      {
        uid: "few",
        key: ["item"],
        filter: ["<", "n", 2],
        window: { type: "tumble", size: "20s" },
        aggregates: sums,
      },
      {
        uid: "many",
        input: "first",
        key: ["item"],
        window: { type: "tumble", size: "20s" },
        aggregates: sums,
      },
      { uid: "both", input: ["few", "many"], key: ["item"], aggregates: { n: sums.n } },
      { uid: "late", input: "first.late", key: ["user"], aggregates: counts },
    ],
  },
  changes: {
    ...{ source: "right", key: ["user"], parallelism: 2, aggregates: counts, retention: "forever" },
    steps: [
      {
        key: ["n"],
        aggregates: { users: { function: "count" }, most: { function: "max", argument: "sum" } },
        retention: "forever",
      },
    ],
  },
};

const writing: JobBody = {
  ...{ source: "right", key: ["user"], aggregates: counts, into: "made" },
  window: { type: "tumble", size: "10s" },
};

const views = [
  "local",
  "writing",
  "union",
  "graph.first",
  "graph.few",
  "graph.many",
  "graph.both",
  "graph.late",
  "changes.0",
  "changes",
];

/** Makes the state that a release commits; returns when all is applied. */
export async function writeServerState(client: MillraceClient): Promise<void> {
  for (const [name, shards] of [
    ["left", 2],
    ["right", 1],
  ] as const) {
    await client.streams.put(name, {
      columns: [
        { name: "time", type: "TIMESTAMP(3)" },
        { name: "user", type: "STRING" },
        { name: "item", type: "STRING" },
        { name: "v", type: "BIGINT" },
      ],
      eventTime: { column: "time", outOfOrderness: "3s" },
      ...(shards > 1 && { distributionKey: ["user"], shards }),
    });
  }
  await client.streams.put("made", {
    columns: [
      { name: "window_time", type: "TIMESTAMP(3)" },
      { name: "user", type: "STRING" },
      { name: "sum", type: "BIGINT" },
    ],
    eventTime: { column: "window_time" },
    shards: 2,
  });
  for (const [name, body] of Object.entries({ ...jobs, writing })) await begin(client, name, body);
  for (let request = 0; request < 10; request++) await post(client, request);
  await client.splits.splitShard("left", { shard: 1 });
  await client.splits.splitStage("graph", { stage: 1, partition: 0 });
  await found("the splits", async () => {
    const all = [...(await client.splits.ofStream("left")), ...(await client.splits.ofJob("graph"))];
    return (all.length === 2 && all.every(({ state }) => state === "done")) || undefined;
  });
  for (let request = 10; request < 20; request++) await post(client, request);
  await save(client, "graph", {});
  await save(client, "union", { stop: true, drain: true });
  for (let request = 20; request < 24; request++) await post(client, request);
}

/** Everything that can be read of the state. */
export async function serverContentOf(client: MillraceClient, names = views): Promise<unknown> {
  const content: Record<string, unknown> = {};
  for (const name of names) content[name] = await rowsOf(client, name);
  const rowsIn = async (name: string) => (await retried(() => client.streams.get(name))).rows;
  for (const name of ["left", "right"]) content[name] = await rowsIn(name);
  const written = (await rowsOf(client, "writing")) ?? [];
  const results = written.filter((row) => row.includes('"final":true')).length;
  await found(
    `${results} results in their stream`,
    async () => (await rowsIn("made")) === results || undefined,
  );
  return content;
}

/** What comes after a restart: more events, and jobs that begin with the savepoints of then. */
export async function goOnWithServer(client: MillraceClient): Promise<unknown> {
  for (let request = 24; request < 30; request++) await post(client, request);
  const savepointOf = async (job: string) => (await client.savepoints.list(job))[0]?.savepoint ?? 0;
  await begin(client, "fork", {
    ...(jobs.graph as JobBody),
    parallelism: 4,
    fromSavepoint: await savepointOf("graph"),
  });
  await begin(client, "union", {
    ...(jobs.union as JobBody),
    parallelism: 2,
    fromSavepoint: await savepointOf("union"),
  });
  const forked = ["first", "few", "many", "both", "late"].map((step) => `fork.${step}`);
  return await serverContentOf(client, [...views, ...forked]);
}

async function begin(client: MillraceClient, name: string, body: JobBody): Promise<void> {
  await client.jobs.put(name, body);
  await found(`${name} to run`, async () => (await client.jobs.get(name)).state === "running" || undefined);
}

async function save(
  client: MillraceClient,
  job: string,
  wish: { stop?: boolean; drain?: boolean },
): Promise<void> {
  const { savepoint } = await client.savepoints.create(job, wish);
  await found(`a savepoint of ${job}`, async () => {
    return (await client.savepoints.get(savepoint)).state === "done" || undefined;
  });
}

/**
 * Posts rows of one second to both streams; returns when all jobs have applied them. Whatever shard is first,
 * the same rows are late: watermarks lie between whole seconds, where windows end.
 */
async function post(client: MillraceClient, request: number): Promise<void> {
  const events = Array.from({ length: 24 }, (_, index) => ({
    time: request * 1000 + index * 20 - (index % 5 === 0 ? 7000 : 0) * (request % 3),
    user: `user ${(request * 7 + index * 5) % 12}`,
    item: ["pen", "ink", null][(request + index) % 3],
    v: ((request * 31 + index * 17) % 90) - 30,
  }));
  await client.streams.post("left", events);
  await client.streams.post("right", events.slice(0, 12));
  for (const { job } of await client.jobs.list()) {
    // Its stages are not asked at one moment: two answers in a row must say that nothing is behind.
    for (let settled = 0; settled < 2; ) {
      const { lag } = await client.jobs.get(job);
      settled = lag.bytes === 0 ? settled + 1 : 0;
    }
  }
}

/** The rows of a view, sorted; undefined for one that is gone. */
async function rowsOf(client: MillraceClient, view: string): Promise<string[] | undefined> {
  const running = await retried(() => client.jobs.list());
  if (!running.some(({ job }) => view.split(".")[0] === job)) return undefined;
  const rows: string[] = [];
  await retried(async () => {
    rows.length = 0;
    for await (const row of client.views.rows(view, { limit: 1000 })) rows.push(JSON.stringify(row));
  });
  return rows.sort();
}

/** Writes all that a folder holds as one file. */
export function packFolder(folder: string, file: URL): void {
  execFileSync("tar", ["-czf", fileURLToPath(file), "-C", folder, "."]);
}

/** Writes into `folder` what a file holds; returns when that was written, in ms since 1970. */
export function unpackFolder(file: URL, folder: string): number {
  execFileSync("tar", ["-xzf", fileURLToPath(file), "-C", folder]);
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return Math.max(...files.map((name) => statSync(join(folder, name))).map(writtenAt));
}

/** Folders have the time of their unpacking. */
function writtenAt(stats: Stats): number {
  return stats.isFile() ? stats.mtimeMs : 0;
}
