/**
 * What a window's result says of the window.
 */
import type { Row } from "../../interpreter/values/sql-value.ts";
import { nanosPerMilli, type SqlValue } from "../../interpreter/values/sql-value.ts";
import type { WindowProperty } from "../../protocol/dataflow.ts";
import type { ChainClock } from "./chain-clock.ts";
import type { WindowTimes } from "./window-times.ts";

/** A window [start, end) in ms on the clocks that windows lie on. */
export interface Span {
  readonly start: bigint;
  readonly end: bigint;
}

/** Returns what makes the values of `properties`. */
export function propertiesOf(
  properties: readonly WindowProperty[],
  times: WindowTimes,
  clock: ChainClock,
): (window: Span) => Row {
  const propertyOf = (property: WindowProperty["property"], { start, end }: Span): SqlValue => {
    switch (property) {
      case "start":
        return times.boundOf(start);
      case "end":
        return times.boundOf(end);
      case "time":
        return times.windowTimeOf(end);
      case "processing":
        return BigInt(clock.appendTime) * nanosPerMilli;
    }
  };
  return (window) => properties.map(({ property }) => propertyOf(property, window));
}
