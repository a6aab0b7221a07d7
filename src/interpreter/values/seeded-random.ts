/**
 * The first numbers of Java's `java.util.Random` with a seed: a linear congruential generator of 48 bits.
 */

const multiplier = 0x5deece66dn;
const increment = 0xbn;
const mask = (1n << 48n) - 1n;

export class SeededRandom {
  #state: bigint;

  constructor(seed: number) {
    this.#state = (BigInt(seed) ^ multiplier) & mask;
  }

  /** In [0, 1). */
  nextDouble(): number {
    const high = this.#next(26);
    const low = this.#next(27);
    return Number((BigInt(high) << 27n) + BigInt(low)) * 2 ** -53;
  }

  /** In [0, bound); `bound` is from 1 to 2^31 - 1. */
  nextInt(bound: number): number {
    let bits = this.#next(31);
    if ((bound & (bound - 1)) === 0) return Number((BigInt(bound) * BigInt(bits)) >> 31n);
    let value = bits % bound;
    // The last numbers that would make some more likely than others are passed over.
    while (bits - value + (bound - 1) > 0x7fffffff) {
      bits = this.#next(31);
      value = bits % bound;
    }
    return value;
  }

  #next(bits: number): number {
    this.#state = (this.#state * multiplier + increment) & mask;
    return Number(this.#state >> BigInt(48 - bits));
  }
}
