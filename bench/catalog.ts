/**
 * All benches, in the order in which they run without a name.
 */
import type { Bench } from "./harness/bench.ts";

export const benches: readonly Bench[] = [];
