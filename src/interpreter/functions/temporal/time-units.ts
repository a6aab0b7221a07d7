/**
 * Units of time as functions take them, and what they are in nanoseconds or months.
 */
import type { SqlValue } from "../../values/sql-value.ts";

/** Names of units from elsewhere. */
const synonyms: Readonly<Record<string, string>> = {
  FRAC_SECOND: "MICROSECOND",
  SQL_TSI_YEAR: "YEAR",
  SQL_TSI_QUARTER: "QUARTER",
  SQL_TSI_MONTH: "MONTH",
  SQL_TSI_WEEK: "WEEK",
  SQL_TSI_DAY: "DAY",
  SQL_TSI_HOUR: "HOUR",
  SQL_TSI_MINUTE: "MINUTE",
  SQL_TSI_SECOND: "SECOND",
};

/** Nanoseconds of units that are always the same. */
const nanoseconds: Readonly<Record<string, bigint>> = {
  NANOSECOND: 1n,
  MICROSECOND: 1000n,
  MILLISECOND: 1_000_000n,
  SECOND: 1_000_000_000n,
  MINUTE: 60_000_000_000n,
  HOUR: 3_600_000_000_000n,
  DAY: 86_400_000_000_000n,
  WEEK: 604_800_000_000_000n,
};

const months: Readonly<Record<string, number>> = { YEAR: 12, QUARTER: 3, MONTH: 1 };

/** Returns the unit that an argument names, undefined for an argument that is no name. */
export function unitOf(constant: SqlValue | undefined): string | undefined {
  if (typeof constant !== "string") return undefined;
  return synonyms[constant] ?? constant;
}

/** Undefined for units of months, and for what is no length of time. */
export function nanosOfUnit(unit: string): bigint | undefined {
  return nanoseconds[unit];
}

/** Undefined for all but YEAR, QUARTER and MONTH. */
export function monthsOfUnit(unit: string): number | undefined {
  return months[unit];
}
