/**
 * Windows and slices as arithmetic on milliseconds: which windows hold a time, which slices make a window.
 *
 * A window [start, end) is named by its end: every kind has at most one window per end. A slice [start, start
 * + length) lies in the same windows from its first to its last millisecond. All divisions round down, so
 * times before 1970 fall where they would on an endless grid. The kernel's version is `assembly/windows`.
 */
import { assert } from "../../base/assert.ts";
import type { WindowGrid } from "../../kernel/slices.ts";

/** A window assigner, in milliseconds. `offset` moves the grid away from 1970. */
export type Window =
  | { readonly kind: "tumble"; readonly size: bigint; readonly offset: bigint }
  | { readonly kind: "hop"; readonly size: bigint; readonly slide: bigint; readonly offset: bigint }
  | { readonly kind: "cumulate"; readonly maxSize: bigint; readonly step: bigint; readonly offset: bigint };

/** Returns the window's grid as the kernel takes it. */
export function gridOf(window: Window): WindowGrid {
  const { kind, offset } = window;
  switch (kind) {
    case "tumble":
      return { kind, size: window.size, step: window.size, offset, length: window.size };
    case "hop":
      return { kind, size: window.size, step: window.slide, offset, length: gcd(window.size, window.slide) };
    case "cumulate":
      assert(window.maxSize % window.step === 0n, "cumulate's largest window is a multiple of its step");
      return { kind, size: window.maxSize, step: window.step, offset, length: window.step };
  }
}

/** Start of the slice that holds `time`. */
export function sliceStartOf(grid: WindowGrid, time: bigint): bigint {
  return floorTo(time, grid.length, grid.offset);
}

/** Ends of the windows that hold `time`, ascending; none in the gap between hops. */
export function windowEndsOf(grid: WindowGrid, time: bigint): bigint[] {
  const ends: bigint[] = [];
  const last = lastWindowEndOf(grid, time);
  if (last === undefined) return ends;
  for (let end = firstWindowEndOf(grid, time); end <= last; end += grid.step) ends.push(end);
  return ends;
}

/** End of the last window that holds `time`; undefined in the gap between hops. */
export function lastWindowEndOf(grid: WindowGrid, time: bigint): bigint | undefined {
  const period = grid.kind === "hop" ? grid.step : grid.size;
  const end = floorTo(time, period, grid.offset) + grid.size;
  return end > time ? end : undefined;
}

/** Start of the window that ends at `end`. */
export function windowStartOf(grid: WindowGrid, end: bigint): bigint {
  return grid.kind === "cumulate" ? floorTo(end - 1n, grid.size, grid.offset) : end - grid.size;
}

/**
 * Start of the block that the window ending at `end` reaches into: blocks are as long as the largest window.
 */
export function blockStartOf(grid: WindowGrid, end: bigint): bigint {
  return floorTo(end - 1n, grid.size, grid.offset);
}

/** Starts of the slices that make the window ending at `end`, ascending. */
export function slicesOfWindow(grid: WindowGrid, end: bigint): bigint[] {
  const starts: bigint[] = [];
  for (let start = windowStartOf(grid, end); start < end; start += grid.length) starts.push(start);
  return starts;
}

/** Most windows that hold one time. */
export function windowsPerRowMax(grid: WindowGrid): number {
  return Number((grid.size + grid.step - 1n) / grid.step);
}

/**
 * Returns the end of the earliest window that holds the slice at `start` and has not fired at `watermark`: it
 * fires when the watermark reaches end - 1. Undefined where all have fired.
 */
export function nextWindowEndOf(grid: WindowGrid, start: bigint, watermark: bigint): bigint | undefined {
  const last = lastWindowEndOf(grid, start);
  if (last === undefined || last - 1n <= watermark) return undefined;
  const first = firstWindowEndOf(grid, start);
  if (first - 1n > watermark) return first;
  return first + ((watermark + 1n - first) / grid.step + 1n) * grid.step;
}

/** True when the window ending at `end` has fired. */
export function hasFired(end: bigint, watermark: bigint): boolean {
  return end - 1n <= watermark;
}

/** True when the window ending at `end` takes no rows any more. */
export function isClosed(end: bigint, watermark: bigint, lateness: bigint): boolean {
  return end - 1n + lateness <= watermark;
}

/** End of the first window that holds `time`, given that one does. */
function firstWindowEndOf(grid: WindowGrid, time: bigint): bigint {
  if (grid.kind === "tumble") return floorTo(time, grid.size, grid.offset) + grid.size;
  if (grid.kind === "cumulate") return floorTo(time, grid.step, grid.offset) + grid.step;
  return floorTo(time - grid.size, grid.step, grid.offset) + grid.step + grid.size;
}

/** The largest number of the grid offset + n * step that is not above `value`. */
function floorTo(value: bigint, step: bigint, offset: bigint): bigint {
  const rest = (value - offset) % step;
  return value - (rest < 0n ? rest + step : rest);
}

function gcd(left: bigint, right: bigint): bigint {
  return right === 0n ? left : gcd(right, left % right);
}
