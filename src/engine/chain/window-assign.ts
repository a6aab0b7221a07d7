/**
 * Puts their windows behind the columns of rows: start, end and time, a row for each window.
 */
import type { WindowAssignOperator } from "../../protocol/dataflow.ts";
import { windowEndsOf, windowStartOf } from "../windows/window-arithmetic.ts";
import type { Operator, OperatorContext } from "./operator.ts";
import { type GridShape, gridOfShape } from "./window-grids.ts";
import { WindowTimes } from "./window-times.ts";

export function openWindowAssign(
  { time }: WindowAssignOperator,
  window: GridShape,
  { types, evaluation, clock, emit }: OperatorContext,
): Operator {
  const times = new WindowTimes(time, types, evaluation.timeZone, clock);
  const grid = gridOfShape(window);
  return {
    push: (row) => {
      for (const end of windowEndsOf(grid, times.of(row.values))) {
        const bounds = [times.boundOf(windowStartOf(grid, end)), times.boundOf(end), times.windowTimeOf(end)];
        emit({ ...row, values: [...row.values, ...bounds] });
      }
    },
  };
}
