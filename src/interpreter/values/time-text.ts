/**
 * Dates, times and timestamps as SQL writes them: `2020-02-29`, `12:30:00.5`, `2020-02-29 12:30:00.123`.
 */
import { dateOfDays, daysInMonth, daysOfDate, joinTimestamp, splitTimestamp } from "./calendar.ts";

const datePattern = /^(\d+)(?:-(\d+)(?:-(\d+))?)?$/;
const timePattern = /^(\d{1,2})(?::(\d{1,2})(?::(\d{1,2})(?:\.(\d*))?)?)?$/;

/**
 * Returns the days of `yyyy-MM-dd`, of the years 0 to 9999; parts may be short, and month and day absent.
 * Undefined for others.
 */
export function parseDateText(text: string): number | undefined {
  const match = datePattern.exec(text.trim());
  if (!match) return undefined;
  const [year, month, day] = [Number(match[1]), Number(match[2] ?? 1), Number(match[3] ?? 1)];
  if (year > 9999 || month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined;
  return daysOfDate({ year, month, day });
}

/** Returns the nanoseconds of the day of `HH:mm:ss[.fraction]`; digits beyond nine are left out. */
export function parseTimeText(text: string): bigint | undefined {
  const match = timePattern.exec(text.trim());
  if (!match) return undefined;
  const [hour, minute, second] = [Number(match[1]), Number(match[2] ?? 0), Number(match[3] ?? 0)];
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const nanos = (match[4] ?? "").slice(0, 9).padEnd(9, "0");
  return BigInt((hour * 60 + minute) * 60 + second) * 1_000_000_000n + BigInt(nanos);
}

/** Returns the nanoseconds since 1970 of a date, or of a date and a time with a space or T between. */
export function parseTimestampText(text: string): bigint | undefined {
  const [date = "", time, ...rest] = text.trim().split(/[ T]/);
  const days = parseDateText(date);
  if (days === undefined || rest.length > 0) return undefined;
  const nanosOfDay = time === undefined ? 0n : parseTimeText(time);
  return nanosOfDay === undefined ? undefined : joinTimestamp(days, nanosOfDay);
}

/** `2020-02-29`. */
export function formatDateText(days: number): string {
  const { year, month, day } = dateOfDays(days);
  return `${padded(year, 4)}-${padded(month, 2)}-${padded(day, 2)}`;
}

/** `12:30:00`, with `precision` digits of a fraction. */
export function formatTimeText(nanosOfDay: bigint, precision: number): string {
  const seconds = Number(nanosOfDay / 1_000_000_000n);
  const parts = [seconds / 3600, (seconds / 60) % 60, seconds % 60];
  const clock = parts.map((part) => padded(Math.floor(part), 2)).join(":");
  if (precision === 0) return clock;
  return `${clock}.${String(nanosOfDay % 1_000_000_000n)
    .padStart(9, "0")
    .slice(0, precision)}`;
}

/** `2020-02-29 12:30:00`, with `precision` digits of a fraction. */
export function formatTimestampText(nanos: bigint, precision: number): string {
  const { days, nanosOfDay } = splitTimestamp(nanos);
  return `${formatDateText(days)} ${formatTimeText(nanosOfDay, precision)}`;
}

/** Cuts a timestamp to so many digits behind the second, towards the past. */
export function cutTimestamp(nanos: bigint, precision: number): bigint {
  const unit = 10n ** BigInt(9 - precision);
  const rest = nanos % unit;
  return nanos - (rest < 0n ? rest + unit : rest);
}

function padded(value: number, width: number): string {
  return value < 0 ? `-${String(-value).padStart(width, "0")}` : String(value).padStart(width, "0");
}
