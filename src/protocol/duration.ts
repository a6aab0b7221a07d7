/**
 * Durations as people write them, kept as milliseconds.
 *
 * Numbers with units, added up: "5s", "1 min", "500ms", "1d12h", "-8h". A bare number is milliseconds.
 */
import * as z from "zod";

const msByUnit: Readonly<Record<string, number>> = {
  ms: 1,
  millisecond: 1,
  milliseconds: 1,
  s: 1000,
  sec: 1000,
  second: 1000,
  seconds: 1000,
  m: 60_000,
  min: 60_000,
  minute: 60_000,
  minutes: 60_000,
  h: 3_600_000,
  hour: 3_600_000,
  hours: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
  days: 86_400_000,
};

/** Longest duration: it stays far inside 64-bit time when it is added to any date. */
export const durationMsMax = 36_500 * 86_400_000;

/** Returns the milliseconds of a duration, or undefined where `text` is none. */
export function parseDuration(text: string): number | undefined {
  const match = /^\s*(-?)\s*((?:\d+\s*[a-z]+\s*)+)$/i.exec(text);
  if (!match?.[2]) return undefined;
  let total = 0;
  for (const [, amount, unit] of match[2].matchAll(/(\d+)\s*([a-z]+)/gi)) {
    const ms = msByUnit[(unit ?? "").toLowerCase()];
    if (ms === undefined) return undefined;
    total += Number(amount) * ms;
  }
  return match[1] === "-" && total !== 0 ? -total : total;
}

/** Writes milliseconds in the largest units that divide them, such as `1d12h`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return "0ms";
  let rest = Math.abs(ms);
  let text = ms < 0 ? "-" : "";
  for (const unit of ["d", "h", "min", "s", "ms"]) {
    const size = msByUnit[unit] ?? 1;
    const amount = Math.floor(rest / size);
    if (amount > 0) text += `${amount}${unit}`;
    rest -= amount * size;
  }
  return text;
}

/**
 * A duration in a body: text with units or whole milliseconds; becomes milliseconds between `min` and `max`.
 */
export function durationSchema({ min = 0, max = durationMsMax }: { min?: number; max?: number } = {}) {
  const expected =
    'expected a duration such as "500ms", "5s", "1 min", "2h" or "1d12h", or whole milliseconds';
  return z.union([z.string(), z.number()], expected).transform((value, context) => {
    const ms = typeof value === "number" ? value : parseDuration(value);
    if (ms === undefined || !Number.isSafeInteger(ms)) {
      context.addIssue({ code: "custom", message: expected });
      return z.NEVER;
    }
    if (ms < min || ms > max) {
      const bounds = ms < min ? `at least ${formatDuration(min)}` : `at most ${formatDuration(max)}`;
      context.addIssue({ code: "custom", message: `expected a duration of ${bounds}` });
      return z.NEVER;
    }
    return ms;
  });
}
