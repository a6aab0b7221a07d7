/**
 * Whether a job that failed at a record is tried again there, and when.
 *
 * A task is a function of its log, so what failed twice at one record fails for good: the job stops there.
 * Only what lies outside of the log, such as memory that others have, may be otherwise after a while.
 */
import { type ErrorCode, errorCodes } from "../base/error-codes.ts";
import { attemptsPerRecordMax, restartBackoffMsMax, restartBackoffMsMin } from "../base/limits.ts";

export type RestartDecision =
  | { readonly decision: "Restart"; readonly afterMs: number }
  | { readonly decision: "Fail" };

/** `attempts`: how often the job failed at the record by now, at least 1. */
export function decideRestart(code: ErrorCode, attempts: number): RestartDecision {
  if (errorCodes[code].retry === "backoff") {
    const afterMs = Math.min(restartBackoffMsMax, restartBackoffMsMin * 2 ** (attempts - 1));
    return { decision: "Restart", afterMs };
  }
  return attempts < attemptsPerRecordMax ? { decision: "Restart", afterMs: 0 } : { decision: "Fail" };
}
