/**
 * Windows of tables, ascending, as they come and go.
 */
export class PendingWindows {
  readonly #ascending: number[];

  constructor(ascending: readonly number[]) {
    this.#ascending = [...ascending];
  }

  get count(): number {
    return this.#ascending.length;
  }

  get first(): number | undefined {
    return this.#ascending[0];
  }

  all(): readonly number[] {
    return this.#ascending;
  }

  add(window: number): void {
    const at = this.#placeOf(window);
    if (this.#ascending[at] !== window) this.#ascending.splice(at, 0, window);
  }

  remove(window: number): void {
    const at = this.#placeOf(window);
    if (this.#ascending[at] === window) this.#ascending.splice(at, 1);
  }

  /** Those from `from` up to `to`, without it. */
  between(from: number, to: number): readonly number[] {
    return this.#ascending.slice(this.#placeOf(from), this.#placeOf(to));
  }

  /** How many are below `window`. */
  #placeOf(window: number): number {
    let [low, high] = [0, this.#ascending.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#ascending[middle] as number) < window) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
