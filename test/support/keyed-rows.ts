/** Puts keyed rows and their columns into kernel memory and applies them to tables as a task does. */
import { KIND_BYTES, KIND_F64, KIND_I64 } from "../../assembly/abi.ts";
import type { Kind } from "../../src/columnar/schema.ts";
import type { LaneValue } from "../../src/columnar/values.ts";
import { findCells, type KeyedRows, updateAccumulator } from "../../src/kernel/aggregates.ts";
import { fillBatch } from "../../src/kernel/fill-batch.ts";
import type { Kernel } from "../../src/kernel/kernel.ts";
import type { KeyedTable } from "../../src/kernel/keyed-table.ts";
import type { TableFailure } from "../../src/kernel/table-failure.ts";
import type { AccumulatorSpec, TableLayout } from "../../src/kernel/table-layout.ts";
import type { ModelKey } from "../reference/table-model.ts";

/** One row: its key and one value per accumulator; undefined where COUNT counts every row. */
export interface TestRow {
  readonly key: ModelKey;
  readonly values: readonly (LaneValue | undefined)[];
}

export interface ApplyOptions {
  readonly appendTime: bigint;
  readonly expireBefore?: bigint;
  readonly orderBase: bigint;
  /** Row numbers to apply; all by default. */
  readonly selection?: readonly number[];
}

/** Finds the rows' cells and updates every accumulator; `tables` is one table or one per row. */
export function applyRows(
  kernel: Kernel,
  layout: TableLayout,
  specs: readonly AccumulatorSpec[],
  tables: KeyedTable | readonly KeyedTable[],
  rows: readonly TestRow[],
  options: ApplyOptions,
): TableFailure | undefined {
  const placed = placeRows(kernel, rows, tables, options.selection);
  const kinds = specs.map(kindOfSpec);
  const columns = specs.map((spec, index) =>
    rows.map(({ values }) => values[index] ?? nullOr(spec, values[index])),
  );
  const { batch, release } = fillBatch(kernel, kinds, columns);
  let failure = findCells(kernel, placed.rows, options.appendTime, options.expireBefore);
  for (let index = 0; index < specs.length && !failure; index++) {
    const countsAll = rows.every(({ values }) => values[index] === undefined);
    const column = countsAll ? 0 : batch.columnPointer(index);
    failure = updateAccumulator(kernel, layout, index, placed.rows, column, options.orderBase);
  }
  release();
  placed.release();
  return failure;
}

/** Keys of rows in kernel memory. */
export function placeRows(
  kernel: Kernel,
  rows: readonly TestRow[],
  tables: KeyedTable | readonly KeyedTable[],
  selection?: readonly number[],
): { readonly rows: KeyedRows; release(): void } {
  const { memory } = kernel;
  const blocks: number[] = [];
  const take = (bytes: number): number => {
    const block = memory.allocate(Math.max(bytes, 1));
    blocks.push(block);
    return block;
  };
  const { batch, release } = fillBatch(kernel, [KIND_BYTES], [rows.map(({ key }) => key.bytes)]);
  const keyNulls = take(rows.length * 2);
  const hashes = take(rows.length * 8);
  const selected = selection ? take(selection.length * 4) : 0;
  const perRow = "pointer" in tables ? 0 : take(rows.length * 4);
  const cells = take(rows.length * 4);
  memory.u16(keyNulls, rows.length).set(rows.map(({ key }) => key.nulls));
  memory.i64(hashes, rows.length).set(rows.map(({ key }) => BigInt.asIntN(64, key.hash)));
  if (selection) memory.u32(selected, selection.length).set(selection);
  if (!("pointer" in tables)) memory.u32(perRow, rows.length).set(tables.map(({ pointer }) => pointer));
  return {
    rows: {
      selection: selected,
      count: selection?.length ?? rows.length,
      keys: batch.lanesPointer(0),
      keyNulls,
      hashes,
      tables: "pointer" in tables ? tables : perRow,
      cells,
    },
    release: () => {
      release();
      for (const block of blocks) memory.release(block);
    },
  };
}

function kindOfSpec(spec: AccumulatorSpec): Kind {
  return "kind" in spec ? spec.kind : KIND_I64;
}

/** Null stays null; a value that is not looked at is a zero of the column's kind. */
function nullOr(spec: AccumulatorSpec, value: LaneValue | undefined): LaneValue {
  if (value === null) return null;
  if (kindOfSpec(spec) === KIND_F64) return 0;
  return kindOfSpec(spec) === KIND_BYTES ? new Uint8Array() : 0n;
}
