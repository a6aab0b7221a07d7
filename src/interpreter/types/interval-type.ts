/**
 * Intervals of one unit, which numbers can be cast to and from.
 */
import type { IntervalShape, SqlShape } from "./sql-type.ts";

/** Months, or milliseconds. */
const unitSizes: Readonly<Record<string, number>> = {
  YEAR: 12,
  MONTH: 1,
  DAY: 86_400_000,
  HOUR: 3_600_000,
  MINUTE: 60_000,
  SECOND: 1000,
};

export function isInterval(type: SqlShape): type is IntervalShape {
  return type.name.startsWith("INTERVAL");
}

/** True for `INTERVAL DAY`, and not for `INTERVAL DAY TO SECOND`. */
export function hasOneUnit({ resolution }: IntervalShape): boolean {
  return resolution in unitSizes;
}

/** Returns how many months or milliseconds a unit of the interval is. */
export function unitOfInterval({ resolution }: IntervalShape): number {
  return unitSizes[resolution] ?? 1;
}
