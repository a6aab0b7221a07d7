/**
 * Functions of numbers: ABS, ROUND, SIN….
 */
import type { ScalarFunction } from "../scalar-function.ts";

export const mathFunctions: readonly ScalarFunction[] = [];
