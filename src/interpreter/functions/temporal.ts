/**
 * Dates, times and timestamps: EXTRACT, FLOOR, DATE_FORMAT….
 */
import type { ScalarFunction } from "../scalar-function.ts";

export const temporalFunctions: readonly ScalarFunction[] = [];
