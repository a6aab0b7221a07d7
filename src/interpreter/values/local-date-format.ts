/**
 * Local times written and read by a pattern, as Java's `DateTimeFormatter` does: the whole text must fit it,
 * fields have the width that the pattern says, `[` and `]` enclose what may be absent, S is a fraction.
 */
import { evaluationError } from "../scalar-function.ts";
import { dayOfWeek, dayOfYear, sundayWeeks, weekOfDay } from "./calendar.ts";
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
import { type FieldName, type ParsedFields, resolveFields } from "./resolve-fields.ts";

export interface LocalDateFormat {
  /** Takes nanoseconds since 1970. */
  readonly format: (nanos: bigint) => string;
  /** Returns nanoseconds since 1970; undefined for a text that does not fit. What is absent is of 1970. */
  readonly parse: (text: string) => bigint | undefined;
}

/** A part of a pattern. */
interface Part {
  readonly print: (moment: LocalMoment) => string;
  /** Returns where it ends, undefined where it does not stand at `start`. */
  readonly read: (text: string, start: number, fields: ParsedFields) => number | undefined;
}

type FieldToken = Extract<PatternToken, { kind: "field" }>;
type FieldValue = (moment: LocalMoment) => number;

/** Returns the format that a pattern says. Throws for a pattern that is none. */
export function localDateFormat(pattern: string): LocalDateFormat {
  return formatOf(partsOf(pattern));
}

/** `yyyy-MM-dd[ HH:mm:ss[.fraction]]`, where parts may have one digit. */
export function defaultTimestampFormat(): LocalDateFormat {
  const time = [...partsOf(" [HH][H]:[mm][m]:[ss][s]"), optionalFraction];
  return formatOf([...partsOf("yyyy-[MM][M]-[dd][d]"), optional(time)]);
}

function formatOf(parts: readonly Part[]): LocalDateFormat {
  return {
    format: (nanos) => printAll(parts, momentOf(nanos)),
    parse: (text) => {
      const fields: ParsedFields = new Map();
      const end = readAll(parts, text, 0, fields);
      return end === text.length ? resolveFields(fields) : undefined;
    },
  };
}

function printAll(parts: readonly Part[], moment: LocalMoment): string {
  return parts.map((part) => part.print(moment)).join("");
}

function readAll(
  parts: readonly Part[],
  text: string,
  start: number,
  fields: ParsedFields,
): number | undefined {
  let position: number | undefined = start;
  for (const part of parts) {
    position = part.read(text, position, fields);
    if (position === undefined) return undefined;
  }
  return position;
}

function literal(written: string): Part {
  return {
    print: () => written,
    read: (text, start) => (text.startsWith(written, start) ? start + written.length : undefined),
  };
}

/** What was read before it failed is forgotten. */
function optional(parts: readonly Part[]): Part {
  return {
    print: (moment) => printAll(parts, moment),
    read: (text, start, fields) => {
      const tried: ParsedFields = new Map(fields);
      const end = readAll(parts, text, start, tried);
      if (end === undefined) return start;
      for (const [name, value] of tried) fields.set(name, value);
      return end;
    },
  };
}

/** A field that is read twice must be the same. */
function put(fields: ParsedFields, name: FieldName, value: number): boolean {
  const known = fields.get(name);
  if (known !== undefined && known !== value) return false;
  fields.set(name, value);
  return true;
}

/** How many digits a number has, and when it has a sign. */
interface NumberShape {
  readonly name: FieldName;
  readonly value: FieldValue;
  readonly fewest: number;
  readonly most: number;
  readonly sign: "none" | "negative" | "beyond width";
}

const digitsMax = 19;

/** `taken` digits belong to fields that stand directly behind it. */
function numberPart(shape: NumberShape, taken: number): Part {
  const { name, value, fewest, most, sign } = shape;
  return {
    print: (moment) => printNumber(shape, value(moment)),
    read: (text, start, fields) => {
      const mark = text[start];
      const hasSign = (mark === "-" && sign !== "none") || (mark === "+" && sign === "beyond width");
      const from = hasSign ? start + 1 : start;
      const digits = /^\d*/.exec(text.slice(from, from + most + taken))?.[0].length ?? 0;
      const length = taken > 0 ? Math.max(fewest, digits - taken) : digits;
      if (length < fewest || length > digits) return undefined;
      if (sign === "beyond width" && mark !== "-" && (mark === "+") !== length > fewest) return undefined;
      const number = Number(text.slice(from, from + length)) * (mark === "-" && hasSign ? -1 : 1);
      return put(fields, name, number) ? from + length : undefined;
    },
  };
}

function printNumber({ name, fewest, most, sign }: NumberShape, value: number): string {
  const digits = String(Math.abs(value)).padStart(fewest, "0");
  if (digits.length > most)
    throw evaluationError(`${value} has more digits than the pattern has for ${name}.`);
  const isBeyond = sign === "beyond width" && value >= 0 && digits.length > fewest;
  return `${value < 0 ? "-" : isBeyond ? "+" : ""}${digits}`;
}

/** The last two digits of a year from 2000 to 2099. */
function shortYear(name: FieldName, value: FieldValue): Part {
  return {
    print: (moment) => String(Math.abs(value(moment)) % 100).padStart(2, "0"),
    read: (text, start, fields) => {
      const digits = /^\d\d/.exec(text.slice(start, start + 2))?.[0];
      return digits && put(fields, name, 2000 + Number(digits)) ? start + 2 : undefined;
    },
  };
}

/** `names` are of the values from `first`. */
function namePart(name: FieldName, value: FieldValue, names: readonly string[], first: number): Part {
  const longestFirst = names.map((text, index) => ({ text, value: index + first }));
  longestFirst.sort((one, other) => other.text.length - one.text.length);
  return {
    print: (moment) => names[value(moment) - first] ?? "",
    read: (text, start, fields) => {
      const found = longestFirst.find((each) => text.startsWith(each.text, start));
      return found && put(fields, name, found.value) ? start + found.text.length : undefined;
    },
  };
}

/** So many digits of a second. */
function fractionPart(count: number): Part {
  return {
    print: ({ nano }) => String(nano).padStart(9, "0").slice(0, count),
    read: (text, start, fields) => {
      const digits = text.slice(start, start + count);
      if (digits.length < count || !/^\d+$/.test(digits)) return undefined;
      return put(fields, "nano", Number(digits.padEnd(9, "0"))) ? start + count : undefined;
    },
  };
}

const optionalFraction: Part = Object.freeze({
  print: () => "",
  read: (text: string, start: number, fields: ParsedFields) => {
    const digits = /^\.(\d{0,9})/.exec(text.slice(start, start + 10))?.[1];
    if (digits === undefined) return start;
    return put(fields, "nano", Number(digits.padEnd(9, "0"))) ? start + 1 + digits.length : undefined;
  },
});

/** A zone is read past; a local time has none that could be written. */
function zonePart(zone: RegExp): Part {
  return {
    print: () => {
      throw evaluationError("A TIMESTAMP has no time zone that a pattern could write.");
    },
    read: (text, start) => {
      const length = zone.exec(text.slice(start))?.[0].length;
      return length === undefined ? undefined : start + length;
    },
  };
}

const zones: Readonly<Record<string, RegExp>> = {
  X: /^(?:Z|[+-]\d\d(?::?\d\d(?::?\d\d)?)?)/,
  x: /^[+-]\d\d(?::?\d\d(?::?\d\d)?)?/,
  Z: /^(?:Z|(?:GMT)?[+-]\d\d:?\d\d(?::?\d\d)?)/,
  O: /^GMT(?:[+-]\d\d?(?::\d\d(?::\d\d)?)?)?/,
  V: /^[A-Za-z][A-Za-z0-9_/+:-]*/,
  z: /^[A-Za-z][A-Za-z0-9_/+:-]*/,
};

const weekDay: FieldValue = ({ days }) => (dayOfWeek(days) % 7) + 1;

/** Fields of one or two digits. */
const smallNumbers: Readonly<Record<string, readonly [FieldName, FieldValue]>> = {
  d: ["day", ({ day }) => day],
  H: ["hour", ({ hour }) => hour],
  k: ["clock hour", ({ hour }) => hour || 24],
  K: ["half-day hour", ({ hour }) => hour % 12],
  h: ["half-day clock hour", ({ hour }) => hour % 12 || 12],
  m: ["minute", ({ minute }) => minute],
  s: ["second", ({ second }) => second],
  w: ["week", ({ days }) => weekOfDay(days, sundayWeeks).week],
  W: ["week of month", ({ days, day }) => Math.floor((day - 1 + (dayOfWeek(days - day + 1) % 7)) / 7) + 1],
  F: ["day of week in month", ({ day }) => ((day - 1) % 7) + 1],
  M: ["month", ({ month }) => month],
  L: ["month", ({ month }) => month],
  Q: ["quarter", ({ month }) => Math.ceil(month / 3)],
  q: ["quarter", ({ month }) => Math.ceil(month / 3)],
  e: ["local week day", weekDay],
  c: ["local week day", weekDay],
};

/** Fields of as many digits as there are letters, or more. */
const largeNumbers: Readonly<Record<string, readonly [FieldName, FieldValue]>> = {
  u: ["year", ({ year }) => year],
  y: ["year of era", ({ year }) => (year > 0 ? year : 1 - year)],
  Y: ["week year", ({ days }) => weekOfDay(days, sundayWeeks).year],
  n: ["nano", ({ nano }) => nano],
  N: ["nano of day", (moment) => secondsOf(moment) * 1e9 + moment.nano],
  A: ["milli of day", (moment) => secondsOf(moment) * 1000 + Math.floor(moment.nano / 1e6)],
  D: ["day of year", ({ days }) => dayOfYear(days)],
};

function secondsOf({ hour, minute, second }: LocalMoment): number {
  return (hour * 60 + minute) * 60 + second;
}

const quarterNames: readonly string[] = Object.freeze(
  ["1st", "2nd", "3rd", "4th"].map((name) => `${name} quarter`),
);

/** Names that have three lengths: three letters say the short one, four the full, five the first letter. */
function nameOf(letter: string, count: number): Part | undefined {
  const pick = (names: readonly string[]) => (count === 4 ? names : shortened(names, count === 5 ? 1 : 3));
  switch (letter) {
    case "M":
    case "L":
      return namePart("month", ({ month }) => month, pick(monthNames), 1);
    case "E":
    case "e":
    case "c":
      return namePart("day of week", ({ days }) => dayOfWeek(days), pick(dayNames), 1);
    case "Q":
    case "q": {
      const names = quarterNames.map((name, index) =>
        count === 4 ? name : `${count === 3 ? "Q" : ""}${index + 1}`,
      );
      return namePart("quarter", ({ month }) => Math.ceil(month / 3), names, 1);
    }
    case "G": {
      const names = count === 4 ? ["Before Christ", "Anno Domini"] : count === 5 ? ["B", "A"] : eraNames;
      return namePart("era", ({ year }) => Number(year > 0), names, 0);
    }
    default:
      return undefined;
  }
}

/** A number as the pattern has it, or undefined where the letters say none. */
function numberOf(letter: string, count: number): NumberShape | undefined {
  const small = smallNumbers[letter];
  if (small && (count === 1 || (count === 2 && !"FWc".includes(letter)))) {
    const [name, value] = small;
    if (count === 2) return { name, value, fewest: 2, most: 2, sign: "none" };
    return { name, value, fewest: 1, most: digitsMax, sign: "negative" };
  }
  const large = largeNumbers[letter];
  if (!large || count > digitsMax) return undefined;
  const [name, value] = large;
  if (letter === "D") {
    if (count > 3) return undefined;
    return {
      name,
      value,
      fewest: count,
      most: count === 1 ? digitsMax : 3,
      sign: count === 1 ? "negative" : "none",
    };
  }
  const sign = !"uyY".includes(letter) ? "none" : count < 4 ? "negative" : "beyond width";
  return { name, value, fewest: count, most: digitsMax, sign };
}

/** The parts of a pattern up to its end, or to the `]` of the section that it is in. */
function partsOf(pattern: string): readonly Part[] {
  const sections: Part[][] = [[]];
  const tokens = patternTokens(pattern);
  for (const [index, token] of tokens.entries()) {
    const parts = sections.at(-1) ?? [];
    if (token.kind === "field") {
      parts.push(fieldPart(pattern, token, widthBehind(tokens.slice(index + 1))));
    } else if (token.kind === "text") parts.push(literal(token.text));
    else if (token.text === "[") sections.push([]);
    else if (token.text === "]") {
      const closed = sections.length > 1 ? sections.pop() : undefined;
      if (!closed) throw patternError(pattern, "a ] has no [ before it");
      sections.at(-1)?.push(optional(closed));
    } else if ("{}#".includes(token.text)) throw patternError(pattern, `${token.text} must be quoted`);
    else parts.push(literal(token.text));
  }
  // A section that is not closed ends with the pattern.
  return sections.reduceRight((inner, outer) => [...outer, optional(inner)]);
}

/** Digits of a field if it is a number of a fixed width. */
function widthOf(token: PatternToken | undefined): number | undefined {
  if (token?.kind !== "field") return undefined;
  if (token.letter === "S") return token.count;
  const shape = numberOf(token.letter, token.count);
  if (shape) return shape.most;
  return "uyY".includes(token.letter) && token.count === 2 ? 2 : undefined;
}

/** Digits of the fields that follow directly and have a fixed width. */
function widthBehind(tokens: readonly PatternToken[]): number {
  let sum = 0;
  for (const token of tokens) {
    const width = widthOf(token);
    if (width === undefined || width === digitsMax) break;
    sum += width;
  }
  return sum;
}

function fieldPart(pattern: string, { letter, count }: FieldToken, taken: number): Part {
  if (letter === "S" && count <= 9) return fractionPart(count);
  if (letter === "a" && count === 1) {
    return namePart("half-day", ({ hour }) => Math.floor(hour / 12), halfDayNames, 0);
  }
  if ("uyY".includes(letter) && count === 2) {
    const [name, value] = largeNumbers[letter] ?? [];
    if (name && value) return shortYear(name, value);
  }
  const number = numberOf(letter, count);
  // A number of a fixed width leaves nothing to those behind it.
  if (number) return numberPart(number, number.fewest === number.most ? 0 : taken);
  const name = count >= ("EG".includes(letter) ? 1 : 3) && count <= 5 ? nameOf(letter, count) : undefined;
  if (name) return name;
  const zone = letter === "V" && count !== 2 ? undefined : zones[letter];
  if (zone && count <= 5) return zonePart(zone);
  throw patternError(pattern, `${letter.repeat(count)} is no field`);
}
