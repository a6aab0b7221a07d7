/**
 * The functions of your own that the deployed worker has: import them here and list them. CREATE FUNCTION
 * gives one a name in SQL; examples/functions shows each kind.
 */
import type { UserFunction } from "../src/interpreter/user-functions.ts";

export const registered: readonly UserFunction[] = [];
