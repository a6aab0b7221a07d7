/**
 * Splits of partitions, live: which there were, and carrying out the one that is under way.
 *
 * A shard that is split takes from one record of its log on only the rows that stay with it, and says with
 * what the new one's log begins; then workers route by the new map. Between stages the new map enters the
 * senders' logs instead, and each tells the partition that is split with a barrier where the old map ends.
 * Either way a task takes its state apart at one record of its log, and the new partition's begins with what
 * it gave away (`engine/task/task-barrier.ts`).
 *
 * Every step may come again: a split that breaks off is begun anew from its first one.
 *
 *   splits  one row each, kept as the history of the stream
 */
import { EngineError } from "../../base/errors.ts";
import { maxParallelism } from "../../base/limits.ts";
import { savepointOfSplit } from "../../engine/log/barrier.ts";
import type { RpcResult } from "../../engine/partition-types.ts";
import type { SqlStorage, SqlValue } from "../../engine/ports.ts";
import type { SplitAnswer } from "../../protocol/answers.ts";
import { formatTime } from "../../protocol/watermark-text.ts";
import { callShard, type Shards } from "../shards.ts";
import type { WallClock } from "../wall-clock.ts";
import type { Catalog, JobEntry, StreamEntry } from "./catalog.ts";
import { CommandDelivery, identityOf } from "./command-delivery.ts";
import { channelsFrom, divided, rangesOf, shardCountOf } from "./shard-ranges.ts";
import { streamRun } from "./start-job.ts";

export interface SplitEntry {
  readonly split: number;
  readonly stream: string;
  readonly generation: number;
  /** The run whose stage is split; 0 for a stream that people made. */
  readonly run: number;
  readonly parent: number;
  readonly child: number;
  /** Key groups [first, end) of the parent before, and the first one that the child gets. */
  readonly first: number;
  readonly middle: number;
  readonly end: number;
  /** `dividing` until workers route by the new map, then `moving` until the state is there. */
  readonly state: "dividing" | "moving" | "done";
  readonly createdAt: number;
  readonly doneAt: number | null;
}

const callTimeoutMs = 5_000;

/** Time in ms between two looks at a split that is under way. */
export const splitPollMs = 20;

const columns =
  "split, stream, generation, run, parent, child, first, middle, end, state, created_at, done_at";

export class Splits {
  readonly #sql: SqlStorage;
  readonly #catalog: Catalog;
  readonly #shards: Shards;
  readonly #clock: WallClock;
  readonly #delivery: CommandDelivery;
  /** Two requests may wait for one split: only one goes on with it. */
  readonly #advancing = new Map<number, Promise<SplitEntry>>();

  constructor(
    sql: SqlStorage,
    catalog: Catalog,
    shards: Shards,
    clock: WallClock,
    delivery: CommandDelivery,
  ) {
    sql.run(
      `CREATE TABLE IF NOT EXISTS splits (split INTEGER PRIMARY KEY AUTOINCREMENT,
       stream TEXT NOT NULL, generation INTEGER NOT NULL, run INTEGER NOT NULL, parent INTEGER NOT NULL,
       child INTEGER NOT NULL, first INTEGER NOT NULL, middle INTEGER NOT NULL, end INTEGER NOT NULL,
       state TEXT NOT NULL, created_at INTEGER NOT NULL, done_at INTEGER)`,
    );
    this.#sql = sql;
    this.#catalog = catalog;
    this.#shards = shards;
    this.#clock = clock;
    this.#delivery = delivery;
  }

  /**
   * Notes that a partition of a stream is to be split, at `middle` or else in the middle. `job` is the one
   * whose stage it is, undefined for a shard of a stream that people made. Throws SPLIT_UNFIT.
   */
  begin(stream: StreamEntry, job: JobEntry | undefined, parent: number, middle?: number): SplitEntry {
    const [first, end] = this.#divisible(stream, job, parent);
    const at = middle ?? Math.floor((first + end) / 2);
    if (at <= first || at >= end) {
      throw unfit(
        `Partition ${parent} has the key groups ${first} to ${end - 1}: ${at} does not divide them.`,
      );
    }
    const [row] = this.#sql.run(
      `INSERT INTO splits (stream, generation, run, parent, child, first, middle, end, state, created_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'dividing', ?) RETURNING ${columns}`,
      ...[stream.name, stream.generation, job?.run ?? 0, parent, shardCountOf(stream)],
      ...[first, at, end, this.#clock.now()],
    );
    return readEntry(row ?? []);
  }

  /** Newest first. */
  ofStreams(generations: readonly number[]): SplitEntry[] {
    const places = generations.map(() => "?").join(", ");
    return this.#select(`WHERE generation IN (${places}) ORDER BY split DESC`, ...generations);
  }

  /** Those of a job's stages behind exchanges, with the number of the stage; newest first. */
  ofJob({ stages }: JobEntry): (SplitAnswer & { readonly stage: number })[] {
    const generations = stages.map(({ generation }) => generation);
    return this.ofStreams(generations.slice(1)).map((entry) => {
      return { stage: generations.indexOf(entry.generation), ...splitAnswerOf(entry) };
    });
  }

  /** Those that are under way. */
  running(): SplitEntry[] {
    return this.#select("WHERE state <> 'done' ORDER BY split");
  }

  /** True while nobody can say yet by which map the stream's rows go. */
  isDividing(generation: number): boolean {
    return this.#select("WHERE state = 'dividing' AND generation = ?", generation).length > 0;
  }

  /** Goes on with a split; returns it as it is then. */
  advance(entry: SplitEntry): Promise<SplitEntry> {
    const running = this.#advancing.get(entry.split);
    if (running) return running;
    const work = this.#advance(entry.split).finally(() => this.#advancing.delete(entry.split));
    this.#advancing.set(entry.split, work);
    return work;
  }

  async #advance(split: number): Promise<SplitEntry> {
    const [entry] = this.#select("WHERE split = ?", split);
    if (!entry) throw new EngineError("SPLIT_CONFLICT", { message: `Split ${split} was given up.` });
    const stream = this.#catalog.generation(entry.generation);
    if (!stream || stream.isDeleted) return await this.#giveUp(entry);
    if (entry.state === "dividing" && !(await this.#divide(entry, stream))) return entry;
    return await this.#move({ ...entry, state: entry.state === "done" ? "done" : "moving" });
  }

  /** The stream is gone: nobody else would destroy a partition that never came into its map. */
  async #giveUp(entry: SplitEntry): Promise<SplitEntry> {
    const { split, stream, generation, child } = entry;
    const destroyed = await this.#call(stream, generation, child, (rpc) => rpc.destroy(generation));
    if (!destroyed.ok) return entry;
    this.#sql.run("DELETE FROM splits WHERE split = ?", split);
    return { ...entry, state: "done", doneAt: this.#clock.now() };
  }

  /** Returns true when workers may route by the new map. */
  async #divide(entry: SplitEntry, stream: StreamEntry): Promise<boolean> {
    const { split, run, parent, child } = entry;
    const jobs = run === 0 ? this.#catalog.jobsOf(stream.generation) : this.#jobOfRun(run);
    const senders = run === 0 ? undefined : this.#streamsBefore(entry);
    const inputs = senders?.flatMap(channelsFrom);
    const withRuns = (runs: readonly number[]) => divided(stream, { ...entry, awaits: runs, inputs });
    const runs = jobs.map((job) => job.run);
    const next = withRuns(runs);
    const { name, generation } = stream;
    const others = rangesOf(stream).flatMap((_, shard) => (run === 0 && shard === parent ? [] : [shard]));
    const known = await Promise.all(
      others.map((shard) => this.#call(name, generation, shard, (rpc) => rpc.setUp(identityOf(next, shard)))),
    );
    if (!known.every(({ ok }) => ok)) return false;
    const isBegun = senders
      ? await this.#divideSenders(entry, senders, next)
      : await this.#divideShard(entry, next);
    // Meanwhile the stream may have gone: then there is nothing to split.
    if (!isBegun || this.#catalog.generation(generation)?.isDeleted !== false) return false;
    const dueAt = CommandDelivery.dueAgainAt(this.#clock.now());
    const left = runs.filter((each) => this.#catalog.run(each));
    this.#catalog.updateStream(withRuns(left));
    // A job that has gone meanwhile will never come: the new partition is told not to wait for it.
    for (const each of left.length < runs.length ? [streamRun, ...left] : left) {
      this.#catalog.addDelivery(generation, child, each, dueAt);
    }
    this.#sql.run("UPDATE splits SET state = 'moving' WHERE split = ?", split);
    return true;
  }

  async #divideShard({ split, parent, child, middle }: SplitEntry, next: StreamEntry): Promise<boolean> {
    const { name, generation } = next;
    const identity = identityOf(next, parent);
    const handover = await this.#call(name, generation, parent, (rpc) =>
      rpc.split({ split, child, middle, identity }, this.#clock.now()),
    );
    if (!handover.ok) return false;
    const begun = await this.#call(name, generation, child, (rpc) =>
      rpc.setUp(identityOf(next, child), handover.value),
    );
    return begun.ok;
  }

  async #divideSenders(
    entry: SplitEntry,
    senders: readonly StreamEntry[],
    next: StreamEntry,
  ): Promise<boolean> {
    const { split, run, parent, child, middle } = entry;
    const begun = await this.#call(next.name, next.generation, child, (rpc) =>
      rpc.setUp(identityOf(next, child)),
    );
    if (!begun.ok) return false;
    const channels = senders.flatMap(channelsFrom).length;
    const savepoint = savepointOfSplit(split);
    const barrier = { run, savepoint, channels, split: { child, middle } };
    const change = { run, generation: next.generation, parent, barrier, ranges: rangesOf(next) };
    const told = await Promise.all(
      senders.flatMap(({ name, generation, definition }) =>
        rangesOf({ definition }).map((_, shard) =>
          this.#call(name, generation, shard, (rpc) => rpc.beginMap(generation, split, change)),
        ),
      ),
    );
    return told.every(({ ok }) => ok);
  }

  /** The split is done when every run that was there has its state in the new partition. */
  async #move(entry: SplitEntry): Promise<SplitEntry> {
    const { split, generation, child } = entry;
    if (entry.state === "done") return entry;
    await this.#delivery.deliverTo(generation, child);
    if (this.#catalog.deliveriesTo(generation, child).length > 0) return entry;
    const doneAt = this.#clock.now();
    this.#sql.run("UPDATE splits SET state = 'done', done_at = ? WHERE split = ?", doneAt, split);
    return { ...entry, state: "done", doneAt };
  }

  /** The key groups of a partition that can be split. */
  #divisible(stream: StreamEntry, job: JobEntry | undefined, parent: number): readonly [number, number] {
    const range = rangesOf(stream)[parent];
    const count = shardCountOf(stream);
    if (!range) throw unfit(`"${stream.name}" has the partitions 0 to ${count - 1}, not ${parent}.`);
    if (count >= maxParallelism)
      throw unfit(`"${stream.name}" has ${count} partitions, the most there can be.`);
    for (const { name, stages } of job ? [job] : this.#catalog.jobsOf(stream.generation)) {
      const plan = stages.find(({ generation }) => generation === stream.generation)?.plan;
      if (!plan || plan.send || plan.routingKey.length > 0) continue;
      // What a dataflow keeps in shards is by the columns that rows come by.
      if (plan.chain?.source && !plan.chain.result) continue;
      throw unfit(
        plan.key.length === 0
          ? `Job "${name}" has no key: one partition keeps its only row.`
          : `Job "${name}" aggregates in the shards of "${stream.name}" by a key that rows do not come by, ` +
              'so its state cannot be divided. Start it with "parallelism", and split its stage.',
      );
    }
    return range;
  }

  /** The streams whose partitions send to the stage that is split. */
  #streamsBefore({ run, generation }: SplitEntry): StreamEntry[] {
    const stages = this.#catalog.run(run)?.stages ?? [];
    const { from = [] } = stages.find((each) => each.generation === generation) ?? {};
    return from.flatMap((stage) => this.#catalog.generation(stages[stage]?.generation ?? 0) ?? []);
  }

  #jobOfRun(run: number): JobEntry[] {
    const job = this.#catalog.run(run);
    return job ? [job] : [];
  }

  #call<Value>(
    stream: string,
    generation: number,
    shard: number,
    call: (rpc: ReturnType<Shards["open"]>) => Promise<RpcResult<Value>>,
  ): Promise<RpcResult<Value>> {
    const address = { stream, generation, shard };
    return callShard(this.#clock, callTimeoutMs, address, () => call(this.#shards.open(address)));
  }

  #select(where: string, ...bindings: readonly SqlValue[]): SplitEntry[] {
    return this.#sql.run(`SELECT ${columns} FROM splits ${where}`, ...bindings).map(readEntry);
  }
}

export function splitAnswerOf(entry: SplitEntry): SplitAnswer {
  const { split, parent, child, first, middle, end, state, createdAt, doneAt } = entry;
  return {
    ...{ split, state: state === "done" ? "done" : "running", parent, child },
    keyGroups: { parent: [first, middle - 1], child: [middle, end - 1] },
    createdAt: formatTime(createdAt),
    doneAt: doneAt === null ? null : formatTime(doneAt),
    durationMs: doneAt === null ? null : doneAt - createdAt,
  };
}

function unfit(message: string): EngineError {
  return new EngineError("SPLIT_UNFIT", { message });
}

function readEntry(row: readonly SqlValue[]): SplitEntry {
  const [split, stream, generation, run, parent, child, first, middle, end, state, createdAt, doneAt] = row;
  return {
    split: Number(split),
    stream: String(stream),
    generation: Number(generation),
    run: Number(run),
    parent: Number(parent),
    child: Number(child),
    first: Number(first),
    middle: Number(middle),
    end: Number(end),
    state: state as SplitEntry["state"],
    createdAt: Number(createdAt),
    doneAt: doneAt === null ? null : Number(doneAt),
  };
}
