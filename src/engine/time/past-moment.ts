/**
 * A moment of the past, by a clock that may be set back: what is waited for from it on comes within that
 * time, whatever the clock does.
 *
 * A moment that lies in the future happened at an unknown time before now: it counts as now, once, and from
 * then the clock goes on as usual.
 */
export class PastMoment {
  #given: number | undefined;
  #moment = 0;

  /** Returns when `given` was, as the clock has it that says `now`; never above `now`. */
  at(given: number, now: number): number {
    if (given !== this.#given) this.#moment = given;
    this.#given = given;
    this.#moment = Math.min(this.#moment, now);
    return this.#moment;
  }
}
