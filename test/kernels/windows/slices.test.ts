/** Assignment of rows to slices and to fired windows, against the list of all windows that hold a row. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MiB } from "../../../src/base/limits.ts";
import { gridOf, sliceStartOf, windowsPerRowMax } from "../../../src/engine/windows/window-arithmetic.ts";
import { Kernel } from "../../../src/kernel/kernel.ts";
import type { KeyedTable } from "../../../src/kernel/keyed-table.ts";
import { PageCache } from "../../../src/kernel/page-cache.ts";
import { Slices, type WindowGrid } from "../../../src/kernel/slices.ts";
import { TableLayout } from "../../../src/kernel/table-layout.ts";
import { windowAssigner, windowTime, windowWatermark } from "../../arbitraries/windows.ts";
import { windowsHolding } from "../../reference/window-model.ts";
import { kernelBuilds } from "../../support/kernels.ts";

const anyRows = fc.array(fc.record({ time: windowTime, isSelected: fc.boolean() }), { maxLength: 40 });

function openSlices(module: WebAssembly.Module, grid: WindowGrid) {
  const kernel = new Kernel(module);
  const cache = new PageCache(kernel, { budgetBytes: 16 * MiB });
  const layout = new TableLayout(kernel.memory, [{ operation: "count" }]);
  const opened: bigint[] = [];
  const slices: Slices = new Slices(cache, grid, (start) => {
    opened.push(start);
    return cache.openTable(layout, () => undefined);
  });
  return { kernel, cache, layout, slices, opened };
}

/** Times and a selection in kernel memory, with room for what the kernel writes. */
function place(kernel: Kernel, times: readonly bigint[], selected: readonly number[] | undefined) {
  const { memory } = kernel;
  const rows = times.length;
  const [timesAt, selectionAt, tables, kept, late, ends] = [8, 4, 4, 4, 4, 8].map((bytes) =>
    memory.allocate(Math.max(1, rows * bytes)),
  ) as [number, number, number, number, number, number];
  memory.i64(timesAt, rows).set(times);
  if (selected) memory.u32(selectionAt, selected.length).set(selected);
  const selection = selected ? selectionAt : 0;
  return { times: timesAt, selection, count: selected?.length ?? rows, tables, kept, late, ends };
}

const larger = (one: bigint, other: bigint) => (one > other ? one : other);

describe.each(kernelBuilds)("slices (%s)", (_, module) => {
  test("take each row that some window still waits for, and name the late ones", () => {
    const lateness = fc.bigInt({ min: 0n, max: 60n });
    fc.assert(
      fc.property(
        windowAssigner,
        anyRows,
        fc.boolean(),
        windowWatermark,
        lateness,
        (assigner, rows, isDense, watermark, latenessMs) => {
          const grid = gridOf(assigner);
          const { kernel, slices, opened } = openSlices(module, grid);
          const times = rows.map(({ time }) => time);
          const numbers = [...rows.keys()].filter((row) => isDense || rows[row]?.isSelected);
          const placed = place(kernel, times, isDense ? undefined : numbers);
          const result = slices.assign({ ...placed, watermark, lateness: latenessMs });

          const lastEnds = times.map((time) => windowsHolding(assigner, time).at(-1)?.end);
          const isLate = (row: number) => (lastEnds[row] as bigint) - 1n + latenessMs <= watermark;
          const held = numbers.filter((row) => lastEnds[row] !== undefined);
          const kept = held.filter((row) => !isLate(row));
          const late = held.filter(isLate);
          expect(result.outsideCount).toBe(numbers.length - held.length);
          expect([...kernel.memory.u32(placed.late, result.lateCount)]).toEqual(late);
          expect(result.count).toBe(kept.length);
          if (result.selection !== 0) {
            expect([...kernel.memory.u32(result.selection, result.count)]).toEqual(kept);
          } else expect(kept).toEqual(isDense ? [...rows.keys()] : []);

          const starts = kept.map((row) => sliceStartOf(grid, times[row] as bigint));
          expect(opened).toEqual([...new Set(starts)]);
          const tables = kernel.memory.u32(placed.tables, rows.length);
          const expected = starts.map((start) => slices.get(start) as KeyedTable);
          expect(kept.map((row) => tables[row])).toEqual(expected.map(({ pointer }) => pointer));
          const distinct = new Set(expected);
          expect(result.tables).toBe(distinct.size === 1 ? expected[0] : placed.tables);
        },
      ),
      { numRuns: 500 },
    );
  });

  test("select, window by window, the rows that change a result that has fired and is not closed", () => {
    const lateness = fc.bigInt({ min: 0n, max: 60n });
    fc.assert(
      fc.property(
        windowAssigner,
        anyRows,
        windowWatermark,
        lateness,
        (assigner, rows, watermark, latenessMs) => {
          const grid = gridOf(assigner);
          const { kernel, slices } = openSlices(module, grid);
          const times = rows.map(({ time }) => time);
          const placed = place(kernel, times, undefined);
          const found: string[] = [];
          for (let index = 0; index < windowsPerRowMax(grid); index++) {
            const request = { ...placed, watermark, lateness: latenessMs, index, fired: placed.kept };
            const count = slices.selectFired(request);
            const fired = [...kernel.memory.u32(placed.kept, count)];
            expect(fired).toEqual([...new Set(fired)].sort((left, right) => left - right));
            for (const row of fired)
              found.push(`${row} ${kernel.memory.i64(placed.ends, times.length)[row]}`);
          }
          const expected = times.flatMap((time, row) =>
            windowsHolding(assigner, time)
              .filter(({ end }) => end - 1n <= watermark && watermark < end - 1n + latenessMs)
              .map(({ end }) => `${row} ${end}`),
          );
          expect(found.sort()).toEqual(expected.sort());
        },
      ),
      { numRuns: 500 },
    );
  });

  test("know the newest of them, whichever come and go", () => {
    const { cache, layout, slices } = openSlices(module, gridOf({ kind: "tumble", size: 1n, offset: 0n }));
    expect(slices.newest()).toBeUndefined();
    const starts = [5n, 3n, 9n, 7n];
    for (const start of starts) {
      slices.set(
        start,
        cache.openTable(layout, () => undefined),
      );
      expect(slices.newest()?.[0]).toBe(starts.slice(0, starts.indexOf(start) + 1).reduce(larger));
    }
    slices.delete(5n);
    expect(slices.newest()).toEqual([9n, slices.get(9n)]);
    slices.delete(9n, 7n);
    expect(slices.newest()).toEqual([3n, slices.get(3n)]);
    slices.delete(3n);
    expect(slices.newest()).toBeUndefined();
  });

  test("resolve starts to their tables, opening those that are not there", () => {
    const operation = fc.record({ start: fc.bigInt({ min: -40n, max: 40n }), isDeleted: fc.boolean() });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 120, size: "max" }), (operations) => {
        const grid = gridOf({ kind: "tumble", size: 1n, offset: 0n });
        const { kernel, cache, slices, opened } = openSlices(module, grid);
        const known = new Map<bigint, KeyedTable>();
        for (const { start, isDeleted } of operations) {
          if (isDeleted) {
            slices.delete(start);
            known.delete(start);
            continue;
          }
          const placed = place(kernel, [start], undefined);
          const openedBefore = opened.length;
          const table = slices.resolve(placed.times, 0, 1, placed.tables) as KeyedTable;
          expect(opened.length - openedBefore).toBe(known.has(start) ? 0 : 1);
          expect(table).toBe(known.get(start) ?? table);
          expect(kernel.memory.u32(placed.tables, 1)[0]).toBe(table.pointer);
          known.set(start, table);
        }
        expect(slices.entries()).toEqual([...known].sort(([left], [right]) => (left < right ? -1 : 1)));
        const starts = [...known.keys(), ...known.keys()];
        const placed = place(kernel, starts, undefined);
        slices.resolve(placed.times, 0, starts.length, placed.tables);
        const tables = [...kernel.memory.u32(placed.tables, starts.length)];
        expect(tables).toEqual(starts.map((start) => known.get(start)?.pointer));
        slices.release();
        for (const table of known.values()) cache.dropTable(table);
      }),
      { numRuns: 100 },
    );
  });
});
