/**
 * The operators of arithmetic: + - * / %, signs, of numbers, times and intervals.
 */
import type { ScalarFunction } from "../scalar-function.ts";

export const arithmeticFunctions: readonly ScalarFunction[] = [];
