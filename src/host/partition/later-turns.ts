/**
 * Later turns of a partition.
 *
 * Of timers that are due at the same time the platform fires one a millisecond. So what is to be done in a
 * later turn shares one timer, as long as it may share the turn: what a turn writes is durable together, and
 * its answers leave at its end.
 */
export class LaterTurns {
  readonly #soon: (turn: () => void) => void;
  #waiting: (() => boolean)[] = [];
  #isAsked = false;

  /** `soon` runs a turn later. */
  constructor(soon: (turn: () => void) => void) {
    this.#soon = soon;
  }

  /**
   * Runs `work` in a later turn, behind what waits for one already. It returns whether what comes behind it
   * may share its turn.
   */
  add(work: () => boolean): void {
    this.#waiting.push(work);
    this.#ask();
  }

  #ask(): void {
    if (this.#isAsked || this.#waiting.length === 0) return;
    this.#isAsked = true;
    this.#soon(() => this.#turn());
  }

  /** What is left comes before what was asked for meanwhile. */
  #turn(): void {
    this.#isAsked = false;
    const now = this.#waiting;
    this.#waiting = [];
    try {
      for (let mayGoOn = true; mayGoOn; ) mayGoOn = now.shift()?.() ?? false;
    } finally {
      this.#waiting = [...now, ...this.#waiting];
      this.#ask();
    }
  }
}
