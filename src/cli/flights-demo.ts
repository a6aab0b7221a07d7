/**
 * The demo: 20,000 real US flights of early 2001 go through the public API, hour by hour and airport by
 * airport.
 *
 * It can be killed and started again at any point. Batch n is always the same lines and always has sequence
 * n, and the stream says how many rows it holds, so the demo goes on one batch before that: what had arrived
 * is a duplicate.
 *
 * Invariant: nothing is posted to a stream that has ended.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { MillraceClient } from "../client/client.ts";
import { Producer } from "../client/producer.ts";
import type { StreamStatusAnswer } from "../protocol/answers.ts";
import type { JobBody } from "../protocol/job-spec.ts";
import type { StreamBody } from "../protocol/stream-spec.ts";
import type { Token } from "../protocol/token.ts";
import { type DelayRow, formatDelays } from "./delays-table.ts";
import { formatCount, type LiveArea, progressBar } from "./live-area.ts";

export const flightsStreamName = "flights";
export const delaysJobName = "delays_by_airport";

/** The file is in the order of its dates, so no row is ever late and the watermark needs no slack. */
const flightsStream = {
  columns: [
    { name: "date", type: "TIMESTAMP(3)" },
    { name: "delay", type: "INT" },
    { name: "distance", type: "INT" },
    { name: "origin", type: "STRING" },
    { name: "destination", type: "STRING" },
  ],
  eventTime: { column: "date", outOfOrderness: 0 },
} as const satisfies StreamBody;

/** The mean is taken of a DOUBLE: that of an INT would be an INT, as in Flink. */
const delaysJob = {
  source: flightsStreamName,
  key: ["origin"],
  window: { type: "tumble", size: "1h" },
  aggregates: {
    flights: { function: "count" },
    mean_delay: { function: "avg", argument: ["cast", "delay", "DOUBLE"] },
    worst_delay: { function: "max", argument: "delay" },
  },
  retention: "forever",
} as const satisfies JobBody;

const batchRows = 250;
const tableRows = 10;
const redrawMs = 250;
/** A restart takes a few retries; who waits longer should know for what. */
const retriesUntilTold = 6;

export interface DemoOptions {
  readonly client: MillraceClient;
  readonly area: LiveArea;
  readonly wait: (ms: number) => Promise<unknown>;
  /** One event a line. */
  readonly lines: readonly string[];
}

/** Reads the flights as lines of JSON, in the file's order. */
export function readFlights(root: string): string[] {
  const path = join(root, "node_modules/vega-datasets/data/flights-20k.json");
  return (JSON.parse(readFileSync(path, "utf8")) as object[]).map((flight) => JSON.stringify(flight));
}

/** Runs the demo from where it stands to its end and prints the results. */
export async function runFlightsDemo(options: DemoOptions): Promise<void> {
  const { client, area } = options;
  await client.streams.put(flightsStreamName, flightsStream);
  await client.jobs.put(delaysJobName, delaysJob);
  const before = await client.streams.get(flightsStreamName);
  let token = endOf(before);
  if (before.ended) {
    area.print(
      `All ${formatCount(before.rows)} flights are here from an earlier start; none is posted again.`,
    );
  } else {
    await postFlights(options, before);
    token = (await client.streams.setWatermark(flightsStreamName, "max")).token;
    area.print('The stream is ended with the watermark "max", so that its last windows close.');
  }
  await printResults(options, token);
}

/** The token of all that a stream holds: after a restart a view catches up step by step; one can wait. */
function endOf({ shards }: StreamStatusAnswer): Token {
  return Object.fromEntries(shards.map(({ shard, nextOffset }) => [shard, nextOffset - 1]));
}

async function postFlights(
  { client, area, wait, lines }: DemoOptions,
  before: StreamStatusAnswer,
): Promise<void> {
  const firstBatch = Math.max(0, Math.floor(before.rows / batchRows) - 1);
  if (before.rows > 0) area.print(`Resuming: ${formatCount(before.rows)} flights are here already.`);
  area.print(`Posting ${formatCount(lines.length)} flights to ${flightsStreamName}, ${batchRows} a request.`);
  const producer = new Producer({
    streams: client.streams,
    stream: flightsStreamName,
    id: "flights-demo",
    wait,
    onRetry: (cause, attempt) => {
      if (attempt % retriesUntilTold === 0) area.print(`Still trying: ${String(cause)}`);
    },
  });
  const started = Date.now();
  let drawnAt = 0;
  let posted = 0;
  for (let batch = firstBatch; batch * batchRows < lines.length; batch++) {
    const rows = lines.slice(batch * batchRows, (batch + 1) * batchRows);
    const answer = await producer.send(batch + 1, rows.join("\n"));
    if (answer.rejected > 0) throw new Error(`a flight was rejected: ${JSON.stringify(answer.errors[0])}`);
    posted += rows.length;
    const isLast = (batch + 1) * batchRows >= lines.length;
    if (area.isLive && (isLast || Date.now() - drawnAt >= redrawMs)) {
      drawnAt = Date.now();
      const done = batch * batchRows + rows.length;
      const rate = Math.round(posted / Math.max(0.001, (drawnAt - started) / 1000));
      const count = `${formatCount(done)} of ${formatCount(lines.length)} flights`;
      const bar = `${progressBar(done, lines.length)} ${count}, ${formatCount(rate)} a second`;
      area.draw(`${await readDelays(client)}\n${bar}`);
    }
  }
  area.print(
    `Posted in ${((Date.now() - started) / 1000).toFixed(1)} s; each request was durable when answered.`,
  );
}

async function readDelays(client: MillraceClient, token?: Token): Promise<string> {
  const query = { top: "worst_delay", limit: tableRows, timeout: "30s" };
  const { rows } = await client.views.query<DelayRow>(delaysJobName, token ? { ...query, token } : query);
  return formatDelays(rows);
}

/** Prints the worst hours, and adds up all results: the sum shows whether each flight was counted once. */
async function printResults({ client, area, lines }: DemoOptions, token: Token): Promise<void> {
  const table = await readDelays(client, token);
  let flights = 0;
  let results = 0;
  for await (const row of client.views.rows<DelayRow>(delaysJobName, { limit: 1000 })) {
    flights += row.flights;
    results++;
  }
  const { late } = await client.jobs.get(delaysJobName);
  area.print(`\nThe worst delays by airport and hour (view ${delaysJobName}, minutes):\n${table}`);
  area.print(
    `All ${formatCount(results)} results together count ${formatCount(flights)} of ` +
      `${formatCount(lines.length)} flights; ${formatCount(late)} came late.`,
  );
}
