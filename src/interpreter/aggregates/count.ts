/**
 * COUNT: of rows, or of rows none of whose arguments is null.
 */
import type { Accumulating, AggregateFunction } from "../aggregate-function.ts";
import { anyType, bigintShape, returnsNotNull, takes } from "../signatures.ts";
import { notNull } from "./accumulator-types.ts";

interface Count {
  count: number;
}

const counting: Accumulating<Count> = Object.freeze({
  create: () => ({ count: 0 }),
  accumulate: (state: Count) => {
    state.count += 1;
  },
  retract: (state: Count) => {
    state.count -= 1;
  },
  merge: (state: Count, other: Count) => {
    state.count += other.count;
  },
  value: ({ count }: Count) => BigInt(count),
  accumulatorType: notNull(bigintShape),
  encode: ({ count }: Count) => BigInt(count),
  decode: (value) => ({ count: Number(value) }),
} satisfies Accumulating<Count>);

export const countFunctions: readonly AggregateFunction[] = [
  {
    name: "COUNT",
    usage: "COUNT(*) or COUNT([DISTINCT] value, …)",
    signatures: [takes([anyType], returnsNotNull(bigintShape), { optional: 1, repeats: true })],
    canRetract: true,
    hasValueOfNothing: true,
    prepare: () => counting,
  },
];
