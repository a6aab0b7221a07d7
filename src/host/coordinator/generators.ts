/**
 * Streams whose rows are made up: a batch of rows each second, while a job reads them.
 *
 * A batch is stored before it is sent, and its rows follow from what is stored: where nobody answers, the
 * same rows are sent again under the same sequence, so that each is there once. A batch that a stream does
 * not take yet is sent again later, and none is made meanwhile.
 */
import type { ErrorBody } from "../../base/errors.ts";
import { encodeUtf8 } from "../../base/utf8.ts";
import type { RpcResult } from "../../engine/partition-types.ts";
import type { SqlStorage, SqlValue } from "../../engine/ports.ts";
import { encodeResult } from "../../interpreter/values/result-json.ts";
import type { RowGenerator } from "../../protocol/row-generator.ts";
import { generateRows, type RowBatch } from "../../sql/batch/generate-rows.ts";
import type { WallClock } from "../wall-clock.ts";
import type { Catalog, StreamEntry } from "./catalog.ts";

const batchMs = 1000;

/** The name under which batches are numbered. */
export const generatorName = "datagen";

/** Appends what was made, as the request of a producer is appended. */
export interface GeneratedStreams {
  /** `body` is a JSON array of records. */
  append(stream: string, body: Uint8Array, sequence: number): Promise<RpcResult<unknown>>;
  /** Sets the watermark to the end of time: no row comes any more. */
  end(stream: string): Promise<RpcResult<unknown>>;
}

export interface GeneratorPorts {
  readonly sql: SqlStorage;
  readonly catalog: Catalog;
  readonly clock: WallClock;
  /** Undefined where nothing is made. */
  readonly generated: GeneratedStreams | undefined;
}

/** How far a stream's rows are made: `rows` of the batch that is being sent, 0 between batches. */
interface Progress extends Omit<RowBatch, "seed"> {
  readonly generation: number;
  /** The number of the batch, from 1 on. */
  readonly batch: number;
  readonly dueAt: number;
}

const table = `CREATE TABLE IF NOT EXISTS generators (
   generation INTEGER PRIMARY KEY, batch INTEGER NOT NULL, first_row INTEGER NOT NULL,
   row_count INTEGER NOT NULL, made_at INTEGER NOT NULL, due_at INTEGER NOT NULL)`;

export class Generators {
  readonly #ports: GeneratorPorts;

  constructor(ports: GeneratorPorts) {
    this.#ports = ports;
    ports.sql.run(table);
  }

  /** Takes up a new stream, if its rows are to be made. */
  add({ generation, definition, createdAt }: StreamEntry): void {
    if (!definition.generator) return;
    this.#store({ generation, batch: 1, from: 0, rows: 0, now: createdAt, dueAt: createdAt });
  }

  /** Of a stream that is deleted, or has all its rows. */
  forget(generation: number): void {
    this.#ports.sql.run("DELETE FROM generators WHERE generation = ?", generation);
  }

  /** When the next rows are due; undefined while no job reads any. */
  nextDueAt(): number | undefined {
    const due = this.#read().map(({ dueAt }) => dueAt);
    return due.length === 0 ? undefined : Math.min(...due);
  }

  /** Makes and sends what is due. */
  async advance(): Promise<void> {
    const now = this.#ports.clock.now();
    const due = this.#read().filter(({ dueAt }) => dueAt <= now);
    // One batch lies in memory at a time.
    for (const progress of due) await this.#advance(progress, now);
  }

  async #advance(progress: Progress, now: number): Promise<void> {
    const { catalog, generated } = this.#ports;
    const { generation } = progress;
    const { name, definition } = catalog.generation(generation) ?? {};
    const generator = definition?.generator;
    if (name === undefined || !generator || !generated) return this.forget(generation);
    const batch = progress.rows > 0 ? progress : begun(progress, generator, now);
    this.#store({ ...batch, dueAt: now + batchMs });
    const answer =
      batch.rows > 0
        ? await generated.append(name, bodyOf(generator, batch), batch.batch)
        : await generated.end(name);
    if (!answer.ok && !isTaken(answer.error)) return;
    if (batch.rows === 0) return this.forget(generation);
    const { from, rows } = batch;
    const isLast = this.#all().some((each) => each.generation === generation && each.batch === batch.batch);
    if (isLast) {
      const next = { from: from + rows, rows: 0, batch: batch.batch + 1 };
      // Seconds that nobody read are not made up for.
      const isOnTime = now - progress.dueAt < batchMs;
      this.#store({ ...batch, ...next, dueAt: (isOnTime ? progress.dueAt : now) + batchMs });
    }
  }

  /** Of streams that a job reads, and all its partitions know. */
  #read(): Progress[] {
    const { catalog } = this.#ports;
    return this.#all().filter(({ generation }) =>
      catalog.jobsOf(generation).some(({ state, run }) => state === "running" && catalog.isRunSettled(run)),
    );
  }

  #all(): Progress[] {
    const columns = "generation, batch, first_row, row_count, made_at, due_at";
    return this.#ports.sql.run(`SELECT ${columns} FROM generators`).map(progressOf);
  }

  #store({ generation, batch, from, rows, now, dueAt }: Progress): void {
    const values = [generation, batch, from, rows, now, dueAt];
    this.#ports.sql.run("INSERT OR REPLACE INTO generators VALUES (?, ?, ?, ?, ?, ?)", ...values);
  }
}

/** True where the batch is there, or another one of its number, which a release before may have made. */
function isTaken({ code }: ErrorBody): boolean {
  return code === "PRODUCER_SEQUENCE_REUSED" || code === "PRODUCER_SEQUENCE_TOO_OLD";
}

function progressOf(row: readonly SqlValue[]): Progress {
  const [generation, batch, from, rows, now, dueAt] = row.map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return { generation, batch, from, rows, now, dueAt };
}

/** The next batch; of no rows where all are made. */
function begun(progress: Progress, { rowsPerSecond, numberOfRows }: RowGenerator, now: number): Progress {
  const left = (numberOfRows ?? Number.POSITIVE_INFINITY) - progress.from;
  return { ...progress, rows: Math.max(0, Math.min(rowsPerSecond, left)), now };
}

function bodyOf(generator: RowGenerator, { generation, batch, ...made }: Progress): Uint8Array {
  const { columns } = generator;
  const seed = Math.imul(generation, 0x9e3779b1) + batch;
  const records = generateRows(generator, { ...made, seed }).map((row) =>
    Object.fromEntries(
      columns.map(({ name, type }, index) => [name, encodeResult(row[index] ?? null, type)]),
    ),
  );
  return encodeUtf8(JSON.stringify(records));
}
