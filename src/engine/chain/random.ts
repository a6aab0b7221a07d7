/**
 * Chance that a record brings: numbers that its seed alone decides.
 */

const golden = 0x9e3779b97f4a7c15n;

/** Returns the numbers in [0, 1) of a seed, one after the other (SplitMix64). */
export function randomOf(seed: bigint): () => number {
  let state = seed;
  return () => {
    state = BigInt.asUintN(64, state + golden);
    let mixed = state;
    mixed = BigInt.asUintN(64, (mixed ^ (mixed >> 30n)) * 0xbf58476d1ce4e5b9n);
    mixed = BigInt.asUintN(64, (mixed ^ (mixed >> 27n)) * 0x94d049bb133111ebn);
    mixed ^= mixed >> 31n;
    return Number(mixed >> 11n) / 2 ** 53;
  };
}
