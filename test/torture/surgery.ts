/**
 * What is done to streams and jobs of the torture while they run and while their server is killed: shards and
 * partitions of stages are split, jobs are stopped with a savepoint and go on under another parallelism, and
 * forks begin beside them. All of it must leave every count exact.
 *
 * A kill may take any answer away: what was done is then known from the lists.
 */
import type { MillraceClient } from "../../src/client/client.ts";
import { RequestError } from "../../src/client/request-error.ts";
import type { SplitAnswer } from "../../src/protocol/answers.ts";
import type { Random } from "./random.ts";
import { found, retried } from "./retried.ts";
import { type TortureJob, tortureStreamName } from "./workload.ts";

/** Partitions of a stream or a stage beyond which none is split any more. */
const partitionsMax = 6;
const forksMax = 2;

export class Surgery {
  readonly #client: MillraceClient;
  readonly #random: Random;
  readonly #jobs: Map<string, TortureJob>;
  readonly #done: string[] = [];
  #forks = 0;
  #isStopping = false;
  #running: Promise<void> | undefined;

  /** `jobs` are those that run, by name; forks come to them. */
  constructor(client: MillraceClient, random: Random, jobs: Map<string, TortureJob>) {
    this.#client = client;
    this.#random = random;
    this.#jobs = jobs;
  }

  /** What was done, in order. */
  get done(): readonly string[] {
    return this.#done;
  }

  /** Begins one operation after the other. */
  start(): void {
    this.#running = this.#operate();
  }

  /** Returns when the last one is done; throws what stopped it. */
  async finish(): Promise<void> {
    this.#isStopping = true;
    await this.#running;
  }

  async #operate(): Promise<void> {
    while (!this.#isStopping) {
      const name = this.#random.pick([...this.#jobs.keys()]);
      const operation = this.#random.below(4);
      if (operation === 0) await this.#splitShard();
      else if (operation === 1) await this.#splitStage(name);
      else if (operation === 2) await this.#rescale(name);
      else await this.#fork(name);
    }
  }

  async #splitShard(): Promise<void> {
    const { splits } = this.#client;
    const { shards } = await retried(() => this.#client.streams.get(tortureStreamName));
    if (shards.length >= partitionsMax) return;
    const shard = this.#random.below(shards.length);
    await this.#split(
      () => splits.splitShard(tortureStreamName, { shard }),
      () => splits.ofStream(tortureStreamName),
    );
    this.#done.push(`split shard ${shard}`);
  }

  /** Splits a partition of a job's last stage. */
  async #splitStage(job: string): Promise<void> {
    const { splits } = this.#client;
    const stages = (await retried(() => this.#client.jobs.get(job))).shards.map(({ stage }) => stage);
    // Shards that do not answer now are not listed.
    if (stages.length === 0) return;
    const stage = Math.max(...stages);
    const partitions = stages.filter((each) => each === stage).length;
    if (stage === 0 || partitions >= partitionsMax) return;
    const partition = this.#random.below(partitions);
    await this.#split(
      () => splits.splitStage(job, { stage, partition }),
      () => splits.ofJob(job),
    );
    this.#done.push(`split partition ${partition} of stage ${stage} of ${job}`);
  }

  async #split(begin: () => Promise<unknown>, list: () => Promise<readonly SplitAnswer[]>): Promise<void> {
    const before = (await retried(list)).length;
    await unlessConflicting(begin);
    await found("a split", list, (splits) =>
      splits.length > before && splits.every(({ state }) => state === "done") ? splits : undefined,
    );
  }

  /** Stops a job with a savepoint, and lets it go on under another parallelism. */
  async #rescale(name: string): Promise<void> {
    const job = this.#jobs.get(name) as TortureJob;
    const fromSavepoint = await this.#savepointOf(name, true);
    const parallelism =
      job.body.parallelism === undefined ? undefined : 1 + this.#random.below(partitionsMax);
    const body = { ...job.body, ...(parallelism && { parallelism }) };
    await this.#startFrom(name, { ...job, body }, fromSavepoint);
    this.#done.push(`stopped ${name}, and began it with the savepoint and parallelism ${parallelism}`);
  }

  async #fork(name: string): Promise<void> {
    if (this.#forks === forksMax) return;
    const fork = `torture_fork_${++this.#forks}`;
    const savepoint = await this.#savepointOf(name, false);
    await this.#startFrom(fork, this.#jobs.get(name) as TortureJob, savepoint);
    this.#done.push(`forked ${name} into ${fork}`);
  }

  async #startFrom(name: string, job: TortureJob, fromSavepoint: number): Promise<void> {
    this.#jobs.set(name, job);
    await retried(() => this.#client.jobs.put(name, { ...job.body, fromSavepoint }));
    const look = () => this.#client.jobs.get(name);
    await found(`${name} to run`, look, ({ state }) => state === "running" || undefined);
  }

  async #savepointOf(job: string, stop: boolean): Promise<number> {
    const { savepoints } = this.#client;
    const before = (await retried(() => savepoints.list(job))).length;
    await unlessConflicting(() => savepoints.create(job, { stop }));
    const look = () => savepoints.list(job);
    return await found(`a savepoint of ${job}`, look, (all) => {
      const [newest] = all;
      if (newest?.state === "failed") throw new Error(`a savepoint of ${job} failed: ${newest.error}`);
      return all.length > before && newest?.state === "done" ? newest.savepoint : undefined;
    });
  }
}

/** Begins what may have been begun already, by a request that was never answered. */
async function unlessConflicting(begin: () => Promise<unknown>): Promise<void> {
  try {
    await retried(begin);
  } catch (cause) {
    const isBegun = cause instanceof RequestError && (cause.status === 409 || cause.status === 404);
    if (!isBegun) throw cause;
  }
}
