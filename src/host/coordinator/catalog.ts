/**
 * The catalog: streams and jobs as they are wanted, and which shards have not confirmed them yet.
 *
 *   streams     one row per generation; a deleted one stays until every shard has destroyed itself. What
 *               lies between two stages of a job is a stream too, which only its channels write to
 *   jobs        one row per run; a deleted one stays until every shard has dropped it
 *   deliveries  one row per shard and subject that is still to be told: run 0 is the stream itself, above
 *               it a job's run. What is told is not stored here: it is read from the catalog when it is
 *               sent, so it is always the newest. `revision` grows with every change; a confirmation of an
 *               older one confirms nothing.
 *
 * Invariant: generations and runs are never used twice, since objects and logs bear them.
 */
import { assert } from "../../base/assert.ts";
import { streamsMax } from "../../base/limits.ts";
import type { TaskPlan } from "../../engine/plan/task-plan.ts";
import type { SqlStorage, SqlValue } from "../../engine/ports.ts";
import type { KeyGroupRange } from "../../engine/shard-map.ts";
import { checkRoom } from "./check-room.ts";
import { type AnyJobDefinition, fills, stageOfView } from "./job-definitions.ts";
import { type StoredStream, shardCountOf } from "./shard-ranges.ts";

export interface StreamEntry {
  readonly name: string;
  readonly generation: number;
  /** Raised when the schema gains columns; it is the schema's version too. */
  readonly mapVersion: number;
  readonly definition: StoredStream;
  readonly createdAt: number;
  readonly isDeleted: boolean;
}

export interface JobEntry {
  readonly name: string;
  readonly run: number;
  readonly generation: number;
  readonly definition: AnyJobDefinition;
  /** From the sources on: those of an earlier number send to those of a later one. */
  readonly stages: readonly JobStage[];
  readonly restore?: JobRestore;
  readonly state: "running" | "paused" | "deleted";
  readonly createdAt: number;
}

/**
 * The savepoint that a job began with: where its sources' tasks were, and of each stage of the job where the
 * tasks were whose state it goes on with; null for one that began empty.
 */
export interface JobRestore {
  readonly savepoint: number;
  readonly sources: readonly SavedPlace[];
  readonly states: readonly (SavedPlace | null)[];
}

/** Where the tasks of a saved stage were, and their key groups where one had been split. */
export interface SavedPlace {
  readonly generation: number;
  readonly shards: number;
  readonly ranges?: readonly KeyGroupRange[];
}

/** A task of a job, and the generation of the stream that it reads. */
export interface JobStage {
  readonly generation: number;
  readonly plan: TaskPlan;
  /** The name under which its state is saved; absent where it keeps none. */
  readonly operator?: string;
  /** Numbers of the stages that send to it; absent for one in the shards of a stream that people made. */
  readonly from?: readonly number[];
}

/** What a shard is still to be told; `run` 0 is the stream itself. */
export interface Delivery {
  readonly generation: number;
  readonly shard: number;
  readonly run: number;
  readonly revision: number;
  readonly attempts: number;
  readonly dueAt: number;
}

const tables = [
  "CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID",
  `CREATE TABLE IF NOT EXISTS streams (generation INTEGER PRIMARY KEY, name TEXT NOT NULL,
   map_version INTEGER NOT NULL, definition TEXT NOT NULL, created_at INTEGER NOT NULL,
   is_deleted INTEGER NOT NULL)`,
  `CREATE TABLE IF NOT EXISTS jobs (run INTEGER PRIMARY KEY, name TEXT NOT NULL, generation INTEGER NOT NULL,
   definition TEXT NOT NULL, plan TEXT NOT NULL, state TEXT NOT NULL, created_at INTEGER NOT NULL)`,
  `CREATE TABLE IF NOT EXISTS deliveries (generation INTEGER, shard INTEGER, run INTEGER,
   revision INTEGER NOT NULL, attempts INTEGER NOT NULL, due_at INTEGER NOT NULL,
   PRIMARY KEY (generation, shard, run)) WITHOUT ROWID`,
] as const;

const streamColumns = "name, generation, map_version, definition, created_at, is_deleted";
const jobColumns = "name, run, generation, definition, plan, state, created_at";
const deliveryColumns = "generation, shard, run, revision, attempts, due_at";

export class Catalog {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    for (const table of tables) sql.run(table);
  }

  stream(name: string): StreamEntry | undefined {
    return this.#streams("WHERE name = ? AND is_deleted = 0", name)[0];
  }

  /** The stream of a generation, deleted or not. */
  generation(generation: number): StreamEntry | undefined {
    return this.#streams("WHERE generation = ?", generation)[0];
  }

  /** The streams that people made. */
  streams(): StreamEntry[] {
    const all = this.#streams("WHERE is_deleted = 0 ORDER BY name");
    return all.filter(({ definition }) => definition.inputs === undefined);
  }

  /** Throws LIMIT_REACHED where it is one of too many; streams between stages do not count. */
  addStream(name: string, definition: StoredStream, now: number): StreamEntry {
    if (!definition.inputs) checkRoom("streams", this.streams().length, { streamsMax });
    const generation = this.#next("generation");
    const statement = `INSERT INTO streams (${streamColumns}) VALUES (?, ?, 1, ?, ?, 0)`;
    this.#sql.run(statement, name, generation, JSON.stringify(definition), now);
    return { name, generation, mapVersion: 1, definition, createdAt: now, isDeleted: false };
  }

  /** Stores another definition, with more columns or more shards, under its map version. */
  updateStream({ generation, definition, mapVersion }: StreamEntry): void {
    const statement = "UPDATE streams SET definition = ?, map_version = ? WHERE generation = ?";
    this.#sql.run(statement, JSON.stringify(definition), mapVersion, generation);
  }

  markStreamDeleted(generation: number): void {
    this.#sql.run("UPDATE streams SET is_deleted = 1 WHERE generation = ?", generation);
  }

  forgetStream(generation: number): void {
    this.#sql.run("DELETE FROM streams WHERE generation = ?", generation);
    // A deleted job of which shards of another stream are still to be told stays until they are.
    this.#sql.run("DELETE FROM jobs WHERE state = 'deleted' AND run NOT IN (SELECT run FROM deliveries)");
  }

  job(name: string): JobEntry | undefined {
    return this.#jobs("WHERE name = ? AND state <> 'deleted'", name)[0];
  }

  /** The job of a run, deleted or not. */
  run(run: number): JobEntry | undefined {
    return this.#jobs("WHERE run = ?", run)[0];
  }

  jobs(): JobEntry[] {
    return this.#jobs("WHERE state <> 'deleted' ORDER BY name");
  }

  /** The jobs that have the stream of a generation for a source. */
  jobsOf(generation: number): JobEntry[] {
    return this.jobs().filter(({ stages }) =>
      stages.some((stage) => !stage.from && stage.generation === generation),
    );
  }

  /** The jobs that write to the stream of a generation. */
  writersOf(generation: number): JobEntry[] {
    return this.jobs().filter((job) => sinkGenerationsOf(job).includes(generation));
  }

  /** The streams that a job writes to. */
  writtenBy(job: JobEntry): StreamEntry[] {
    return sinkGenerationsOf(job).flatMap((generation) => this.generation(generation) ?? []);
  }

  /** The streams that the job's stages read, stage by stage; without those that are gone already. */
  streamsOf(job: JobEntry): StreamEntry[] {
    return job.stages.flatMap(({ generation }) => this.generation(generation) ?? []);
  }

  /**
   * The job and the stage of a view: a table of SQL by its own name, which wins over a job of that name; else
   * a job's name is its last step's, or of a dataflow that of the last stage that keeps a table; behind a dot
   * any step's or stage's number, from 0 on, its `uid`, or its table's name.
   */
  view(view: string): { job: JobEntry; stage: number } | undefined {
    const [, name = view, wanted] = /^(.*)\.(.+)$/.exec(view) ?? [];
    const filling = this.jobs().find(({ definition }) => fills(definition, view));
    const job = filling ?? this.job(name);
    if (!job) return undefined;
    const stage = stageOfView(job.definition, job.stages.length, filling ? view : wanted);
    return stage === undefined ? undefined : { job, stage };
  }

  addJob(job: Omit<JobEntry, "run" | "state">): JobEntry {
    const run = this.#next("run");
    const { definition, stages, restore } = job;
    const texts = [JSON.stringify(definition), JSON.stringify({ stages, restore })] as const;
    const statement = `INSERT INTO jobs (${jobColumns}) VALUES (?, ?, ?, ?, ?, 'running', ?)`;
    this.#sql.run(statement, job.name, run, job.generation, ...texts, job.createdAt);
    return { ...job, run, state: "running" };
  }

  setJobState(run: number, state: JobEntry["state"]): void {
    this.#sql.run("UPDATE jobs SET state = ? WHERE run = ?", state, run);
  }

  forgetJob(run: number): void {
    this.#sql.run("DELETE FROM jobs WHERE run = ?", run);
  }

  /** Notes that every shard is to be told about `run` (0: the stream itself), at `dueAt` at the latest. */
  addDeliveries(stream: StreamEntry, run: number, dueAt: number): void {
    const revision = this.#next("revision");
    for (let shard = 0; shard < shardCountOf(stream); shard++) {
      this.#addDelivery(stream.generation, shard, run, revision, dueAt);
    }
  }

  /** Notes that one shard is to be told about `run`. */
  addDelivery(generation: number, shard: number, run: number, dueAt: number): void {
    this.#addDelivery(generation, shard, run, this.#next("revision"), dueAt);
  }

  #addDelivery(generation: number, shard: number, run: number, revision: number, dueAt: number): void {
    const statement = `INSERT OR REPLACE INTO deliveries (${deliveryColumns}) VALUES (?, ?, ?, ?, 0, ?)`;
    this.#sql.run(statement, generation, shard, run, revision, dueAt);
  }

  /** What a shard is still to be told, the stream itself first. */
  deliveriesTo(generation: number, shard: number): Delivery[] {
    return this.#deliveries("WHERE generation = ? AND shard = ? ORDER BY run", generation, shard);
  }

  deliveriesDue(now: number): Delivery[] {
    return this.#deliveries("WHERE due_at <= ? ORDER BY generation, shard, run", now);
  }

  /** Whether no shard of any stream is still to be told about a job's run. */
  isRunSettled(run: number): boolean {
    return this.#sql.run("SELECT 1 FROM deliveries WHERE run = ? LIMIT 1", run).length === 0;
  }

  isSettled(generation: number, run: number): boolean {
    const statement = "SELECT 1 FROM deliveries WHERE generation = ? AND run = ? LIMIT 1";
    return this.#sql.run(statement, generation, run).length === 0;
  }

  nextDueAt(): number | undefined {
    const due = this.#sql.run("SELECT min(due_at) FROM deliveries")[0]?.[0];
    return typeof due === "number" ? due : undefined;
  }

  /** Has no delivery due later than `latest`: only a clock that was ahead put it off for so long. */
  hasten(latest: number): void {
    const [last] = this.#sql.run("SELECT max(due_at) FROM deliveries");
    if (Number(last?.[0] ?? 0) <= latest) return;
    this.#sql.run("UPDATE deliveries SET due_at = ? WHERE due_at > ?", latest, latest);
  }

  /** Takes the delivery off, unless something newer is to be told by now. */
  confirm(delivery: Delivery): void {
    const statement =
      "DELETE FROM deliveries WHERE generation = ? AND shard = ? AND run = ? AND revision = ?";
    this.#sql.run(statement, delivery.generation, delivery.shard, delivery.run, delivery.revision);
  }

  postpone({ generation, shard, attempts }: Delivery, dueAt: number): void {
    const statement = "UPDATE deliveries SET attempts = ?, due_at = ? WHERE generation = ? AND shard = ?";
    this.#sql.run(statement, attempts + 1, dueAt, generation, shard);
  }

  /** Drops what the jobs of a deleted stream were still to be told: their shards are destroyed. */
  dropJobDeliveries(generation: number): void {
    this.#sql.run("DELETE FROM deliveries WHERE generation = ? AND run > 0", generation);
  }

  /** A number for a producer that is registered. */
  nextRegistration(): number {
    return this.#next("registration");
  }

  #next(counter: string): number {
    const statement = `INSERT INTO counters (name, value) VALUES (?, 1)
      ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value`;
    const value = this.#sql.run(statement, counter)[0]?.[0];
    assert(typeof value === "number", "a counter has a value");
    return value;
  }

  #streams(where: string, ...bindings: SqlValue[]): StreamEntry[] {
    const rows = this.#sql.run(`SELECT ${streamColumns} FROM streams ${where}`, ...bindings);
    return rows.map(([name, generation, mapVersion, definition, createdAt, isDeleted]) => ({
      name: String(name),
      generation: Number(generation),
      mapVersion: Number(mapVersion),
      definition: JSON.parse(String(definition)),
      createdAt: Number(createdAt),
      isDeleted: isDeleted === 1,
    }));
  }

  #jobs(where: string, ...bindings: SqlValue[]): JobEntry[] {
    const rows = this.#sql.run(`SELECT ${jobColumns} FROM jobs ${where}`, ...bindings);
    return rows.map(([name, run, generation, definition, plan, state, createdAt]) => ({
      name: String(name),
      run: Number(run),
      generation: Number(generation),
      definition: JSON.parse(String(definition)),
      ...readPlan(Number(generation), JSON.parse(String(plan))),
      state: String(state) as JobEntry["state"],
      createdAt: Number(createdAt),
    }));
  }

  #deliveries(where: string, ...bindings: SqlValue[]): Delivery[] {
    const rows = this.#sql.run(`SELECT ${deliveryColumns} FROM deliveries ${where}`, ...bindings);
    return rows.map(([generation, shard, run, revision, attempts, dueAt]) => ({
      generation: Number(generation),
      shard: Number(shard),
      run: Number(run),
      revision: Number(revision),
      attempts: Number(attempts),
      dueAt: Number(dueAt),
    }));
  }
}

type JobPlan = Pick<JobEntry, "stages" | "restore">;

/** Release 0.1.0 stored the plan of the only stage as it is. */
function readPlan(generation: number, stored: TaskPlan | JobPlan): JobPlan {
  return "stages" in stored ? stored : { stages: [{ generation, plan: stored }] };
}

function sinkGenerationsOf({ stages }: JobEntry): number[] {
  const sends = stages.flatMap(({ plan }) => (plan.edges ?? []).map(({ send }) => send));
  return sends.flatMap(({ into, to }) => (into ? [to.generation] : []));
}
