/**
 * SUM and AVG.
 *
 * Whole numbers wrap as wide as they are, and are averaged from a BIGINT and truncated. DECIMAL is summed
 * exactly; what has more than 38 digits in the end is null.
 */
import { divideHalfUp } from "../../columnar/decimal-text.ts";
import type { Accumulating, AggregateFunction } from "../aggregate-function.ts";
import { bigintShape, doubleShape, numeric, takes } from "../signatures.ts";
import { decimalPrecisionMax, type SqlType } from "../types/sql-type.ts";
import type { SqlValue } from "../values/sql-value.ts";
import { notNull, record } from "./accumulator-types.ts";

/** How many values it is of tells a group without any from one whose sum is 0. */
interface Sum {
  count: number;
  sum: SqlValue;
}

interface Addition {
  /** Adding to it gives what is added. */
  readonly zero: SqlValue;
  add(one: SqlValue, other: SqlValue): SqlValue;
  subtract(one: SqlValue, other: SqlValue): SqlValue;
}

function ofNumbers(zero: number, wrap: (sum: number) => number): Addition {
  return {
    zero,
    add: (one, other) => wrap((one as number) + (other as number)),
    subtract: (one, other) => wrap((one as number) - (other as number)),
  };
}

function ofIntegers(wrap: (sum: bigint) => bigint): Addition {
  return {
    zero: 0n,
    add: (one, other) => wrap((one as bigint) + (other as bigint)),
    subtract: (one, other) => wrap((one as bigint) - (other as bigint)),
  };
}

function additionOf({ name }: SqlType): Addition {
  switch (name) {
    case "TINYINT":
      return ofNumbers(0, (sum) => (sum << 24) >> 24);
    case "SMALLINT":
      return ofNumbers(0, (sum) => (sum << 16) >> 16);
    case "INT":
      return ofNumbers(0, (sum) => sum | 0);
    case "BIGINT":
      return ofIntegers((sum) => BigInt.asIntN(64, sum));
    case "DECIMAL":
      return ofIntegers((sum) => sum);
    case "FLOAT":
      return ofNumbers(-0, Math.fround);
    default:
      return ofNumbers(-0, (sum) => sum);
  }
}

/** Sums what `take` makes of the argument, and finishes the sum of at least a row. */
function summing(
  sumType: SqlType,
  take: (value: SqlValue) => SqlValue,
  finish: (sum: SqlValue, count: number) => SqlValue,
): Accumulating<Sum> {
  const { zero, add, subtract } = additionOf(sumType);
  return {
    create: () => ({ count: 0, sum: zero }),
    accumulate: (state, [value]) => {
      state.sum = add(state.sum, take(value as SqlValue));
      state.count += 1;
    },
    retract: (state, [value]) => {
      state.sum = subtract(state.sum, take(value as SqlValue));
      state.count -= 1;
    },
    merge: (state, other) => {
      state.sum = add(state.sum, other.sum);
      state.count += other.count;
    },
    value: ({ count, sum }) => (count === 0 ? null : finish(sum, count)),
    accumulatorType: record({ count: notNull(bigintShape), sum: sumType }),
    encode: ({ count, sum }) => [BigInt(count), sum],
    decode: (value) => {
      const [count, sum] = value as readonly SqlValue[];
      return { count: Number(count), sum: sum as SqlValue };
    },
  };
}

const decimalEnd = 10n ** BigInt(decimalPrecisionMax);

function fitting(unscaled: bigint): bigint | null {
  return unscaled > -decimalEnd && unscaled < decimalEnd ? unscaled : null;
}

const same = (value: SqlValue): SqlValue => value;

function prepareSum(type: SqlType): Accumulating<Sum> {
  return summing(notNull(type), same, type.name === "DECIMAL" ? (sum) => fitting(sum as bigint) : same);
}

function prepareAverage(from: SqlType, to: SqlType): Accumulating<Sum> {
  if (from.name === "DECIMAL" && to.name === "DECIMAL") {
    const shift = 10n ** BigInt(to.scale - from.scale);
    return summing(notNull({ ...from, precision: decimalPrecisionMax }), same, (sum, count) => {
      const [dividend, divisor] = [(sum as bigint) * shift, BigInt(count)];
      return fitting(divisor < 0n ? divideHalfUp(-dividend, -divisor) : divideHalfUp(dividend, divisor));
    });
  }
  switch (from.name) {
    case "FLOAT":
      return summing(notNull(doubleShape), same, (sum, count) => Math.fround((sum as number) / count));
    case "DOUBLE":
      return summing(notNull(doubleShape), same, (sum, count) => (sum as number) / count);
    case "BIGINT":
      return summing(notNull(bigintShape), same, (sum, count) => (sum as bigint) / BigInt(count));
    default: {
      const narrow = additionOf(to).add;
      return summing(
        notNull(bigintShape),
        (value) => BigInt(value as number),
        (sum, count) => narrow(0, Number(BigInt.asIntN(32, (sum as bigint) / BigInt(count)))),
      );
    }
  }
}

/** The type of an average, and of what is calculated from averages: DECIMAL gets at least six places. */
export function averageType(type: SqlType): SqlType {
  if (type.name !== "DECIMAL") return type;
  return { ...type, precision: decimalPrecisionMax, scale: Math.max(6, type.scale) };
}

export const sumFunctions: readonly AggregateFunction[] = [
  {
    name: "SUM",
    usage: "SUM([DISTINCT] number)",
    signatures: [
      takes([numeric], ({ types: [type] }) => {
        return type?.name === "DECIMAL" ? { ...type, precision: decimalPrecisionMax } : type;
      }),
    ],
    canRetract: true,
    prepare: ({ type }) => prepareSum(type),
  },
  {
    name: "AVG",
    usage: "AVG([DISTINCT] number)",
    signatures: [takes([numeric], ({ types: [type] }) => type && averageType(type))],
    canRetract: true,
    prepare: ({ types: [from], type }) => prepareAverage(from as SqlType, type),
  },
];
