/**
 * The clients of a simulated life: whoever makes the stream and its jobs, producers that repeat a request
 * until it is acknowledged, senders that name no sequence, readers, and someone who pauses jobs.
 *
 * They note what they sent and what was acknowledged; `check-life.ts` compares that with what there is.
 */

import type { ErrorBody } from "../../src/base/errors.ts";
import type { RpcResult } from "../../src/engine/partition-types.ts";
import type { CoordinatorRpc } from "../../src/host/coordinator/coordinator-rpc.ts";
import type { IngestAnswer, ViewAnswer } from "../../src/protocol/answers.ts";
import { readJobDefinition } from "../../src/protocol/job-spec.ts";
import { readStreamDefinition } from "../../src/protocol/stream-spec.ts";
import type { Token } from "../../src/protocol/token.ts";
import type { ViewQuery } from "../../src/protocol/view-query.ts";
import { Random } from "../arbitraries/random.ts";
import type { Deployment, WorkerRpc } from "./deployment.ts";
import { type BranchPlan, waysTo } from "./draw-branches.ts";
import {
  forkOf,
  type JobPlan,
  jobBodyOf,
  needsExchange,
  type SplitPlan,
  sourcesOf,
  streamBodyOf,
  viewsOf,
} from "./draw-life.ts";
import { sinkBodyOf } from "./draw-sink.ts";
import { LetterMender } from "./letter-mender.ts";
import { QueryClients } from "./query-clients.ts";
import type { SentRequest, SentRow, StreamName } from "./sent-requests.ts";
import { describe, type ProcessLife } from "./simulated-process.ts";
import type { Simulation } from "./simulation.ts";
import { Subscriber } from "./subscribers.ts";

interface TimeSpan {
  readonly from: number;
  readonly to: number;
}

/** How long a client waits for an answer before it gives up or tries again. */
const patienceMs = 20_000;
const retryMsMax = 3_000;

const names = ["north", "south", "an item with a longer name than the others", ""];

export class Clients {
  readonly sent: SentRequest[] = [];
  /** Requests and wishes that are still on their way or to be repeated. */
  busy = 0;
  readonly #simulation: Simulation;
  readonly #deployment: Deployment;
  readonly #random: Random;
  readonly #streamRandom: Random;
  readonly #life: ProcessLife;
  /** Of each stream the newest token, and the rows that it covers. */
  readonly #tokens: Record<StreamName, Token> = { events: {}, others: {} };
  readonly #rowsCovered: Record<StreamName, number> = { events: 0, others: 0 };
  /** Of each job that was drained the savepoint. */
  readonly drained = new Map<string, number>();
  readonly #queries: QueryClients;
  readonly mender: LetterMender;
  readonly subscribers: readonly Subscriber[];
  #nextId = 1;
  #jobsMade = 0;
  /** The fork or split that was asked for last. */
  #operation: Promise<void> = Promise.resolve();
  isOver = false;

  constructor(simulation: Simulation, deployment: Deployment, life: ProcessLife) {
    this.#simulation = simulation;
    this.#deployment = deployment;
    this.#random = new Random(simulation.plan.seed ^ 0xc11e);
    this.#streamRandom = new Random(simulation.plan.seed ^ 0x57e4);
    this.#life = life;
    this.#queries = this.#makeQueryClients();
    const random = new Random(simulation.plan.seed ^ 0x3e4d);
    this.mender = new LetterMender({
      ...{ streams: this.#streams, sent: this.sent, random },
      now: () => simulation.now,
      sleep: (ms) => this.#sleep(ms),
      askWorker: (call) => this.#patiently(() => call(this.#worker())),
      wrong: (what) => simulation.report("wrong", what),
    });
    this.subscribers = simulation.plan.subscribers.map(
      (plan) =>
        new Subscriber(plan, {
          ...{ simulation, deployment, life, random, coordinator: this.#coordinator },
          isOver: () => this.isOver,
          sleep: (ms) => this.#sleep(ms),
          patiently: (call) => this.#patiently(call),
        }),
    );
  }

  /** Makes the streams and their jobs, whatever it takes, and then lets everyone else begin. */
  start(): void {
    const { plan } = this.#simulation;
    this.#go(async () => {
      if (plan.queries.length > 0) await this.#startQueries();
      else
        for (const stream of this.#streams) {
          await this.#insist((rpc) =>
            rpc.putStream(stream, readStreamDefinition(streamBodyOf(plan, stream))),
          );
        }
      for (const job of plan.jobs) {
        const { into } = job;
        this.#go(async () => {
          if (into) {
            await this.#insist((rpc) =>
              rpc.putStream(into.stream, readStreamDefinition(sinkBodyOf(plan.waitsForProducers, job, into))),
            );
          }
          await this.#insist((rpc) => rpc.putJob(job.name, readJobDefinition(jobBodyOf(job))));
          this.#jobsMade++;
          if (plan.pausesEveryMs !== undefined) this.#go(() => this.#pause(job.name));
          if (job.isDropped) this.#go(() => this.#drop(job.name));
          else this.#go(() => this.#read(job));
          for (const branch of job.isDropped ? [] : job.branches.keys()) {
            this.#go(() => this.#readBranch(job, branch));
          }
          if (job.fork) this.#go(() => this.#fork(job));
          for (const atMs of job.savesAtMs) this.#go(() => this.#save(job, atMs));
        });
      }
      for (const subscriber of this.subscribers) this.#go(() => subscriber.follow());
      for (const atMs of plan.mendsAtMs) {
        this.#go(async () => {
          await this.#sleep(atMs);
          await this.mender.mend();
        });
      }
      for (const split of plan.splits) this.#go(() => this.#split(split));
      for (let index = 0; index < plan.producers; index++)
        this.#go(() => this.#produce({ id: `producer-${index}`, index }));
      for (let index = 0; index < plan.senders; index++) this.#go(() => this.#produce(undefined));
    });
  }

  async #startQueries(): Promise<void> {
    const { queries, pausesEveryMs } = this.#simulation.plan;
    await this.#queries.createStreams();
    for (const stream of this.#streams) this.#go(() => this.#queries.moveTime(stream));
    for (const query of queries) {
      const started = () => {
        this.#jobsMade++;
        if (pausesEveryMs !== undefined) this.#go(() => this.#pause(query.name));
      };
      this.#go(() => this.#queries.live(query, started));
      if (query.expectedSql) this.#go(() => this.#queries.leaveOutFailing(query));
    }
  }

  #makeQueryClients(): QueryClients {
    const simulation = this.#simulation;
    return new QueryClients({
      ...{ plan: simulation.plan, streams: this.#streams, sent: this.sent, random: this.#random },
      now: () => simulation.now,
      isOver: () => this.isOver,
      sleep: (ms) => this.#sleep(ms),
      askWorker: (call) => this.#patiently(() => call(this.#worker())),
      askCoordinator: (call) => this.#patiently(() => call(this.#coordinator)),
      insist: (call) => this.#insist(call),
      oneByOne: (work) => this.#oneByOne(work),
    });
  }

  /** Ends the streams of a life with queries: all windows are over then. */
  endStreams(): void {
    if (this.#simulation.plan.queries.length > 0) this.#go(() => this.#queries.endStreams());
  }

  /** Has subscribers come back for what they have missed. */
  lookOnce(): void {
    for (const subscriber of this.subscribers) this.#go(() => subscriber.lookOnce());
  }

  /** Reads the whole of each query's view into `views`, as rows of its table. */
  readQueries(views: Map<string, readonly (readonly unknown[])[]>): void {
    for (const { name } of this.#simulation.plan.queries) {
      this.#go(async () => {
        const [answer] = await this.#queries.sql(`SELECT * FROM ${name}`);
        views.set(name, answer?.rows ?? []);
      });
    }
  }

  /** Asks the coordinator until it agrees; a job that is gone needs nothing more. */
  insist<Value>(call: (rpc: CoordinatorRpc) => Promise<RpcResult<Value>>): void {
    this.#go(async () => void (await this.#insist(call)));
  }

  /** Reads a whole view into `views`. */
  readInto(views: Map<string, ViewAnswer["rows"]>, view: string): void {
    this.#go(async () => void views.set(view, await this.#readAll(view)));
  }

  /** Asks the coordinator once and hands its answer on. */
  ask<Value>(call: (rpc: CoordinatorRpc) => Promise<Value>, take: (answer: Value) => void): void {
    this.#go(async () => take(await call(this.#coordinator)));
  }

  async #readAll(view: string): Promise<ViewAnswer["rows"]> {
    const rows: ViewAnswer["rows"][number][] = [];
    for (let cursor: string | undefined; ; ) {
      const page = await this.#worker().read(view, { ...wholeView, cursor });
      if (!page.ok) throw new Error(`${view} cannot be read: ${page.error.message}`);
      rows.push(...page.value.rows);
      cursor = page.value.cursor;
      if (cursor === undefined) return rows;
    }
  }

  get #coordinator(): CoordinatorRpc {
    return this.#deployment.network.stub<CoordinatorRpc>(this.#life, this.#deployment.coordinator);
  }

  #go(work: () => Promise<void>): void {
    this.busy++;
    const failed = (thrown: unknown) => this.#simulation.report("crashed", `a client: ${describe(thrown)}`);
    this.#life.soon(() => {
      work()
        .catch(failed)
        .finally(() => {
          this.busy--;
        });
    });
  }

  async #insist<Value>(call: (rpc: CoordinatorRpc) => Promise<RpcResult<Value>>): Promise<void> {
    while (true) {
      const answer = await this.#patiently(() => call(this.#coordinator));
      if (answer?.ok || answer?.error.code === "JOB_NOT_FOUND") return;
      const isSplit = answer?.error.code === "SPLIT_CONFLICT";
      if (answer && answer.error.status < 500 && !isSplit) throw new Error(answer.error.message);
      await this.#sleep(this.#random.below(retryMsMax));
    }
  }

  get #streams(): StreamName[] {
    return this.#simulation.plan.otherShards === undefined ? ["events"] : ["events", "others"];
  }

  async #produce(producer: { readonly id: string; readonly index: number } | undefined): Promise<void> {
    const { plan } = this.#simulation;
    const pauseMax = (2 * plan.chaosMs) / plan.requestsPerClient;
    const lagMs = producer && plan.lagMs !== undefined ? producer.index * plan.lagMs : undefined;
    let before = this.#simulation.now;
    for (let sequence = 1; sequence <= plan.requestsPerClient; sequence++) {
      await this.#sleep(this.#random.below(pauseMax));
      if (this.isOver) return;
      const { now } = this.#simulation;
      const span = lagMs === undefined ? undefined : { from: before - lagMs, to: now - lagMs };
      before = now;
      const request = this.#drawRequest(producer && { id: producer.id, sequence }, span);
      this.sent.push(request);
      if (producer && !span && this.#random.chance(0.2)) this.#go(() => this.#post(request));
      else await this.#post(request);
    }
  }

  /** Sends a request, and again until it is acknowledged where that is harmless. */
  async #post(request: SentRequest): Promise<void> {
    const body = bodyOf(request);
    const { producer, stream } = request;
    while (true) {
      const message = { stream, body, format: "ndjson", tokenId: "token", producer } as const;
      const answer = await this.#patiently(() => this.#worker().ingest(message));
      if (answer?.ok) {
        this.#noteAnswer(request, answer.value);
        return;
      }
      if (answer && answer.error.status < 500 && answer.error.status !== 429) this.#noteRefusal(answer.error);
      if (!producer) return;
      await this.#sleep(this.#random.below(retryMsMax));
    }
  }

  #noteAnswer(request: SentRequest, answer: IngestAnswer): void {
    request.isAcknowledged = true;
    const { stream } = request;
    const token: Record<string, number> = { ...this.#tokens[stream] };
    for (const [shard, offset] of Object.entries(answer.token)) {
      token[shard] = Math.max(token[shard] ?? 0, offset);
    }
    this.#tokens[stream] = token;
    this.#rowsCovered[stream] += request.rows.length;
    const { accepted, duplicate, rejected } = answer;
    if (accepted + duplicate === request.rows.length && rejected === request.bad.length) return;
    const wanted = `${request.rows.length} rows and ${request.bad.length} bad records`;
    this.#simulation.report("wrong", `${wanted} are answered by ${JSON.stringify(answer)}`);
  }

  #noteRefusal({ code, message }: ErrorBody): void {
    if (code === "APPEND_EXPIRED" || code === "STREAM_NOT_FOUND" || code === "MAP_STALE") return;
    this.#simulation.report("wrong", `a request is refused with ${code}: ${message}`);
  }

  /** Reads now and then, with the newest token: an answer is at least as far as its token. */
  async #read(job: JobPlan): Promise<void> {
    const { plan } = this.#simulation;
    const [view = job.name] = viewsOf(job);
    while (!this.isOver) {
      await this.#sleep(this.#random.below(5_000));
      if (this.isOver) return;
      const { tokens, rowsCovered } = this.#covered(job);
      const query = { ...wholeView, tokens, timeoutMs: 4_000 };
      const answer = await this.#patiently(() => this.#worker().read(view, query));
      if (!answer?.ok) continue;
      const { rows, offsets, cursor } = answer.value;
      const countsAll = job.window.kind === "none" && job.amountMin === undefined && cursor === undefined;
      const shown = rows.reduce((sum, { n }) => sum + Number(n), 0);
      if (countsAll && shown < rowsCovered) {
        this.#simulation.report("wrong", `${view} shows ${shown} rows, the token covers ${rowsCovered}`);
      }
      // The offsets of a second stage are its own.
      if (needsExchange(plan, job)) continue;
      for (const [shard, offset] of Object.entries(tokens.events ?? {})) {
        const reached = offsets[shard] ?? -1;
        if (reached >= offset) continue;
        this.#simulation.report(
          "wrong",
          `${view} shows shard ${shard} to ${reached}, the token is ${offset}`,
        );
      }
    }
  }

  /** Reads a branch in the same way: what the token covers counts along every way that leads there. */
  async #readBranch(job: JobPlan, number: number): Promise<void> {
    const ways = waysTo(job, job.branches[number] as BranchPlan);
    const view = viewsOf(job)[(job.step ? 2 : 1) + number] ?? "";
    while (ways > 0 && !this.isOver) {
      await this.#sleep(this.#random.below(10_000));
      if (this.isOver) return;
      const { tokens, rowsCovered } = this.#covered(job);
      const query = { ...wholeView, tokens, timeoutMs: 4_000 };
      const answer = await this.#patiently(() => this.#worker().read(view, query));
      if (!answer?.ok || answer.value.cursor !== undefined) continue;
      const shown = answer.value.rows.reduce((sum, { n }) => sum + Number(n), 0);
      if (shown >= ways * rowsCovered) continue;
      const found = `${view} shows ${shown} rows by ${ways} ways`;
      this.#simulation.report("wrong", `${found}, the token covers ${rowsCovered}`);
    }
  }

  /** The newest tokens of what a job reads, and the rows that they cover. */
  #covered(job: JobPlan) {
    const sources = sourcesOf(job);
    const tokens = Object.fromEntries(sources.map((stream) => [stream, this.#tokens[stream]]));
    return { tokens, rowsCovered: sources.reduce((sum, stream) => sum + this.#rowsCovered[stream], 0) };
  }

  async #pause(job: string): Promise<void> {
    const { pausesEveryMs = 1 } = this.#simulation.plan;
    while (!this.isOver) {
      await this.#sleep(this.#random.below(2 * pausesEveryMs));
      if (this.isOver) return;
      const state = this.#random.pick(["running", "paused"] as const);
      await this.#patiently(() => this.#coordinator.setJobState(job, state));
    }
  }

  /** Takes a savepoint of a job, whatever that takes, and starts another job from it. */
  async #fork(job: JobPlan): Promise<void> {
    await this.#sleep(job.fork?.atMs ?? 0);
    await this.#oneByOne(() => this.#forkNow(job));
  }

  async #forkNow(job: JobPlan): Promise<void> {
    const drains = job.fork?.drains ?? false;
    let savepoint: number | undefined;
    while (savepoint === undefined) {
      // A job that is paused would keep its savepoint waiting for ever, and a split that is under way.
      for (const { name } of this.#simulation.plan.jobs) {
        await this.#insist((rpc) => rpc.setJobState(name, "running"));
      }
      await this.#patiently(() =>
        this.#coordinator.createSavepoint(job.name, { stop: drains, drain: drains }),
      );
      await this.#sleep(this.#random.below(retryMsMax));
      const listed = await this.#patiently(() => this.#coordinator.savepoints(job.name));
      if (listed?.ok) savepoint = listed.value.find(({ state }) => state === "done")?.savepoint;
    }
    if (drains) this.drained.set(job.name, savepoint);
    const fork = forkOf(this.#simulation.plan, job);
    const body = { ...jobBodyOf(fork), fromSavepoint: savepoint };
    await this.#insist((rpc) => rpc.putJob(fork.name, readJobDefinition(body)));
  }

  /** Takes a savepoint, unless the life is over before that can begin. */
  async #save({ name }: JobPlan, atMs: number): Promise<void> {
    await this.#sleep(atMs);
    while (!this.isOver) {
      const wish = { stop: false, drain: false };
      const answer = await this.#patiently(() => this.#coordinator.createSavepoint(name, wish));
      if (answer?.ok || answer?.error.code === "JOB_NOT_FOUND") return;
      await this.#sleep(this.#random.below(retryMsMax));
    }
  }

  /** Asks for a split until it has begun, or cannot be: the job is gone, or its state cannot be divided. */
  async #split(split: SplitPlan): Promise<void> {
    await this.#sleep(split.atMs);
    // A job that is made later is planned for the shards of then, and has other stages than the plan says.
    const { jobs, queries } = this.#simulation.plan;
    while (this.#jobsMade < jobs.length + queries.length && !this.isOver) await this.#sleep(500);
    await this.#oneByOne(() => this.#splitNow(split));
  }

  async #splitNow({ stage, choice }: SplitPlan): Promise<void> {
    while (!this.isOver) {
      const partition = choice % 3;
      const answer = await this.#patiently(() =>
        stage
          ? this.#coordinator.splitStage(stage.job, stage.stage, partition, undefined)
          : this.#coordinator.splitStream("events", partition, undefined),
      );
      if (answer?.ok) return;
      if (answer && ["SPLIT_UNFIT", "JOB_NOT_FOUND"].includes(answer.error.code)) return;
      await this.#sleep(this.#random.below(retryMsMax));
    }
  }

  /** No stream is split between a savepoint and what begins with it: then it would no longer fit. */
  async #oneByOne(work: () => Promise<void>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const before = this.#operation;
    this.#operation = promise;
    await before;
    await work().finally(resolve);
  }

  async #drop(job: string): Promise<void> {
    await this.#sleep(this.#random.below(this.#simulation.plan.chaosMs));
    await this.#insist((rpc) => rpc.deleteJob(job));
  }

  /** The answer, or undefined where the call failed or took too long. */
  #patiently<Value>(call: () => Promise<RpcResult<Value>>): Promise<RpcResult<Value> | undefined> {
    return new Promise((resolve) => {
      const cancel = this.#life.later(() => resolve(undefined), patienceMs);
      const settle = (answer: RpcResult<Value> | undefined) => {
        cancel();
        resolve(answer);
      };
      call().then(settle, () => settle(undefined));
    });
  }

  #worker(): WorkerRpc {
    const worker = this.#random.pick(this.#deployment.workers);
    return this.#deployment.network.stub<WorkerRpc>(this.#life, worker);
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#life.later(resolve, ms));
  }

  /** `span` is what time a request of an orderly producer covers; it ends where the next one's begins. */
  #drawRequest(producer: SentRequest["producer"], span: TimeSpan | undefined): SentRequest {
    const { plan } = this.#simulation;
    const random = this.#random;
    const rows: SentRow[] = [];
    const bad: string[] = [];
    for (let index = random.between(1, plan.rowsMax); index > 0; index--) {
      const id = this.#nextId++;
      if (random.chance(plan.badRate)) bad.push(`{"id": "bad ${id}", "time": "yesterday"}`);
      else {
        rows.push({
          id,
          time: span
            ? random.between(span.from, span.to) - random.below(plan.outOfOrdernessMs + 1)
            : this.#simulation.now - random.below(plan.spreadMs + 1),
          user: random.chance(0.05) ? null : `user-${random.below(plan.users)}`,
          amount: random.chance(0.1) ? null : random.below(100),
          item: random.chance(0.1) ? null : random.pick(names),
        });
      }
    }
    const [first = "events"] = this.#streams;
    const stream = this.#streams.length > 1 ? this.#streamRandom.pick(this.#streams) : first;
    return { stream, rows, bad, producer, isAcknowledged: false };
  }
}

const wholeView: ViewQuery = {
  key: undefined,
  windowFrom: undefined,
  windowTo: undefined,
  newestFirst: false,
  limit: 1000,
  cursor: undefined,
  top: undefined,
  tokens: {},
  timeoutMs: 0,
};

function bodyOf({ stream, rows, bad }: SentRequest): Uint8Array {
  const textOf = (row: SentRow) => JSON.stringify(stream === "others" ? { ...row, at: row.time } : row);
  const lines = [...rows.map(textOf), ...bad];
  return new TextEncoder().encode(`${lines.join("\n")}\n`);
}
