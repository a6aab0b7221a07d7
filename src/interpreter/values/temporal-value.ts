/**
 * Dates, times and timestamps on one scale: nanoseconds since 1970 as local clocks count them.
 */
import type { SqlShape } from "../types/sql-type.ts";
import { dayNanos, splitTimestamp } from "./calendar.ts";
import { nanosPerMilli, type SqlValue } from "./sql-value.ts";
import { timeZoneOf } from "./time-zone.ts";

/** True for DATE, TIME, TIMESTAMP and TIMESTAMP_LTZ. */
export function isTimePoint({ name }: SqlShape): boolean {
  return name === "DATE" || name === "TIME" || name === "TIMESTAMP" || name === "TIMESTAMP_LTZ";
}

/**
 * Returns what reads values of a type of time. A TIME is one of the day 1970-01-01; a TIMESTAMP_LTZ is what
 * clocks in the zone show.
 */
export function localNanosOf(type: SqlShape, timeZone: string): (value: SqlValue | undefined) => bigint {
  switch (type.name) {
    case "DATE":
      return (value) => BigInt(value as number) * dayNanos;
    case "TIME":
      return (value) => BigInt(value as number) * nanosPerMilli;
    case "TIMESTAMP_LTZ": {
      const zone = timeZoneOf(timeZone);
      return (value) => zone.localOfInstant(value as bigint);
    }
    default:
      return (value) => value as bigint;
  }
}

/** Returns what makes a value of a type of time from local nanoseconds. A TIME takes those of the day. */
export function fromLocalNanos(type: SqlShape, timeZone: string): (nanos: bigint) => SqlValue {
  switch (type.name) {
    case "DATE":
      return (nanos) => splitTimestamp(nanos).days;
    case "TIME":
      return (nanos) => Number(splitTimestamp(nanos).nanosOfDay / nanosPerMilli);
    case "TIMESTAMP_LTZ": {
      const zone = timeZoneOf(timeZone);
      return (nanos) => zone.instantOfLocal(nanos);
    }
    default:
      return (nanos) => nanos;
  }
}
