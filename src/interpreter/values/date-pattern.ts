/**
 * Patterns of dates and times as Java writes them: `yyyy-MM-dd'T'HH:mm`. Runs of a letter are fields; text in
 * quotes and what is no letter stand for themselves.
 */
import { evaluationError } from "../scalar-function.ts";
import { dateOfDays, splitTimestamp } from "./calendar.ts";

export type PatternToken =
  | { readonly kind: "field"; readonly letter: string; readonly count: number }
  /** Quoted. */
  | { readonly kind: "text"; readonly text: string }
  /** A character that is no letter. */
  | { readonly kind: "mark"; readonly text: string };

/** Cuts a pattern into its parts. Throws where a quote is not closed. */
export function patternTokens(pattern: string): PatternToken[] {
  const tokens: PatternToken[] = [];
  const parts = /([A-Za-z])\1*|'((?:[^']|'')*)'|[^A-Za-z]/gsu;
  for (const match of pattern.matchAll(parts)) {
    const [whole, letter, quoted] = match;
    if (letter !== undefined) tokens.push({ kind: "field", letter, count: whole.length });
    else if (quoted !== undefined) tokens.push({ kind: "text", text: quoted.replaceAll("''", "'") || "'" });
    else if (whole === "'") throw patternError(pattern, "a quote is not closed");
    else tokens.push({ kind: "mark", text: whole });
  }
  return tokens;
}

export function patternError(pattern: string, why: string) {
  return evaluationError(`'${pattern}' is no pattern of dates: ${why}.`);
}

/** What clocks and calendars show at a moment. */
export interface LocalMoment {
  readonly days: number;
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly nano: number;
}

/** Takes a moment apart that is given in nanoseconds since 1970 of local time. */
export function momentOf(nanos: bigint): LocalMoment {
  const { days, nanosOfDay } = splitTimestamp(nanos);
  const seconds = Number(nanosOfDay / 1_000_000_000n);
  return {
    days,
    ...dateOfDays(days),
    hour: Math.floor(seconds / 3600),
    minute: Math.floor(seconds / 60) % 60,
    second: seconds % 60,
    nano: Number(nanosOfDay % 1_000_000_000n),
  };
}

export const monthNames: readonly string[] = Object.freeze(
  "January February March April May June July August September October November December".split(" "),
);

/** From Monday. */
export const dayNames: readonly string[] = Object.freeze(
  "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split(" "),
);

export const halfDayNames: readonly string[] = Object.freeze(["AM", "PM"]);
export const eraNames: readonly string[] = Object.freeze(["BC", "AD"]);

/** The first letters of names. */
export function shortened(names: readonly string[], length: number): readonly string[] {
  return names.map((name) => name.slice(0, length));
}

/** Returns what makes something of a text, and keeps what it made of the last: patterns seldom change. */
export function keepingLast<T>(make: (text: string) => T): (text: string) => T {
  let last: { readonly text: string; readonly made: T } | undefined;
  return (text) => {
    if (last?.text !== text) last = { text, made: make(text) };
    return last.made;
  };
}
