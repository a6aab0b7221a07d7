/**
 * Rows and their fields.
 */
import type { ScalarFunction } from "../scalar-function.ts";

export const rowFunctions: readonly ScalarFunction[] = [];
