/**
 * CASE and its like: COALESCE, IF, NULLIF, GREATEST….
 */
import type { ScalarFunction } from "../scalar-function.ts";

export const conditionalFunctions: readonly ScalarFunction[] = [];
