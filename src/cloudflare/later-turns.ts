/**
 * Later turns of an object's event loop.
 *
 * Of timers that are due at the same time the platform fires one a millisecond. So there is one timer for all
 * that is to be done in the next turn.
 */
export class LaterTurns {
  #waiting: (() => void)[] = [];

  /** Runs `work` in a later turn, behind what waits for it already. */
  soon(work: () => void): void {
    this.#waiting.push(work);
    if (this.#waiting.length === 1) setTimeout(() => this.#turn(), 0);
  }

  /** What throws takes nothing else with it. */
  #turn(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    try {
      for (let work = waiting.shift(); work; work = waiting.shift()) work();
    } finally {
      for (const work of waiting) this.soon(work);
    }
  }
}
