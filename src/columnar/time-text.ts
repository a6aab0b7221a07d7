/**
 * Dates and timestamps as text, on the proleptic Gregorian calendar, without time zones but UTC and fixed
 * offsets.
 *
 * The JSON decoder in `assembly/json` takes the same timestamps. Years outside 0000..9999 print with a sign
 * and are not read back.
 */
const dayMs = 86_400_000n;

const datePattern = String.raw`(\d{4})([-/])(\d\d)\2(\d\d)`;
const timePattern = String.raw`(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?`;
const zonePattern = String.raw`([Zz]|[+-]\d\d:\d\d)?`;

/**
 * Returns the milliseconds since 1970 of `yyyy-MM-dd[ HH:mm[:ss[.SSS]]]`, also with `/` and `T` and a zone
 * (`Z`, `+02:00`; without: UTC), or of a whole number of milliseconds; undefined for anything else. Finer
 * digits are cut off.
 */
export function parseTimestamp(text: string): bigint | undefined {
  if (/^-?\d{1,18}$/.test(text)) return BigInt(text);
  const match = new RegExp(`^${datePattern}(?:[ Tt]${timePattern}${zonePattern})?$`).exec(text);
  if (!match) return undefined;
  const [, year, , month, day, hour = "0", minute = "0", second = "0", fraction = "", zone] = match;
  const days = daysOf(Number(year), Number(month), Number(day));
  if (days === undefined || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  const offset = zone === undefined ? 0 : zoneMinutes(zone);
  if (offset === undefined) return undefined;
  const time = (Number(hour) * 60 + Number(minute) - offset) * 60_000 + Number(second) * 1000;
  return BigInt(days) * dayMs + BigInt(time + Number(fraction.padEnd(3, "0").slice(0, 3)));
}

/** Writes milliseconds since 1970 as `yyyy-MM-dd HH:mm:ss[.SSS]`. */
export function formatTimestamp(ms: bigint): string {
  const days = floorDivide(ms, dayMs);
  const time = Number(ms - days * dayMs);
  const parts = [time / 3_600_000, (time / 60_000) % 60, (time / 1000) % 60];
  const clock = parts.map((part) => String(Math.floor(part)).padStart(2, "0")).join(":");
  const fraction = time % 1000;
  return `${formatDate(days)} ${clock}${fraction === 0 ? "" : `.${String(fraction).padStart(3, "0")}`}`;
}

/** Returns the days since 1970 of `yyyy-MM-dd` or `yyyy/MM/dd`, undefined for anything else. */
export function parseDate(text: string): bigint | undefined {
  const match = new RegExp(`^${datePattern}$`).exec(text);
  if (!match) return undefined;
  const days = daysOf(Number(match[1]), Number(match[3]), Number(match[4]));
  return days === undefined ? undefined : BigInt(days);
}

/** Writes days since 1970 as `yyyy-MM-dd`. */
export function formatDate(days: bigint): string {
  // Eras of 400 years from 1 March of the year 0: leap days are then the last of their year.
  const shifted = days + 719_468n;
  const era = floorDivide(shifted, 146_097n);
  const dayOfEra = Number(shifted - era * 146_097n);
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
  const year = BigInt(yearOfEra) + era * 400n + (month <= 2 ? 1n : 0n);
  return `${formatYear(year)}-${String(month).padStart(2, "0")}-${String(day).padStart(2, "0")}`;
}

function formatYear(year: bigint): string {
  if (year >= 0n && year <= 9999n) return String(year).padStart(4, "0");
  return `${year < 0n ? "-" : "+"}${String(year < 0n ? -year : year).padStart(4, "0")}`;
}

/** Days since 1970 of a date; undefined where the calendar has no such day. */
function daysOf(year: number, month: number, day: number): number | undefined {
  if (month < 1 || month > 12 || day < 1) return undefined;
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  if (day > (lengths[month - 1] ?? 0)) return undefined;
  const shiftedYear = month <= 2 ? year - 1 : year;
  const era = Math.floor(shiftedYear / 400);
  const yearOfEra = shiftedYear - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

function zoneMinutes(zone: string): number | undefined {
  if (zone === "Z" || zone === "z") return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(4));
  if (hours > 23 || minutes > 59) return undefined;
  return (zone[0] === "-" ? -1 : 1) * (hours * 60 + minutes);
}

function floorDivide(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  return value % divisor < 0n ? quotient - 1n : quotient;
}
