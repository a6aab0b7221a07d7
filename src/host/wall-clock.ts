/**
 * Waiting, as a port: hosts know the time and can be woken later; tests move the time by hand.
 */
import type { Clock } from "../engine/ports.ts";

export interface WallClock extends Clock {
  /** Calls `run` once after `ms`, unless the returned function is called before. */
  after(ms: number, run: () => void): () => void;
}

/** A point in time that several calls wait for at most. End it with `cancel` when none waits any more. */
export interface Deadline {
  readonly timeoutMs: number;
  /** Resolves with `undefined` when the time is over; never after `cancel`. */
  readonly passed: Promise<undefined>;
  cancel(): void;
}

/** True for `ms` after `since`; over at once where the clock was set back meanwhile. */
export function isWithin(clock: Clock, since: number, ms: number): boolean {
  const passed = clock.now() - since;
  return passed >= 0 && passed < ms;
}

/** One timer for any number of calls: timers are not free. */
export function deadlineAfter(clock: WallClock, timeoutMs: number): Deadline {
  let cancel = () => {};
  const passed = new Promise<undefined>((resolve) => {
    cancel = clock.after(timeoutMs, () => resolve(undefined));
  });
  return { timeoutMs, passed, cancel };
}
