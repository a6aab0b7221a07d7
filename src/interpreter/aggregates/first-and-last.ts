/**
 * FIRST_VALUE, LAST_VALUE and SINGLE_VALUE. First and last go by arrival, and leave nulls out.
 */
import { type Accumulating, type AggregateFunction, neverRetracts } from "../aggregate-function.ts";
import { evaluationError } from "../scalar-function.ts";
import { anyType, returnsArgument, takes } from "../signatures.ts";
import type { SqlType } from "../types/sql-type.ts";
import type { SqlValue } from "../values/sql-value.ts";
import { nullable } from "./accumulator-types.ts";
import { type Arrivals, ArrivalsCodec } from "./arrivals.ts";

/** Null where no row came yet. */
interface Kept {
  value: SqlValue;
}

function ofAppended(type: SqlType, isLast: boolean): Accumulating<Kept> {
  const enter = (kept: Kept, value: SqlValue) => {
    if (value !== null && (isLast || kept.value === null)) kept.value = value;
  };
  return {
    create: () => ({ value: null }),
    accumulate: (kept, [value]) => enter(kept, value as SqlValue),
    retract: neverRetracts,
    merge: (kept, later) => enter(kept, later.value),
    value: ({ value }) => value,
    accumulatorType: nullable(type),
    encode: ({ value }) => value,
    decode: (value) => ({ value }),
  };
}

function ofChanging(type: SqlType, isLast: boolean): Accumulating<Arrivals> {
  const codec = new ArrivalsCodec(type);
  return {
    create: () => codec.create(),
    accumulate: (arrivals, [value]) => codec.add(arrivals, value as SqlValue),
    retract: (arrivals, [value]) => codec.takeBack(arrivals, value as SqlValue),
    merge: (arrivals, later) => codec.merge(arrivals, later),
    value: ({ present }) => present.at(isLast ? -1 : 0)?.value ?? null,
    accumulatorType: codec.type,
    encode: (arrivals) => codec.encode(arrivals),
    decode: (value) => codec.decode(value),
  };
}

function byArrival(name: string, isLast: boolean): AggregateFunction {
  return {
    name,
    usage: `${name}(value) [IGNORE NULLS]`,
    signatures: [takes([anyType], returnsArgument(0))],
    canRetract: true,
    nullTreatments: ["IGNORE"],
    prepare: ({ types: [type], isRetracting }) =>
      isRetracting ? ofChanging(type as SqlType, isLast) : ofAppended(type as SqlType, isLast),
  };
}

/** One row or none. The same is kept as of what changes, as one row may take another's place. */
function single(type: SqlType): Accumulating<Arrivals> {
  const codec = new ArrivalsCodec(type);
  const check = (count: number) => {
    if (count > 1) throw evaluationError("SINGLE_VALUE is of one row, and there is more than one.");
  };
  return {
    ...ofChanging(type, false),
    accumulate: (arrivals, [value]) => {
      check(arrivals.present.length + 1);
      codec.add(arrivals, value as SqlValue);
    },
    merge: (arrivals, later) => {
      codec.merge(arrivals, later);
      check(arrivals.present.length);
    },
  };
}

export const firstAndLastFunctions: readonly AggregateFunction[] = [
  byArrival("FIRST_VALUE", false),
  byArrival("LAST_VALUE", true),
  {
    name: "SINGLE_VALUE",
    usage: "SINGLE_VALUE(value)",
    signatures: [takes([anyType], returnsArgument(0))],
    canRetract: true,
    takesNulls: true,
    prepare: ({ types: [type] }) => single(type as SqlType),
  },
];
