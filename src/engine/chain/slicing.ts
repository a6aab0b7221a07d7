/**
 * Which slices rows belong to, and which slices make a window.
 *
 * Slices of windows on a grid are named by their start, and shared by windows that overlap. A window that
 * rows bring with them is a slice of its own, named by its end; its start is part of the key.
 */
import type { Row, SqlValue } from "../../interpreter/values/sql-value.ts";
import type { WindowGrid } from "../../kernel/slices.ts";
import { millisOf } from "../plan/lane-values.ts";
import {
  lastWindowEndOf,
  nextWindowEndOf,
  sliceStartOf,
  windowEndsOf,
  windowStartOf,
} from "../windows/window-arithmetic.ts";
import type { WindowTimes } from "./window-times.ts";

/** All in ms, on the clocks that windows lie on. */
export interface Slicing {
  /** The slice of a row; undefined where no window has it. */
  sliceOf(row: Row): bigint | undefined;
  /** What a key has in front besides its columns: the start of a window that rows bring. */
  startIn(row: Row): bigint | undefined;
  /** End of the last window that has a slice. */
  lastEndOf(slice: bigint): bigint;
  /** End of the first window of a slice that is not over at `progress`. */
  nextEndOf(slice: bigint, progress: bigint): bigint | undefined;
  /** Ends of all windows of a slice. */
  endsOf(slice: bigint): readonly bigint[];
  /** Names of the slices of the window that ends at `end`: from, up to. */
  slicesOf(end: bigint): readonly [bigint, bigint];
  /** Undefined where the key tells. */
  startOf(end: bigint): bigint | undefined;
}

export function slicingOfGrid(grid: WindowGrid, times: WindowTimes): Slicing {
  return {
    sliceOf: (row) => {
      const time = times.of(row);
      return lastWindowEndOf(grid, time) === undefined ? undefined : sliceStartOf(grid, time);
    },
    startIn: () => undefined,
    lastEndOf: (slice) => lastWindowEndOf(grid, slice) ?? slice,
    nextEndOf: (slice, progress) => nextWindowEndOf(grid, slice, progress),
    endsOf: (slice) => windowEndsOf(grid, slice),
    slicesOf: (end) => [windowStartOf(grid, end), end],
    startOf: (end) => windowStartOf(grid, end),
  };
}

export function slicingOfRows(columns: { readonly start: number; readonly end: number }): Slicing {
  const millisIn = (row: Row, column: number) => millisOf(row[column] as Exclude<SqlValue, null> as bigint);
  return {
    sliceOf: (row) => (row[columns.end] === null ? undefined : millisIn(row, columns.end)),
    startIn: (row) => millisIn(row, columns.start),
    lastEndOf: (end) => end,
    nextEndOf: (end, progress) => (end - 1n <= progress ? undefined : end),
    endsOf: (end) => [end],
    slicesOf: (end) => [end, end + 1n],
    startOf: () => undefined,
  };
}
