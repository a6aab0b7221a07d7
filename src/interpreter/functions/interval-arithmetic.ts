/**
 * Intervals in arithmetic: added to times, to each other, and multiplied.
 *
 * Months are added by the calendar: the day is the last of its month where that is shorter. To a DATE whole
 * days are added; a TIME stays within its day.
 */
import type { BoundCall, CallShape, Evaluator, Refusal, Resolution, Signature } from "../scalar-function.ts";
import type { ArithmeticOperator } from "../types/decimal-type.ts";
import { mergeTypes } from "../types/merge-types.ts";
import type { SqlShape, SqlType } from "../types/sql-type.ts";
import { addMonths, dayMillis, joinTimestamp, splitTimestamp } from "../values/calendar.ts";
import { nanosPerMilli, type SqlValue } from "../values/sql-value.ts";
import { isNumber } from "./number-arguments.ts";

/** Digits of a second's fraction that an INTERVAL has where none are written. */
const fractionDefault = 6;

export function isInterval({ name }: SqlShape): boolean {
  return name === "INTERVAL YEAR TO MONTH" || name === "INTERVAL DAY TO SECOND";
}

function isTime({ name }: SqlShape): boolean {
  return ["DATE", "TIME", "TIMESTAMP", "TIMESTAMP_LTZ"].includes(name);
}

/** The signatures that an operator has beside the one of numbers. */
export function intervalSignatures(operator: ArithmeticOperator): readonly Signature[] {
  if (operator === "+" || operator === "-") return [sum(operator)];
  return operator === "*" ? [product] : [];
}

function sum(operator: "+" | "-"): Signature {
  return (call): Resolution | Refusal | undefined => {
    const pair = pairOf(call);
    if (!pair) return undefined;
    const [one, other] = pair;
    if (operator === "-" && isTime(one) && isTime(other)) {
      return {
        refusal: "Times are not subtracted with -; TIMESTAMPDIFF(unit, from, to) says what is between",
      };
    }
    if (isInterval(one) && isInterval(other)) {
      const common = mergeTypes(pair);
      return common && { types: pair, type: common };
    }
    if (isTime(one) && isShift(other)) return { types: pair, type: shifted(one, other) };
    if (operator === "+" && isShift(one) && isTime(other)) return { types: pair, type: shifted(other, one) };
    return undefined;
  };
}

const product: Signature = (call) => {
  const pair = pairOf(call);
  if (!pair) return undefined;
  const [one, other] = pair;
  const interval = isInterval(one) ? one : other;
  const factor = isInterval(one) ? other : one;
  if (!isInterval(interval) || !(isNumber(factor) || factor.name === "NULL")) return undefined;
  const types = pair.map((type) => (type.name === "NULL" ? nullOf(interval) : type));
  return { types, type: { ...interval, isNullable: one.isNullable || other.isNullable } };
};

function pairOf({ types }: CallShape): readonly [SqlType, SqlType] | undefined {
  return types.length === 2 ? (types as readonly [SqlType, SqlType]) : undefined;
}

/** An interval, or a NULL that might be one. */
function isShift(type: SqlType): boolean {
  return isInterval(type) || type.name === "NULL";
}

function nullOf(type: SqlType): SqlType {
  return { ...type, isNullable: true };
}

/** A timestamp has as many digits as the seconds that are added to it say they have. */
function shifted(time: SqlType, interval: SqlType): SqlType {
  const isNullable = time.isNullable || interval.isNullable;
  const isPrecise = interval.name === "INTERVAL DAY TO SECOND" && interval.fraction !== fractionDefault;
  if (!isPrecise || !("precision" in time)) return { ...time, isNullable };
  return { ...time, precision: Math.max(time.precision, interval.fraction), isNullable } as SqlType;
}

/** Calculates what a signature of intervals took. */
export function prepareIntervals(operator: ArithmeticOperator, { types, type }: BoundCall): Evaluator {
  const [one, other] = types as readonly [SqlType, SqlType];
  if (operator === "*") return multiply(isInterval(one) ? other : one, isInterval(one));
  const sign = operator === "-" ? -1 : 1;
  if (isInterval(type)) return (left, right) => (left as number) + sign * (right as number);
  const isIntervalFirst = isTime(other);
  const interval = isIntervalFirst ? one : other;
  const shift = shiftOf(type, interval.name === "INTERVAL YEAR TO MONTH");
  return isIntervalFirst
    ? (by, time) => shift(time, by as number)
    : (time, by) => shift(time, sign * (by as number));
}

/** A factor is cut to a whole number first. */
function multiply(factor: SqlType, isIntervalFirst: boolean): Evaluator {
  const unit = factor.name === "DECIMAL" ? 10n ** BigInt(factor.scale) : undefined;
  const whole = (value: SqlValue | undefined): number =>
    unit === undefined ? Math.trunc(Number(value)) : Number((value as bigint) / unit);
  return isIntervalFirst
    ? (interval, by) => (interval as number) * whole(by) + 0
    : (by, interval) => (interval as number) * whole(by) + 0;
}

type Shift = (time: SqlValue | undefined, by: number) => SqlValue;

/** Adds months or milliseconds to a time of `type`. */
function shiftOf(type: SqlType, areMonths: boolean): Shift {
  switch (type.name) {
    case "DATE":
      return areMonths
        ? (days, months) => addMonths(days as number, months)
        : (days, millis) => (days as number) + Math.trunc(millis / dayMillis);
    case "TIME":
      return areMonths
        ? (time) => time as number
        : (time, millis) => ((time as number) + dayMillis + (millis % dayMillis)) % dayMillis;
    default:
      return areMonths
        ? (nanos, months) => {
            const { days, nanosOfDay } = splitTimestamp(nanos as bigint);
            return joinTimestamp(addMonths(days, months), nanosOfDay);
          }
        : (nanos, millis) => (nanos as bigint) + BigInt(millis) * nanosPerMilli;
  }
}
