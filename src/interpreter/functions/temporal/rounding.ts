/**
 * FLOOR and CEIL: of numbers, and of times to a unit.
 *
 * Units of the calendar look at the date alone: CEIL keeps the first of a month whatever its time is, and
 * moves the first of a decade to the next one, as Flink does.
 */
import type { Evaluator, ScalarFunction, Signature } from "../../scalar-function.ts";
import { oneOf, returnsArgument, takes } from "../../signatures.ts";
import type { SqlType } from "../../types/sql-type.ts";
import { dateOfDays, dayNanos, dayOfWeek, daysOfDate, splitTimestamp } from "../../values/calendar.ts";
import type { SqlValue } from "../../values/sql-value.ts";
import { fromLocalNanos, isTimePoint, localNanosOf } from "../../values/temporal-value.ts";
import { nanosOfUnit, unitOf } from "./time-units.ts";

type Direction = "FLOOR" | "CEIL";

/** How many years make one, and the first year of the first. */
const yearUnits: Readonly<Record<string, readonly [years: number, first: number]>> = {
  MILLENNIUM: [1000, 1],
  CENTURY: [100, 1],
  DECADE: [10, 0],
};

const clockUnits: readonly string[] = Object.freeze(["HOUR", "MINUTE", "SECOND", "MILLISECOND"]);
const calendarUnits: readonly string[] = Object.freeze([
  ...Object.keys(yearUnits),
  "YEAR",
  "QUARTER",
  "MONTH",
  "WEEK",
]);

function roundDays(days: number, unit: string, isUp: boolean): number {
  const { year, month, day } = dateOfDays(days);
  const years = yearUnits[unit];
  if (years) {
    const [count, first] = years;
    const start = Math.floor((year - first) / count) * count + first;
    return daysOfDate({ year: isUp ? start + count : start, month: 1, day: 1 });
  }
  switch (unit) {
    case "YEAR":
      return daysOfDate({ year: isUp && (month > 1 || day > 1) ? year + 1 : year, month: 1, day: 1 });
    case "QUARTER": {
      const start = Math.floor((month - 1) / 3) * 3 + 1;
      return firstOfMonth(year, isUp && (month > 1 || day > 1) ? start + 3 : start);
    }
    case "MONTH":
      return firstOfMonth(year, isUp && day > 1 ? month + 1 : month);
    default: {
      const sinceSunday = dayOfWeek(days) % 7;
      return days - sinceSunday + (isUp && sinceSunday > 0 ? 7 : 0);
    }
  }
}

function firstOfMonth(year: number, month: number): number {
  return daysOfDate({ year: month > 12 ? year + 1 : year, month: month > 12 ? month - 12 : month, day: 1 });
}

function roundTo(value: bigint, unit: bigint, isUp: boolean): bigint {
  const rest = ((value % unit) + unit) % unit;
  return value - rest + (isUp && rest > 0n ? unit : 0n);
}

/** A day has no smaller units, and one that is rounded up is the next. */
function roundDate(unit: string, isUp: boolean): (days: number) => number {
  if (clockUnits.includes(unit)) return (days) => days;
  if (unit === "DAY") return (days) => (isUp ? days + 1 : days);
  return (days) => roundDays(days, unit, isUp);
}

function prepareTime(direction: Direction, type: SqlType, unit: string, timeZone: string): Evaluator {
  const isUp = direction === "CEIL";
  if (type.name === "DATE") {
    const round = roundDate(unit, isUp);
    return (value) => round(value as number);
  }
  const unitNanos = unit === "DAY" || clockUnits.includes(unit) ? nanosOfUnit(unit) : undefined;
  const round = unitNanos
    ? (nanos: bigint) => roundTo(nanos, unitNanos, isUp)
    : (nanos: bigint) => BigInt(roundDays(splitTimestamp(nanos).days, unit, isUp)) * dayNanos;
  const [local, made] = [localNanosOf(type, timeZone), fromLocalNanos(type, timeZone)];
  if (type.name === "TIMESTAMP_LTZ" && unit !== "DAY" && unitNanos) {
    // By what it moves: an hour that comes twice a day stays the one that it is.
    return (value) => (value as bigint) + round(local(value)) - local(value);
  }
  return (value) => made(round(local(value)));
}

function prepareNumber(direction: Direction, type: SqlType): Evaluator {
  if (type.name === "FLOAT" || type.name === "DOUBLE") {
    return direction === "FLOOR"
      ? (value) => Math.floor(value as number)
      : (value) => Math.ceil(value as number);
  }
  if (type.name === "DECIMAL") {
    const one = 10n ** BigInt(type.scale);
    return (value) => roundTo(value as bigint, one, direction === "CEIL") / one;
  }
  return (value) => value as SqlValue;
}

const wholeDecimal: Signature = ({ types: [type, more] }) => {
  if (type?.name !== "DECIMAL" || more) return undefined;
  return { types: [type], type: { ...type, scale: 0 } };
};

const toUnit: Signature = ({ types: [type, symbol, more], constants: [, constant] }) => {
  const unit = unitOf(constant);
  if (!type || !symbol || more || unit === undefined || !isTimePoint(type)) return undefined;
  const isClock = clockUnits.includes(unit);
  const isKnown = isClock || (type.name !== "TIME" && (unit === "DAY" || calendarUnits.includes(unit)));
  if (!isKnown) return { refusal: `${type.name} cannot be rounded to ${unit}` };
  return { types: [type, symbol], type };
};

const number = oneOf(
  [
    "TINYINT",
    "SMALLINT",
    "INT",
    "BIGINT",
    "FLOAT",
    "DOUBLE",
    "INTERVAL DAY TO SECOND",
    "INTERVAL YEAR TO MONTH",
  ],
  { name: "DOUBLE" },
);

function rounding(name: Direction): ScalarFunction {
  return {
    name,
    usage: `${name}(number), ${name}(time TO unit)`,
    signatures: [wholeDecimal, takes([number], returnsArgument(0)), toUnit],
    prepare: ({ types: [first], constants, context }) => {
      const from = first as SqlType;
      if (isTimePoint(from)) return prepareTime(name, from, unitOf(constants[1]) ?? "", context.timeZone);
      return prepareNumber(name, from);
    },
  };
}

export const roundingFunctions: readonly ScalarFunction[] = [rounding("FLOOR"), rounding("CEIL")];
