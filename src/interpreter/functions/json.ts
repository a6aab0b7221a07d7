/**
 * JSON.
 */
import type { ScalarFunction } from "../scalar-function.ts";

export const jsonFunctions: readonly ScalarFunction[] = [];
