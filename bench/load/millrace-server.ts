/**
 * Millrace in plain workerd with one stream of clicks and one job over it, and the check that it counted
 * right.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { MillraceClient } from "../../src/client/client.ts";
import type { JobBody } from "../../src/protocol/job-spec.ts";
import type { Check } from "../harness/bench.ts";
import { millraceSetup, type RunningWorkerd, startWorkerd } from "../harness/workerd.ts";
import { clickColumns } from "../inputs/click-events.ts";
import type { LoadReport } from "./load-plan.ts";

export const streamName = "clicks";
export const jobName = "totals";
export const eventsPath = `/v1/streams/${streamName}/events`;

/**
 * The stream's body; requests in flight overtake each other by minutes of event time, and none may be
 * late.
 */
export function clickStream(shards: number, distributionKey = "user_id") {
  return {
    columns: [...clickColumns],
    eventTime: { column: "ts", outOfOrderness: "1h" },
    ...(shards > 1 ? { distributionKey: [distributionKey] } : {}),
    shards,
  };
}

export const clickJob: JobBody = {
  source: streamName,
  key: ["user_id"],
  window: { type: "tumble", size: "1h" },
  aggregates: {
    count: { function: "count" },
    sum: { function: "sum", argument: "amount" },
    max: { function: "max", argument: "amount" },
  },
};

interface TotalsRow {
  readonly count: number;
  readonly sum: number;
}

export class MillraceServer {
  readonly workerd: RunningWorkerd;
  readonly client: MillraceClient;
  #events = 0;
  #cents = 0;

  constructor(workerd: RunningWorkerd) {
    this.workerd = workerd;
    this.client = new MillraceClient({ url: workerd.url });
  }

  /** Starts a server with the stream, in `shards` shards by its `distributionKey`, and the job over it. */
  static async start(
    shards: number,
    distributionKey?: string,
    changes: Partial<JobBody> = {},
    setup = millraceSetup,
  ): Promise<MillraceServer> {
    const server = new MillraceServer(await startWorkerd(setup));
    try {
      await server.client.streams.put(streamName, clickStream(shards, distributionKey));
      await server.client.jobs.put(jobName, { ...clickJob, ...changes });
      while ((await server.client.jobs.get(jobName)).state !== "running") await sleep(5);
      return server;
    } catch (cause) {
      await server.workerd.stop();
      throw cause;
    }
  }

  /** Remembers what was posted, to be compared with what was counted. */
  expect({ events, cents }: LoadReport): void {
    this.expectRows(events, cents);
  }

  /** The same of rows that the bench posts itself; `cents` is the sum of their amounts. */
  expectRows(events: number, cents: number): void {
    this.#events += events;
    this.#cents += cents;
  }

  /**
   * Waits until the job has applied all that was logged. Its stages are not asked at one moment: what one has
   * sent may be missing from the answer of the next, so two answers in a row must say so.
   */
  async settle(job = jobName): Promise<void> {
    for (let settled = 0; settled < 2; ) {
      const { state, lag } = await this.client.jobs.get(job);
      if (state !== "running") throw new Error(`the job is ${state}`);
      settled = lag.bytes === 0 ? settled + 1 : 0;
      if (settled === 0) await sleep(2);
    }
  }

  /** Bytes in the logs of all shards per row that they took in. */
  async bytesPerEvent(): Promise<number> {
    const { shards } = await this.client.streams.get(streamName);
    const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
    return sum(shards.map(({ logBytes }) => logBytes)) / sum(shards.map(({ rows }) => rows));
  }

  /** Ends the stream and compares every count and sum with what was posted. */
  async checks(): Promise<Check[]> {
    await this.client.streams.setWatermark(streamName, "max");
    await this.settle();
    const { late, bad } = await this.client.jobs.get(jobName);
    const { rejected } = await this.client.streams.get(streamName);
    return [
      ...(await this.totalsChecks(jobName)),
      { name: "late, bad and rejected records", found: String(late + bad + rejected), expected: "0" },
    ];
  }

  /** Compares every count and sum of a job that reads all of the stream. */
  async totalsChecks(job: string): Promise<Check[]> {
    let events = 0;
    let cents = 0;
    for await (const row of this.client.views.rows<TotalsRow>(job, { limit: 1000 })) {
      events += row.count;
      cents += Math.round(row.sum * 100);
    }
    return [
      { name: "every event was counted once", found: String(events), expected: String(this.#events) },
      { name: "the sum of all amounts, in cents", found: String(cents), expected: String(this.#cents) },
    ];
  }
}
