/**
 * A local time from the fields of it that a text has.
 */
import { dateOfDays, dayOfWeek, dayOfYear, daysInMonth, daysOfDate, joinTimestamp } from "./calendar.ts";

export type FieldName =
  | "era"
  | "year"
  | "year of era"
  | "quarter"
  | "month"
  | "day"
  | "day of year"
  | "day of week"
  | "day of week in month"
  | "local week day"
  | "week"
  | "week of month"
  | "week year"
  | "half-day"
  | "half-day hour"
  | "half-day clock hour"
  | "hour"
  | "clock hour"
  | "minute"
  | "second"
  | "nano"
  | "nano of day"
  | "milli of day";

export type ParsedFields = Map<FieldName, number>;

/** The least and the largest value of those fields that a time is made of. */
const ranges: ReadonlyMap<FieldName, readonly [number, number]> = new Map([
  ["year", [-999_999_999, 999_999_999]],
  ["year of era", [1, 999_999_999]],
  ["month", [1, 12]],
  ["day", [1, 31]],
  ["half-day hour", [0, 11]],
  ["half-day clock hour", [0, 12]],
  ["hour", [0, 24]],
  ["clock hour", [0, 24]],
  ["minute", [0, 59]],
  ["second", [0, 59]],
  ["nano", [0, 999_999_999]],
  ["nano of day", [0, 86_399_999_999_999]],
  ["milli of day", [0, 86_399_999]],
]);

/**
 * Returns nanoseconds since 1970, undefined where fields are none of a time or contradict each other. Absent
 * are 1970, the first of a month or year, and 0. A day that a month does not have is its last; 24:00 is 0:00
 * of the next day; half of a day that is not named is left out with its hour.
 */
export function resolveFields(fields: ParsedFields): bigint | undefined {
  for (const [name, value] of fields) {
    const [least, largest] = ranges.get(name) ?? [value, value];
    if (value < least || value > largest) return undefined;
  }
  const days = daysOf(fields);
  const nanosOfDay = nanosOf(fields);
  if (days === undefined || nanosOfDay === undefined) return undefined;
  return joinTimestamp(days, nanosOfDay);
}

function daysOf(fields: ParsedFields): number | undefined {
  const years = yearsOf(fields);
  const [known] = years;
  if (years.some((year) => year !== known)) return undefined;
  const [month, day, ofYear] = [fields.get("month"), fields.get("day"), fields.get("day of year")];
  if (known === undefined || month === undefined || day === undefined) {
    if (known === undefined || ofYear === undefined) return daysOfParts(known, month, day);
    const days = daysOfDate({ year: known, month: 1, day: ofYear });
    return dateOfDays(days).year === known && !contradicts(fields, days) ? days : undefined;
  }
  const days = daysOfDate({ year: known, month, day: Math.min(day, daysInMonth(known, month)) });
  return contradicts(fields, days) ? undefined : days;
}

/** What is absent is of 1970-01-01. */
function daysOfParts(year = 1970, month = 1, day = 1): number | undefined {
  return day > daysInMonth(year, month) ? undefined : daysOfDate({ year, month, day });
}

function contradicts(fields: ParsedFields, days: number): boolean {
  const [ofYear, ofWeek] = [fields.get("day of year"), fields.get("day of week")];
  return (ofYear ?? dayOfYear(days)) !== dayOfYear(days) || (ofWeek ?? dayOfWeek(days)) !== dayOfWeek(days);
}

/** The years that fields say; they should be one. */
function yearsOf(fields: ParsedFields): number[] {
  const ofEra = fields.get("year of era");
  const years = [fields.get("year"), ofEra !== undefined && fields.get("era") === 0 ? 1 - ofEra : ofEra];
  return years.filter((year) => year !== undefined);
}

function nanosOf(fields: ParsedFields): bigint | undefined {
  const [nanoOfDay, milliOfDay] = [fields.get("nano of day"), fields.get("milli of day")];
  if (nanoOfDay !== undefined) return BigInt(nanoOfDay);
  const nano = fields.get("nano") ?? 0;
  if (milliOfDay !== undefined) return BigInt(milliOfDay) * 1_000_000n + BigInt(nano % 1_000_000);
  const hour = hourOf(fields) ?? 0;
  const [minute, second] = [fields.get("minute") ?? 0, fields.get("second") ?? 0];
  if (hour === 24 && (minute > 0 || second > 0 || nano > 0)) return undefined;
  return BigInt((hour * 60 + minute) * 60 + second) * 1_000_000_000n + BigInt(nano);
}

function hourOf(fields: ParsedFields): number | undefined {
  const hour = fields.get("hour");
  if (hour !== undefined) return hour;
  const clockHour = fields.get("clock hour");
  if (clockHour !== undefined) return clockHour % 24;
  const [half, clockHalfHour] = [fields.get("half-day"), fields.get("half-day clock hour")];
  const halfHour =
    fields.get("half-day hour") ?? (clockHalfHour !== undefined ? clockHalfHour % 12 : undefined);
  return half === undefined || halfHour === undefined ? undefined : half * 12 + halfHour;
}
