/**
 * Instants written and read by a pattern, as Java's `SimpleDateFormat` does: fields may have fewer or more
 * digits than the pattern says, what is too large goes over into the next unit (the 32nd of January is the
 * 1st of February), what follows the last field is not looked at, and S are milliseconds and no fraction.
 *
 * Dates are of the Gregorian calendar also where Java takes the Julian one, before October 1582.
 */
import { dayOfWeek, dayOfYear, daysOfDate, joinTimestamp, sundayWeeks, weekOfDay } from "./calendar.ts";
import {
  dayNames,
  eraNames,
  halfDayNames,
  type LocalMoment,
  momentOf,
  monthNames,
  type PatternToken,
  patternError,
  patternTokens,
  shortened,
} from "./date-pattern.ts";
import { nanosPerMilli } from "./sql-value.ts";
import { timeZoneOf } from "./time-zone.ts";

export interface LenientDateFormat {
  /** Takes nanoseconds since 1970 of UTC. */
  readonly format: (nanos: bigint) => string;
  /** Returns nanoseconds since 1970 of UTC; undefined for a text that does not fit. */
  readonly parse: (text: string) => bigint | undefined;
}

const hourNanos = 3_600_000_000_000n;

/** Letters of numbers. */
const numbers: Readonly<Record<string, (moment: LocalMoment) => number>> = {
  y: ({ year }) => (year > 0 ? year : 1 - year),
  Y: ({ days }) => weekOfDay(days, sundayWeeks).year,
  M: ({ month }) => month,
  L: ({ month }) => month,
  w: ({ days }) => weekOfDay(days, sundayWeeks).week,
  W: ({ days, day }) => Math.floor((day - 1 + (dayOfWeek(days - day + 1) % 7)) / 7) + 1,
  D: ({ days }) => dayOfYear(days),
  d: ({ day }) => day,
  F: ({ day }) => Math.ceil(day / 7),
  u: ({ days }) => dayOfWeek(days),
  H: ({ hour }) => hour,
  k: ({ hour }) => hour || 24,
  K: ({ hour }) => hour % 12,
  h: ({ hour }) => hour % 12 || 12,
  m: ({ minute }) => minute,
  s: ({ second }) => second,
  S: ({ nano }) => Math.floor(nano / 1e6),
};

/** Returns the format that a pattern says, for clocks of a zone. Throws for a pattern that is none. */
export function lenientDateFormat(pattern: string, timeZone: string): LenientDateFormat {
  const tokens = patternTokens(pattern);
  for (const token of tokens) {
    if (token.kind !== "field") continue;
    const { letter, count } = token;
    const isField = letter in numbers || "GEazZ".includes(letter) || (letter === "X" && count <= 3);
    if (!isField) throw patternError(pattern, `${letter.repeat(count)} is no field`);
  }
  const zone = timeZoneOf(timeZone);
  return {
    format: (nanos) => {
      const local = zone.localOfInstant(nanos);
      const moment = momentOf(local);
      const offsetMinutes = Number((local - nanos) / 60_000_000_000n);
      return tokens.map((token) => print(token, moment, { nanos, offsetMinutes, timeZone })).join("");
    },
    parse: (text) => {
      const read = readAll(tokens, text);
      if (!read) return undefined;
      const local = localOf(read);
      if (read.offsetMinutes !== undefined) return local - BigInt(read.offsetMinutes) * 60_000_000_000n;
      const instant = zone.instantOfLocal(local);
      // Of a time that comes twice it is the second.
      return zone.localOfInstant(instant + hourNanos) === local ? instant + hourNanos : instant;
    },
  };
}

interface ZonedInstant {
  readonly nanos: bigint;
  readonly offsetMinutes: number;
  readonly timeZone: string;
}

function print(token: PatternToken, moment: LocalMoment, instant: ZonedInstant): string {
  if (token.kind !== "field") return token.text;
  const { letter, count } = token;
  switch (letter) {
    case "G":
      return eraNames[Number(moment.year > 0)] ?? "";
    case "a":
      return halfDayNames[Math.floor(moment.hour / 12)] ?? "";
    case "E":
      return namesOf("E", count)[dayOfWeek(moment.days) - 1] ?? "";
    case "z":
      return zoneName(instant, count >= 4 ? "long" : "short");
    case "Z":
      return offsetText(instant.offsetMinutes, 2);
    case "X":
      return instant.offsetMinutes === 0 ? "Z" : offsetText(instant.offsetMinutes, count);
  }
  if ("ML".includes(letter) && count >= 3) return namesOf("M", count)[moment.month - 1] ?? "";
  const value = numbers[letter]?.(moment) ?? 0;
  if ("yY".includes(letter) && count === 2) return String(value % 100).padStart(2, "0");
  return String(value).padStart(count, "0");
}

function namesOf(letter: "E" | "M", count: number): readonly string[] {
  const names = letter === "E" ? dayNames : monthNames;
  return count >= 4 ? names : shortened(names, 3);
}

/** `+08`, `+0800` or `+08:00`. */
function offsetText(minutes: number, style: number): string {
  const [hour = "", minute = ""] = [Math.abs(minutes) / 60, Math.abs(minutes) % 60].map((part) =>
    String(Math.floor(part)).padStart(2, "0"),
  );
  return `${minutes < 0 ? "-" : "+"}${hour}${style === 1 ? "" : style === 2 ? minute : `:${minute}`}`;
}

function zoneName({ nanos, timeZone }: ZonedInstant, style: "long" | "short"): string {
  if (/^(?:GMT|UTC)/.test(timeZone)) return timeZone;
  const format = new Intl.DateTimeFormat("en-US", { timeZone, timeZoneName: style });
  const parts = format.formatToParts(Number(nanos / nanosPerMilli));
  return parts.find(({ type }) => type === "timeZoneName")?.value ?? timeZone;
}

/** Letters and their numbers; names are the numbers that they stand for. */
interface Read {
  readonly values: Map<string, number>;
  offsetMinutes?: number;
}

function readAll(tokens: readonly PatternToken[], text: string): Read | undefined {
  const read: Read = { values: new Map() };
  let position = 0;
  for (const [index, token] of tokens.entries()) {
    if (token.kind !== "field") {
      if (!text.startsWith(token.text, position)) return undefined;
      position += token.text.length;
      continue;
    }
    // Where numbers touch, the pattern says where one ends.
    const limit = isNumber(tokens[index + 1]) ? position + token.count : text.length;
    if (limit > text.length) return undefined;
    while (text[position] === " " || text[position] === "\t") position++;
    const length = isNumber(token)
      ? readNumber(token, text.slice(position, limit), read)
      : readName(token, text.slice(position), read);
    if (!length) return undefined;
    position += length;
  }
  return read;
}

type FieldToken = Extract<PatternToken, { kind: "field" }>;

function isNumber(token: PatternToken | undefined): token is FieldToken {
  if (token?.kind !== "field") return false;
  return token.letter in numbers && !("ML".includes(token.letter) && token.count >= 3);
}

/** More are no part of any time. */
const digitsMax = 10;

/** Returns how many characters it has. */
function readNumber({ letter, count }: FieldToken, text: string, read: Read): number | undefined {
  const digits = /^-?\d+/.exec(text)?.[0];
  if (digits === undefined || digits.length > digitsMax) return undefined;
  const value = Number(digits);
  const isShortYear = "yY".includes(letter) && count <= 2 && /^\d\d$/.test(digits);
  read.values.set(letter === "L" ? "M" : letter, isShortYear ? fullYear(value) : value);
  return digits.length;
}

/** Years of two digits are 1950 to 2049: the clock is not asked. */
function fullYear(year: number): number {
  return year < 50 ? 2000 + year : 1900 + year;
}

/** Of September and Wednesday. */
const nameLengthMax = 9;

function readName(token: FieldToken, text: string, read: Read): number | undefined {
  const { letter } = token;
  if ("zZX".includes(letter)) return readZone(token, text, read);
  const names =
    letter === "G" ? eraNames : letter === "a" ? halfDayNames : letter === "E" ? dayNames : monthNames;
  const lower = text.toLowerCase();
  for (const length of [nameLengthMax, 3]) {
    const index = shortened(names, length).findIndex((name) => lower.startsWith(name.toLowerCase()));
    if (index < 0) continue;
    read.values.set(letter === "L" ? "M" : letter, "ML".includes(letter) ? index + 1 : index);
    return (names[index] ?? "").slice(0, length).length;
  }
  return undefined;
}

/** By letters: X has as many parts as letters, z and Z may have a name before. */
const offsets: Readonly<Record<string, RegExp>> = {
  X: /^(?:Z|([+-])(\d\d))/,
  XX: /^(?:Z|([+-])(\d\d)(\d\d))/,
  XXX: /^(?:Z|([+-])(\d\d):(\d\d))/,
  z: /^(?:(?:GMT|UTC)?([+-])(\d\d?):?(\d\d)|GMT|UTC)/,
};

function readZone({ letter, count }: FieldToken, text: string, read: Read): number | undefined {
  const match = offsets[letter === "X" ? letter.repeat(count) : "z"]?.exec(text);
  if (!match) return undefined;
  const minutes = Number(match[2] ?? 0) * 60 + Number(match[3] ?? 0);
  read.offsetMinutes = match[1] === "-" ? -minutes : minutes;
  return match[0].length;
}

/** Nanoseconds since 1970 of local time. */
function localOf({ values }: Read): bigint {
  const numberOf = (letter: string, absent: number) => values.get(letter) ?? absent;
  const ofEra = numberOf("y", 1970);
  const months = (values.get("G") === 0 ? 1 - ofEra : ofEra) * 12 + numberOf("M", 1) - 1;
  const [year, month] = [Math.floor(months / 12), (((months % 12) + 12) % 12) + 1];
  const isOfYear = values.has("D") && !values.has("d") && !values.has("M");
  const day = isOfYear ? numberOf("D", 1) : numberOf("d", 1);
  const days = daysOfDate({ year, month, day: 1 }) + day - 1;
  const hour = values.get("H") ?? clockHour(values);
  const seconds = (hour * 60 + numberOf("m", 0)) * 60 + numberOf("s", 0);
  return joinTimestamp(days, BigInt(seconds * 1000 + numberOf("S", 0)) * nanosPerMilli);
}

function clockHour(values: ReadonlyMap<string, number>): number {
  const ofDay = values.get("k");
  if (ofDay !== undefined) return ofDay === 24 ? 0 : ofDay;
  const clock = values.get("h");
  const ofHalf = values.get("K") ?? (clock === 12 ? 0 : clock) ?? 0;
  return (values.get("a") ?? 0) * 12 + ofHalf;
}
