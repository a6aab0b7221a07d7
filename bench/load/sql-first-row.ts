/**
 * From a statement to its first row, in plain workerd: a query over a view, a query over a stream that is
 * watched, and a job that is started over what a stream holds already. Answers are parsed, planned and run;
 * nothing is kept from one statement for the next.
 */
import { MillraceClient } from "../../src/client/client.ts";
import type { Token } from "../../src/protocol/token.ts";
import type { Bench, BenchContext, BenchOutcome, Check, Figure } from "../harness/bench.ts";
import { measureInTurns, quantile, roundsFor } from "../harness/measure.ts";
import { millraceSetup, startWorkerd } from "../harness/workerd.ts";

const eventCount = 10_000;
const keyCount = 100;
const firstRowMsMax = 1000;

const tables = `
  CREATE TABLE clicks (user_id STRING NOT NULL, amount INT NOT NULL) WITH ('connector' = 'http');
  CREATE TABLE totals (user_id STRING PRIMARY KEY NOT ENFORCED, clicks BIGINT, amount INT)
    WITH ('connector' = 'view');
  INSERT INTO totals SELECT user_id, COUNT(*), SUM(amount) FROM clicks GROUP BY user_id`;

export const sqlFirstRow: Bench = {
  name: "sql-first-row",
  question: "from a statement of SQL to its first row, over a stream of 10 000 events, in plain workerd",
  async run(context) {
    const workerd = await startWorkerd(millraceSetup);
    try {
      return await measure(new MillraceClient({ url: workerd.url }), workerd.url, context);
    } finally {
      await workerd.stop();
    }
  },
};

async function measure(client: MillraceClient, url: string, context: BenchContext): Promise<BenchOutcome> {
  await client.sql(tables);
  const { token } = await client.streams.post("clicks", clicks());
  const sums: unknown[] = [];
  const firsts: string[] = [];
  const counts: unknown[] = [];
  // The first query waits until the view has come so far.
  await client.views.query("totals", { token, limit: 1 });
  const samples = await measureInTurns(
    {
      "SELECT over a view": async () => {
        const answer = await client.sql("SELECT COUNT(*), SUM(clicks) FROM totals WHERE clicks > 0");
        sums.push(answer.results[0]?.rows?.[0]);
        return undefined;
      },
      "SELECT over a stream": async () => {
        firsts.push(await firstChange(url, "SELECT user_id, amount FROM clicks WHERE amount = 7"));
        return undefined;
      },
      "CREATE TABLE and INSERT over a stream": () => fillView(client, token, counts),
    },
    roundsFor(context, { rounds: 40, warmUps: 2 }),
  );
  return {
    settings: { events: eventCount, keys: keyCount },
    figures: Object.entries(samples).flatMap(([name, values]) => figuresOf(name, values)),
    ratios: [],
    checks: [
      everyTime("keys and clicks in the view", sums, [keyCount, eventCount]),
      everyTime("the first change", firsts, '{"kind":"+I","row":{"user_id":"u7","amount":7}}'),
      everyTime("clicks of a key in a view just made", counts, eventCount / keyCount),
    ],
  };
}

/** The amount of event n is n modulo the number of keys, and so is its key. */
function clicks(): string {
  const lines = Array.from({ length: eventCount }, (_, index) => {
    const number = index % keyCount;
    return JSON.stringify({ user_id: `u${number}`, amount: number });
  });
  return lines.join("\n");
}

/** Returns the first change of a continuous query, and stops listening. */
async function firstChange(url: string, sql: string): Promise<string> {
  const listening = new AbortController();
  const headers = { Accept: "text/event-stream", "Content-Type": "application/sql" };
  const request = { method: "POST", headers, body: sql, signal: listening.signal };
  const response = await fetch(`${url}/v1/sql`, request);
  let text = "";
  for await (const part of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += part;
    const [, change] = /^event: change\ndata: (.*)\n/m.exec(text) ?? [];
    if (change === undefined) continue;
    listening.abort();
    return change;
  }
  throw new Error(`the query ended without a row: ${text}`);
}

/** Returns the milliseconds until a view that was just made has what the stream holds. */
async function fillView(client: MillraceClient, token: Token, counts: unknown[]): Promise<number> {
  const started = performance.now();
  await client.sql(`
    CREATE TABLE fresh (user_id STRING PRIMARY KEY NOT ENFORCED, clicks BIGINT) WITH ('connector' = 'view');
    INSERT INTO fresh SELECT user_id, COUNT(*) FROM clicks GROUP BY user_id`);
  const { rows } = await client.views.query<{ clicks: number }>("fresh", { token, limit: 1 });
  const took = performance.now() - started;
  counts.push(rows[0]?.clicks);
  await client.sql("STOP JOB 'insert-into-fresh'; DROP TABLE fresh");
  return took;
}

function figuresOf(name: string, values: readonly number[]): Figure[] {
  return [
    { name: `${name}, p50`, value: quantile(values, 0.5), unit: "ms", values },
    { name: `${name}, p99`, value: quantile(values, 0.99), unit: "ms" },
    {
      name: `${name}, slowest`,
      value: Math.max(...values),
      unit: "ms",
      target: { atMost: firstRowMsMax },
    },
  ];
}

function everyTime(name: string, found: readonly unknown[], expected: unknown): Check {
  const texts = new Set(found.map((value) => (typeof value === "string" ? value : JSON.stringify(value))));
  const text = typeof expected === "string" ? expected : JSON.stringify(expected);
  return { name, found: [...texts].join(" or "), expected: text };
}
