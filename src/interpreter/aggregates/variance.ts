/**
 * Variances and standard deviations, by Welford's method: the mean and the squares of distances from it are
 * kept, so that large numbers that lie close together lose no digits.
 *
 * Their type is that of an average: of an INT it is an INT.
 */
import type { Accumulating, AggregateCall, AggregateFunction } from "../aggregate-function.ts";
import { prepareCast } from "../cast/prepare-cast.ts";
import { bigintShape, doubleShape, numeric, takes } from "../signatures.ts";
import type { SqlType } from "../types/sql-type.ts";
import type { Row } from "../values/sql-value.ts";
import { notNull, record } from "./accumulator-types.ts";
import { averageType } from "./sum.ts";

interface Moments {
  count: number;
  mean: number;
  /** The sum of the squares of what each value differs from the mean. */
  squares: number;
}

/** From the moments of at least a row to the value; null where too few rows are there. */
type Finish = (moments: Moments) => number | null;

const ofAll: Finish = ({ count, squares }) => squares / count;
const ofSample: Finish = ({ count, squares }) => (count === 1 ? null : squares / (count - 1));

function rootOf(variance: Finish): Finish {
  return (moments) => {
    const value = variance(moments);
    return value === null ? null : Math.sqrt(value);
  };
}

/** Adds a value, or takes it away where `change` is -1. */
function change(moments: Moments, value: number, by: 1 | -1): void {
  const count = moments.count + by;
  if (count === 0) {
    Object.assign(moments, { count, mean: 0, squares: 0 });
    return;
  }
  const distance = value - moments.mean;
  const mean = moments.mean + (by * distance) / count;
  const squares = moments.squares + by * distance * (value - mean);
  // One value differs from itself by nothing; what remains is what was rounded.
  Object.assign(moments, { count, mean, squares: count === 1 ? 0 : keepSign(squares, count) });
}

/** Squares of values that are there are never negative, but for what was rounded. */
function keepSign(squares: number, count: number): number {
  return count > 0 && squares < 0 ? 0 : squares;
}

function merge(moments: Moments, other: Moments): void {
  const count = moments.count + other.count;
  if (count === 0) {
    Object.assign(moments, { count, mean: 0, squares: 0 });
    return;
  }
  const distance = other.mean - moments.mean;
  const mean = moments.mean + (distance * other.count) / count;
  const between = (distance * distance * moments.count * other.count) / count;
  const squares = moments.squares + other.squares + between;
  Object.assign(moments, { count, mean, squares: keepSign(squares, count) });
}

const doubleType: SqlType = notNull(doubleShape);

function prepareMoments(call: AggregateCall, finish: Finish): Accumulating<Moments> {
  const { types, type, context } = call;
  const [from] = types;
  const toDouble = prepareCast(from as SqlType, doubleType, context);
  const fromDouble = prepareCast(doubleType, type, context);
  return {
    create: () => ({ count: 0, mean: 0, squares: 0 }),
    accumulate: (moments, [value]) => change(moments, toDouble(value) as number, 1),
    retract: (moments, [value]) => change(moments, toDouble(value) as number, -1),
    merge,
    value: (moments) => {
      const value = moments.count > 0 ? finish(moments) : null;
      return value === null ? null : fromDouble(value);
    },
    accumulatorType: record({ count: notNull(bigintShape), mean: doubleType, squares: doubleType }),
    encode: ({ count, mean, squares }) => [BigInt(count), mean, squares],
    decode: (value) => {
      const [count, mean, squares] = value as Row;
      return { count: Number(count), mean: mean as number, squares: squares as number };
    },
  };
}

function momentFunction(name: string, finish: Finish, nullable: boolean): AggregateFunction {
  return {
    name,
    usage: `${name}([DISTINCT] number)`,
    signatures: [
      takes([numeric], ({ types: [type] }) => {
        const average = type && averageType(type);
        return average && { ...average, isNullable: average.isNullable || nullable };
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
