/** Window arithmetic against the list of all windows of the grid. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  gridOf,
  hasFired,
  isClosed,
  lastWindowEndOf,
  nextWindowEndOf,
  sliceStartOf,
  slicesOfWindow,
  windowEndsOf,
  windowStartOf,
  windowsPerRowMax,
} from "../../../../src/engine/windows/window-arithmetic.ts";
import { windowAssigner, windowTime, windowWatermark } from "../../../arbitraries/windows.ts";
import { windowsHolding } from "../../../reference/window-model.ts";

describe("window arithmetic", () => {
  test("names the windows that hold a time, by end, and where each starts", () => {
    fc.assert(
      fc.property(windowAssigner, windowTime, (assigner, time) => {
        const grid = gridOf(assigner);
        const holding = windowsHolding(assigner, time);
        expect(windowEndsOf(grid, time)).toEqual(holding.map(({ end }) => end));
        expect(holding.map(({ end }) => windowStartOf(grid, end))).toEqual(holding.map(({ start }) => start));
        expect(lastWindowEndOf(grid, time)).toBe(holding.at(-1)?.end);
        expect(holding.length).toBeLessThanOrEqual(windowsPerRowMax(grid));
      }),
      { numRuns: 2000 },
    );
  });

  test("puts all times of a slice into the same windows", () => {
    fc.assert(
      fc.property(windowAssigner, windowTime, (assigner, time) => {
        const grid = gridOf(assigner);
        const start = sliceStartOf(grid, time);
        expect(start <= time && time < start + grid.length).toBe(true);
        expect(sliceStartOf(grid, start)).toBe(start);
        const expected = windowsHolding(assigner, time);
        for (const at of [start, start + grid.length - 1n])
          expect(windowsHolding(assigner, at)).toEqual(expected);
      }),
      { numRuns: 1000 },
    );
  });

  test("makes a window of the slices whose times it holds", () => {
    fc.assert(
      fc.property(windowAssigner, windowTime, (assigner, time) => {
        const grid = gridOf(assigner);
        for (const { start, end } of windowsHolding(assigner, time)) {
          const expected = new Set<bigint>();
          for (let at = start; at < end; at++) expected.add(sliceStartOf(grid, at));
          expect(slicesOfWindow(grid, end)).toEqual([...expected]);
        }
      }),
      { numRuns: 300 },
    );
  });

  test("finds the next window of a slice to fire at a watermark", () => {
    fc.assert(
      fc.property(windowAssigner, windowTime, windowWatermark, (assigner, time, watermark) => {
        const grid = gridOf(assigner);
        const waiting = windowsHolding(assigner, time).filter(({ end }) => !hasFired(end, watermark));
        expect(nextWindowEndOf(grid, sliceStartOf(grid, time), watermark)).toBe(waiting[0]?.end);
      }),
      { numRuns: 2000 },
    );
  });

  test("fires a window at its last millisecond and closes it when lateness has passed", () => {
    expect([98n, 99n, 100n].map((watermark) => hasFired(100n, watermark))).toEqual([false, true, true]);
    expect([98n, 99n].map((watermark) => isClosed(100n, watermark, 0n))).toEqual([false, true]);
    expect([108n, 109n].map((watermark) => isClosed(100n, watermark, 10n))).toEqual([false, true]);
  });

  test("refuses a cumulate window whose largest size is no multiple of its step", () => {
    expect(() => gridOf({ kind: "cumulate", maxSize: 10n, step: 3n, offset: 0n })).toThrow(
      /multiple of its step/,
    );
  });
});
