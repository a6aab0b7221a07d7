/**
 * The demo: 20,000 real US flights of early 2001 go through the public API, hour by hour and airport by
 * airport, into the job of `flights-demo.sql`.
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
import type { Token } from "../protocol/token.ts";
import { type DelayRow, formatDelays } from "./delays-table.ts";
import { formatCount, type LiveArea, progressBar } from "./live-area.ts";

const streamName = "flights";
const viewName = "airport_delays";
const statements = readFileSync(new URL("flights-demo.sql", import.meta.url), "utf8");

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
  area.print(
    `The job is that of src/cli/flights-demo.sql: flights by airport and hour, in the view ${viewName}.`,
  );
  await client.sql(statements);
  const before = await client.streams.get(streamName);
  let token = endOf(before);
  if (before.ended) {
    area.print(
      `All ${formatCount(before.rows)} flights are here from an earlier start; none is posted again.`,
    );
  } else {
    await postFlights(options, before);
    token = (await client.streams.setWatermark(streamName, "max")).token;
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
  area.print(`Posting ${formatCount(lines.length)} flights to ${streamName}, ${batchRows} a request.`);
  const producer = new Producer({
    streams: client.streams,
    stream: streamName,
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
  const { rows } = await client.views.query<DelayRow>(viewName, token ? { ...query, token } : query);
  return formatDelays(rows);
}

/** Prints the worst hours, and adds up all results: the sum shows whether each flight was counted once. */
async function printResults({ client, area, lines }: DemoOptions, token: Token): Promise<void> {
  const table = await readDelays(client, token);
  const sum = await client.sql(`SELECT COUNT(*), SUM(flights) FROM ${viewName}`);
  const [results, flights] = (sum.results[0]?.rows?.[0] ?? []).map(Number);
  const { late } = await client.jobs.get(viewName);
  area.print(`\nThe worst delays by airport and hour (view ${viewName}, minutes):\n${table}`);
  area.print(
    `All ${formatCount(results ?? 0)} results together count ${formatCount(flights ?? 0)} of ` +
      `${formatCount(lines.length)} flights; ${formatCount(late)} came late.`,
  );
}
