/**
 * Arrays: ARRAY[…], their elements, CARDINALITY and ARRAY_….
 */
import type { ScalarFunction } from "../scalar-function.ts";

export const collectionFunctions: readonly ScalarFunction[] = [];
