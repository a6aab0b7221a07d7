/** Counted values against lists of values: what is least and largest after any additions and retractions. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { KIND_F64, KIND_I64 } from "../../../assembly/abi.ts";
import { KiB, MiB } from "../../../src/base/limits.ts";
import type { Kind } from "../../../src/columnar/schema.ts";
import type { LaneValue } from "../../../src/columnar/values.ts";
import { ColumnBatch } from "../../../src/kernel/column-batch.ts";
import {
  clearValues,
  countedValuesSpecs,
  readBound,
  updateValues,
} from "../../../src/kernel/counted-values.ts";
import { fillBatch } from "../../../src/kernel/fill-batch.ts";
import { Kernel } from "../../../src/kernel/kernel.ts";
import { PageCache } from "../../../src/kernel/page-cache.ts";
import { TableLayout } from "../../../src/kernel/table-layout.ts";
import { Random } from "../../arbitraries/random.ts";
import { spread } from "../../arbitraries/table-rows.ts";
import { CountedValuesModel } from "../../reference/counted-values.ts";
import { kernelBuilds } from "../../support/kernels.ts";
import { placeRows, type TestRow } from "../../support/keyed-rows.ts";
import { MemoryPageStore } from "../../support/page-store.ts";

interface WeighedRow {
  readonly key: number;
  readonly value: LaneValue;
  readonly weight: bigint;
}

/** A table of counted values on a store, beside its model. */
class Run {
  readonly model = new CountedValuesModel();
  readonly store = new MemoryPageStore();
  readonly #module: WebAssembly.Module;
  readonly #kind: Kind;
  readonly #budgetBytes: number;
  #open: ReturnType<Run["open"]>;

  constructor(module: WebAssembly.Module, kind: Kind, budgetBytes: number = 64 * MiB) {
    this.#module = module;
    this.#kind = kind;
    this.#budgetBytes = budgetBytes;
    this.#open = this.open();
  }

  open() {
    const kernel = new Kernel(this.#module);
    const cache = new PageCache(kernel, { budgetBytes: this.#budgetBytes });
    const layout = new TableLayout(kernel.memory, countedValuesSpecs);
    return { kernel, cache, table: cache.openTable(layout, this.store.load) };
  }

  /** Drops all of memory. */
  restart(): void {
    this.storeAll();
    this.#open = this.open();
  }

  /** Stores what is dirty before it leaves no room for the next batch. */
  makeRoom(): void {
    if (this.#open.cache.dirtyBytes > this.#budgetBytes / 4) this.storeAll();
  }

  storeAll(): void {
    this.store.storeAll(this.#open.cache);
  }

  get evictions(): number {
    return this.#open.cache.statistics.evictions;
  }

  get cells() {
    return [...this.#open.table.cells()];
  }

  update(rows: readonly WeighedRow[]): void {
    for (const { key, value, weight } of rows) this.model.update(`${key}`, value, weight);
    const { kernel, cache, table } = this.#open;
    cache.beginBatch();
    const placed = placeRows(kernel, rows.map(rowOf), table);
    const columns = [rows.map(({ value }) => value), rows.map(({ weight }) => weight)];
    const { batch, release } = fillBatch(kernel, [this.#kind, KIND_I64], columns);
    const pointers = [batch.columnPointer(0), batch.columnPointer(1)] as const;
    expect(updateValues(kernel, table, placed.rows, ...pointers)).toBeUndefined();
    release();
    placed.release();
  }

  clear(key: number): void {
    this.model.clear(`${key}`);
    const { kernel, cache, table } = this.#open;
    cache.beginBatch();
    const placed = placeRows(kernel, [rowOf({ key })], table);
    clearValues(kernel, table, placed.rows);
    placed.release();
  }

  check(keys: number): void {
    const { kernel, cache, table } = this.#open;
    cache.beginBatch();
    const all = Array.from({ length: keys }, (_, key) => key);
    const placed = placeRows(
      kernel,
      all.map((key) => rowOf({ key })),
      table,
    );
    for (const bound of ["min", "max"] as const) {
      const column = new ColumnBatch(kernel.memory, [this.#kind], keys);
      column.rows = keys;
      readBound(kernel, table, placed.rows, bound, column.columnPointer(0));
      const found = all.map((key) => column.value(0, key));
      expect(found).toEqual(all.map((key) => this.model.bound(`${key}`, bound)));
      column.release();
    }
    placed.release();
  }
}

const keysMax = 6;

function rowOf({ key }: Pick<WeighedRow, "key">): TestRow {
  const bytes = new TextEncoder().encode(`key-${key}`.padEnd(key === 3 ? 2000 : 1, "x"));
  return { key: { bytes, nulls: key % 2, hash: spread(BigInt(key)) }, values: [] };
}

const i64 = fc.oneof(fc.bigInt({ min: -9n, max: 9n }), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }));
const f64 = fc.oneof(fc.integer({ min: -9, max: 9 }), fc.double(), fc.constantFrom(-0, 0, Number.NaN));

const rowsOf = (value: fc.Arbitrary<LaneValue>) =>
  fc.array(
    fc.record({
      key: fc.nat(keysMax - 1),
      value: fc.option(value, { freq: 9 }),
      weight: fc.constantFrom(1n, 1n, 1n, 2n, -1n, -1n, -2n, 0n),
    }),
    { maxLength: 80, size: "max" },
  );

describe.each(kernelBuilds)("counted values (%s)", (_, module) => {
  test.each([
    ["I64", KIND_I64, i64],
    ["F64", KIND_F64, f64],
  ] as const)("have the bounds of lists of %s", (_, kind, value) => {
    const batches = fc.array(fc.tuple(rowsOf(value), fc.constantFrom("nothing", "restart", "clear")), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(batches, (drawn) => {
        const run = new Run(module, kind);
        for (const [rows, happening] of drawn) {
          run.update(rows);
          run.check(keysMax);
          if (happening === "restart") run.restart();
          if (happening === "clear") run.clear(2);
          run.check(keysMax);
        }
      }),
      { numRuns: 60 },
    );
  });

  test("may be many thousands of one key, in any order, within a small budget", { timeout: 60_000 }, () => {
    for (const order of ["ascending", "descending", "mixed"]) {
      const run = new Run(module, KIND_I64, 512 * KiB);
      const random = new Random(7);
      const values = Array.from({ length: 12_000 }, (_, index) => BigInt(index) * 3n - 9000n);
      if (order === "descending") values.reverse();
      if (order === "mixed") shuffle(values, random);
      for (let from = 0; from < values.length; from += 4) {
        run.update(values.slice(from, from + 4).map((value) => ({ key: 0, value, weight: 1n })));
        run.makeRoom();
        if (from % 2000 === 0) run.check(1);
      }
      expect(run.evictions).toBeGreaterThan(0);
      while (values.length > 0) {
        const gone = values.splice(random.below(Math.max(1, values.length - 4)), 4);
        run.update(gone.map((value) => ({ key: 0, value, weight: -1n })));
        run.makeRoom();
        if (values.length % 1000 === 0 || values.length < 200) run.check(1);
      }
      expect(run.cells).toEqual([]);
    }
  });

  test("are all forgotten when they are cleared, and only those of the key", () => {
    const run = new Run(module, KIND_I64);
    const rows = Array.from({ length: 6000 }, (_, index) => ({
      ...{ key: index % 2, value: spread(BigInt(index)) >> 1n, weight: 1n },
    }));
    run.update(rows);
    run.clear(0);
    run.check(2);
    run.update(rows.filter(({ key }) => key === 1).map((row) => ({ ...row, weight: -1n })));
    expect(run.cells).toEqual([]);
  });
});

function shuffle(values: bigint[], random: Random): void {
  for (let left = values.length; left > 1; left--) {
    const place = random.below(left);
    [values[left - 1], values[place]] = [values[place] as bigint, values[left - 1] as bigint];
  }
}
