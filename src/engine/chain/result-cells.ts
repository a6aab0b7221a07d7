/**
 * Rows of results as cells: the key's columns, and an accumulator for each other one, which is set anew with
 * every row.
 */
import { EngineError } from "../../base/errors.ts";
import { accumulatorStringBytesMax, cellStringBytesMax, keyBytesMax } from "../../base/limits.ts";
import { type Kind, kindOf } from "../../columnar/schema.ts";
import type { LaneValue } from "../../columnar/values.ts";
import { findCells, updateAccumulator } from "../../kernel/aggregates.ts";
import type { ColumnBatch } from "../../kernel/column-batch.ts";
import { fillBatch } from "../../kernel/fill-batch.ts";
import type { KeyedTable } from "../../kernel/keyed-table.ts";
import { KeyColumns } from "../../kernel/keys.ts";
import type { PageCache } from "../../kernel/page-cache.ts";
import type { TableFailure } from "../../kernel/table-failure.ts";
import type { TableLayout } from "../../kernel/table-layout.ts";
import { TouchedCells } from "../../kernel/touched-cells.ts";
import type { TaskPlan } from "../plan/task-plan.ts";

/** A row in lanes. */
export interface ResultRow {
  readonly key: readonly LaneValue[];
  /** In the order of the plan's accumulators; undefined: the row is to go. */
  readonly values: readonly LaneValue[] | undefined;
  /** In place of that of its key. */
  readonly hash?: bigint;
}

/** Cells of one batch: see `state-cells.ts`. */
const batchCellsMax = 32;

export class ResultCells {
  readonly #cache: PageCache;
  readonly #layout: TableLayout;
  readonly #keyKinds: readonly Kind[];
  readonly #valueKinds: readonly Kind[];
  readonly #makeRoom: () => void;

  constructor(cache: PageCache, layout: TableLayout, plan: TaskPlan, makeRoom: () => void) {
    this.#cache = cache;
    this.#layout = layout;
    this.#keyKinds = plan.key.map(({ type }) => kindOf(type));
    this.#valueKinds = plan.accumulators.map(({ kind }) => kind);
    this.#makeRoom = makeRoom;
  }

  get keyKinds(): readonly Kind[] {
    return this.#keyKinds;
  }

  /** Writes and deletes rows of different keys. */
  write(table: KeyedTable, rows: readonly ResultRow[], appendTime: number): void {
    const [kept, gone] = [rows.filter(({ values }) => values), rows.filter(({ values }) => !values)];
    for (const some of [...batches(gone), ...batches(kept)]) {
      this.#makeRoom();
      this.#cache.beginBatch();
      this.#write(table, some, BigInt(appendTime));
    }
  }

  #write(table: KeyedTable, rows: readonly ResultRow[], appendTime: bigint): void {
    const { kernel } = this.#cache;
    // A global aggregate has no key, and a batch at least a column.
    const kinds = [...this.#keyKinds, ...this.#valueKinds];
    const columns = kinds.map((_, column) =>
      rows.map(({ key, values }) => key[column] ?? values?.[column - this.#keyKinds.length] ?? null),
    );
    const { batch, release } = fillBatch(kernel, kinds, columns);
    const keys = new KeyColumns(kernel, rows.length);
    const cells = kernel.memory.allocate(rows.length * 4);
    try {
      this.#hash(keys, batch, rows);
      const found = { selection: 0, count: rows.length, tables: table, cells };
      const keyed = { ...found, keys: keys.keys, keyNulls: keys.keyNulls, hashes: keys.hashes };
      check(findCells(kernel, keyed, appendTime));
      const touched = new TouchedCells(kernel, this.#layout, keyed);
      if (!rows[0]?.values) {
        touched.delete([...touched.firstRows.keys()]);
        return;
      }
      this.#valueKinds.forEach((_, index) => {
        touched.reset(index);
        const column = batch.columnPointer(this.#keyKinds.length + index);
        check(updateAccumulator(kernel, this.#layout, index, keyed, column, 0n));
      });
    } finally {
      kernel.memory.release(cells);
      keys.release();
      release();
    }
  }

  #hash(keys: KeyColumns, batch: ColumnBatch, rows: readonly ResultRow[]): void {
    keys.build(batch, [...this.#keyKinds.keys()], 0);
    if (keys.tooLong.count > 0) {
      const message = `The key of a result is longer than ${keyBytesMax} bytes.`;
      throw new EngineError("JOB_FAILED", { message });
    }
    const hashes = this.#cache.kernel.memory.i64(keys.hashes, rows.length);
    for (const [row, { hash }] of rows.entries()) {
      if (hash !== undefined) hashes[row] = BigInt.asIntN(64, hash);
    }
  }
}

function* batches(rows: readonly ResultRow[]): Generator<readonly ResultRow[]> {
  for (let from = 0; from < rows.length; from += batchCellsMax) yield rows.slice(from, from + batchCellsMax);
}

function check(failure: TableFailure | undefined): void {
  if (!failure) return;
  throw new EngineError("JOB_FAILED", {
    message:
      `A row of the results cannot be kept (${failure.reason}): one that is followed has at most ` +
      `${accumulatorStringBytesMax} bytes in a text, and ${cellStringBytesMax} in all.`,
  });
}
