/**
 * A small seeded generator of random numbers (xorshift128, Marsaglia), for tests that make millions of
 * values.
 */
export class Random {
  readonly #state: Uint32Array;

  constructor(seed: number) {
    this.#state = Uint32Array.of(seed ^ 0x9e3779b9, seed ^ 0x243f6a88, seed ^ 0xb7e15162, 0xdeadbeef);
    for (let warm = 0; warm < 16; warm++) this.#next();
  }

  /** Returns an integer from 0 to count - 1. */
  below(count: number): number {
    return Math.floor((this.#next() / 2 ** 32) * count);
  }

  /** Returns an integer from `min` to `max`. */
  between(min: number, max: number): number {
    return min + this.below(max - min + 1);
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.#next() < probability * 2 ** 32;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }

  bits64(): bigint {
    return (BigInt(this.#next()) << 32n) | BigInt(this.#next());
  }

  #next(): number {
    const state = this.#state as unknown as [number, number, number, number];
    const mixed = state[3] ^ (state[3] << 11);
    state[3] = state[2];
    state[2] = state[1];
    state[1] = state[0];
    state[0] = state[0] ^ (state[0] >>> 19) ^ mixed ^ (mixed >>> 8);
    return state[0];
  }
}
