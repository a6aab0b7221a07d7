/**
 * Digests and encodings of bytes: MD5, SHA2, ENCODE, HEX….
 */
import type { ScalarFunction } from "../scalar-function.ts";

export const hashFunctions: readonly ScalarFunction[] = [];
