/**
 * Promises of our own code, checked in production too: a broken one fails the task, which restarts from its
 * checkpoint.
 */

export class BrokenPromise extends Error {
  override readonly name = "BrokenPromise";
}

/** Throws unless `condition` holds; `sentence` says what was promised. */
export function assert(condition: unknown, sentence: string): asserts condition {
  if (!condition) throw new BrokenPromise(`Broken promise: ${sentence}`);
}

/** Marks a place that no value can reach. */
export function unreachable(value: never): never {
  throw new BrokenPromise(`Broken promise: unreachable value ${JSON.stringify(value)}`);
}
