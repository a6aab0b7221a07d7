/**
 * Text.
 */
import type { ScalarFunction } from "../scalar-function.ts";

export const textFunctions: readonly ScalarFunction[] = [];
