/**
 * Parts of times: EXTRACT, YEAR, DAYOFWEEK….
 */
import type { BoundCall, CallShape, Evaluator, ScalarFunction, Signature } from "../../scalar-function.ts";
import { bigintShape } from "../../signatures.ts";
import type { SqlType } from "../../types/sql-type.ts";
import {
  dateOfDays,
  dayNanos,
  dayOfWeek,
  dayOfYear,
  isoWeeks,
  splitTimestamp,
  weekOfDay,
} from "../../values/calendar.ts";
import { isTimePoint, localNanosOf } from "../../values/temporal-value.ts";
import { unitOf } from "./time-units.ts";

/** Parts of a day since 1970. */
const dateParts: Readonly<Record<string, (days: number) => number>> = {
  MILLENNIUM: (days) => partOfYears(days, 1000),
  CENTURY: (days) => partOfYears(days, 100),
  DECADE: (days) => Math.trunc(dateOfDays(days).year / 10),
  YEAR: (days) => dateOfDays(days).year,
  ISOYEAR: (days) => weekOfDay(days, isoWeeks).year,
  QUARTER: (days) => Math.ceil(dateOfDays(days).month / 3),
  MONTH: (days) => dateOfDays(days).month,
  WEEK: (days) => weekOfDay(days, isoWeeks).week,
  DAY: (days) => dateOfDays(days).day,
  DOY: dayOfYear,
  /** 1 is Sunday. */
  DOW: (days) => (dayOfWeek(days) % 7) + 1,
  ISODOW: dayOfWeek,
};

/** The first century begins with the year 1. */
function partOfYears(days: number, years: number): number {
  const { year } = dateOfDays(days);
  return Math.trunc((year > 0 ? year + years - 1 : year - years + 1) / years);
}

/** Of nanoseconds of the day: how many make one, and how many of it there are before it begins again. */
const clockParts: Readonly<Record<string, readonly [unit: bigint, count: bigint]>> = {
  HOUR: [3_600_000_000_000n, 24n],
  MINUTE: [60_000_000_000n, 60n],
  SECOND: [1_000_000_000n, 60n],
  MILLISECOND: [1_000_000n, 1000n],
  MICROSECOND: [1000n, 1_000_000n],
  NANOSECOND: [1n, 1_000_000_000n],
};

/** Units that only timestamps have. */
const fineUnits: readonly string[] = Object.freeze(["MICROSECOND", "NANOSECOND"]);

/** Of milliseconds. */
const dayTimeParts: Readonly<Record<string, (value: number) => number>> = {
  DAY: (value) => value / 86_400_000,
  HOUR: (value) => (value % 86_400_000) / 3_600_000,
  MINUTE: (value) => (value % 3_600_000) / 60_000,
  SECOND: (value) => (value % 60_000) / 1000,
  MILLISECOND: (value) => value % 1000,
};

/** Of months. */
const yearMonthParts: Readonly<Record<string, (value: number) => number>> = {
  MILLENNIUM: (value) => value / 12_000,
  CENTURY: (value) => value / 1200,
  YEAR: (value) => value / 12,
  QUARTER: (value) => Math.trunc(((value % 12) - 1) / 3) + 1,
  MONTH: (value) => value % 12,
};

function hasPart(type: SqlType, unit: string): boolean {
  switch (type.name) {
    case "NULL":
      return true;
    case "DATE":
      return unit === "EPOCH" || unit in dateParts || (unit in clockParts && !fineUnits.includes(unit));
    case "TIME":
      return unit in clockParts && !fineUnits.includes(unit);
    case "TIMESTAMP":
    case "TIMESTAMP_LTZ":
      return unit === "EPOCH" || unit in dateParts || unit in clockParts;
    case "INTERVAL DAY TO SECOND":
      return unit in dayTimeParts;
    case "INTERVAL YEAR TO MONTH":
      return unit in yearMonthParts;
    default:
      return false;
  }
}

/** NULL is a timestamp that is null. */
function takenAs(type: SqlType): SqlType {
  return type.name === "NULL" ? { name: "TIMESTAMP", precision: 3, isNullable: true } : type;
}

const extractSignature: Signature = ({ types: [symbol, type, more], constants: [constant] }: CallShape) => {
  const unit = unitOf(constant);
  if (!symbol || !type || more || unit === undefined) return undefined;
  if (!hasPart(type, unit)) return { refusal: `${unit} cannot be extracted from ${type.name}` };
  const taken = takenAs(type);
  return { types: [symbol, taken], type: { ...bigintShape, isNullable: taken.isNullable } };
};

/** Returns what takes a part of values of `type`. */
function prepareExtract(unit: string, type: SqlType, timeZone: string): Evaluator {
  if (type.name === "INTERVAL DAY TO SECOND" || type.name === "INTERVAL YEAR TO MONTH") {
    const part = (type.name === "INTERVAL DAY TO SECOND" ? dayTimeParts : yearMonthParts)[unit];
    return (value) => BigInt(Math.trunc(part?.(value as number) ?? 0));
  }
  const localNanos = localNanosOf(type, timeZone);
  const datePart = dateParts[unit];
  if (datePart) return (value) => BigInt(datePart(splitTimestamp(localNanos(value)).days));
  if (unit === "EPOCH") {
    return (value) => {
      const { days, nanosOfDay } = splitTimestamp(localNanos(value));
      return BigInt(days) * 86_400n + nanosOfDay / 1_000_000_000n;
    };
  }
  const [nanos, count] = clockParts[unit] ?? [dayNanos, 1n];
  return (value) => (splitTimestamp(localNanos(value)).nanosOfDay / nanos) % count;
}

/** `YEAR(date)` and its like: EXTRACT with a unit that the name says. */
function partFunction(name: string, unit: string): ScalarFunction {
  return {
    name,
    usage: `${name}(date or timestamp)`,
    signatures: [
      ({ types: [type, more] }) => {
        if (!type || more || (type.name !== "NULL" && !isTimePoint(type))) return undefined;
        if (!hasPart(type, unit)) return { refusal: `${unit} cannot be extracted from ${type.name}` };
        const taken = takenAs(type);
        return { types: [taken], type: { ...bigintShape, isNullable: taken.isNullable } };
      },
    ],
    prepare: ({ types: [type], context }) => prepareExtract(unit, type as SqlType, context.timeZone),
  };
}

export const extractFunctions: readonly ScalarFunction[] = [
  {
    name: "EXTRACT",
    usage: "EXTRACT(unit FROM time)",
    signatures: [extractSignature],
    prepare: ({ types: [, type], constants: [constant], context }: BoundCall) => {
      const extract = prepareExtract(unitOf(constant) ?? "", type as SqlType, context.timeZone);
      return (_unit, value) => extract(value as never);
    },
  },
  partFunction("YEAR", "YEAR"),
  partFunction("QUARTER", "QUARTER"),
  partFunction("MONTH", "MONTH"),
  partFunction("WEEK", "WEEK"),
  partFunction("DAYOFYEAR", "DOY"),
  partFunction("DAYOFMONTH", "DAY"),
  partFunction("DAYOFWEEK", "DOW"),
  partFunction("HOUR", "HOUR"),
  partFunction("MINUTE", "MINUTE"),
  partFunction("SECOND", "SECOND"),
];
