/**
 * The clients of a life with queries: whoever creates its tables and starts, stops and restores its jobs by
 * statements, and whoever moves the time of its streams.
 */

import type { RpcResult } from "../../src/engine/partition-types.ts";
import type { CoordinatorRpc } from "../../src/host/coordinator/coordinator-rpc.ts";
import type { StatementAnswer } from "../../src/protocol/sql-answers.ts";
import type { Random } from "../arbitraries/random.ts";
import type { WorkerRpc } from "./deployment.ts";
import type { LifePlan } from "./draw-life.ts";
import type { QueryPlan } from "./query-plan.ts";
import { createStreamOf, createViewOf } from "./query-tables.ts";
import type { SentRequest, StreamName } from "./sent-requests.ts";
import { createFunctions } from "./unlucky.ts";

/** What a client can do, whatever it is. */
export interface Errands {
  readonly plan: LifePlan;
  readonly streams: readonly StreamName[];
  readonly sent: readonly SentRequest[];
  readonly random: Random;
  now(): number;
  isOver(): boolean;
  sleep(ms: number): Promise<void>;
  /** The answer, or undefined where the call failed or took too long. */
  askWorker<Value>(
    call: (rpc: WorkerRpc) => Promise<RpcResult<Value>>,
  ): Promise<RpcResult<Value> | undefined>;
  askCoordinator<Value>(
    call: (rpc: CoordinatorRpc) => Promise<RpcResult<Value>>,
  ): Promise<RpcResult<Value> | undefined>;
  /** Asks the coordinator until it agrees. */
  insist<Value>(call: (rpc: CoordinatorRpc) => Promise<RpcResult<Value>>): Promise<void>;
  /** Splits and restores happen one after the other. */
  oneByOne(work: () => Promise<void>): Promise<void>;
}

const pauseMsMax = 3_000;
const movesEveryMs = 8_000;
const skipMsMax = 1_500;
const endOfTime = 2n ** 63n - 1n;

export class QueryClients {
  readonly #errands: Errands;

  constructor(errands: Errands) {
    this.#errands = errands;
  }

  async createStreams(): Promise<void> {
    const { plan, streams } = this.#errands;
    for (const stream of streams) await this.sql(createStreamOf(plan, stream));
    if (plan.queries.some(({ expectedSql }) => expectedSql)) await this.sql(createFunctions);
  }

  /** Starts a query, and restores it as often as the plan says. */
  async live(query: QueryPlan, started: () => void): Promise<void> {
    await this.sql(createViewOf(query));
    await this.#insert(query, query.parallelism, undefined);
    started();
    let last = 0;
    for (const { afterMs, parallelism } of query.restores) {
      await this.#errands.sleep(afterMs);
      await this.#errands.oneByOne(async () => {
        last = await this.#stop(query, last);
        await this.#insert(query, parallelism, last);
      });
    }
  }

  /** Has a query go on without each row that it fails at, until the life is over and all is applied. */
  async leaveOutFailing({ name }: QueryPlan): Promise<void> {
    const { askCoordinator, sleep, random, isOver } = this.#errands;
    for (let settled = 0; settled < 2; ) {
      await sleep(random.below(skipMsMax));
      const status = await askCoordinator((rpc) => rpc.job(name));
      if (!status?.ok) continue;
      const { state, shards, unreachable, unreachableStages, lag } = status.value;
      for (const { stage, shard, error } of shards) {
        if (error?.at?.row === undefined || error.nextAttemptAt !== undefined) continue;
        const { offset, row } = error.at;
        const skip = { stage, shard, offset, row };
        await askCoordinator((rpc) => rpc.setJobState(name, "running", { skip }));
      }
      if (!isOver()) continue;
      const isWhole = unreachable.length + unreachableStages.length === 0;
      settled = state === "running" && isWhole && lag.records === 0 ? settled + 1 : 0;
      // Nobody else has it go on any more.
      if (state === "paused") await askCoordinator((rpc) => rpc.setJobState(name, "running"));
    }
  }

  /** Moves the time of a stream now and then, behind all rows that are still to come. */
  async moveTime(stream: StreamName): Promise<void> {
    const { random, plan, sent, now } = this.#errands;
    while (!this.#errands.isOver()) {
      await this.#errands.sleep(random.below(movesEveryMs));
      const waiting = sent.filter((each) => each.stream === stream && !each.isAcknowledged);
      const times = waiting.flatMap(({ rows }) => rows.map(({ time }) => time));
      const watermark = BigInt(Math.min(now() - plan.spreadMs, ...times) - 1);
      await this.#errands.askWorker((rpc) => rpc.setWatermark(stream, watermark));
    }
  }

  async endStreams(): Promise<void> {
    for (const stream of this.#errands.streams) {
      while (!(await this.#errands.askWorker((rpc) => rpc.setWatermark(stream, endOfTime)))?.ok) {
        await this.#errands.sleep(pauseMsMax);
      }
    }
  }

  /** Runs statements, again and again until they are answered; throws what refuses them. */
  async sql(text: string, options: Readonly<Record<string, string>> = {}): Promise<StatementAnswer[]> {
    while (true) {
      const answer = await this.#errands.askWorker((rpc) => rpc.sql(text, options));
      if (answer?.ok) return answer.value;
      if (answer && answer.error.status < 500) throw new Error(`${text}: ${answer.error.message}`);
      await this.#errands.sleep(this.#errands.random.below(pauseMsMax));
    }
  }

  async #insert(
    { name, sql, isFolding }: QueryPlan,
    parallelism: number,
    savepoint: number | undefined,
  ): Promise<void> {
    await this.sql(`INSERT INTO ${name} ${sql}`, {
      "pipeline.name": name,
      "parallelism.default": String(parallelism),
      "table.exec.mini-batch.enabled": String(isFolding),
      "table.exec.sink.not-null-enforcer": "DROP",
      ...(savepoint !== undefined && { "execution.state-recovery.path": String(savepoint) }),
    });
  }

  /** Stops a job with a savepoint, whatever that takes; returns the savepoint, which is newer than `last`. */
  async #stop({ name }: QueryPlan, last: number): Promise<number> {
    const { insist, sleep, random, askCoordinator } = this.#errands;
    let savepoint: number | undefined;
    while (savepoint === undefined) {
      // A job that is paused would keep its savepoint waiting for ever.
      for (const query of this.#errands.plan.queries) {
        await insist((rpc) => rpc.setJobState(query.name, "running"));
      }
      await askCoordinator((rpc) => rpc.createSavepoint(name, { stop: true, drain: false }));
      await sleep(random.below(pauseMsMax));
      const listed = await askCoordinator((rpc) => rpc.savepoints(name));
      const done = listed?.ok ? listed.value.filter((each) => each.state === "done") : [];
      savepoint = done.map((each) => each.savepoint).find((number) => number > last);
    }
    // Calls that are still on their way must not meet the job that comes next.
    await sleep(2 * pauseMsMax);
    while (true) {
      const jobs = await askCoordinator((rpc) => rpc.jobs());
      if (jobs?.ok && jobs.value.every(({ job }) => job !== name)) return savepoint;
      await sleep(pauseMsMax);
    }
  }
}
