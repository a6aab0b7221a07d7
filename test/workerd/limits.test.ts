/** Every limit that callers can meet, met by one more than is allowed, with the error that is documented. */

import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, expect, test } from "vitest";
import * as limits from "../../src/base/limits.ts";
import type { Environment } from "../../src/cloudflare/environment.ts";
import { outcomes } from "../docs/limits.ts";
import { type Answer, call, clicksBody, ndjson, post, totalsBody } from "./api.ts";

const { MiB } = limits;
const many = <Value>(count: number, make: (index: number) => Value) =>
  Array.from({ length: count }, (_, i) => make(i));
const names = (count: number) => many(count, (index) => `c${index}`);
const columnsOf = (count: number) => names(count).map((name) => ({ name, type: "INT" }));
const nestedNot = (depth: number): unknown => (depth === 0 ? true : ["not", nestedNot(depth - 1)]);
const putStream = (change: object) => call("PUT", "/v1/streams/limited", clicksBody({ ...change }));
const putJob = (change: object) => call("PUT", "/v1/jobs/limited", totalsBody("clicks", { ...change }));
const sql = (text: string) => call("POST", "/v1/sql", { sql: text });
const postBytes = (body: Uint8Array | ReadableStream) =>
  call("POST", "/v1/streams/clicks/events", body, ndjson);

/** By limit, who goes beyond it by one, and what the answer says of it. */
const met: Readonly<Record<string, readonly [beyond: () => Promise<Answer>, words: string | number]>> = {
  bodyBytesMax: [() => postBytes(new Uint8Array(limits.bodyBytesMax + 1).fill(32)), "32 MiB"],
  definitionBytesMax: [() => putStream({ columns: " ".repeat(MiB) }), "1 MiB"],
  columnsMax: [() => putStream({ columns: columnsOf(129), eventTime: undefined }), limits.columnsMax],
  pathPartsMax: [
    () =>
      putStream({ columns: [{ name: "a", type: "INT", path: names(9).join(".") }], eventTime: undefined }),
    limits.pathPartsMax,
  ],
  retentionBytesMax: [
    () => putStream({ retention: { bytesPerShard: limits.retentionBytesMax + 1 } }),
    limits.retentionBytesMax,
  ],
  maxParallelism: [() => putStream({ shards: 1025 }), limits.maxParallelism],
  keyColumnsMax: [() => putJob({ key: names(17) }), limits.keyColumnsMax],
  aggregatesMax: [
    () => putJob({ aggregates: Object.fromEntries(names(65).map((name) => [name, { function: "count" }])) }),
    limits.aggregatesMax,
  ],
  sourcesMax: [() => putJob({ source: names(9) }), limits.sourcesMax],
  stepsMax: [
    () => putJob({ steps: many(9, () => ({ key: ["user"], aggregates: { n: { function: "count" } } })) }),
    limits.stepsMax,
  ],
  stepSinksMax: [() => putJob({ into: names(9) }), limits.stepSinksMax],
  stepInputsMax: [
    () => putJob({ steps: [{ input: names(9), key: ["user"], aggregates: { n: { function: "count" } } }] }),
    limits.stepInputsMax,
  ],
  stagePartitionsMax: [() => putJob({ parallelism: 257 }), limits.stagePartitionsMax],
  slicesPerWindowMax: [
    () => putJob({ window: { type: "hop", size: "1025s", slide: "1s" } }),
    limits.slicesPerWindowMax,
  ],
  expressionNodesMax: [
    () => putJob({ filter: ["or", ...many(1000, () => true)] }),
    limits.expressionNodesMax,
  ],
  expressionDepthMax: [() => putJob({ filter: nestedNot(80) }), limits.expressionDepthMax],
  producerIdMax: [
    () => post("clicks", "{}", { "producer-id": "p".repeat(129), sequence: "1" }),
    limits.producerIdMax,
  ],
  pageRowsMax: [() => call("GET", "/v1/views/absent?limit=1001"), limits.pageRowsMax],
  queryTimeoutMsMax: [() => call("GET", "/v1/views/absent?timeout=31s"), "30s"],
  sqlTextMax: [() => sql(" ".repeat(limits.sqlTextMax)), "1 MiB"],
  changingLimitMax: [
    () =>
      sql(`CREATE TABLE most (\`user\` STRING, n BIGINT, PRIMARY KEY (\`user\`) NOT ENFORCED)
          WITH ('connector' = 'view');
        INSERT INTO most SELECT \`user\`, COUNT(*) AS n FROM clicks GROUP BY \`user\` LIMIT 10001`),
    limits.changingLimitMax,
  ],
  sqlDepthMax: [() => sql(`SELECT ${"(".repeat(300)}1${")".repeat(300)}`), limits.sqlDepthMax],
  sqlChainMax: [() => sql(`SELECT 1${" + 1".repeat(1001)}`), limits.sqlChainMax],
  madeTextMax: [() => sql(`SELECT REPEAT('x', ${limits.madeTextMax + 1})`), limits.madeTextMax],
  streamsMax: [
    () => filled("streams", limits.streamsMax, () => call("PUT", "/v1/streams/one_more", clicksBody())),
    "streamsMax",
  ],
  jobsMax: [
    () => filled("jobs", limits.jobsMax, () => call("PUT", "/v1/jobs/one_more", totalsBody("clicks"))),
    "jobsMax",
  ],
  sqlObjectsMax: [
    () => filled("sql_objects", limits.sqlObjectsMax, () => sql("CREATE VIEW one_more AS SELECT 1 AS a")),
    "sqlObjectsMax",
  ],
  accessTokenScopesMax: [
    () => call("POST", "/v1/tokens", { name: "a", scopes: many(65, () => "admin") }),
    limits.accessTokenScopesMax,
  ],
};

/** Those that are met in tests of what they belong to. */
const metElsewhere: Readonly<Record<string, string>> = {
  accessTextMax: "access-tokens.test.ts",
  accessTokensMax: "unit/host/coordinator/access-tokens.test.ts",
  wrongTokensBurst: "access-tokens.test.ts",
  wrongTokensPerSecond: "access-tokens.test.ts",
  jwtKeysBytesMax: "access-jwt.test.ts",
  jwtSkewMs: "access-jwt.test.ts",
  appendDeadlineMs: "unit/engine/log/decide-acceptance.test.ts",
  frameRowBytesMax: "kernels/frame/frame-size.test.ts",
  pageBudgetBytes: "kernels/table/page-cache.test.ts",
  producerSequencesKept: "ingest.test.ts",
  producerTableBytesMax: "unit/engine/log/decide-acceptance.test.ts",
  liveProducersMax: "unit/host/coordinator/producers.test.ts",
  backlogBytesMax: "unit/engine/partition.test.ts",
  programRegistersMax: "unit/engine/expressions/compile.test.ts",
  queryRowsMax: "unit/host/query/evaluate-on-partitions.test.ts",
  queryBytesMax: "unit/host/query/evaluate-on-partitions.test.ts",
};

const coded = Object.entries(outcomes).filter(([, outcome]) => /^[A-Z_]+$/.test(outcome));

beforeAll(async () => {
  await call("PUT", "/v1/streams/clicks", clicksBody());
});

test("every limit with an error is met", () => {
  expect(coded.map(([name]) => name).sort()).toEqual(
    [...Object.keys(met), ...Object.keys(metElsewhere)].sort(),
  );
});

test.each(Object.keys(met))("%s", async (name) => {
  const [beyond, words] = met[name] ?? [];
  const answer = await beyond?.();
  expect(answer?.body).toMatchObject({ code: outcomes[name] });
  expect(answer?.body.detail).toContain(String(words));
});

test("a record, its depth and its key have limits of their own", async () => {
  await call("PUT", "/v1/jobs/limits", totalsBody("clicks"));
  const long = JSON.stringify({ time: 1, user: "x".repeat(limits.partBytesMax), amount: 1 });
  const deep = `{"time":1,"user":"ann","amount":1,"more":${"[".repeat(64)}${"]".repeat(64)}}`;
  const key = JSON.stringify({ time: 1, user: "x".repeat(limits.keyBytesMax + 1), amount: 1 });
  const { body } = await post("clicks", [long, deep, key].join("\n"));
  expect(body).toMatchObject({ accepted: 1, rejected: 2 });
  expect(body.errors[0]).toMatchObject({ record: 1, message: expect.stringContaining(String(MiB)) });
  expect(body.errors[1]).toMatchObject({ record: 2, message: expect.stringContaining("64") });
  await call("GET", `/v1/views/limits?token=${encodeURIComponent(JSON.stringify(body.token))}`);
  const { letters } = (await call("GET", "/v1/jobs/limits/letters")).body;
  expect(letters).toHaveLength(1);
  expect(JSON.stringify(letters)).toContain(`longer than ${limits.keyBytesMax} bytes`);
});

/** By table, rows that stand for something: their columns, and the values of row i. */
const fillers: Readonly<Record<string, readonly [columns: string, values: string]>> = {
  streams: [
    "name, generation, map_version, definition, created_at, is_deleted",
    "'f' || i, 1000000 + i, 1, '{}', 0, 0",
  ],
  jobs: [
    "name, run, generation, definition, plan, state, created_at",
    `'f' || i, 1000000 + i, 0, '{}', '{"stages":[]}', 'paused', 0`,
  ],
  sql_objects: [
    "space, name, object",
    `'tables', 'f' || i, '{"kind":"view","definition":{"name":"f","columns":[],"query":"SELECT 1"}}'`,
  ],
};

/** Answers as `ask` does while the coordinator has as many of something as it may. */
async function filled(table: string, count: number, ask: () => Promise<Answer>): Promise<Answer> {
  const { COORDINATOR } = env as unknown as Environment;
  const stub = COORDINATOR.get(COORDINATOR.idFromName("coordinator"));
  const run = (statement: string) =>
    runInDurableObject(stub, (_, { storage }) => void storage.sql.exec(statement));
  const numbers = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})`;
  const [columns, values] = fillers[table] ?? [];
  await run(`${numbers} INSERT INTO ${table} (${columns}) SELECT ${values} FROM n`);
  try {
    return await ask();
  } finally {
    await run(`DELETE FROM ${table} WHERE name GLOB 'f[0-9]*'`);
  }
}
