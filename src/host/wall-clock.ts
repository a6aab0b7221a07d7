/**
 * Waiting, as a port: hosts know the time and can be woken later; tests move the time by hand.
 */
import type { Clock } from "../engine/ports.ts";

export interface WallClock extends Clock {
  /** Calls `run` once after `ms`, unless the returned function is called before. */
  after(ms: number, run: () => void): () => void;
}

/** Resolves as `promise` does, or with `undefined` after `ms`; the promise itself goes on. */
export function within<Value>(
  clock: WallClock,
  ms: number,
  promise: Promise<Value>,
): Promise<Value | undefined> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, () => resolve(undefined));
    promise.then(
      (value) => {
        cancel();
        resolve(value);
      },
      (cause) => {
        cancel();
        reject(cause);
      },
    );
  });
}
