/**
 * How long a partition had work at hand.
 *
 * A platform's clock stands still within a turn, so a turn cannot be timed in itself. It is over for sure
 * when another one begins: what counts is the time from the beginning of a turn that worked to the next turn
 * of the event loop. That includes what other objects of the isolate did in between.
 */
import type { Clock } from "../../engine/ports.ts";

export class BusyTime {
  readonly #clock: Clock;
  readonly #soon: (work: () => void) => void;
  #since: number | undefined;
  #ms = 0;

  /** `soon` runs work in the next turn of the event loop. */
  constructor(clock: Clock, soon: (work: () => void) => void) {
    this.#clock = clock;
    this.#soon = soon;
  }

  /** Since the object started, in ms. */
  get ms(): number {
    return this.#ms;
  }

  /** Notes that the turn which runs did some work. */
  note(): void {
    if (this.#since !== undefined) return;
    this.#since = this.#clock.now();
    this.#soon(() => this.#end());
  }

  #end(): void {
    const now = this.#clock.now();
    this.#ms += Math.max(0, now - (this.#since ?? now));
    this.#since = undefined;
  }
}
