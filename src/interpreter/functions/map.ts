/**
 * Maps and multisets.
 */
import type { ScalarFunction } from "../scalar-function.ts";

export const mapFunctions: readonly ScalarFunction[] = [];
