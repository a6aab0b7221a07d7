/**
 * The one alarm of an object, for several that each want to be woken at a time of their own.
 */
export class SharedAlarm {
  readonly #set: (at: number) => void;
  readonly #times = new Map<string, number>();

  /** `set` sets the object's alarm, in place of the one before. */
  constructor(set: (at: number) => void) {
    this.#set = set;
  }

  /** Has all be woken at a time that one of them wants, in place of what it wanted before. */
  set(who: string, at: number): void {
    this.#times.set(who, at);
    this.#set(Math.min(...this.#times.values()));
  }

  /** Must be called when it went off: each wants another time then, or none. */
  fired(): void {
    this.#times.clear();
  }
}
