/**
 * How long a partition had work at hand.
 *
 * A platform's clock stands still within a turn, so a turn cannot be timed in itself. It is over for sure
 * when another one begins: what counts is the time from the beginning of a turn that worked to the next turn
 * of the event loop. That includes what other objects of the isolate did in between.
 */
import type { Clock } from "../../engine/ports.ts";
import type { LaterTurns } from "./later-turns.ts";

export class BusyTime {
  readonly #clock: Clock;
  readonly #turns: LaterTurns;
  #since: number | undefined;
  #ms = 0;

  constructor(clock: Clock, turns: LaterTurns) {
    this.#clock = clock;
    this.#turns = turns;
  }

  /** Since the object started, in ms. */
  get ms(): number {
    return this.#ms;
  }

  /** Notes that the turn which runs did some work. */
  note(): void {
    if (this.#since !== undefined) return;
    this.#since = this.#clock.now();
    this.#turns.add(() => this.#end());
  }

  #end(): boolean {
    const now = this.#clock.now();
    this.#ms += Math.max(0, now - (this.#since ?? now));
    this.#since = undefined;
    return true;
  }
}
