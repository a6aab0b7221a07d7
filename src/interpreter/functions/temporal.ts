/**
 * Functions of dates, times and timestamps.
 */
import type { ScalarFunction } from "../scalar-function.ts";
import { extractFunctions } from "./temporal/extract.ts";
import { roundingFunctions } from "./temporal/rounding.ts";
import { timeConversionFunctions } from "./temporal/time-conversions.ts";
import { timeSpanFunctions } from "./temporal/time-spans.ts";

export const temporalFunctions: readonly ScalarFunction[] = [
  ...extractFunctions,
  ...roundingFunctions,
  ...timeConversionFunctions,
  ...timeSpanFunctions,
];
