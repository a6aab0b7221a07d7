/**
 * Savepoints of jobs: which there are, and carrying out those that are being taken.
 *
 * A savepoint begins with a barrier in every shard of the source, asked for again until each has it. Then the
 * partitions say how far they are; when all have uploaded what they saved, the manifest is written, and the
 * savepoint is complete.
 *
 *   savepoints  one row each, until it is deleted
 */
import { EngineError } from "../../base/errors.ts";
import type { SqlStorage, SqlValue } from "../../engine/ports.ts";
import type { SavepointAnswer } from "../../protocol/answers.ts";
import { formatTime } from "../../protocol/watermark-text.ts";
import { type BlobStore, manifestName, partName, savedTaskName, stateName } from "../blobs.ts";
import { callShard, type Shards } from "../shards.ts";
import type { WallClock } from "../wall-clock.ts";
import type { JobEntry, JobStage, StreamEntry } from "./catalog.ts";

/** A stage as it was: where its tasks were, and what they ran. */
export interface SavedStage extends JobStage {
  readonly shards: number;
}

export interface SavepointEntry {
  readonly savepoint: number;
  readonly job: string;
  readonly run: number;
  readonly state: "running" | "done";
  /** Whether the job ends when the savepoint is complete. */
  readonly stops: boolean;
  readonly createdAt: number;
  readonly doneAt: number | null;
  readonly stages: readonly SavedStage[];
  /** Of each partition that is done its name and its parts. */
  readonly saved: readonly SavedPartition[];
}

interface SavedPartition {
  readonly name: string;
  readonly parts: number;
  readonly bytes: number;
}

const callTimeoutMs = 5_000;

/** Time in ms between two looks at a savepoint that is being taken. */
export const savepointPollMs = 100;

const columns = "savepoint, job, run, state, stops, created_at, done_at, stages, saved";

export class Savepoints {
  readonly #sql: SqlStorage;
  readonly #shards: Shards;
  readonly #clock: WallClock;
  readonly #blobs: BlobStore;

  static createTables(sql: SqlStorage): void {
    sql.run(
      `CREATE TABLE IF NOT EXISTS savepoints (savepoint INTEGER PRIMARY KEY AUTOINCREMENT, job TEXT NOT NULL,
       run INTEGER NOT NULL, state TEXT NOT NULL, stops INTEGER NOT NULL, created_at INTEGER NOT NULL,
       done_at INTEGER, stages TEXT NOT NULL, saved TEXT NOT NULL)`,
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
    stops: boolean,
  ): SavepointEntry {
    const other = this.running().find((entry) => entry.run === run);
    if (!isReady) throw conflict(`Job "${name}" does not run, or not yet everywhere.`);
    if (other) throw conflict(`Job "${name}" is taking savepoint ${other.savepoint}.`);
    const saved = stages.map((stage): SavedStage => {
      const stream = streams.find(({ generation }) => generation === stage.generation);
      return { ...stage, shards: stream?.definition.shards ?? 0 };
    });
    const [row] = this.#sql.run(
      `INSERT INTO savepoints (job, run, state, stops, created_at, stages, saved)
       VALUES (?, ?, 'running', ?, ?, ?, '[]') RETURNING ${columns}`,
      ...[name, run, stops ? 1 : 0, this.#clock.now(), JSON.stringify(saved)],
    );
    return readEntry(row ?? []);
  }

  /** Throws SAVEPOINT_NOT_FOUND. */
  get(savepoint: number): SavepointEntry {
    const [entry] = this.#select("WHERE savepoint = ?", savepoint);
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

  /** Goes on with a savepoint that is being taken; returns it as it is then. */
  async advance(entry: SavepointEntry, streams: readonly StreamEntry[]): Promise<SavepointEntry> {
    const { savepoint, run } = entry;
    const [source] = streams;
    const done = new Map(entry.saved.map((saved) => [saved.name, saved]));
    const waiting = partitionsOf(streams).filter(
      ({ generation, shard }) => !done.has(savedTaskName(savepoint, generation, shard)),
    );
    await Promise.all(
      waiting.map(async (address) => {
        const { generation, shard } = address;
        const partition = this.#shards.open(address);
        if (generation === source?.generation) {
          const begun = await callShard(this.#clock, callTimeoutMs, address, () =>
            partition.beginSavepoint(generation, run, savepoint),
          );
          if (!begun.ok) return;
        }
        const status = await callShard(this.#clock, callTimeoutMs, address, () =>
          partition.savepointStatus(run, savepoint),
        );
        if (!status.ok || status.value?.state !== "done") return;
        const name = savedTaskName(savepoint, generation, shard);
        done.set(name, { name, parts: status.value.parts, bytes: status.value.bytes });
      }),
    );
    const saved = [...done.values()];
    this.#sql.run("UPDATE savepoints SET saved = ? WHERE savepoint = ?", JSON.stringify(saved), savepoint);
    if (saved.length < partitionsOf(streams).length) return { ...entry, saved };
    return await this.#complete({ ...entry, saved });
  }

  /** Deletes a savepoint and all that it holds; throws SAVEPOINT_CONFLICT for one that is being taken. */
  async delete(savepoint: number): Promise<void> {
    const { state, saved } = this.get(savepoint);
    if (state === "running") throw conflict(`Savepoint ${savepoint} is still being taken.`);
    const names = saved.flatMap(({ name, parts }) => [
      stateName(name),
      ...Array.from({ length: parts }, (_, part) => partName(name, part)),
    ]);
    await this.#blobs.delete([manifestName(savepoint), ...names]).catch((cause: unknown) => {
      const message = `The savepoints' store did not answer: ${String(cause)}`;
      throw new EngineError("PARTITION_UNAVAILABLE", { message, cause });
    });
    this.forget(savepoint);
  }

  async #complete(entry: SavepointEntry): Promise<SavepointEntry> {
    const { savepoint, job, run, stages, saved, createdAt } = entry;
    const doneAt = this.#clock.now();
    const manifest = { version: 1, savepoint, job, run, createdAt, doneAt, stages, saved };
    const body = new TextEncoder().encode(JSON.stringify(manifest));
    const isStored = await this.#blobs.put(manifestName(savepoint), body).then(
      () => true,
      () => false,
    );
    // The next look tries again.
    if (!isStored) return entry;
    this.#sql.run("UPDATE savepoints SET state = 'done', done_at = ? WHERE savepoint = ?", doneAt, savepoint);
    return { ...entry, state: "done", doneAt };
  }

  #select(where: string, ...bindings: readonly SqlValue[]): SavepointEntry[] {
    return this.#sql.run(`SELECT ${columns} FROM savepoints ${where}`, ...bindings).map(readEntry);
  }
}

function conflict(message: string): EngineError {
  return new EngineError("SAVEPOINT_CONFLICT", { message });
}

function readEntry(row: readonly SqlValue[]): SavepointEntry {
  const [savepoint, job, run, state, stops, createdAt, doneAt, stages, saved] = row;
  return {
    savepoint: Number(savepoint),
    job: String(job),
    run: Number(run),
    state: state === "done" ? "done" : "running",
    stops: stops === 1,
    createdAt: Number(createdAt),
    doneAt: doneAt === null ? null : Number(doneAt),
    stages: JSON.parse(String(stages)),
    saved: JSON.parse(String(saved)),
  };
}

function partitionsOf(streams: readonly StreamEntry[]) {
  return streams.flatMap(({ name, generation, definition }) =>
    Array.from({ length: definition.shards }, (_, shard) => ({ stream: name, generation, shard })),
  );
}

export function savepointAnswerOf(entry: SavepointEntry): SavepointAnswer {
  const { savepoint, job, run, state, createdAt, doneAt, stages, saved } = entry;
  const partitions = stages.reduce((sum, { shards }) => sum + shards, 0);
  return {
    ...{ savepoint, job, run, state },
    createdAt: formatTime(createdAt),
    doneAt: doneAt === null ? null : formatTime(doneAt),
    durationMs: doneAt === null ? null : doneAt - createdAt,
    bytes: saved.reduce((sum, { bytes }) => sum + bytes, 0),
    partitions: { done: saved.length, of: partitions },
  };
}
