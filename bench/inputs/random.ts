/**
 * A linear congruential generator (Numerical Recipes' constants): small, and the same everywhere for one
 * seed.
 */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
