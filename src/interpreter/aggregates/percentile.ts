/**
 * PERCENTILE: the value below which such a share of the others lies, exact, between two values in proportion.
 */
import type { Accumulating, AggregateFunction } from "../aggregate-function.ts";
import { type CallShape, evaluationError, type Signature } from "../scalar-function.ts";
import { bigint, double, doubleShape, takes } from "../signatures.ts";
import type { SqlType } from "../types/sql-type.ts";
import type { Row, SqlValue } from "../values/sql-value.ts";
import { listOf, notNull, nullable, record } from "./accumulator-types.ts";
import { type CountedValues, CountedValuesCodec } from "./counted-values.ts";

interface Ranked {
  readonly counted: CountedValues;
  /** Those of the first row; null before it. */
  shares: readonly number[] | null;
}

const doubleType: SqlType = Object.freeze(notNull(doubleShape));
const sharesType: SqlType = Object.freeze(listOf(doubleType));

function isShare(share: number): boolean {
  return share >= 0 && share <= 1;
}

function checkShares(shares: readonly number[]): readonly number[] {
  const wrong = shares.find((share) => !isShare(share));
  if (wrong === undefined) return shares;
  throw evaluationError(`A percentage of PERCENTILE is between 0 and 1, and this is ${wrong}.`);
}

function ranking(isList: boolean): Accumulating<Ranked> {
  const codec = new CountedValuesCodec([doubleType]);
  const change = (ranked: Ranked, [value, shares, times = 1n]: Row, sign: 1 | -1) => {
    ranked.shares ??= checkShares((isList ? shares : [shares]) as readonly number[]);
    if ((times as bigint) > 0n) ranked.counted.add([value as SqlValue], sign * Number(times));
  };
  return {
    create: () => ({ counted: codec.create(), shares: null }),
    accumulate: (ranked, values) => change(ranked, values, 1),
    retract: (ranked, values) => change(ranked, values, -1),
    merge: (ranked, later) => {
      ranked.counted.addAll(later.counted);
      ranked.shares ??= later.shares;
    },
    value: ({ counted, shares }) => {
      const found = percentilesOf(counted, shares ?? []);
      return isList ? found : (found?.[0] ?? null);
    },
    accumulatorType: record({ counted: codec.type, shares: { ...sharesType, isNullable: true } }),
    encode: ({ counted, shares }) => [codec.encode(counted), shares],
    decode: (encoded) => {
      const [counted, shares] = encoded as Row;
      return { counted: codec.decode(counted as SqlValue), shares: shares as readonly number[] | null };
    },
  };
}

/** Null where no values are there. */
function percentilesOf(counted: CountedValues, shares: readonly number[]): number[] | null {
  const sorted = counted
    .present()
    .map(({ values: [value], count }) => ({ value: value as number, count }))
    .sort((one, other) => compare(one.value, other.value));
  const total = sorted.reduce((sum, { count }) => sum + count, 0);
  if (total === 0) return null;
  const valueAt = (place: number): number => {
    let rest = place;
    for (const { value, count } of sorted) {
      if (rest < count) return value;
      rest -= count;
    }
    return sorted.at(-1)?.value ?? Number.NaN;
  };
  return shares.map((share) => {
    const place = share * (total - 1);
    const [below, above] = [Math.floor(place), Math.ceil(place)];
    const [low, high] = [valueAt(below), valueAt(above)];
    return below === above || low === high ? low : (above - place) * low + (place - below) * high;
  });
}

/** NaN is above all numbers. */
function compare(one: number, other: number): number {
  return Number(Number.isNaN(one)) - Number(Number.isNaN(other)) || one - other;
}

/** Percentages that are written are looked at before any row comes. */
function knownShares({ types, constants }: CallShape): readonly number[] {
  const [type, constant] = [types[1], constants[1]];
  if (!type || constant === undefined || constant === null) return [];
  if (type.name === "ARRAY") {
    return (constant as Row).flatMap((each) => (each === null ? [] : [numberOf(type.element, each)]));
  }
  return [numberOf(type, constant)];
}

function numberOf(type: SqlType, value: SqlValue): number {
  return type.name === "DECIMAL" ? Number(value) / 10 ** type.scale : Number(value);
}

function percentileSignature(isList: boolean): Signature {
  const shares = isList ? sharesType : doubleType;
  const signature = takes(
    [double, (type) => (isTaken(type, isList) ? shares : undefined), bigint],
    () => nullable(isList ? { name: "ARRAY", element: nullable(doubleShape) } : doubleShape),
    { optional: 1 },
  );
  return (call) => {
    const resolution = signature(call);
    if (!resolution) return undefined;
    const wrong = knownShares(call).find((share) => !isShare(share));
    return wrong === undefined
      ? resolution
      : { refusal: `A percentage of PERCENTILE is between 0 and 1, and this is ${wrong}` };
  };
}

const isNumber = (type: SqlType): boolean => type.name !== "NULL" && double(type, undefined) !== undefined;

/** Neither percentages nor a list of such may be null. */
function isTaken(type: SqlType, isList: boolean): boolean {
  if (type.isNullable) return false;
  if (!isList) return isNumber(type);
  return type.name === "ARRAY" && !type.element.isNullable && isNumber(type.element);
}

export const percentileFunctions: readonly AggregateFunction[] = [
  {
    name: "PERCENTILE",
    usage: "PERCENTILE(number, percentage or array of such [, frequency])",
    signatures: [percentileSignature(false), percentileSignature(true)],
    canRetract: true,
    prepare: ({ type }) => ranking(type.name === "ARRAY"),
  },
];
