/** Cells that rows touch, each once, against looking each key up; and without those that are deleted. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MiB } from "../../../src/base/limits.ts";
import { findCells } from "../../../src/kernel/aggregates.ts";
import { Kernel } from "../../../src/kernel/kernel.ts";
import { PageCache } from "../../../src/kernel/page-cache.ts";
import { TableLayout } from "../../../src/kernel/table-layout.ts";
import { TouchedCells } from "../../../src/kernel/touched-cells.ts";
import { everyAccumulator, tableRow } from "../../arbitraries/table-rows.ts";
import { kernelBuilds } from "../../support/kernels.ts";
import { applyRows, placeRows, type TestRow } from "../../support/keyed-rows.ts";

const rowsArbitrary = fc.array(tableRow, { minLength: 1, maxLength: 120 }) as fc.Arbitrary<TestRow[]>;

describe.each(kernelBuilds)("touched cells (%s)", (_, module) => {
  test("are what the keys of the rows hold, in the order of their first rows", () => {
    fc.assert(
      fc.property(rowsArbitrary, fc.integer({ min: 1, max: 3 }), (rows, nth) => {
        const { kernel, layout, table } = filled(module, rows);
        const only = [...rows.keys()].filter((row) => row % nth === 0);
        const placed = placeRows(kernel, rows, table);
        findCells(kernel, placed.rows, 1n);
        const touched = new TouchedCells(kernel, layout, placed.rows, only);
        const firsts = only.filter((row) => only.find((other) => isSameKey(rows, row, other)) === row);
        expect(touched.firstRows).toEqual(firsts);
        const found = touched.read();
        const counts = touched.words(0);
        firsts.forEach((row, place) => {
          const { key } = rows[row] as TestRow;
          const expected = table.lookup(key.bytes, key.nulls, key.hash);
          expect(found[place]).toEqual(expected);
          expect(counts[place]).toBe(expected?.accumulators[0]);
        });
      }),
      { numRuns: 40 },
    );
  });

  test("are gone when they are deleted, and only they", () => {
    fc.assert(
      fc.property(rowsArbitrary, fc.integer({ min: 1, max: 3 }), (rows, nth) => {
        const { cache, kernel, layout, table } = filled(module, rows);
        const before = [...table.cells()];
        cache.beginBatch();
        const placed = placeRows(kernel, rows, table);
        findCells(kernel, placed.rows, 1n);
        const touched = new TouchedCells(kernel, layout, placed.rows);
        const places = [...touched.firstRows.keys()].filter((place) => place % nth === 0);
        const doomed = touched.read().filter((_, place) => places.includes(place));
        touched.delete(places);
        const textOf = (cell: object) =>
          JSON.stringify(cell, (_, value) => (typeof value === "bigint" ? `${value}` : value));
        const gone = new Set(doomed.map(textOf));
        expect([...table.cells()]).toEqual(before.filter((cell) => !gone.has(textOf(cell))));
      }),
      { numRuns: 40 },
    );
  });
});

/** A table to which the rows have been applied. */
function filled(module: WebAssembly.Module, rows: readonly TestRow[]) {
  const kernel = new Kernel(module);
  const cache = new PageCache(kernel, { budgetBytes: 32 * MiB });
  const layout = new TableLayout(kernel.memory, everyAccumulator);
  const table = cache.openTable(layout, () => undefined);
  cache.beginBatch();
  applyRows(kernel, layout, everyAccumulator, table, rows, { appendTime: 1n, orderBase: 0n });
  cache.beginBatch();
  return { cache, kernel, layout, table };
}

function isSameKey(rows: readonly TestRow[], first: number, second: number): boolean {
  const [a, b] = [rows[first]?.key, rows[second]?.key];
  return a?.nulls === b?.nulls && Buffer.compare(a?.bytes ?? Buffer.of(), b?.bytes ?? Buffer.of()) === 0;
}
