/**
 * What belongs to the row's moment and not to its values: PROCTIME, CURRENT_TIMESTAMP, RAND, UUID….
 */
import type { ScalarFunction } from "../scalar-function.ts";

export const contextFunctions: readonly ScalarFunction[] = [];
