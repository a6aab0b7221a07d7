/**
 * Why the kernel could not apply a row to a table. The batch is spoiled: its rows are applied in part.
 */
import {
  COUNTERS_FAILURE,
  COUNTERS_FAILURE_ROW,
  FAILURE_KEY_TOO_LONG,
  FAILURE_NONE,
  FAILURE_VALUE_TOO_LONG,
} from "../../assembly/abi.ts";
import type { Kernel } from "./kernel.ts";

export interface TableFailure {
  /**
   * `PageFull`: one key's values outgrow the largest page, or too many keys share the first bits of their
   * hash.
   */
  readonly reason: "KeyTooLong" | "ValueTooLong" | "PageFull";
  /** Row number in the batch (for a merge: cell number in the page). */
  readonly row: number;
}

/** Reads why the last call that can fail did, undefined where it did not. */
export function failureOf(kernel: Kernel): TableFailure | undefined {
  const counters = kernel.exports.tableCounters();
  const failure = kernel.memory.view.getUint32(counters + COUNTERS_FAILURE, true);
  if (failure === FAILURE_NONE) return undefined;
  const row = kernel.memory.view.getUint32(counters + COUNTERS_FAILURE_ROW, true);
  if (failure === FAILURE_KEY_TOO_LONG) return { reason: "KeyTooLong", row };
  return { reason: failure === FAILURE_VALUE_TOO_LONG ? "ValueTooLong" : "PageFull", row };
}
