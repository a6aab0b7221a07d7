/**
 * Casts to dates, times, timestamps and intervals. Digits that the target has no place for are cut off.
 *
 * TIMESTAMP_LTZ is an instant: its date and time are those that clocks in the session's zone show. A TIME as
 * a timestamp is of the first of January 1970.
 */
import type { EvaluationContext } from "../scalar-function.ts";
import { isInterval, unitOfInterval } from "../types/interval-type.ts";
import type { IntervalShape, SqlShape } from "../types/sql-type.ts";
import { joinTimestamp, splitTimestamp } from "../values/calendar.ts";
import { nanosPerMilli, type SqlValue } from "../values/sql-value.ts";
import { cutTimestamp } from "../values/time-text.ts";
import { timeZoneOf } from "../values/time-zone.ts";
import { type Cast, identity, unreadable } from "./cast.ts";
import { parseDateCast, parseTimeCast, parseTimestampCast } from "./time-texts.ts";

type PreciseShape = Extract<SqlShape, { name: "TIME" | "TIMESTAMP" | "TIMESTAMP_LTZ" }>;

export function castToDate(from: SqlShape, to: SqlShape, context: EvaluationContext): Cast | undefined {
  if (isText(from)) return (value) => parseDateCast(value as string) ?? fail(value, to);
  const local = localTimestamp(from, context);
  return local && ((value) => splitTimestamp(local(value)).days);
}

export function castToTime(from: SqlShape, to: PreciseShape, context: EvaluationContext): Cast | undefined {
  const unit = 10 ** Math.max(0, 3 - to.precision);
  const cut = (millis: number) => millis - (millis % unit);
  if (from.name === "TIME") return (value) => cut(value as number);
  if (isText(from)) return (value) => cut(parseTimeCast(value as string) ?? (fail(value, to) as number));
  const local = from.name === "DATE" ? undefined : localTimestamp(from, context);
  return local && ((value) => cut(Number(splitTimestamp(local(value)).nanosOfDay / nanosPerMilli)));
}

/** To TIMESTAMP or TIMESTAMP_LTZ. */
export function castToTimestamp(
  from: SqlShape,
  to: PreciseShape,
  context: EvaluationContext,
): Cast | undefined {
  const cut = (nanos: bigint) => cutTimestamp(nanos, to.precision);
  if (from.name === to.name) return (value) => cut(value as bigint);
  const local = isText(from)
    ? (value: SqlValue) => parseTimestampCast(value as string) ?? (fail(value, to) as bigint)
    : localTimestamp(from, context);
  if (!local) return undefined;
  if (to.name === "TIMESTAMP") return (value) => cut(local(value));
  const zone = timeZoneOf(context.timeZone);
  return (value) => zone.instantOfLocal(cut(local(value)));
}

/** Numbers count the interval's unit; from another interval of the kind all stays. */
export function castToInterval(from: SqlShape, to: IntervalShape): Cast | undefined {
  if (isInterval(from)) return from.name === to.name ? identity : undefined;
  const unit = BigInt(unitOfInterval(to));
  switch (from.name) {
    case "TINYINT":
    case "SMALLINT":
    case "INT":
    case "BIGINT":
      return (value) => Number(BigInt(value as number | bigint) * unit);
    case "DECIMAL":
      return (value) => Number(((value as bigint) * unit) / 10n ** BigInt(from.scale));
    default:
      return undefined;
  }
}

/** Returns what reads a date, time or timestamp as nanoseconds of local clocks. */
function localTimestamp(
  from: SqlShape,
  context: EvaluationContext,
): ((value: SqlValue) => bigint) | undefined {
  switch (from.name) {
    case "DATE":
      return (value) => joinTimestamp(value as number, 0n);
    case "TIME":
      return (value) => BigInt(value as number) * nanosPerMilli;
    case "TIMESTAMP":
      return (value) => value as bigint;
    case "TIMESTAMP_LTZ": {
      const zone = timeZoneOf(context.timeZone);
      return (value) => zone.localOfInstant(value as bigint);
    }
    default:
      return undefined;
  }
}

function isText({ name }: SqlShape): boolean {
  return name === "CHAR" || name === "VARCHAR";
}

function fail(value: SqlValue, to: SqlShape): SqlValue {
  throw unreadable(value, to);
}
