/**
 * A whole partition in this process over a file of SQLite: appends are logged, a job counts and adds up by
 * key, checkpoints are taken when they are due.
 *
 * SQLite runs with a write-ahead log and does not wait for the disk; all else is what an object does.
 */
import { CELL_KEY_OFFSET, COLUMN_NULL_COUNT } from "../../assembly/abi.ts";
import { checkpointTurnBytesMax } from "../../src/base/limits.ts";
import { kindOf } from "../../src/columnar/schema.ts";
import { Partition } from "../../src/engine/partition.ts";
import { planJob } from "../../src/engine/plan/plan-job.ts";
import { ColumnBatch } from "../../src/kernel/column-batch.ts";
import { FrameEncoder, noWatermark } from "../../src/kernel/frame-codec.ts";
import { Kernel } from "../../src/kernel/kernel.ts";
import type { KeyedTable } from "../../src/kernel/keyed-table.ts";
import { KeyColumns } from "../../src/kernel/keys.ts";
import { firstRows } from "../../src/kernel/selection.ts";
import { readJobDefinition } from "../../src/protocol/job-spec.ts";
import { readStreamDefinition } from "../../src/protocol/stream-spec.ts";
import { portsOver, type TestPorts } from "../../test/support/manual-ports.ts";
import { NodeStorage } from "../../test/support/node-storage.ts";
import type { KeyedAmounts } from "../inputs/keyed-amounts.ts";
import { identityOf } from "./stream-facts.ts";

/** Rows of a frame: about 1 MiB decoded. */
export const rowsPerFrame = 65_536;

const jobName = "totals";
const definition = readStreamDefinition({
  columns: [
    { name: "id", type: "BIGINT" },
    { name: "time", type: "TIMESTAMP(3)" },
    { name: "amount", type: "BIGINT" },
  ],
  eventTime: { column: "time", outOfOrderness: "1h" },
});
const plan = planJob(
  readJobDefinition({
    source: "bench",
    key: ["id"],
    retention: "forever",
    aggregates: {
      count: { function: "count" },
      sum: { function: "sum", argument: "amount" },
      most: { function: "max", argument: "amount" },
    },
  }),
  definition,
);

export interface Totals {
  readonly key: number;
  readonly count: number;
  readonly sum: number;
}

export class FilePartition {
  readonly #storage: NodeStorage;
  readonly #ports: TestPorts<NodeStorage>;
  readonly #options: ConstructorParameters<typeof Partition>[1];
  readonly #encoder: AmountEncoder;
  #partition: Partition;

  constructor(module: WebAssembly.Module, path: string, pageBudgetBytes: number) {
    this.#storage = new NodeStorage(path);
    this.#ports = portsOver(this.#storage, 1_000_000);
    this.#options = {
      module,
      pageBudget: () => pageBudgetBytes,
      checkpointTurnBytes: checkpointTurnBytesMax,
    };
    this.#encoder = new AmountEncoder(module);
    this.#partition = new Partition(this.#ports, this.#options);
    this.#turn(() => {
      this.#partition.setUp(identityOf(definition));
      this.#partition.command(1, { job: jobName, run: 1, state: "running", revision: 1, plan });
    });
  }

  /** Logs rows, in frames; the job has not applied them yet. */
  append({ keys, amounts }: KeyedAmounts): void {
    for (let from = 0; from < keys.length; from += rowsPerFrame) {
      const end = Math.min(keys.length, from + rowsPerFrame);
      for (const frame of this.#encoder.encode(keys.subarray(from, end), amounts.subarray(from, end))) {
        const place = { generation: 1, mapVersion: 1, deadline: Number.MAX_SAFE_INTEGER, tokenId: "t" };
        const [result] = this.#turn(() => this.#partition.append([{ ...place, producer: undefined, frame }]));
        if (result?.status !== "logged") throw new Error(`the append was ${JSON.stringify(result)}`);
      }
    }
  }

  /** Works until the job has applied the log, and a checkpoint holds it where that is wanted. */
  settle(withCheckpoint: boolean, seen: () => void = () => undefined): void {
    const work = () => {
      while (this.#turn(() => this.#partition.step()) > 0) seen();
    };
    work();
    if (withCheckpoint) {
      this.#ports.clock.time += 60_000;
      this.#turn(() => this.#partition.jobs.checkpointOld(this.#ports.clock.now()));
      work();
    }
    const [status] = this.#partition.jobs.statuses();
    if (status?.error) throw new Error(status.error.message);
  }

  /** Lets the log's retention pass: what the job has applied, and a checkpoint holds, is deleted. */
  trim(): void {
    this.#ports.clock.time += 30 * 86_400_000;
    this.#turn(() => this.#partition.trim());
    this.settle(false);
  }

  /** The object is gone with its memory; another one opens its storage. */
  evict(): void {
    this.#storage.crash();
    this.#partition = new Partition(this.#ports, this.#options);
  }

  /** What the job has of a key: the first answer of an object that was evicted opens the job. */
  lookUp(key: number): Totals | undefined {
    const bytes = new Uint8Array(new BigInt64Array([BigInt(key)]).buffer);
    const scan = { newestFirst: false, limit: 1, key: { bytes, nulls: 0 } };
    const { rows } = this.#turn(() => this.#partition.queryView(jobName, 1, scan));
    const [row] = rows;
    return row && { key, count: Number(row.values.count), sum: Number(row.values.sum) };
  }

  /** All of the state, page by page, straight from the cells. */
  *totals(): Generator<Totals> {
    const { memory } = this.#partition.jobs.cache.kernel;
    for (const { pages, layout } of this.#tables()) {
      const [count, sum] = layout.accumulators.map(({ offset }) => offset) as [number, number];
      for (const page of pages()) {
        const { view } = memory;
        for (let index = 0; index < page.cellCount; index++) {
          const cell = page.cellsPointer + index * layout.cellBytes;
          yield {
            key: Number(view.getBigInt64(page.address + view.getUint16(cell + CELL_KEY_OFFSET, true), true)),
            count: Number(view.getBigInt64(cell + count, true)),
            sum: Number(view.getBigInt64(cell + sum, true)),
          };
        }
      }
    }
  }

  /** Bytes of the pages of the state, each in its newest version. */
  stateBytes(): number {
    const newest = "SELECT max(length(bytes)) AS bytes FROM pages GROUP BY tbl, first_hash";
    return Number(this.#turn(() => this.#storage.run(`SELECT sum(bytes) FROM (${newest})`))[0]?.[0] ?? 0);
  }

  /** Bytes of the kernel's whole memory. */
  get wasmBytes(): number {
    return this.#partition.jobs.cache.kernel.memory.bytesTotal;
  }

  get statistics() {
    return this.#partition.jobs.cache.statistics;
  }

  close(): void {
    this.#storage.close();
  }

  *#tables() {
    const { tables } = this.#partition.jobs.taskOf(jobName);
    for (const entry of tables.stored()) {
      const keyed: KeyedTable = tables.openEntry(entry).keyed;
      yield { layout: keyed.layout, pages: () => keyed.pages() };
    }
  }

  #turn<Value>(work: () => Value): Value {
    const value = work();
    this.#storage.commit();
    return value;
  }
}

/** The keys below `count` in the order of their hashes: in which a state is built page by page. */
export function keysInHashOrder(module: WebAssembly.Module, count: number): Uint32Array {
  const encoder = new AmountEncoder(module);
  const places = new BigUint64Array(count);
  const indexBits = BigInt(Math.ceil(Math.log2(count)));
  for (let from = 0; from < count; from += rowsPerFrame) {
    const keys = Uint32Array.from({ length: Math.min(rowsPerFrame, count - from) }, (_, row) => from + row);
    encoder.hashes(keys).forEach((hash, row) => {
      places[from + row] = ((hash >> indexBits) << indexBits) | BigInt(from + row);
    });
  }
  places.sort();
  return Uint32Array.from(places, (place) => Number(BigInt.asUintN(Number(indexBits), place)));
}

class AmountEncoder {
  readonly #kernel: Kernel;
  readonly #batch: ColumnBatch;
  readonly #keys: KeyColumns;
  readonly #frames: FrameEncoder;

  constructor(module: WebAssembly.Module) {
    const { columns } = definition;
    this.#kernel = new Kernel(module);
    this.#batch = new ColumnBatch(
      this.#kernel.memory,
      columns.map(({ type }) => kindOf(type)),
      rowsPerFrame,
    );
    this.#keys = new KeyColumns(this.#kernel, rowsPerFrame);
    this.#frames = new FrameEncoder(this.#kernel, { version: 1, columns });
    for (let column = 0; column < columns.length; column++) {
      this.#lanes(column, rowsPerFrame).fill(0n);
      this.#kernel.memory.view.setUint32(this.#batch.columnPointer(column) + COLUMN_NULL_COUNT, 0, true);
    }
  }

  encode(keys: Uint32Array, amounts: Uint32Array): Uint8Array[] {
    this.#fill(keys, amounts);
    const sequence = { offset: 0, part: 0 };
    const label = { channel: 0n, sequence, previous: sequence, watermark: noWatermark, schemaVersion: 1 };
    return this.#frames.encode(label, this.#batch, firstRows(keys.length), []);
  }

  hashes(keys: Uint32Array): BigUint64Array {
    this.#fill(keys, keys);
    this.#keys.build(this.#batch, [0], 0);
    const { bytes } = this.#kernel.memory;
    return new BigUint64Array(bytes.buffer as ArrayBuffer, this.#keys.hashes, keys.length).slice();
  }

  #fill(keys: Uint32Array, amounts: Uint32Array): void {
    this.#batch.rows = keys.length;
    const [ids, sums] = [this.#lanes(0, keys.length), this.#lanes(2, keys.length)];
    for (let row = 0; row < keys.length; row++) {
      ids[row] = BigInt(keys[row] as number);
      sums[row] = BigInt(amounts[row] as number);
    }
  }

  #lanes(column: number, rows: number): BigInt64Array {
    return this.#kernel.memory.i64(this.#batch.lanesPointer(column), rows);
  }
}
