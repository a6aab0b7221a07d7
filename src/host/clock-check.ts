/**
 * Tells when the clock of a long-lived object stands still.
 *
 * A machine's clock may be put back. An object that lives then keeps the time that it has seen until the
 * clock has caught up, and its timers and alarms with it; one that starts anew has the machine's time. What
 * comes from others is dated by theirs: if that is long ago, this clock is ahead.
 */
import { clockAheadMsMax } from "../base/limits.ts";
import type { Clock } from "../engine/ports.ts";

/** Why such an object ends. */
export const clockWasPutBack = "The machine's clock was put back: this object starts anew to have its time.";

export class ClockCheck {
  readonly #clock: Clock;
  /** Whether something came in time since the object started. */
  #wasRight = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * True where the object is to start anew for the sake of its clock, by the time (ms) at which the newest of
   * what came was sent. Never before its clock was right once: if a start did not help, the sender's clock is
   * the one that is wrong.
   */
  isAhead(sentAt: number): boolean {
    const isOverdue = this.#clock.now() - sentAt > clockAheadMsMax;
    if (!isOverdue) this.#wasRight = true;
    return isOverdue && this.#wasRight;
  }
}
