/**
 * A partition in a Durable Object, driven by hand: rows are applied when told and a checkpoint is taken when
 * told, so that the one can be measured without the other.
 *
 * - `PUT /{object}`, a body of { stream, job }: sets the object up with the job.
 * - `POST /{object}/frame`: logs the frame in the body and applies it.
 * - `POST /{object}/checkpoint`: writes all dirty pages and commits. Answers what was written.
 * - `POST /{object}/expire`: two days pass, and what nobody needs of the log is deleted.
 * - `GET /{object}`: the sum of all counts, read from a new partition over what is stored; rows written so
 *   far.
 */
import { DurableObject } from "cloudflare:workers";
import { kernelModule } from "../../../src/cloudflare/load-kernel.ts";
import { ObjectStorage, PlatformRandom } from "../../../src/cloudflare/object-storage.ts";
import { Partition } from "../../../src/engine/partition.ts";
import type { ScanPosition } from "../../../src/engine/partition-types.ts";
import { planJob } from "../../../src/engine/plan/plan-job.ts";
import { readJobDefinition } from "../../../src/protocol/job-spec.ts";
import { readStreamDefinition } from "../../../src/protocol/stream-spec.ts";
import { identityOf } from "../../engine/stream-facts.ts";

interface Bindings {
  readonly PARTITION: DurableObjectNamespace<PartitionObject>;
}

export interface CheckpointWritten {
  readonly pages: number;
  readonly bytes: number;
}

export interface PartitionFacts {
  /** Sum of the job's output `count` over all rows. */
  readonly counted: number;
  /** As the platform bills them. */
  readonly rowsWritten: number;
}

const jobName = "job";
const pageBudgetBytes = 64 * 1024 * 1024;
const dayMs = 86_400_000;

export class PartitionObject extends DurableObject<Bindings> {
  readonly #ledger: RowLedger;
  #partition: Partition;
  #now = Date.now();

  constructor(state: DurableObjectState, bindings: Bindings) {
    super(state, bindings);
    this.#ledger = new RowLedger(state.storage);
    this.#partition = this.#open();
  }

  setUp(streamBody: unknown, jobBody: unknown): void {
    const stream = readStreamDefinition(streamBody);
    this.#partition.setUp(identityOf(stream));
    const plan = planJob(readJobDefinition(jobBody), stream);
    this.#partition.command(1, { job: jobName, run: 1, revision: 1, state: "running", plan });
  }

  apply(frame: Uint8Array): void {
    const deadline = Number.MAX_SAFE_INTEGER;
    const request = { generation: 1, mapVersion: 1, deadline, tokenId: "bench", producer: undefined, frame };
    const [result] = this.#partition.append([request]);
    if (result?.status !== "logged") throw new Error(`the frame was not logged: ${JSON.stringify(result)}`);
    while (this.#partition.step() > 0);
    this.#ledger.settle();
  }

  checkpoint(): CheckpointWritten {
    this.#partition.jobs.checkpointOld(this.#now + dayMs);
    while (this.#partition.step() > 0);
    this.#ledger.settle();
    const checkpoint = this.#partition.status()?.jobs[0]?.checkpoints[0];
    if (!checkpoint) throw new Error("no checkpoint was taken");
    return { pages: checkpoint.pages, bytes: checkpoint.bytes };
  }

  expire(): void {
    this.#now += 2 * dayMs;
    for (let round = 0; round < 100; round++) this.#partition.trim();
    this.#ledger.settle();
  }

  facts(): PartitionFacts {
    this.#partition = this.#open();
    let counted = 0;
    let after: ScanPosition | undefined;
    for (;;) {
      const scan = { newestFirst: false, limit: 10_000, ...(after ? { after } : {}) };
      const { rows, hasMore } = this.#partition.queryView(jobName, 1, scan);
      for (const { values } of rows) counted += Number(values.count);
      after = rows.at(-1)?.at;
      if (!hasMore) return { counted, rowsWritten: this.#ledger.rowsWritten };
    }
  }

  #open(): Partition {
    const sql = new ObjectStorage(this.#ledger.storage);
    const ports = { sql, clock: { now: () => this.#now }, random: new PlatformRandom() };
    return new Partition(ports, {
      module: kernelModule,
      pageBudget: () => pageBudgetBytes,
      checkpointTurnBytes: pageBudgetBytes,
    });
  }
}

/** Passes statements on to the object's storage and adds up the rows that they wrote. */
class RowLedger {
  readonly storage: DurableObjectStorage;
  rowsWritten = 0;
  #cursors: SqlStorageCursor<Record<string, SqlStorageValue>>[] = [];

  constructor(storage: DurableObjectStorage) {
    const exec = (statement: string, ...bindings: unknown[]) => {
      const cursor = storage.sql.exec(statement, ...bindings);
      if (!statement.startsWith("SELECT")) this.#cursors.push(cursor);
      return cursor;
    };
    const sql = {
      exec,
      get databaseSize() {
        return storage.sql.databaseSize;
      },
    };
    this.storage = { sql } as unknown as DurableObjectStorage;
  }

  /** A cursor knows what was written once it was read to its end. */
  settle(): void {
    for (const cursor of this.#cursors) this.rowsWritten += cursor.rowsWritten;
    this.#cursors = [];
  }
}

export default {
  async fetch(request: Request, { PARTITION }: Bindings): Promise<Response> {
    const [, object = "", action] = new URL(request.url).pathname.split("/");
    const partition = PARTITION.getByName(object);
    if (request.method === "PUT") {
      const { stream, job } = (await request.json()) as { stream: unknown; job: unknown };
      await partition.setUp(stream, job);
      return Response.json({});
    }
    if (action === "frame") {
      await partition.apply(new Uint8Array(await request.arrayBuffer()));
      return Response.json({});
    }
    if (action === "checkpoint") return Response.json(await partition.checkpoint());
    if (action === "expire") {
      await partition.expire();
      return Response.json({});
    }
    return Response.json(await partition.facts());
  },
} satisfies ExportedHandler<Bindings>;
