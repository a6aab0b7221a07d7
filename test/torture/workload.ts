/**
 * What the torture posts, and the ledger that says what must come out.
 *
 * Batch `sequence` of a producer is always the same bytes, as a retry demands. Producers drift apart by no
 * more than the stream's bound, so no row is late and every window's counts are known. A batch stands in the
 * ledger once it is acknowledged; every batch that was sent is, in the end.
 */
import type { MillraceClient } from "../../src/client/client.ts";
import { Producer } from "../../src/client/producer.ts";
import type { JobBody } from "../../src/protocol/job-spec.ts";
import type { StreamBody } from "../../src/protocol/stream-spec.ts";
import { Random } from "./random.ts";

export const tortureStreamName = "torture";

const keyCount = 500;
const batchRows = 40;
const firstTime = Date.UTC(2026, 0, 1);
const sequenceMs = 1_000;
/** Of so many sequences in a row, the last third has one key that most rows are of. */
const hotPeriod = 90;
const hotShare = 0.9;
/** In sequences; the bound below is twice as long. */
const driftMax = 120;

export const tortureStream: StreamBody = {
  columns: [
    { name: "time", type: "TIMESTAMP(3)" },
    { name: "key", type: "STRING" },
    { name: "value", type: "BIGINT" },
  ],
  eventTime: { column: "time", outOfOrderness: 2 * driftMax * sequenceMs },
  distributionKey: ["key"],
  shards: 2,
};

const aggregates: JobBody["aggregates"] = {
  events: { function: "count" },
  total: { function: "sum", argument: "value" },
  largest: { function: "max", argument: "value" },
};

const minute = { type: "tumble", size: "1min" } as const;
const sums: JobBody["aggregates"] = {
  events: { function: "sum", argument: "events" },
  total: { function: "sum", argument: "total" },
  largest: { function: "max", argument: "largest" },
};

const diamondStep = {
  ...{ key: ["key"], parallelism: 2, aggregates: sums },
  window: { type: "tumble", size: "100d" } as const,
};

/** A job, and the ledger that its view must equal: one entry per key, or per key and minute. */
export interface TortureJob {
  readonly body: JobBody;
  readonly ledger: "totals" | "minutes";
}

/**
 * In the shards, behind an exchange, in three stages of 2, 3 and 2 partitions, and in a diamond: two steps
 * have one half of the results each, and a fourth has both.
 */
export const tortureJobs: Readonly<Record<string, TortureJob>> = {
  torture_totals: { body: { source: tortureStreamName, key: ["key"], aggregates }, ledger: "totals" },
  torture_minutes: {
    body: { source: tortureStreamName, key: ["key"], window: minute, aggregates },
    ledger: "minutes",
  },
  torture_exchange: {
    body: { source: tortureStreamName, key: ["key"], window: minute, aggregates, parallelism: 3 },
    ledger: "minutes",
  },
  torture_steps: {
    body: {
      ...{ source: tortureStreamName, key: ["key"], window: minute, aggregates, parallelism: 3 },
      steps: [{ key: ["key"], parallelism: 2, window: { type: "tumble", size: "100d" }, aggregates: sums }],
    },
    ledger: "totals",
  },
  torture_diamond: {
    body: {
      ...{ source: tortureStreamName, key: ["key"], window: minute, aggregates, parallelism: 2 },
      steps: [
        { ...diamondStep, uid: "few", filter: ["<=", "events", 2] },
        { ...diamondStep, uid: "many", input: "step-0", filter: [">", "events", 2] },
        { ...diamondStep, input: ["few", "many"] },
      ],
    },
    ledger: "totals",
  },
};

export interface Totals {
  events: number;
  total: number;
  largest: number;
}

export interface Event {
  readonly time: number;
  readonly key: string;
  readonly value: number;
}

/** Returns the batch that `producer` sends under `sequence`. */
export function batchOf(seed: number, producer: number, sequence: number): Event[] {
  const random = new Random(seed ^ Math.imul(producer + 1, 0x9e3779b1) ^ Math.imul(sequence, 0x85ebca6b));
  const isHot = sequence % hotPeriod >= (2 * hotPeriod) / 3;
  return Array.from({ length: batchRows }, () => ({
    time: firstTime + sequence * sequenceMs + random.below(sequenceMs),
    key: isHot && random.next() < hotShare ? "key-hot" : `key-${random.below(keyCount)}`,
    value: random.below(2_000_000) - 1_000_000,
  }));
}

/** Key and window start (minutes) by which the ledger is kept; a total has no window. */
export function ledgerKey(key: string, windowStart?: number): string {
  return windowStart === undefined ? key : `${key} ${windowStart}`;
}

export class Workload {
  readonly totals = new Map<string, Totals>();
  readonly minutes = new Map<string, Totals>();
  readonly sequences: number[];
  acknowledgedRows = 0;
  retries = 0;
  duplicateRows = 0;
  readonly #client: MillraceClient;
  readonly #seed: number;
  #isStopping = false;
  #isResting = false;
  #running: Promise<unknown> | undefined;

  constructor(client: MillraceClient, seed: number, producerCount: number) {
    this.#client = client;
    this.#seed = seed;
    this.sequences = Array.from({ length: producerCount }, () => 0);
  }

  /** Starts all producers; each sends one batch after the other. */
  start(): void {
    this.#running = Promise.all(this.sequences.map((_, producer) => this.#produce(producer)));
  }

  /** Has all producers wait, or go on. */
  rest(isResting: boolean): void {
    this.#isResting = isResting;
  }

  /** Returns when every batch that was begun is acknowledged; throws what stopped a producer. */
  async finish(): Promise<void> {
    this.#isStopping = true;
    await this.#running;
  }

  async #produce(index: number): Promise<void> {
    const producer = new Producer({
      streams: this.#client.streams,
      stream: tortureStreamName,
      id: `producer-${index}`,
      wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      onRetry: () => {
        this.retries++;
      },
    });
    while (!this.#isStopping) {
      const sequence = (this.sequences[index] ?? 0) + 1;
      if (this.#isResting || sequence > Math.min(...this.sequences) + driftMax) {
        await new Promise((resolve) => setTimeout(resolve, 5));
        continue;
      }
      const batch = batchOf(this.#seed, index, sequence);
      const { accepted, duplicate, rejected } = await producer.send(sequence, batch);
      if (accepted + duplicate !== batch.length || rejected > 0) {
        throw new Error(
          `${batch.length} rows were sent; answered: ${JSON.stringify({ accepted, duplicate, rejected })}`,
        );
      }
      this.sequences[index] = sequence;
      this.acknowledgedRows += batch.length;
      this.duplicateRows += duplicate;
      for (const event of batch) this.#enter(event);
    }
  }

  #enter({ key, time, value }: Event): void {
    const windowStart = Math.floor(time / 60_000) * 60_000;
    addTo(this.totals, ledgerKey(key), value);
    addTo(this.minutes, ledgerKey(key, windowStart), value);
  }
}

function addTo(ledger: Map<string, Totals>, key: string, value: number): void {
  const totals = ledger.get(key);
  if (!totals) {
    ledger.set(key, { events: 1, total: value, largest: value });
    return;
  }
  totals.events++;
  totals.total += value;
  totals.largest = Math.max(totals.largest, value);
}
