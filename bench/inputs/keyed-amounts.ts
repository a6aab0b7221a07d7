/**
 * Rows of a number as key and a small amount: keys in any order, evenly drawn, or by Zipf's law.
 */
import { randomFrom } from "./random.ts";

export interface KeyedAmounts {
  /** From 0 on. */
  readonly keys: Uint32Array;
  readonly amounts: Uint32Array;
}

/** Draws a key below `count`. */
export type DrawKey = (count: number) => number;

/** All keys alike. */
export function uniformKeys(seed: number): DrawKey {
  const random = randomFrom(seed);
  return (count) => Math.floor(random() * count);
}

/** Zipf's law with exponent 1: rank r is drawn 1/r times as often as the first; ranks lie anywhere. */
export function zipfKeys(seed: number): DrawKey {
  const random = randomFrom(seed);
  return (count) => {
    const rank = Math.min(count, Math.floor(Math.exp(random() * Math.log(count + 1)))) - 1;
    return (rank * 7_368_787) % count;
  };
}

export function drawAmounts(rows: number, count: number, draw: DrawKey): KeyedAmounts {
  const keys = new Uint32Array(rows);
  const amounts = new Uint32Array(rows);
  for (let row = 0; row < rows; row++) {
    keys[row] = draw(count);
    amounts[row] = (row * 31) % 1000;
  }
  return { keys, amounts };
}
