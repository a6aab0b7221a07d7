/**
 * LIKE, SIMILAR TO and regular expressions.
 */
import type { ScalarFunction } from "../scalar-function.ts";

export const patternFunctions: readonly ScalarFunction[] = [];
