/**
 * Times that are some time apart: TIMESTAMPADD and TIMESTAMPDIFF.
 */
import type { CallShape, Resolution, ScalarFunction, Signature } from "../../scalar-function.ts";
import { bigintShape, intShape, wholeNumber } from "../../signatures.ts";
import type { SqlShape, SqlType } from "../../types/sql-type.ts";
import { addMonths, joinTimestamp, splitTimestamp } from "../../values/calendar.ts";
import { nanosPerMilli } from "../../values/sql-value.ts";
import { fromLocalNanos, isTimePoint, localNanosOf } from "../../values/temporal-value.ts";
import { monthsOfUnit, nanosOfUnit, unitOf } from "./time-units.ts";

/** Digits of a second that adding a unit asks for. */
const fractionDigits: Readonly<Record<string, number>> = { MILLISECOND: 3, MICROSECOND: 6, NANOSECOND: 9 };

/** Intervals count in UTC: a day of local time has 24 hours, too. */
const utc = "UTC";

/** NULL is a timestamp that is null. */
function timePoint(type: SqlType): SqlType | undefined {
  if (type.name === "NULL") return { name: "TIMESTAMP", precision: 3, isNullable: true };
  return isTimePoint(type) ? type : undefined;
}

function plusMonths(nanos: bigint, months: number): bigint {
  const { days, nanosOfDay } = splitTimestamp(nanos);
  return joinTimestamp(addMonths(days, months), nanosOfDay);
}

/** Days and more leave a DATE one; with less it becomes a TIMESTAMP, of the usual precision for hours. */
function sumShape(type: SqlType, unit: string): SqlShape {
  const isOfDays = monthsOfUnit(unit) !== undefined || unit === "DAY" || unit === "WEEK";
  if (isOfDays) return type;
  if (type.name === "DATE") return { name: "TIMESTAMP", precision: fractionDigits[unit] ?? 6 };
  const precision = Math.max(fractionDigits[unit] ?? 0, "precision" in type ? type.precision : 0);
  return { ...type, precision } as SqlShape;
}

const addSignature: Signature = ({ types, constants: [constant] }: CallShape): Resolution | undefined => {
  const [symbol, count, to, more] = types;
  const unit = unitOf(constant);
  const [takenCount, takenTo] = [count && wholeNumber(count, undefined), to && timePoint(to)];
  if (!symbol || !takenCount || !takenTo || more || unit === undefined) return undefined;
  if (nanosOfUnit(unit) === undefined && monthsOfUnit(unit) === undefined) return undefined;
  const isNullable = takenCount.isNullable || takenTo.isNullable;
  return { types: [symbol, takenCount, takenTo], type: { ...sumShape(takenTo, unit), isNullable } };
};

const timestampAdd: Readonly<ScalarFunction> = {
  name: "TIMESTAMPADD",
  usage: "TIMESTAMPADD(unit, count, time)",
  signatures: [addSignature],
  prepare: ({ types: [, , from], type, constants: [constant] }) => {
    const unit = unitOf(constant) ?? "";
    const [nanosOf, made] = [localNanosOf(from as SqlType, utc), fromLocalNanos(type, utc)];
    const months = monthsOfUnit(unit);
    if (months !== undefined) {
      return (_unit, count, to) => made(plusMonths(nanosOf(to), Number(count) * months));
    }
    const nanos = nanosOfUnit(unit) ?? 0n;
    return (_unit, count, to) => made(nanosOf(to) + BigInt(count as number | bigint) * nanos);
  },
};

/** Of times that are not of one kind, a TIME is one of the day 1970-01-01. */
const differenceSignature: Signature = ({ types, constants: [constant] }): Resolution | undefined => {
  const [symbol, from, to, more] = types;
  const unit = unitOf(constant);
  const [takenFrom, takenTo] = [from && timePoint(from), to && timePoint(to)];
  if (!symbol || !takenFrom || !takenTo || more || unit === undefined) return undefined;
  if (nanosOfUnit(unit) === undefined && monthsOfUnit(unit) === undefined) return undefined;
  const ofInstants = [takenFrom, takenTo].filter(({ name }) => name === "TIMESTAMP_LTZ");
  const hasNull = [from, to].some((type) => type?.name === "NULL");
  if (ofInstants.length === 1 && !hasNull) return undefined;
  const isNullable = takenFrom.isNullable || takenTo.isNullable;
  const shape = unit === "NANOSECOND" ? bigintShape : intShape;
  return { types: [symbol, takenFrom, takenTo], type: { ...shape, isNullable } };
};

/** Whole months between two times, less one where the day is reached and its time is not. */
function monthsBetween(from: bigint, to: bigint): number {
  const [start, end] = [splitTimestamp(from), splitTimestamp(to)];
  const months = monthsOfDays(start.days, end.days);
  const isEarly = addMonths(start.days, months) === end.days && end.nanosOfDay < start.nanosOfDay;
  return isEarly ? months - 1 : months;
}

function monthsOfDays(from: number, to: number): number {
  if (to < from) return -monthsOfDays(to, from);
  let months = Math.floor((to - from) / 31);
  while (addMonths(from, months + 1) <= to && addMonths(from, months) < to) months++;
  return months;
}

const timestampDifference: Readonly<ScalarFunction> = {
  name: "TIMESTAMPDIFF",
  usage: "TIMESTAMPDIFF(unit, from, to)",
  signatures: [differenceSignature],
  prepare: ({ types: [, from, to], constants: [constant] }) => {
    const unit = unitOf(constant) ?? "";
    const [fromOf, toOf] = [localNanosOf(from as SqlType, utc), localNanosOf(to as SqlType, utc)];
    const months = monthsOfUnit(unit);
    if (months !== undefined) {
      return (_unit, one, other) => Math.trunc(monthsBetween(fromOf(one), toOf(other)) / months);
    }
    const nanos = nanosOfUnit(unit) ?? 1n;
    return (_unit, one, other) => {
      // Milliseconds are what is compared, and a difference that is no INT goes round.
      const difference = (toOf(other) / nanosPerMilli - fromOf(one) / nanosPerMilli) * nanosPerMilli;
      return unit === "NANOSECOND" ? difference : Number(BigInt.asIntN(32, difference / nanos));
    };
  },
};

export const timeSpanFunctions: readonly ScalarFunction[] = [timestampAdd, timestampDifference];
