/**
 * Counted values against lists of rows: what is least, largest, first and last after any additions and
 * retractions, and which values come and go.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { KIND_BYTES, KIND_F64, KIND_I64 } from "../../../assembly/abi.ts";
import { KiB, MiB } from "../../../src/base/limits.ts";
import type { Kind } from "../../../src/columnar/schema.ts";
import type { LaneValue } from "../../../src/columnar/values.ts";
import { ColumnBatch } from "../../../src/kernel/column-batch.ts";
import {
  clearValues,
  countedValuesSpecs,
  readBound,
  updateArrivals,
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

/** Tables of counted values, in their order and by arrival, on stores, beside their model. */
class Run {
  readonly model = new CountedValuesModel();
  readonly stores = [new MemoryPageStore(), new MemoryPageStore(), new MemoryPageStore()] as const;
  readonly #module: WebAssembly.Module;
  readonly #kind: Kind;
  readonly #budgetBytes: number;
  #open: ReturnType<Run["open"]>;
  #rows = 0n;

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
    const [values, arrivals, places] = this.stores.map((store) => cache.openTable(layout, store.load));
    if (!values || !arrivals || !places) throw new Error("there are three stores");
    return { kernel, cache, values, arrivals, places };
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
    const { cache, values, arrivals, places } = this.#open;
    [values, arrivals, places].forEach((table, index) => {
      this.stores[index]?.storeAll(cache, table);
    });
  }

  get evictions(): number {
    return this.#open.cache.statistics.evictions;
  }

  get cells() {
    const { values, arrivals, places } = this.#open;
    return [values, arrivals, places].flatMap((table) => [...table.cells()]);
  }

  update(rows: readonly WeighedRow[]): void {
    const expected = rows.map(({ key, value, weight }) => this.model.update(`${key}`, value, weight));
    const { kernel, cache, values, ...byArrival } = this.#open;
    cache.beginBatch();
    const placed = placeRows(kernel, rows.map(rowOf), values);
    const columns = [rows.map(({ value }) => value), rows.map(({ weight }) => weight)];
    const { batch, release } = fillBatch(kernel, [this.#kind, KIND_I64], columns);
    const weighed = { values: batch.columnPointer(0), weights: batch.columnPointer(1) };
    const changes = new ColumnBatch(kernel.memory, [KIND_I64, this.#kind], rows.length);
    changes.rows = rows.length;
    const signed = this.#kind === KIND_BYTES ? undefined : changes.columnPointer(1);
    const written = { changes: changes.columnPointer(0), signed };
    expect(updateValues(kernel, values, placed.rows, weighed, written)).toBeUndefined();
    expect(rows.map((_, row) => Number(changes.value(0, row)))).toEqual(expected);
    if (signed !== undefined) {
      const found = rows.map((_, row) => changes.value(1, row));
      expect(found).toEqual(rows.map(({ value }, row) => signedOf(value, expected[row] ?? 0)));
    }
    expect(updateArrivals(kernel, byArrival, placed.rows, weighed, this.#rows)).toBeUndefined();
    this.#rows += BigInt(rows.length);
    changes.release();
    release();
    placed.release();
  }

  clear(key: number): void {
    this.model.clear(`${key}`);
    const { kernel, cache, values, arrivals, places } = this.#open;
    cache.beginBatch();
    const placed = placeRows(kernel, [rowOf({ key })], values);
    for (const table of [values, arrivals, places]) clearValues(kernel, table, placed.rows);
    placed.release();
  }

  check(keys: number): void {
    const { kernel, cache, values, arrivals } = this.#open;
    cache.beginBatch();
    const all = Array.from({ length: keys }, (_, key) => key);
    const placed = placeRows(
      kernel,
      all.map((key) => rowOf({ key })),
      values,
    );
    for (const bound of ["min", "max", "first", "last"] as const) {
      const column = new ColumnBatch(kernel.memory, [this.#kind], keys);
      column.rows = keys;
      const table = bound === "first" || bound === "last" ? arrivals : values;
      readBound(kernel, table, placed.rows, bound, column.columnPointer(0));
      const found = all.map((key) => column.value(0, key));
      expect(found).toEqual(all.map((key) => this.model.bound(`${key}`, bound)));
      column.release();
    }
    placed.release();
  }
}

function signedOf(value: LaneValue, change: number): LaneValue {
  if (change === 0 || value === null) return null;
  return typeof value === "number" ? value * change : BigInt.asIntN(64, (value as bigint) * BigInt(change));
}

const keysMax = 6;

function rowOf({ key }: Pick<WeighedRow, "key">): TestRow {
  const bytes = new TextEncoder().encode(`key-${key}`.padEnd(key === 3 ? 2000 : 1, "x"));
  return { key: { bytes, nulls: key % 2, hash: spread(BigInt(key)) }, values: [] };
}

const i64 = fc.oneof(fc.bigInt({ min: -9n, max: 9n }), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }));
/** Texts with common beginnings, and long ones. */
const bytes = fc
  .tuple(fc.constantFrom("", "a", "common beginning ", "x".repeat(300), "y".repeat(2000)), fc.nat(40))
  .map(([text, number]) => new TextEncoder().encode(number < 5 ? text : text + "z".repeat(number)));
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
    ["BYTES", KIND_BYTES, bytes],
  ] as const)("are those of lists of %s", (_, kind, value) => {
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
      const run = new Run(module, KIND_I64, 384 * KiB);
      const random = new Random(7);
      const values = Array.from({ length: 2500 }, (_, index) => BigInt(index) * 3n - 3000n);
      if (order === "descending") values.reverse();
      if (order === "mixed") shuffle(values, random);
      for (let from = 0; from < values.length; from += 4) {
        run.update(values.slice(from, from + 4).map((value) => ({ key: 0, value, weight: 1n })));
        run.makeRoom();
        if (from % 500 === 0) run.check(1);
      }
      expect(run.evictions).toBeGreaterThan(0);
      while (values.length > 0) {
        const gone = values.splice(random.below(Math.max(1, values.length - 4)), 4);
        run.update(gone.map((value) => ({ key: 0, value, weight: -1n })));
        run.makeRoom();
        if (values.length % 500 === 0 || values.length < 200) run.check(1);
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
