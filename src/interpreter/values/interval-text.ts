/**
 * Intervals as SQL writes them: `'1-6' YEAR TO MONTH`, `'3 04:05:06.789' DAY TO SECOND`, `'90' MINUTE`.
 */
import { intervalUnits } from "../types/sql-type.ts";

/** Months of YEAR and MONTH; milliseconds of the others. */
const factors: Readonly<Record<string, number>> = {
  YEAR: 12,
  MONTH: 1,
  DAY: 86_400_000,
  HOUR: 3_600_000,
  MINUTE: 60_000,
  SECOND: 1000,
};

/** Largest values of units that are not the first. */
const most: Readonly<Record<string, number>> = { MONTH: 11, HOUR: 23, MINUTE: 59, SECOND: 59 };

/** What stands before a unit that is not the first. */
const separators: Readonly<Record<string, string>> = { MONTH: "-", HOUR: " ", MINUTE: ":", SECOND: ":" };

/** Returns months or milliseconds; undefined where `text` is no interval from one unit to the other. */
export function parseIntervalText(text: string, from: string, to = from): number | undefined {
  const units = intervalUnits.slice(intervalUnits.indexOf(from), intervalUnits.indexOf(to) + 1);
  const parts = units.map((unit, index) => {
    const separator = index === 0 ? "" : (separators[unit] ?? "");
    return `${separator}(\\d+${unit === "SECOND" ? "(?:\\.\\d*)?" : ""})`;
  });
  const match = new RegExp(`^\\s*([+-]?)${parts.join("")}\\s*$`).exec(text);
  if (!match) return undefined;
  let sum = 0;
  for (const [index, unit] of units.entries()) {
    const value = Number(match[index + 2]);
    if (index > 0 && Math.floor(value) > (most[unit] ?? 0)) return undefined;
    sum += Math.trunc(value * (factors[unit] ?? 0) + 1e-6);
  }
  return match[1] === "-" ? -sum : sum;
}
