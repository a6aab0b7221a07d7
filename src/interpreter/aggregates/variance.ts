/**
 * Variances and standard deviations.
 *
 * What each value differs from the first one is summed, and its square, with twice the digits of a double:
 * large numbers that lie close together lose none, and rows may go, and parts be merged, in any order.
 *
 * Their type is that of an average: of an INT it is an INT.
 */
import type { Accumulating, AggregateCall, AggregateFunction } from "../aggregate-function.ts";
import { prepareCast } from "../cast/prepare-cast.ts";
import { bigintShape, doubleShape, numeric, takes } from "../signatures.ts";
import type { SqlType } from "../types/sql-type.ts";
import type { Row } from "../values/sql-value.ts";
import { listOf, notNull, nullable, record } from "./accumulator-types.ts";
import { add, type DoubleDouble, divide, exactSum, multiply, negate, scale, zero } from "./double-double.ts";
import { averageType } from "./sum.ts";

interface Moments {
  count: number;
  /** The first value; null before it. */
  pivot: number | null;
  /** Of what the values differ from the pivot. */
  sum: DoubleDouble;
  /** Of the squares of that. */
  squares: DoubleDouble;
}

/**
 * From how many values there are, at least one, and the squares of what each differs from their mean, to the
 * value; null where they are too few.
 */
type Finish = (count: number, squares: number) => number | null;

const ofAll: Finish = (count, squares) => squares / count;
const ofSample: Finish = (count, squares) => (count === 1 ? null : squares / (count - 1));

function rootOf(variance: Finish): Finish {
  return (count, squares) => {
    const value = variance(count, squares);
    return value === null ? null : Math.sqrt(value);
  };
}

/** Adds a value, or takes it away where `by` is -1. */
function change(moments: Moments, value: number, by: 1 | -1): void {
  moments.pivot ??= value;
  const distance = exactSum(value, -moments.pivot);
  moments.count += by;
  moments.sum = add(moments.sum, scale(distance, by));
  moments.squares = add(moments.squares, scale(multiply(distance, distance), by));
}

/** What differs from another pivot by x differs from this one by x and what lies between the two. */
function merge(moments: Moments, { count, pivot, sum, squares }: Moments): void {
  if (pivot === null) return;
  moments.pivot ??= pivot;
  const between = exactSum(pivot, -moments.pivot);
  const shifted = scale(between, count);
  moments.count += count;
  moments.sum = add(moments.sum, add(sum, shifted));
  const cross = multiply(between, add(scale(sum, 2), shifted));
  moments.squares = add(moments.squares, add(squares, cross));
}

/** The squares of what each value differs from the mean. What is below 0 was rounded. */
function squaresOf({ count, sum, squares }: Moments): number {
  const { high } = add(squares, negate(divide(multiply(sum, sum), count)));
  return count === 1 || high < 0 ? 0 : high;
}

const doubleType: SqlType = notNull(doubleShape);

function prepareMoments(call: AggregateCall, finish: Finish): Accumulating<Moments> {
  const { types, type, context } = call;
  const [from] = types;
  const toDouble = prepareCast(from as SqlType, doubleType, context);
  const fromDouble = prepareCast(doubleType, type, context);
  return {
    create: () => ({ count: 0, pivot: null, sum: zero, squares: zero }),
    accumulate: (moments, [value]) => change(moments, toDouble(value) as number, 1),
    retract: (moments, [value]) => change(moments, toDouble(value) as number, -1),
    merge,
    value: (moments) => {
      const value = moments.count > 0 ? finish(moments.count, squaresOf(moments)) : null;
      return value === null ? null : fromDouble(value);
    },
    accumulatorType: record({
      count: notNull(bigintShape),
      pivot: nullable(doubleShape),
      sum: listOf(doubleType),
      squares: listOf(doubleType),
    }),
    encode: ({ count, pivot, sum, squares }) => [
      BigInt(count),
      pivot,
      [sum.high, sum.low],
      [squares.high, squares.low],
    ],
    decode: (value) => {
      const [count, pivot, sum, squares] = value as readonly [bigint, number | null, Row, Row];
      return { count: Number(count), pivot, sum: fromPair(sum), squares: fromPair(squares) };
    },
  };
}

function fromPair([high, low]: Row): DoubleDouble {
  return { high: high as number, low: low as number };
}

function momentFunction(name: string, finish: Finish, ofFewIsNull: boolean): AggregateFunction {
  return {
    name,
    usage: `${name}([DISTINCT] number)`,
    signatures: [
      takes([numeric], ({ types: [type] }) => {
        const average = type && averageType(type);
        return average && { ...average, isNullable: average.isNullable || ofFewIsNull };
      }),
    ],
    canRetract: true,
    prepare: (call) => prepareMoments(call, finish),
  };
}

export const varianceFunctions: readonly AggregateFunction[] = [
  momentFunction("VAR_POP", ofAll, false),
  momentFunction("VAR_SAMP", ofSample, true),
  momentFunction("VARIANCE", ofSample, true),
  momentFunction("STDDEV_POP", rootOf(ofAll), false),
  momentFunction("STDDEV_SAMP", rootOf(ofSample), true),
  momentFunction("STDDEV", rootOf(ofSample), true),
];
