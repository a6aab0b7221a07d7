/**
 * From a cell of a job's table to a row of its view.
 */

import { assert } from "../../base/assert.ts";
import { divideHalfUp } from "../../columnar/decimal-text.ts";
import { decodeKey } from "../../columnar/key-encoding.ts";
import { type DataType, kindOf } from "../../columnar/schema.ts";
import { formatValue, type JsonScalar, type LaneValue } from "../../columnar/values.ts";
import type { OutputSource, TaskPlan } from "./task-plan.ts";

/** A key with its accumulators, in the order of `TaskPlan.accumulators`. */
export interface Cell {
  readonly key: Uint8Array;
  readonly keyNulls: number;
  readonly accumulators: readonly LaneValue[];
}

/** A window [start, end) in milliseconds. */
export interface WindowBounds {
  readonly start: bigint;
  readonly end: bigint;
}

/** False where all rows of the cell were taken back: it is no result. */
export function hasRows({ recordCounter }: TaskPlan, { accumulators }: Pick<Cell, "accumulators">): boolean {
  return recordCounter === undefined || (accumulators[recordCounter] as bigint) > 0n;
}

/** Returns the output columns by name, as JSON values (`columnar/values.ts` says how each type looks). */
export function finishRow(
  plan: TaskPlan,
  cell: Cell,
  window: WindowBounds | undefined,
): Record<string, JsonScalar> {
  const values = finishValues(plan, cell, window);
  return Object.fromEntries(
    plan.outputs.map(({ name, type }, index) => [name, formatValue(values[index] as LaneValue, type)]),
  );
}

/** Returns the values of `plan.outputs` in order. `window` is undefined for a job without one. */
export function finishValues(plan: TaskPlan, cell: Cell, window: WindowBounds | undefined): LaneValue[] {
  const kinds = plan.key.map(({ type }) => kindOf(type));
  const keys = decodeKey(kinds, cell.key, cell.keyNulls);
  return plan.outputs.map(({ type, from }) => finishValue(type, from, keys, cell.accumulators, window));
}

function finishValue(
  type: DataType,
  source: OutputSource,
  keys: readonly LaneValue[],
  accumulators: readonly LaneValue[],
  window: WindowBounds | undefined,
): LaneValue {
  switch (source.from) {
    case "key":
      return keys[source.key] as LaneValue;
    case "windowStart":
    case "windowEnd":
      assert(window, "a windowed job's rows have a window");
      return source.from === "windowStart" ? window.start : window.end;
    case "accumulator":
      return accumulators[source.accumulator] as LaneValue;
    case "sum":
      return (accumulators[source.count] as bigint) > 0n ? (accumulators[source.sum] as LaneValue) : null;
    case "average": {
      const sum = accumulators[source.sum] as bigint | number | null;
      const count = accumulators[source.count] as bigint;
      return sum === null || count <= 0n ? null : average(sum, count, source.argumentType, type);
    }
  }
}

function average(sum: bigint | number, count: bigint, argument: DataType, result: DataType): LaneValue {
  if (typeof sum === "number" || argument.name !== "DECIMAL" || result.name !== "DECIMAL") {
    return Number(sum) / Number(count);
  }
  return divideHalfUp(sum * 10n ** BigInt(result.scale - argument.scale), count);
}
