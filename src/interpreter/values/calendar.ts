/**
 * Days of the proleptic Gregorian calendar, and the parts of a timestamp.
 *
 * Days are counted from 1970-01-01. Eras of 400 years begin on 1 March: leap days are then the last of
 * their year.
 */

export const dayMillis = 86_400_000;
export const dayNanos = 86_400_000_000_000n;

export interface CivilDate {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
}

/** Returns the days since 1970 of a date, which is not checked: day 0 is the last of the month before. */
export function daysOfDate({ year, month, day }: CivilDate): number {
  const shiftedYear = month <= 2 ? year - 1 : year;
  const era = Math.floor(shiftedYear / 400);
  const yearOfEra = shiftedYear - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

export function dateOfDays(days: number): CivilDate {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day };
}

export function daysInMonth(year: number, month: number): number {
  return daysOfDate({ year, month: month + 1, day: 0 }) - daysOfDate({ year, month, day: 0 });
}

/** Returns the same day so many months later; the last of the month where that is shorter. */
export function addMonths(days: number, months: number): number {
  const { year, month, day } = dateOfDays(days);
  const shifted = year * 12 + month - 1 + months;
  const [toYear, toMonth] = [Math.floor(shifted / 12), (((shifted % 12) + 12) % 12) + 1];
  return daysOfDate({ year: toYear, month: toMonth, day: Math.min(day, daysInMonth(toYear, toMonth)) });
}

/** A timestamp in days and nanoseconds of the day, which are never negative. */
export function splitTimestamp(nanos: bigint): { readonly days: number; readonly nanosOfDay: bigint } {
  let days = nanos / dayNanos;
  if (days * dayNanos > nanos) days -= 1n;
  return { days: Number(days), nanosOfDay: nanos - days * dayNanos };
}

export function joinTimestamp(days: number, nanosOfDay: bigint): bigint {
  return BigInt(days) * dayNanos + nanosOfDay;
}
