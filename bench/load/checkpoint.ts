/**
 * A checkpoint of 16 MiB of dirty pages in workerd, against writing the same state as one row per key.
 *
 * Every key changes between two checkpoints, so each writes all pages again, over the versions before the
 * last one: what SQLite frees is part of it. Time is taken outside, since the clock of an object stands still
 * while it works.
 *
 * The cost of a million events is counted apart, with the rows that the platform bills: 10 000 events a
 * request into four shards, every frame a log row of its own, a checkpoint at the end, and the log's expiry.
 */
import { MiB } from "../../src/base/limits.ts";
import { BodyEncoder } from "../engine/body-encoder.ts";
import { readKernelModule } from "../engine/kernel-module.ts";
import type { Bench, BenchContext, BenchOutcome, Figure } from "../harness/bench.ts";
import { durationFigure, ratioOf } from "../harness/figures.ts";
import { measureInTurns, roundsFor } from "../harness/measure.ts";
import { type RunningWorkerd, startWorkerd } from "../harness/workerd.ts";
import { ndjsonBodies } from "../inputs/bodies.ts";
import { clickColumns, clickEvents, firstEventTime } from "../inputs/click-events.ts";
import { startBaselines } from "./baseline-server.ts";
import { clickJob, clickStream } from "./millrace-server.ts";
import { costInDollars } from "./platform-prices.ts";

const keyCount = 250_000;
const eventsPerBody = 10_000;
/** A key of the input, and its count, sum and maximum. */
const keyBytes = 8;
const valueBytes = 24;

const costShards = 4;
const costKeys = 10_000;

export const checkpoint: Bench = {
  name: "checkpoint",
  question: "a checkpoint of 16 MiB of dirty pages in workerd, against one row per key",
  async run(context) {
    await using stack = new AsyncDisposableStack();
    const baseline = await startBaselines();
    stack.defer(() => baseline.stop());
    const partitions = await startWorkerd({
      entry: "bench/load/workers/partition.ts",
      objects: { PARTITION: "PartitionObject" },
    });
    stack.defer(() => partitions.stop());
    return await measure(context, partitions, baseline);
  },
};

async function measure(
  context: BenchContext,
  partitions: RunningWorkerd,
  baseline: RunningWorkerd,
): Promise<BenchOutcome> {
  const keys = context.isSmoke ? 2000 : keyCount;
  const rounds = roundsFor(context, { warmUps: 3 });
  const state = `${partitions.url}/state`;
  const rows = `${baseline.url}/rows`;
  await put(state, { stream: stateStream, job: stateJob });
  const frames = framesOf(keyEvents(keys));
  let touched = 0;
  let written = { pages: 0, bytes: 0 };
  const samples = await measureInTurns(
    {
      pages: async () => {
        for (const frame of frames) await post(`${state}/frame`, frame);
        touched++;
        return await timed(async () => {
          written = (await post(`${state}/checkpoint`)) as typeof written;
        });
      },
      rows: () => timed(() => post(`${rows}?keys=${keys}&keyBytes=${keyBytes}&valueBytes=${valueBytes}`)),
    },
    rounds,
  );
  const { counted } = (await get(state)) as { counted: number };
  const { rows: rowsStored } = (await get(rows)) as { rows: number };
  const pages = durationFigure("checkpoint of the pages", samples.pages);
  const rowPerKey = durationFigure("the same state, a row per key", samples.rows);
  const cost = await costOfMillionEvents(partitions, context.isSmoke);
  return {
    settings: { keys, keyBytes, valueBytes, costShards, costKeys, eventsPerRequest: eventsPerBody },
    figures: [
      pages,
      rowPerKey,
      { name: "dirty pages", value: written.pages, unit: "pages" },
      { name: "bytes of them", value: written.bytes / MiB, unit: "MiB" },
      ...cost.figures,
    ],
    ratios: [ratioOf("pages to a row per key", pages, rowPerKey, { atMost: 1 / 6 })],
    checks: [
      {
        name: "what is stored counts every touch",
        found: String(counted),
        expected: String(touched * keys),
      },
      { name: "rows stored", found: String(rowsStored), expected: String(keys) },
      cost.check,
    ],
  };
}

const stateStream = { columns: [...clickColumns], eventTime: { column: "ts", outOfOrderness: "1h" } };

const stateJob = {
  source: "clicks",
  key: ["user_id"],
  aggregates: clickJob.aggregates,
  retention: "forever",
};

/** One event for every key. */
function* keyEvents(keys: number): Generator<object> {
  for (let key = 0; key < keys; key++) {
    yield {
      user_id: `u${1_000_000 + key}`,
      ts: firstEventTime,
      url: "/product/1",
      amount: (key % 10_000) / 100,
    };
  }
}

function framesOf(events: Iterable<object>): Uint8Array[] {
  const encoder = new BodyEncoder(readKernelModule(), stateStream);
  return ndjsonBodies(events, eventsPerBody).bodies.flatMap((body) =>
    encoder.encode(body).map(({ bytes }) => bytes),
  );
}

async function costOfMillionEvents(partitions: RunningWorkerd, isSmoke: boolean) {
  const events = isSmoke ? eventsPerBody : 1_000_000;
  const perMillion = 1_000_000 / events;
  const encoder = new BodyEncoder(readKernelModule(), clickStream(costShards));
  const shardUrl = (shard: number) => `${partitions.url}/cost-${shard}`;
  for (let shard = 0; shard < costShards; shard++) {
    await put(shardUrl(shard), { stream: clickStream(1), job: clickJob });
  }
  const before = await factsOf(shardUrl);
  let requests = 0;
  for (const body of ndjsonBodies(clickEvents(events, costKeys), eventsPerBody).bodies) {
    for (const { shard, bytes } of encoder.encode(body)) {
      await post(`${shardUrl(shard)}/frame`, bytes);
      requests++;
    }
  }
  for (let shard = 0; shard < costShards; shard++) {
    await post(`${shardUrl(shard)}/checkpoint`);
    await post(`${shardUrl(shard)}/expire`);
  }
  const after = await factsOf(shardUrl);
  const rowsWritten = (after.rowsWritten - before.rowsWritten) * perMillion;
  const figures: Figure[] = [
    { name: "rows written by a million events", value: rowsWritten, unit: "rows" },
    { name: "calls of objects by a million events", value: requests * perMillion, unit: "requests" },
    {
      name: "price of both at the platform",
      value: costInDollars(rowsWritten, requests * perMillion) * 100,
      unit: "cents",
    },
  ];
  const check = {
    name: "events of the cost counted",
    found: String(after.counted),
    expected: String(events),
  };
  return { figures, check };
}

async function factsOf(shardUrl: (shard: number) => string) {
  const total = { counted: 0, rowsWritten: 0 };
  for (let shard = 0; shard < costShards; shard++) {
    const facts = (await get(shardUrl(shard))) as typeof total;
    total.counted += facts.counted;
    total.rowsWritten += facts.rowsWritten;
  }
  return total;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

async function put(url: string, body: unknown): Promise<unknown> {
  return await answerOf(await fetch(url, { method: "PUT", body: JSON.stringify(body) }));
}

async function post(url: string, body: Uint8Array = new Uint8Array(0)): Promise<unknown> {
  return await answerOf(await fetch(url, { method: "POST", body: new Uint8Array(body) }));
}

async function get(url: string): Promise<unknown> {
  return await answerOf(await fetch(url));
}

async function answerOf(response: Response): Promise<unknown> {
  if (!response.ok) throw new Error(`${response.url} answered ${response.status}: ${await response.text()}`);
  return await response.json();
}
