/** One row per cell, with what the cell holds, against looking each key up. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { KIND_I64 } from "../../../assembly/abi.ts";
import { MiB } from "../../../src/base/limits.ts";
import { findCells, gatherAccumulator, selectFirstRows } from "../../../src/kernel/aggregates.ts";
import { ColumnBatch, readValueAt } from "../../../src/kernel/column-batch.ts";
import { Kernel } from "../../../src/kernel/kernel.ts";
import { PageCache } from "../../../src/kernel/page-cache.ts";
import { TableLayout } from "../../../src/kernel/table-layout.ts";
import { everyAccumulator, tableRow } from "../../arbitraries/table-rows.ts";
import { kernelBuilds } from "../../support/kernels.ts";
import { applyRows, placeRows, type TestRow } from "../../support/keyed-rows.ts";

describe.each(kernelBuilds)("gathering (%s)", (_, module) => {
  test("gives each cell once, at its first row, with its values", () => {
    const rowsOfTwoTables = fc.array(fc.tuple(tableRow, fc.boolean()), { minLength: 1, maxLength: 80 });
    fc.assert(
      fc.property(rowsOfTwoTables, fc.option(fc.boolean(), { nil: undefined }), (drawn, everyOther) => {
        const kernel = new Kernel(module);
        const cache = new PageCache(kernel, { budgetBytes: 32 * MiB });
        const layout = new TableLayout(kernel.memory, everyAccumulator);
        const two = [0, 1].map(() => cache.openTable(layout, () => undefined));
        const rows = drawn.map(([row]) => row) as TestRow[];
        const tables = drawn.map(([, isSecond]) => two[isSecond ? 1 : 0] as (typeof two)[0]);
        const chosen = everyOther === undefined ? undefined : [...rows.keys()].filter((row) => row % 2 === 0);
        const selection = chosen ? { selection: chosen } : {};
        cache.beginBatch();
        const options = { appendTime: 1n, orderBase: 0n, ...selection };
        applyRows(kernel, layout, everyAccumulator, tables, rows, options);
        const placed = placeRows(kernel, rows, tables, chosen);
        findCells(kernel, placed.rows, 1n);
        const target = kernel.memory.allocate(rows.length * 4);
        const firsts = selectFirstRows(kernel, placed.rows, target);
        const found = [...kernel.memory.u32(firsts.pointer, firsts.count)];
        const nameOf = (row: number) => {
          const { key } = rows[row] as TestRow;
          return `${tables[row]?.number} ${key.nulls} ${Buffer.from(key.bytes).toString("hex")}`;
        };
        const all = chosen ?? [...rows.keys()];
        expect(found).toEqual(
          all.filter((row) => all.findIndex((other) => nameOf(other) === nameOf(row)) === all.indexOf(row)),
        );
        everyAccumulator.forEach((spec, index) => {
          const kind = "kind" in spec ? spec.kind : KIND_I64;
          const column = new ColumnBatch(kernel.memory, [kind], rows.length);
          column.rows = rows.length;
          const firstRows = { ...placed.rows, selection: firsts.pointer, count: firsts.count };
          const values = found.map((row) => {
            const { key } = rows[row] as TestRow;
            return tables[row]?.lookup(key.bytes, key.nulls, key.hash)?.accumulators[index] ?? null;
          });
          const fits = values.every(
            (value) => typeof value !== "bigint" || BigInt.asIntN(64, value) === value,
          );
          expect(gatherAccumulator(kernel, index, firstRows, column.columnPointer(0))).toBe(fits);
          if (!fits) return;
          expect(found.map((row) => readValueAt(kernel.memory, column, 0, row))).toEqual(values);
          expect(column.nullCount(0)).toBe(values.filter((value) => value === null).length);
        });
      }),
      { numRuns: 60 },
    );
  });

  test("says where a DECIMAL sum does not fit a lane", () => {
    const kernel = new Kernel(module);
    const cache = new PageCache(kernel, { budgetBytes: MiB });
    const specs = [{ operation: "sumDecimal" }] as const;
    const layout = new TableLayout(kernel.memory, specs);
    const table = cache.openTable(layout, () => undefined);
    const row = (value: bigint): TestRow => ({
      key: { bytes: Uint8Array.of(7), nulls: 0, hash: 5n },
      values: [value],
    });
    const sums = [[2n ** 62n, 2n ** 62n - 1n], [1n], [-(2n ** 62n), -(2n ** 62n)], [-(2n ** 62n)], [-1n]];
    const column = new ColumnBatch(kernel.memory, [KIND_I64], 1);
    const fits = sums.map((values) => {
      const rows = values.map(row);
      const { rows: placed, release } = placeRows(kernel, rows.slice(0, 1), table);
      cache.beginBatch();
      applyRows(kernel, layout, specs, table, rows, { appendTime: 1n, orderBase: 0n });
      findCells(kernel, placed, 1n);
      const isFitting = gatherAccumulator(kernel, 0, placed, column.columnPointer(0));
      release();
      return isFitting;
    });
    // The sum runs on: 2^63 - 1, then 2^63, then 0, -2^62, -2^62 - 1.
    expect(fits).toEqual([true, false, true, true, true]);
  });
});
