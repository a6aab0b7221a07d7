/**
 * Tells when the clock of a long-lived object stands still.
 *
 * A machine's clock may be put back. An object that lives then keeps the time that it has seen until the
 * clock has caught up, and its timers with it; one that starts anew has the machine's time. What comes from
 * others is dated by theirs: appends that are all long overdue mean that this clock is ahead.
 */
import { appendDeadlineMs, clockAheadMsMax } from "../../base/limits.ts";
import type { AppendRequest } from "../../engine/log/records.ts";
import type { Clock } from "../../engine/ports.ts";

export class ClockCheck {
  readonly #clock: Clock;
  /** Whether something came in time since the object started. */
  #wasRight = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * True where the object is to start anew for the sake of its clock. Never before its clock was right once:
   * if a start did not help, the sender's clock is the one that is wrong.
   */
  isAhead(requests: readonly AppendRequest[]): boolean {
    const now = this.#clock.now();
    const isOverdue = requests.every(({ deadline }) => now - (deadline - appendDeadlineMs) > clockAheadMsMax);
    if (!isOverdue) this.#wasRight = true;
    return requests.length > 0 && isOverdue && this.#wasRight;
  }
}
