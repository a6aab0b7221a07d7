/**
 * The kernels alone, one after the other: decode a body, hash keys, assign windows, find cells, update
 * accumulators.
 *
 * It does what the other contestants do, and nothing else: no frame, no log, no checkpoint.
 */
import type { Schema } from "../../src/columnar/schema.ts";
import { finishRow } from "../../src/engine/plan/finish-row.ts";
import { planJob } from "../../src/engine/plan/plan-job.ts";
import type { TaskPlan } from "../../src/engine/plan/task-plan.ts";
import { gridOfPlan } from "../../src/engine/windows/grid-of-plan.ts";
import { findCells, type KeyedRows, updateAccumulator } from "../../src/kernel/aggregates.ts";
import { type BodyPosition, bodyStart } from "../../src/kernel/json-body.ts";
import { type DecodedPart, JsonDecoder } from "../../src/kernel/json-decoder.ts";
import { Kernel } from "../../src/kernel/kernel.ts";
import { KeyColumns } from "../../src/kernel/keys.ts";
import { PageCache } from "../../src/kernel/page-cache.ts";
import { Slices } from "../../src/kernel/slices.ts";
import { TableLayout } from "../../src/kernel/table-layout.ts";
import { readJobDefinition } from "../../src/protocol/job-spec.ts";
import { readStreamDefinition } from "../../src/protocol/stream-spec.ts";

const rowsMax = 16_384;
const appendTime = 1n;

/** A tumbling job over one stream, without a filter or computed columns. */
export class KernelPipeline {
  readonly #kernel: Kernel;
  readonly #plan: TaskPlan;
  readonly #cache: PageCache;
  readonly #layout: TableLayout;
  readonly #decoder: JsonDecoder;
  readonly #keys: KeyColumns;
  readonly #slices: Slices;
  readonly #columns: readonly number[];
  readonly #scratch: {
    readonly tables: number;
    readonly kept: number;
    readonly late: number;
    readonly cells: number;
  };
  #rows = 0;

  constructor(module: WebAssembly.Module, streamBody: unknown, jobBody: unknown, budgetBytes: number) {
    const stream = readStreamDefinition(streamBody);
    const schema: Schema = { version: 1, columns: stream.columns };
    this.#plan = planJob(readJobDefinition(jobBody), stream);
    const { window, accumulators, sourceColumns } = this.#plan;
    if (!window) throw new Error("the job has a window");
    this.#columns = sourceColumns.map(({ streamColumn }) => streamColumn);
    this.#kernel = new Kernel(module);
    const { memory } = this.#kernel;
    this.#cache = new PageCache(this.#kernel, { budgetBytes });
    this.#layout = new TableLayout(memory, accumulators);
    this.#decoder = new JsonDecoder(this.#kernel, schema);
    this.#keys = new KeyColumns(this.#kernel, rowsMax);
    const openTable = () => this.#cache.openTable(this.#layout, () => undefined);
    this.#slices = new Slices(this.#cache, gridOfPlan(window), openTable);
    const list = () => memory.allocate((rowsMax + 16) * 4);
    this.#scratch = { tables: list(), kept: list(), late: list(), cells: list() };
  }

  /** Forgets all state; memory stays, as in a process that goes on. */
  reset(): void {
    for (const [start, table] of [...this.#slices.entries()]) {
      this.#slices.delete(start);
      this.#cache.dropTable(table);
    }
  }

  apply(body: Uint8Array): void {
    for (let from: BodyPosition | undefined = bodyStart; from; ) {
      const part = this.#decoder.decode(body, "ndjson", from);
      const [bad] = part.rejected;
      if (bad) throw new Error(`a record of the bench was rejected: ${bad.message}`);
      this.#applyPart(part);
      from = part.next;
      part.release();
    }
  }

  /** The view's rows, as the product would finish them. */
  *rows(): Generator<Record<string, unknown>> {
    const size = BigInt(this.#plan.window?.sizeMs ?? 0);
    for (const [start, table] of this.#slices.entries()) {
      for (const page of table.pages()) {
        for (let index = 0; index < page.cellCount; index++) {
          yield finishRow(this.#plan, page.cell(index), { start, end: start + size });
        }
      }
    }
  }

  #applyPart({ batch }: DecodedPart): void {
    const { tables, kept, late, cells } = this.#scratch;
    const columnOf = (input: number) => this.#columns[input] ?? 0;
    this.#cache.reserve(4 << 20);
    this.#cache.beginBatch();
    this.#keys.build(
      batch,
      this.#plan.key.map(({ column }) => columnOf(column)),
      0,
    );
    const assigned = this.#slices.assign({
      times: batch.lanesPointer(columnOf(this.#plan.eventTimeColumn)),
      selection: 0,
      count: batch.rows,
      watermark: -(2n ** 63n),
      lateness: 0n,
      tables,
      kept,
      late,
    });
    const rows: KeyedRows = {
      selection: assigned.selection,
      count: assigned.count,
      keys: this.#keys.keys,
      keyNulls: this.#keys.keyNulls,
      hashes: this.#keys.hashes,
      tables: assigned.tables,
      cells,
    };
    const failure = findCells(this.#kernel, rows, appendTime);
    if (failure) throw new Error(`row ${failure.row}: ${failure.reason}`);
    this.#plan.accumulators.forEach(({ argument }, index) => {
      const column = argument === null ? 0 : batch.columnPointer(columnOf(argument));
      updateAccumulator(this.#kernel, this.#layout, index, rows, column, BigInt(this.#rows));
    });
    this.#rows += batch.rows;
  }
}
