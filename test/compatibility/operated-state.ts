/**
 * What operating a deployment adds to the state that each release leaves: a view that somebody follows,
 * tokens and the audit log, dead letters with those that were replayed, and a job that goes on without a
 * record and has failed at the next.
 */
import type { MillraceClient, ViewRow } from "../../src/client/client.ts";
import type { AuditEntry } from "../../src/protocol/audit.ts";
import { found, retried } from "../torture/retried.ts";

const followedView = "spent";
const failingJob = "reading-codes";
const patienceMs = 20_000;

/** Where somebody stood who followed the view when it was empty, and the newest entry of the audit log. */
export interface OperatedMarks {
  readonly standsAt: string;
  readonly auditedThrough: number;
}

interface SeenChange {
  readonly id: string | undefined;
  readonly kind: string;
  readonly row: ViewRow;
}

export interface OperatedContent {
  readonly changes: readonly SeenChange[];
  readonly audit: readonly AuditEntry[];
  readonly [other: string]: unknown;
}

const aggregates = { n: { function: "count" }, total: { function: "sum", argument: "amount" } } as const;

/** A text that is no number is no code. */
const statements = `
CREATE TABLE codes (buyer STRING NOT NULL, n BIGINT, total BIGINT, PRIMARY KEY (buyer) NOT ENFORCED)
  WITH ('connector' = 'view', 'retention' = 'forever');
SET 'pipeline.name' = '${failingJob}';
INSERT INTO codes SELECT buyer, COUNT(*), SUM(CAST(code AS BIGINT)) FROM orders GROUP BY buyer;
`;

/** Makes the state that a release commits. */
export async function writeOperatedState(client: MillraceClient): Promise<OperatedMarks> {
  const columns = [
    { name: "time", type: "TIMESTAMP(3)" },
    { name: "buyer", type: "STRING", nullable: false },
    { name: "amount", type: "INT" },
    { name: "code", type: "STRING" },
  ];
  // What is checked here must not grow too old.
  const retention = { time: "36000d" };
  for (const stream of ["orders", "late_orders"]) {
    await client.streams.put(stream, { columns, eventTime: { column: "time" }, retention });
  }
  const job = { source: "orders", key: ["buyer"], aggregates, retention: "forever" };
  await client.jobs.put(followedView, job);
  await client.jobs.put("by-minute", { ...job, window: { type: "tumble", size: "1 min" } });
  await client.sql(statements);
  const standsAt = await presentOf(client);
  for (let request = 0; request < 6; request++) await post(client, request);
  await client.streams.post("orders", '{"time": 1, "buyer": null}\nno record\n{"time": 2, "buyer": "x", "a');
  await goOnWithoutCode(client, "number six");
  await mendLetters(client, "rejected");
  await mendLetters(client, "late");
  await client.tokens.create({ name: "sensors", scopes: ["ingest:orders"], rate: { requestsPerSecond: 5 } });
  const { id } = await client.tokens.create({ name: "board", scopes: [`query:${followedView}`] });
  await client.tokens.rotate(id);
  await settled(client);
  for (const name of [followedView, "by-minute"]) await stored(client, name);
  const { entries } = await client.tokens.audit({ limit: 1 });
  return { standsAt, auditedThrough: entries[0]?.number ?? 0 };
}

/** Everything that can be read of it; the changes first, since they are let go of first. */
export async function operatedContentOf(
  client: MillraceClient,
  { standsAt, auditedThrough }: OperatedMarks,
): Promise<OperatedContent> {
  await settled(client);
  const changes = await changesBehind(client, standsAt, new Map());
  const audit: AuditEntry[] = [];
  await retried(async () => {
    audit.length = 0;
    for await (const entry of client.tokens.audited()) if (entry.number <= auditedThrough) audit.push(entry);
  });
  const { state, shards, bad } = await failed(client, "number nine");
  return {
    ...{ changes, audit },
    tokens: await retried(() => client.tokens.list()),
    letters: await retried(() => client.streams.deadLetters("orders", { limit: 1000 })),
    failing: { state, bad, errors: shards.flatMap(({ error }) => (error ? [error] : [])) },
    skipped: (await retried(() => client.jobs.letters(failingJob))).letters,
    codes: await codesOf(client),
    lateOrders: (await retried(() => client.streams.get("late_orders"))).rows,
  };
}

/** What comes after a restart: more rows, another record left out, and letters that are replayed again. */
export async function goOnWithOperated(
  client: MillraceClient,
  { changes }: OperatedContent,
): Promise<unknown> {
  const rows = new Map<string, number>();
  for (const change of changes) fold(rows, change);
  await post(client, 6);
  await settled(client);
  const seen = await changesBehind(client, changes.at(-1)?.id, rows);
  await goOnWithoutCode(client, "number nine");
  await found("the codes of all rows but two", async () => {
    return (
      ((await codesOf(client)).length === 4 && (await client.jobs.get(failingJob)).bad === 2) || undefined
    );
  });
  const replayed = await retried(() => client.streams.replayDeadLetters("orders", { reason: "rejected" }));
  // Times and offsets depend on when the streams became idle.
  return {
    changes: seen.map(({ kind, row }) => [kind, row]),
    replayed: { ...replayed, errors: replayed.errors.length },
    codes: await codesOf(client),
    tokens: (await client.tokens.list()).map(({ name }) => name),
  };
}

/** Posts rows of one minute; the first of them are late but in the first request. */
async function post(client: MillraceClient, request: number): Promise<void> {
  const rows = Array.from({ length: 8 }, (_, index) => {
    const number = request * 8 + index;
    return {
      time: request * 60_000 + index * 1000 - (index < 2 ? 120_000 : 0),
      buyer: `buyer ${number % 4}`,
      amount: (number * 7) % 50,
      code: number === 6 ? "number six" : number === 29 ? "number nine" : String(number),
    };
  });
  await client.streams.post("orders", rows);
}

/** Returns when the jobs that go on have applied what was sent. */
async function settled(client: MillraceClient): Promise<void> {
  const { rows } = await retried(() => client.streams.get("orders"));
  await found("all orders in their views", async () => {
    const { lag } = await client.jobs.get("by-minute");
    return (lag.records === 0 && (await ordersIn(client)) === rows) || undefined;
  });
}

/** Returns when a checkpoint has all that a job has applied: its changes and letters are stored with it. */
async function stored(client: MillraceClient, job: string): Promise<void> {
  await found(`a checkpoint of ${job}`, async () => {
    const { shards, checkpoints } = await client.jobs.get(job);
    const applied = Math.max(...shards.map(({ appliedOffset }) => appliedOffset));
    return checkpoints[0]?.offset === applied || undefined;
  });
}

async function ordersIn(client: MillraceClient): Promise<number> {
  const { rows } = await retried(() => client.views.query(followedView));
  return rows.reduce((sum, { n }) => sum + Number(n), 0);
}

/** The id of the present of a view that is followed from now on. */
async function presentOf(client: MillraceClient): Promise<string> {
  const stop = new AbortController();
  try {
    for await (const { id } of client.views.changes(followedView, { snapshot: true, signal: stop.signal })) {
      if (id !== undefined) return id;
    }
  } finally {
    stop.abort();
  }
  throw new Error(`${followedView} has no present`);
}

/** The changes behind `id`, up to what the view is; `rows` are how many each buyer had before them. */
async function changesBehind(
  client: MillraceClient,
  id: string | undefined,
  rows: Map<string, number>,
): Promise<SeenChange[]> {
  const total = await ordersIn(client);
  const seen: SeenChange[] = [];
  const stop = new AbortController();
  // Where some are lost, no others come.
  const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(patienceMs)]);
  const options = { signal, ...(id !== undefined && { lastEventId: id }) };
  for await (const { snapshot, ...change } of client.views.changes(followedView, options)) {
    if (snapshot || change.kind === undefined) throw new Error("a snapshot was not asked for");
    seen.push({ id: change.id, kind: change.kind, row: change.row });
    fold(rows, change);
    if ([...rows.values()].reduce((sum, n) => sum + n, 0) === total) break;
  }
  stop.abort();
  return seen;
}

function fold(rows: Map<string, number>, { kind, row }: Pick<SeenChange, "kind" | "row">): void {
  const buyer = String(row.buyer);
  if (kind === "+I" || kind === "+U") rows.set(buyer, Number(row.n));
  else rows.delete(buyer);
}

/** The job when it has failed at a code. */
async function failed(client: MillraceClient, code: string) {
  return await found(`${failingJob} to fail at ${code}`, async () => {
    const job = await client.jobs.get(failingJob);
    return job.shards.some(({ error }) => error?.at?.content?.includes(code)) ? job : undefined;
  });
}

async function goOnWithoutCode(client: MillraceClient, code: string): Promise<void> {
  const { shards } = await failed(client, code);
  const { stage, shard, error } = shards.find((each) => each.error?.at) ?? {};
  const { offset, row } = error?.at ?? {};
  if (stage === undefined || shard === undefined || offset === undefined) throw new Error("it has no place");
  await retried(() =>
    client.jobs.skip(failingJob, { stage, shard, offset, ...(row !== undefined && { row }) }),
  );
}

async function mendLetters(client: MillraceClient, reason: "rejected" | "late"): Promise<void> {
  const { letters } = await found(`letters that are ${reason}`, async () => {
    const answer = await client.streams.deadLetters("orders", { reason });
    return answer.letters.length > 1 ? answer : undefined;
  });
  const [first] = letters;
  if (!first) throw new Error("there is a letter");
  const mended = { time: 300_000, buyer: "buyer 0", amount: 1, code: "1000" };
  await client.streams.replayDeadLetters(
    "orders",
    reason === "late" ? { ids: [first.id], into: "late_orders" } : { records: { [first.id]: mended } },
  );
}

async function codesOf(client: MillraceClient): Promise<string[]> {
  const { results } = await retried(() => client.sql("SELECT * FROM codes"));
  return (results[0]?.rows ?? []).map((row) => JSON.stringify(row)).sort();
}
