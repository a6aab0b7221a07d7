/**
 * A slice of a task's work, and how it ended.
 */
import { type ErrorBody, errorBodyOf, StorageFailure } from "../../base/errors.ts";

/** How a slice of work ended. After `Failed` the kernel's memory is worth nothing. */
export type StepOutcome =
  | { readonly outcome: "Done" }
  | { readonly outcome: "Failed"; readonly error: ErrorBody };

/** Does a slice of work and answers how it ended. A failure of storage is not the task's: it is thrown on. */
export function tryStep(work: () => unknown): StepOutcome {
  try {
    work();
    return { outcome: "Done" };
  } catch (thrown) {
    if (thrown instanceof StorageFailure) throw thrown;
    return { outcome: "Failed", error: errorBodyOf(thrown) };
  }
}
