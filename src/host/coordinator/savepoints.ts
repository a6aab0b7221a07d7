/**
 * Savepoints of jobs: which there are, and carrying out those that are being taken.
 *
 * A savepoint begins with a barrier in every shard of the job's sources, asked for again until each has it.
 * Then the partitions say how far they are; when all have uploaded what they saved, the manifest is written,
 * and the savepoint is complete.
 *
 *   savepoints  one row each, until it is deleted
 */

import { EngineError } from "../../base/errors.ts";
import type { Barrier } from "../../engine/log/barrier.ts";
import type { RpcResult } from "../../engine/partition-types.ts";
import { writesToStreams } from "../../engine/plan/task-plan.ts";
import type { SqlStorage, SqlValue } from "../../engine/ports.ts";
import type { SavepointStatus } from "../../engine/savepoint/savepoint-store.ts";
import type { SavepointAnswer } from "../../protocol/answers.ts";
import type { SavepointWish } from "../../protocol/savepoint-body.ts";
import { formatTime } from "../../protocol/watermark-text.ts";
import { type BlobStore, manifestName, partName, savedTaskName, stateName } from "../blobs.ts";
import { type SavedStage, writeManifest } from "../savepoint-manifest.ts";
import { callShard, type ShardAddress, type Shards } from "../shards.ts";
import type { WallClock } from "../wall-clock.ts";
import type { JobEntry, StreamEntry } from "./catalog.ts";
import { rangesOf, shardCountOf } from "./shard-ranges.ts";

export interface SavepointEntry {
  readonly savepoint: number;
  readonly job: string;
  readonly run: number;
  readonly state: SavepointAnswer["state"];
  /** Why it failed. */
  readonly error: string | null;
  readonly stop: boolean;
  readonly drain: boolean;
  readonly createdAt: number;
  readonly doneAt: number | null;
  readonly stages: readonly SavedStage[];
  /** How far each partition is that the barrier has come to. */
  readonly saved: readonly SavedPartition[];
}

export interface SavedPartition extends SavepointStatus {
  /** The name of its task, with which those of its blobs begin. */
  readonly name: string;
}

const callTimeoutMs = 5_000;

const columns = "savepoint, job, run, state, error, stop, drain, created_at, done_at, stages, saved";

export class Savepoints {
  readonly #sql: SqlStorage;
  readonly #shards: Shards;
  readonly #clock: WallClock;
  readonly #blobs: BlobStore;

  static createTables(sql: SqlStorage): void {
    sql.run(
      `CREATE TABLE IF NOT EXISTS savepoints (savepoint INTEGER PRIMARY KEY AUTOINCREMENT, job TEXT NOT NULL,
       run INTEGER NOT NULL, state TEXT NOT NULL, error TEXT, stop INTEGER NOT NULL, drain INTEGER NOT NULL,
       created_at INTEGER NOT NULL, done_at INTEGER, stages TEXT NOT NULL, saved TEXT NOT NULL)`,
    );
  }

  constructor(sql: SqlStorage, shards: Shards, clock: WallClock, blobs: BlobStore) {
    Savepoints.createTables(sql);
    this.#sql = sql;
    this.#shards = shards;
    this.#clock = clock;
    this.#blobs = blobs;
  }

  /**
   * Begins a savepoint of a job whose stages read `streams`, and stores that it is wanted. Throws
   * SAVEPOINT_CONFLICT where the job is not ready for one, or is taking another.
   */
  begin(
    { name, run, stages }: JobEntry,
    isReady: boolean,
    streams: readonly StreamEntry[],
    { stop, drain }: SavepointWish,
  ): SavepointEntry {
    const other = this.running().find((entry) => entry.run === run);
    if (!isReady) throw conflict(`Job "${name}" does not run, or not yet everywhere.`);
    if (other) throw conflict(`Job "${name}" is taking savepoint ${other.savepoint}.`);
    const saved = stages.map((stage): SavedStage => {
      const stream = streams.find(({ generation }) => generation === stage.generation);
      if (!stream) return { ...stage, shards: 0 };
      const ranges = stream.definition.ranges && { ranges: rangesOf(stream) };
      return { ...stage, shards: shardCountOf(stream), ...ranges };
    });
    const [row] = this.#sql.run(
      `INSERT INTO savepoints (job, run, state, stop, drain, created_at, stages, saved)
       VALUES (?, ?, 'running', ?, ?, ?, ?, '[]') RETURNING ${columns}`,
      ...[name, run, stop ? 1 : 0, drain ? 1 : 0, this.#clock.now(), JSON.stringify(saved)],
    );
    return readEntry(row ?? []);
  }

  find(savepoint: number): SavepointEntry | undefined {
    return this.#select("WHERE savepoint = ?", savepoint)[0];
  }

  /** Throws SAVEPOINT_NOT_FOUND. */
  get(savepoint: number): SavepointEntry {
    const entry = this.find(savepoint);
    if (entry) return entry;
    throw new EngineError("SAVEPOINT_NOT_FOUND", { message: `There is no savepoint ${savepoint}.` });
  }

  ofJob(job: string): SavepointEntry[] {
    return this.#select("WHERE job = ? ORDER BY savepoint DESC", job);
  }

  /** Those that are being taken. */
  running(): SavepointEntry[] {
    return this.#select("WHERE state = 'running' ORDER BY savepoint");
  }

  /** Forgets one that its job did not live to complete. */
  forget(savepoint: number): void {
    this.#sql.run("DELETE FROM savepoints WHERE savepoint = ?", savepoint);
  }

  /**
   * Goes on with a savepoint that is being taken; returns it as it is then. `completed` is called in the turn
   * that stores it as complete.
   */
  async advance(
    entry: SavepointEntry,
    streams: readonly StreamEntry[],
    completed: () => void,
  ): Promise<SavepointEntry> {
    const { savepoint } = entry;
    const sources = streams.filter(({ definition }) => definition.inputs === undefined);
    const sends = channelCounts(entry.stages, streams);
    const isEntry = (address: ShardAddress) =>
      sources.some(({ generation }) => generation === address.generation);
    const failures: string[] = [];
    const known = new Map(entry.saved.map((saved) => [saved.name, saved]));
    const asked = partitionsOf(streams).map(async (address) => {
      const name = savedTaskName(savepoint, address.generation, address.shard);
      const before = known.get(name);
      if (before?.state === "done") return before;
      const status = await this.#ask(entry, address, isEntry(address) ? sends : undefined);
      if (!status.ok && status.error.code === "JOB_FAILED") failures.push(status.error.message);
      return status.ok && status.value ? { name, ...status.value } : before;
    });
    const answers = await Promise.all(asked);
    const saved = answers.filter((partition) => partition !== undefined);
    // Whoever else went on with it meanwhile may have completed it.
    const now = this.find(savepoint);
    if (now?.state !== "running") return now ?? entry;
    this.#sql.run("UPDATE savepoints SET saved = ? WHERE savepoint = ?", JSON.stringify(saved), savepoint);
    if (failures[0] !== undefined) return this.#fail({ ...entry, saved }, failures[0]);
    const isDone = answers.every((partition) => partition?.state === "done");
    return isDone ? await this.#complete({ ...entry, saved }, completed) : { ...entry, saved };
  }

  /**
   * How far a partition is; null where the barrier has not come to it. `sends` is given of one where it
   * enters.
   */
  async #ask(
    { run, savepoint, stop, drain, stages }: SavepointEntry,
    address: ShardAddress,
    sends: Barrier["sends"],
  ): Promise<RpcResult<SavepointStatus | null>> {
    const partition = this.#shards.open(address);
    if (sends) {
      const stops = stop && stages.some(({ plan }) => writesToStreams(plan));
      const ends = { ...(drain && { drains: true as const }), ...(stops && { stops: true as const }) };
      const barrier = { run, savepoint, sends, ...ends };
      const begun = await callShard(this.#clock, callTimeoutMs, address, () =>
        partition.beginSavepoint(address.generation, barrier),
      );
      if (!begun.ok) return begun;
    }
    return await callShard(this.#clock, callTimeoutMs, address, () =>
      partition.savepointStatus(run, savepoint, this.#clock.now()),
    );
  }

  /** A job that failed in one of its partitions never completes its savepoint. */
  #fail(entry: SavepointEntry, error: string): SavepointEntry {
    const doneAt = this.#clock.now();
    const change = "UPDATE savepoints SET state = 'failed', done_at = ?, error = ? WHERE savepoint = ?";
    this.#sql.run(change, doneAt, error, entry.savepoint);
    return { ...entry, state: "failed", doneAt, error };
  }

  /** Deletes a savepoint and all that it holds; throws SAVEPOINT_CONFLICT for one that is being taken. */
  async delete(savepoint: number): Promise<void> {
    const { state, saved } = this.get(savepoint);
    if (state === "running") throw conflict(`Savepoint ${savepoint} is still being taken.`);
    const remove = async () => {
      const names = await Promise.all(saved.map((partition) => this.#blobsOf(partition)));
      await this.#blobs.delete([manifestName(savepoint), ...names.flat()]);
    };
    await remove().catch((cause: unknown) => {
      const message = `The savepoints' store did not answer: ${String(cause)}`;
      throw new EngineError("PARTITION_UNAVAILABLE", { message, cause });
    });
    this.forget(savepoint);
  }

  /** Names of what a partition uploaded, though its savepoint may have failed before it was done. */
  async #blobsOf({ name, state, parts }: SavedPartition): Promise<string[]> {
    const names = [stateName(name)];
    const isThere = async (part: number) =>
      state === "done" ? part < parts : (await this.#blobs.get(partName(name, part))) !== undefined;
    for (let part = 0; await isThere(part); part++) names.push(partName(name, part));
    return names;
  }

  async #complete(entry: SavepointEntry, completed: () => void): Promise<SavepointEntry> {
    const { savepoint, job, run, stages, saved, createdAt } = entry;
    const doneAt = this.#clock.now();
    const tasks = saved.map(({ name, parts, bytes }) => ({ name, parts, bytes }));
    const manifest = { version: 1, savepoint, job, run, createdAt, doneAt, stages, tasks } as const;
    const isStored = await writeManifest(this.#blobs, manifest).then(
      () => true,
      () => false,
    );
    // The next look tries again.
    if (!isStored || this.find(savepoint)?.state !== "running") return entry;
    this.#sql.run("UPDATE savepoints SET state = 'done', done_at = ? WHERE savepoint = ?", doneAt, savepoint);
    completed();
    return { ...entry, state: "done", doneAt };
  }

  #select(where: string, ...bindings: readonly SqlValue[]): SavepointEntry[] {
    return this.#sql.run(`SELECT ${columns} FROM savepoints ${where}`, ...bindings).map(readEntry);
  }
}

export function conflict(message: string): EngineError {
  return new EngineError("SAVEPOINT_CONFLICT", { message });
}

function readEntry(row: readonly SqlValue[]): SavepointEntry {
  const [savepoint, job, run, state, error, stop, drain, createdAt, doneAt, stages, saved] = row;
  return {
    savepoint: Number(savepoint),
    job: String(job),
    run: Number(run),
    state: state as SavepointEntry["state"],
    error: error === null ? null : String(error),
    stop: stop === 1,
    drain: drain === 1,
    createdAt: Number(createdAt),
    doneAt: doneAt === null ? null : Number(doneAt),
    stages: JSON.parse(String(stages)),
    saved: JSON.parse(String(saved)),
  };
}

/** By how many channels a barrier comes to each stage behind others. */
function channelCounts(
  stages: readonly SavedStage[],
  streams: readonly StreamEntry[],
): Readonly<Record<string, number>> {
  const countOf = (stage: number) => {
    const stream = streams.find(({ generation }) => generation === stages[stage]?.generation);
    return stream ? shardCountOf(stream) : 0;
  };
  const counted = stages.flatMap(({ generation, from }) =>
    from ? [[generation, from.reduce((sum, stage) => sum + countOf(stage), 0)]] : [],
  );
  return Object.fromEntries(counted);
}

function partitionsOf(streams: readonly StreamEntry[]) {
  return streams.flatMap((stream) => {
    const { name, generation } = stream;
    return Array.from({ length: shardCountOf(stream) }, (_, shard) => ({ stream: name, generation, shard }));
  });
}

export function savepointAnswerOf(entry: SavepointEntry, now: number): SavepointAnswer {
  const { savepoint, job, run, state, error, stop, drain, createdAt, doneAt, stages, saved } = entry;
  const sumOf = (field: Exclude<keyof SavepointStatus, "state">) =>
    saved.reduce((sum, partition) => sum + partition[field], 0);
  return {
    ...{ savepoint, job, run, state, ...(error !== null && { error }), stop, drain },
    createdAt: formatTime(createdAt),
    doneAt: doneAt === null ? null : formatTime(doneAt),
    durationMs: (doneAt ?? now) - createdAt,
    tasks: {
      done: saved.filter((partition) => partition.state === "done").length,
      of: stages.reduce((sum, { shards }) => sum + shards, 0),
    },
    parts: { done: sumOf("parts") - sumOf("partsLeft"), of: sumOf("parts") },
    bytes: { done: sumOf("bytes") - sumOf("bytesLeft"), of: sumOf("bytes") },
  };
}
