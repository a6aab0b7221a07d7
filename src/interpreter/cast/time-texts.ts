/**
 * Texts that a cast reads as date, time or timestamp; each has its own rules of what may be left out.
 */
import { dayMillis, daysInMonth, daysOfDate, joinTimestamp } from "../values/calendar.ts";

const datePattern = /^\s*(\d{1,4})\s*(?:-\s*(\d{1,2})\s*(?:-\s*(\d{1,2})\s*)?)?$/;
const timePattern = /^\s*(\d{1,2})\s*(?::\s*(\d{1,2})\s*(?::\s*(\d{1,2})\s*(?:\.\s*(\d*)\s*)?)?)?$/;
const timestampPattern = /^(\d{4})-(\d{1,2})-(\d{1,2})(?: (\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d{0,9}))?)?$/;

/** Days since 1970 of `yyyy[-MM[-dd]]`; what follows a space does not count. */
export function parseDateCast(text: string): number | undefined {
  const space = text.indexOf(" ");
  const match = datePattern.exec(space > 0 ? text.slice(0, space) : text);
  if (!match) return undefined;
  const [year, month, day] = [Number(match[1]), Number(match[2] ?? 1), Number(match[3] ?? 1)];
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined;
  return daysOfDate({ year, month, day });
}

/** Milliseconds of the day of `HH[:mm[:ss[.fraction]]]`, rounded to the nearest. */
export function parseTimeCast(text: string): number | undefined {
  const match = timePattern.exec(text);
  if (!match) return undefined;
  const clock = clockMillis(match[1], match[2], match[3]);
  const digits = (match[4] ?? "").padEnd(4, "0");
  const rounded = Number(digits.slice(0, 3)) + (Number(digits[3]) >= 5 ? 1 : 0);
  return clock === undefined ? undefined : (clock + rounded) % dayMillis;
}

/** Nanoseconds since 1970 of `yyyy-MM-dd[ HH:mm:ss[.fraction]]`; a day after the month's last is that. */
export function parseTimestampCast(text: string): bigint | undefined {
  const match = timestampPattern.exec(text);
  if (!match) return undefined;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const clock = clockMillis(match[4] ?? "0", match[5], match[6]);
  if (month < 1 || month > 12 || day < 1 || day > 31 || clock === undefined) return undefined;
  const days = daysOfDate({ year, month, day: Math.min(day, daysInMonth(year, month)) });
  return joinTimestamp(days, BigInt(clock) * 1_000_000n + BigInt((match[7] ?? "").padEnd(9, "0")));
}

function clockMillis(hours = "0", minutes = "0", seconds = "0"): number | undefined {
  const [hour, minute, second] = [Number(hours), Number(minutes), Number(seconds)];
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  return ((hour * 60 + minute) * 60 + second) * 1000;
}
