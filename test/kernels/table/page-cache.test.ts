/**
 * The page cache's laws: storing, dropping and reloading pages, and evicting them, change nothing but the
 * time it takes.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { KIND_BYTES, KIND_I64 } from "../../../assembly/abi.ts";
import { KiB, MiB } from "../../../src/base/limits.ts";
import { Kernel } from "../../../src/kernel/kernel.ts";
import type { KeyedTable } from "../../../src/kernel/keyed-table.ts";
import { PageCache } from "../../../src/kernel/page-cache.ts";
import { type AccumulatorSpec, TableLayout } from "../../../src/kernel/table-layout.ts";
import { everyAccumulator, spread, tableBatch } from "../../arbitraries/table-rows.ts";
import { kernelBuilds } from "../../support/kernels.ts";
import { applyRows, type TestRow } from "../../support/keyed-rows.ts";
import { MemoryPageStore } from "../../support/page-store.ts";

const countAndLast: readonly AccumulatorSpec[] = [
  { operation: "count" },
  { operation: "last", kind: KIND_BYTES },
];

interface OpenTable {
  readonly kernel: Kernel;
  readonly cache: PageCache;
  readonly layout: TableLayout;
  readonly table: KeyedTable;
}

/** One table on one store; `restart` drops all of memory and goes on from what is stored. */
class Run {
  readonly store = new MemoryPageStore();
  readonly #module: WebAssembly.Module;
  readonly #specs: readonly AccumulatorSpec[];
  readonly #budgetBytes: number;
  #open: OpenTable;
  #batches = 0n;

  constructor(module: WebAssembly.Module, specs: readonly AccumulatorSpec[], budgetBytes: number = 64 * MiB) {
    this.#module = module;
    this.#specs = specs;
    this.#budgetBytes = budgetBytes;
    this.#open = this.#reopen();
  }

  get cache() {
    return this.#open.cache;
  }

  get table() {
    return this.#open.table;
  }

  restart(): void {
    this.#open = this.#reopen();
  }

  #reopen(): OpenTable {
    const kernel = new Kernel(this.#module);
    const cache = new PageCache(kernel, { budgetBytes: this.#budgetBytes });
    const layout = new TableLayout(kernel.memory, this.#specs);
    const table = cache.openTable(layout, this.store.load);
    return { kernel, cache, layout, table };
  }

  apply(rows: readonly TestRow[]) {
    const { kernel, cache, layout, table } = this.#open;
    cache.beginBatch();
    const appendTime = ++this.#batches;
    return applyRows(kernel, layout, this.#specs, table, rows, { appendTime, orderBase: appendTime << 32n });
  }

  /** All pages as they would be stored, by first hash. */
  pages(): Map<bigint, Uint8Array> {
    const pages = new Map(this.store.pages);
    for (const page of this.cache.dirtyPages()) pages.set(page.firstHash, page.bytes());
    return new Map([...pages].sort(([left], [right]) => (left < right ? -1 : 1)));
  }
}

function rowsFor(numbers: readonly number[], text = "v"): TestRow[] {
  return numbers.map((number) => ({
    key: { bytes: new TextEncoder().encode(`key-${number}`), nulls: 0, hash: spread(BigInt(number)) },
    values: [undefined, new TextEncoder().encode(`${text}${number}`)],
  }));
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}

describe.each(kernelBuilds)("the page cache (%s)", (_, module) => {
  test("gives the same bytes and walk after any storing, restarting and lazy loading", () => {
    const step = fc.record({ batch: tableBatch, stores: fc.boolean(), restarts: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { minLength: 2, maxLength: 7, size: "max" }), (steps) => {
        const straight = new Run(module, everyAccumulator);
        const interrupted = new Run(module, everyAccumulator);
        for (const { batch, stores, restarts } of steps) {
          straight.apply(batch.rows);
          interrupted.apply(batch.rows);
          if (stores || restarts) interrupted.store.storeAll(interrupted.cache);
          if (restarts) interrupted.restart();
        }
        expect([...interrupted.table.cells()]).toEqual([...straight.table.cells()]);
        expect(interrupted.pages()).toEqual(straight.pages());
      }),
      { numRuns: 25 },
    );
  });

  test("gives the same bytes and walk with a budget that keeps few pages", () => {
    const roomy = new Run(module, countAndLast);
    const tight = new Run(module, countAndLast, 160 * KiB);
    for (let round = 0; round < 60; round++) {
      // Now here, now there in the table, so that pages come and go.
      const rows = rowsFor(range(round * 800, round * 800 + 800), `round ${round} `).concat(
        rowsFor(range((round * 37) % 50, ((round * 37) % 50) + 20), "again "),
      );
      for (const run of [roomy, tight]) {
        run.apply(rows.filter(({ key }) => key.hash >> 61n === BigInt(round % 8)));
        run.store.storeAll(run.cache);
      }
    }
    expect(tight.cache.statistics.evictions).toBeGreaterThan(0);
    expect(tight.cache.bytes).toBeLessThanOrEqual(160 * KiB);
    expect([...tight.table.cells()]).toEqual([...roomy.table.cells()]);
    expect(tight.pages()).toEqual(roomy.pages());
  });

  test("keeps the page being merged while its target grows at the edge of the budget", () => {
    const writer = new Run(module, countAndLast);
    writer.apply(rowsFor(range(0, 3000)));
    writer.store.storeAll(writer.cache);
    const kernel = new Kernel(module);
    const cache = new PageCache(kernel, { budgetBytes: 200 * KiB });
    const layout = new TableLayout(kernel.memory, countAndLast);
    const source = cache.openTable(layout, writer.store.load);
    const stored = new MemoryPageStore();
    const target = cache.openTable(layout, stored.load);
    for (let hash: bigint | undefined = 0n; hash !== undefined; ) {
      const { nextHash }: { nextHash: bigint | undefined } = source.pageAt(hash);
      expect(source.mergePage(hash, target)).toBeUndefined();
      stored.storeAll(cache);
      hash = nextHash;
    }
    expect(cache.statistics.evictions).toBeGreaterThan(0);
    expect(cache.bytes).toBeLessThanOrEqual(200 * KiB);
    const byKey = (table: KeyedTable) =>
      new Map([...table.cells()].map((cell) => [Buffer.from(cell.key).toString(), cell]));
    expect(byKey(target)).toEqual(byKey(writer.table));
  });

  test("refuses a batch whose pages do not fit the budget, and says so", () => {
    const run = new Run(module, countAndLast, 64 * KiB);
    expect(() => run.apply(rowsFor(range(0, 5000)))).toThrow(/page budget is 65536 bytes/);
    expect(() => new Run(module, countAndLast, 64 * KiB).apply(rowsFor(range(0, 200)))).not.toThrow();
  });

  test("lists dirty pages by table and hash, and each only until it is stored", () => {
    const kernel = new Kernel(module);
    const cache = new PageCache(kernel, { budgetBytes: 64 * MiB });
    const layout = new TableLayout(kernel.memory, countAndLast);
    const first = cache.openTable(layout, () => undefined);
    const second = cache.openTable(layout, () => undefined);
    cache.beginBatch();
    for (const table of [second, first]) {
      applyRows(kernel, layout, countAndLast, table, rowsFor(range(0, 2000)), {
        appendTime: 1n,
        orderBase: 0n,
      });
    }
    const listed = [...cache.dirtyPages()].map(({ table, firstHash }) => ({
      number: table.number,
      firstHash,
    }));
    const walked = [first, second].flatMap((table) =>
      [...table.pages()].map(({ firstHash }) => ({ number: table.number, firstHash })),
    );
    expect(listed).toEqual(walked);
    expect(listed.length).toBeGreaterThan(8);
    expect(cache.dirtyPageCount).toBe(listed.length);
    expect([...cache.dirtyPages()].reduce((sum, page) => sum + page.byteLength, 0)).toBe(cache.dirtyBytes);

    for (const page of cache.dirtyPages(first)) cache.markClean(page);
    expect([...cache.dirtyPages()].every(({ table }) => table === second)).toBe(true);
    expect(cache.dirtyPageCount).toBe([...second.pages()].length);
    cache.dropTable(second);
    expect([cache.dirtyPageCount, cache.dirtyBytes]).toEqual([0, 0]);
    cache.beginBatch();
    applyRows(kernel, layout, countAndLast, first, rowsFor([3]), { appendTime: 2n, orderBase: 0n });
    expect([...cache.dirtyPages()].length).toBe(1);
    const hash = rowsFor([3])[0]?.key.hash ?? 0n;
    expect([...cache.dirtyPages()][0]?.firstHash).toBe(first.pageAt(hash).firstHash);
  });

  test("keeps a page's tag over growth, and over a split in the lower half only", () => {
    const run = new Run(module, countAndLast);
    run.apply(rowsFor([1]));
    for (const page of run.cache.dirtyPages()) {
      expect(page.tag).toBeUndefined();
      page.tag = 0;
      expect(page.tag).toBe(0);
      page.tag = 41;
    }
    run.apply(rowsFor(range(0, 100)));
    expect([...run.cache.dirtyPages()].map(({ tag }) => tag)).toEqual([41]);
    run.apply(rowsFor(range(0, 2000)));
    const tags = [...run.cache.dirtyPages()].map(({ tag }) => tag);
    expect(tags.length).toBeGreaterThan(2);
    expect(tags).toEqual([41, ...tags.slice(1).fill(undefined)]);

    run.store.storeAll(run.cache);
    const { bytes } = run.store.load(0n) as { bytes: Uint8Array };
    const kernel = new Kernel(module);
    const cache = new PageCache(kernel, { budgetBytes: MiB });
    const layout = new TableLayout(kernel.memory, countAndLast);
    const table = cache.openTable(layout, (hash) => (hash === 0n ? { bytes, tag: 7 } : undefined));
    table.pageAt(0n);
    table.deleteExpired(0n, 1_000n);
    expect([...cache.dirtyPages()].map(({ tag }) => tag)).toEqual([7]);
  });

  test("refuses stored bytes that are damaged, cut, of another table or of a later version", () => {
    const run = new Run(module, countAndLast);
    run.apply(rowsFor(range(0, 20)));
    run.store.storeAll(run.cache);
    const good = run.store.pages.get(0n) as Uint8Array;
    const reading = (bytes: Uint8Array, specs = countAndLast) => {
      const kernel = new Kernel(module);
      const cache = new PageCache(kernel, { budgetBytes: MiB });
      const table = cache.openTable(new TableLayout(kernel.memory, specs), () => ({ bytes }));
      return () => [...table.cells()].length;
    };
    const changed = (at: number, to: number) => good.map((byte, index) => (index === at ? to : byte));
    expect(reading(good)()).toBe(20);
    expect(reading(good.subarray(0, good.length / 2))).toThrow(
      expect.objectContaining({ code: "STATE_CORRUPT" }),
    );
    expect(reading(new Uint8Array(10))).toThrow(expect.objectContaining({ code: "STATE_CORRUPT" }));
    expect(reading(changed(3, 2))).toThrow(expect.objectContaining({ code: "VERSION_UNKNOWN" }));
    const otherSpecs: AccumulatorSpec[] = [...countAndLast, { operation: "sum", kind: KIND_I64 }];
    expect(reading(good, otherSpecs)).toThrow(expect.objectContaining({ code: "STATE_CORRUPT" }));
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const bytes = changed(at, (good[at] as number) ^ flip);
        const code = at === 3 ? "VERSION_UNKNOWN" : "STATE_CORRUPT";
        expect(reading(bytes)).toThrow(expect.objectContaining({ code, details: expect.anything() }));
      }),
      { numRuns: 200 },
    );
  });

  test("counts each page once for a batch that changes it, and once when it is read", () => {
    const run = new Run(module, countAndLast);
    run.apply(rowsFor(range(0, 2000)));
    const { pages } = run.cache.statistics;
    const lookupsOf = (work: () => void) => {
      const before = run.cache.statistics.lookups;
      work();
      return run.cache.statistics.lookups - before;
    };
    expect(pages).toBeGreaterThan(1);
    expect(lookupsOf(() => run.apply(rowsFor(range(0, 2000))))).toBe(pages);
    expect(lookupsOf(() => run.apply(rowsFor([7, 7, 7])))).toBe(1);
    expect(lookupsOf(() => void [...run.table.pages()])).toBe(pages);
  });

  test("reads what a query asks for within a budget smaller than the table", () => {
    const writer = new Run(module, countAndLast);
    writer.apply(rowsFor(range(0, 8000)));
    writer.store.storeAll(writer.cache);
    const kernel = new Kernel(module);
    const cache = new PageCache(kernel, { budgetBytes: 128 * KiB });
    const table = cache.openTable(new TableLayout(kernel.memory, countAndLast), writer.store.load);
    expect([...table.cells()].length).toBe(8000);
    for (const { key } of rowsFor(range(0, 8000))) {
      if (table.lookup(key.bytes, 0, key.hash)?.accumulators[0] !== 1n)
        expect.fail(`${key.hash} is not there`);
    }
    expect(cache.statistics.loads).toBeGreaterThan(cache.statistics.pages);
    expect(cache.statistics.lookups).toBeGreaterThan(cache.statistics.loads);
    expect(cache.bytes).toBeLessThanOrEqual(128 * KiB);
    expect(cache.dirtyBytes).toBe(0);
  });
});
