/**
 * Tells when the clock of a long-lived object stands still.
 *
 * A machine's clock may be put back. An object that lives then keeps the time that it has seen until the
 * clock has caught up, and its timers and alarms with it; one that starts anew has the machine's time. What
 * comes from others is dated by theirs: if that is long ago, this clock is ahead.
 */
import { clockAheadMsMax } from "../base/limits.ts";
import type { Clock } from "../engine/ports.ts";
import { ExpiringEntries } from "./access/expiring-entries.ts";

/** Why such an object ends. */
export const clockWasPutBack = "The machine's clock was put back: this object starts anew to have its time.";

/** How long after a start that did not help another one may be tried, by the senders' time. */
const restartEveryMs = 60_000;

/** Objects of an isolate that are remembered for having started anew. */
const restartsMax = 4096;

/** Which objects of an isolate started anew for the sake of their clocks; it outlives them. */
export class ClockRestarts {
  /** When what told an object to was sent; until when by the senders' time it shall not start anew again. */
  readonly #sentAt = new ExpiringEntries<number>(restartsMax);

  /** Notes a start anew; false where the last one was told to by something sent about as long ago. */
  note(object: string, sentAt: number): boolean {
    const last = this.#sentAt.get(object, sentAt);
    // Long before the last one: the clock was put back once more.
    if (last !== undefined && last - sentAt < restartEveryMs) return false;
    this.#sentAt.set(object, sentAt, sentAt + restartEveryMs);
    return true;
  }
}

export class ClockCheck {
  readonly #clock: Clock;
  readonly #mayStartAnew: (sentAt: number) => boolean;
  /** Whether something came in time since the object started. */
  #wasRight = false;

  /** `mayStartAnew` is asked where nothing shows yet that this clock was ever right. */
  constructor(clock: Clock, mayStartAnew: (sentAt: number) => boolean = () => false) {
    this.#clock = clock;
    this.#mayStartAnew = mayStartAnew;
  }

  /**
   * True where the object is to start anew for the sake of its clock, by the time (ms) at which the newest of
   * what came was sent. Only now and then where its clock was not right since it started: if a start does not
   * help, the sender's clock is the one that is wrong.
   */
  isAhead(sentAt: number): boolean {
    const isOverdue = this.#clock.now() - sentAt > clockAheadMsMax;
    if (!isOverdue) this.#wasRight = true;
    return isOverdue && (this.#wasRight || this.#mayStartAnew(sentAt));
  }
}
