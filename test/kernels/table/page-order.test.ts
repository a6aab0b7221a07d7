/**
 * The law of page order: a batch applied in parts, within a budget that holds few of its pages, leaves the
 * bytes that it leaves when it is applied at once.
 */
import { describe, expect, test } from "vitest";
import { KIND_BYTES, KIND_I64 } from "../../../assembly/abi.ts";
import { KiB, MiB } from "../../../src/base/limits.ts";
import { Kernel } from "../../../src/kernel/kernel.ts";
import type { DirtyPage, KeyedTable } from "../../../src/kernel/keyed-table.ts";
import { PageCache } from "../../../src/kernel/page-cache.ts";
import { PageOrder } from "../../../src/kernel/page-order.ts";
import { type AccumulatorSpec, TableLayout } from "../../../src/kernel/table-layout.ts";
import { spread } from "../../arbitraries/table-rows.ts";
import { kernelBuilds } from "../../support/kernels.ts";
import { applyRows, placeRows, type TestRow } from "../../support/keyed-rows.ts";
import { MemoryPageStore } from "../../support/page-store.ts";

const inCells: readonly AccumulatorSpec[] = [{ operation: "count" }, { operation: "first", kind: KIND_I64 }];
const inHeap: readonly AccumulatorSpec[] = [{ operation: "count" }, { operation: "last", kind: KIND_BYTES }];

/** Tables that share a cache; dirty pages that leave it are stored. */
class Run {
  readonly cache: PageCache;
  readonly tables: readonly KeyedTable[];
  readonly #stores: readonly MemoryPageStore[];
  readonly #specs: readonly AccumulatorSpec[];
  readonly #layout: TableLayout;
  #batches = 0n;

  constructor(
    module: WebAssembly.Module,
    specs: readonly AccumulatorSpec[],
    budgetBytes: number,
    tableCount = 1,
  ) {
    const kernel = new Kernel(module);
    this.cache = new PageCache(kernel, { budgetBytes });
    this.#specs = specs;
    this.#layout = new TableLayout(kernel.memory, specs);
    this.#stores = Array.from({ length: tableCount }, () => new MemoryPageStore());
    this.tables = this.#stores.map((store) => {
      const spill = (page: DirtyPage) => store.pages.set(page.firstHash, page.bytes());
      return this.cache.openTable(this.#layout, store.load, spill);
    });
  }

  /** The rows of each part, in turn, without applying them. */
  partsOf(rows: readonly TestRow[], areCellsWhole: boolean): number[][] {
    const { kernel } = this.cache;
    const placed = placeRows(kernel, rows, this.tables[0] as KeyedTable);
    const parts: number[][] = [];
    for (const { selection, count } of new PageOrder(this.cache).parts(placed.rows, areCellsWhole)) {
      parts.push(
        selection === 0 ? rows.map((_, row) => row) : Array.from(kernel.memory.u32(selection, count)),
      );
    }
    placed.release();
    return parts;
  }

  /** Returns the number of parts. */
  apply(rows: readonly TestRow[], tableOf: (row: number) => number = () => 0): number {
    const { kernel } = this.cache;
    const all = rows.map((_, row) => this.tables[tableOf(row)] as KeyedTable);
    const tables = this.tables.length === 1 ? (this.tables[0] as KeyedTable) : all;
    const placed = placeRows(kernel, rows, tables);
    const [appendTime, orderBase] = [++this.#batches, this.#batches << 32n];
    let parts = 0;
    for (const { selection, count } of new PageOrder(this.cache).parts(placed.rows)) {
      const chosen = selection === 0 ? undefined : Array.from(kernel.memory.u32(selection, count));
      const options = { appendTime, orderBase, ...(chosen && { selection: chosen }) };
      this.cache.beginBatch();
      expect(applyRows(kernel, this.#layout, this.#specs, tables, rows, options)).toBeUndefined();
      parts++;
    }
    placed.release();
    return parts;
  }

  pages(): (readonly [bigint, Uint8Array])[][] {
    return this.tables.map((table, index) => {
      const pages = new Map(this.#stores[index]?.pages);
      for (const page of this.cache.dirtyPages(table)) pages.set(page.firstHash, page.bytes());
      return [...pages].sort(([left], [right]) => (left < right ? -1 : 1));
    });
  }
}

function rowsFor(from: number, count: number, step: number, keys: number): TestRow[] {
  return Array.from({ length: count }, (_, index) => {
    const number = (from + index * step) % keys;
    const bytes = new TextEncoder().encode(`key-${number}`);
    return { key: { bytes, nulls: 0, hash: spread(BigInt(number)) }, values: [undefined, undefined] };
  });
}

const withValues = (rows: readonly TestRow[], valueAt: (row: number) => Uint8Array | bigint): TestRow[] =>
  rows.map((row, index) => ({ ...row, values: [undefined, valueAt(index)] }));

const budgetBytes = 320 * KiB;

describe.each(kernelBuilds)("page order (%s)", { timeout: 30_000 }, (_, module) => {
  test.each([
    ["values in cells", inCells, 4000, 3, (row: number) => BigInt(row)],
    ["values in the heap", inHeap, 700, 5, (row: number) => new TextEncoder().encode(`value ${row}`)],
  ] as const)("leaves the same bytes: %s", (_name, specs, rowCount, step, valueAt) => {
    const [roomy, tight] = [new Run(module, specs, 64 * MiB), new Run(module, specs, budgetBytes)];
    let parts = 0;
    for (let round = 0; round < 12; round++) {
      const rows = withValues(rowsFor(round * 1009, rowCount, step, 9001), valueAt);
      expect(roomy.apply(rows)).toBe(1);
      parts += tight.apply(rows);
      expect(tight.cache.bytes).toBeLessThanOrEqual(budgetBytes);
    }
    expect(parts).toBeGreaterThan(24);
    expect(tight.cache.statistics.spills).toBeGreaterThan(0);
    expect(tight.pages()).toEqual(roomy.pages());
  });

  test("leaves the same bytes in several tables", () => {
    const [roomy, tight] = [new Run(module, inCells, 64 * MiB, 5), new Run(module, inCells, budgetBytes, 5)];
    for (let round = 0; round < 8; round++) {
      const rows = withValues(rowsFor(round * 1009, 3000, 7, 4001), BigInt);
      const tableOf = (row: number) => (row * 3 + round) % 5;
      roomy.apply(rows, tableOf);
      tight.apply(rows, tableOf);
    }
    expect(tight.cache.statistics.spills).toBeGreaterThan(0);
    expect(tight.pages()).toEqual(roomy.pages());
  });

  test("parts no cell's rows for whoever looks at cells before and after", () => {
    const run = new Run(module, inCells, budgetBytes);
    run.apply(withValues(rowsFor(0, 3, 1, 3), BigInt));
    const rows = withValues(rowsFor(0, 9000, 1, 3), BigInt);
    const partsOf = (key: number, areCellsWhole: boolean) =>
      run.partsOf(rows, areCellsWhole).filter((part) => part.some((row) => row % 3 === key)).length;
    expect([0, 1, 2].map((key) => partsOf(key, true))).toEqual([1, 1, 1]);
    expect(Math.max(...[0, 1, 2].map((key) => partsOf(key, false)))).toBeGreaterThan(1);
  });

  test("loads each page once for a batch, and takes one that fits as it is", () => {
    const run = new Run(module, inCells, budgetBytes);
    for (let round = 0; round < 10; round++) {
      run.apply(withValues(rowsFor(round * 1000, 1000, 1, 10_000), BigInt));
    }
    const pages = run.pages()[0]?.length ?? 0;
    const before = run.cache.loads;
    const rows = withValues(rowsFor(0, 6000, 3, 10_000), BigInt);
    expect(run.apply(rows)).toBeGreaterThan(2);
    expect(run.cache.loads - before).toBeLessThanOrEqual(pages);
    expect(run.apply(withValues(rowsFor(7, 1, 1, 10), BigInt))).toBe(1);
  });
});
