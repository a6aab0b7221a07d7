/**
 * LISTAGG, ARRAY_AGG and COLLECT: the values themselves, the first two in the order in which they came.
 */
import { type Accumulating, type AggregateFunction, neverRetracts } from "../aggregate-function.ts";
import type { Signature } from "../scalar-function.ts";
import { anyType, returnsArgument, stringShape, takes, text } from "../signatures.ts";
import type { SqlType } from "../types/sql-type.ts";
import type { SqlValue } from "../values/sql-value.ts";
import { notNull, nullable } from "./accumulator-types.ts";
import { type Arrivals, ArrivalsCodec } from "./arrivals.ts";
import { type CountedValues, CountedValuesCodec } from "./counted-values.ts";

/** All values that are there, finished by `finish`; `takes` says which ones are. */
function listing(
  type: SqlType,
  takesValue: (value: SqlValue) => boolean,
  finish: (values: SqlValue[]) => SqlValue,
): Accumulating<Arrivals> {
  const codec = new ArrivalsCodec(type);
  return {
    create: () => codec.create(),
    accumulate: (arrivals, [value]) => {
      if (takesValue(value as SqlValue)) codec.add(arrivals, value as SqlValue);
    },
    retract: (arrivals, [value]) => {
      if (takesValue(value as SqlValue)) codec.takeBack(arrivals, value as SqlValue);
    },
    merge: (arrivals, later) => codec.merge(arrivals, later),
    value: ({ present }) => (present.length === 0 ? null : finish(present.map(({ value }) => value))),
    accumulatorType: codec.type,
    encode: (arrivals) => codec.encode(arrivals),
    decode: (value) => codec.decode(value),
  };
}

interface Joined {
  text: string | null;
}

/** Texts that stay are joined at once. */
function joining(separator: string): Accumulating<Joined> {
  const append = (joined: Joined, more: string | null) => {
    if (more !== null) joined.text = joined.text === null ? more : `${joined.text}${separator}${more}`;
  };
  return {
    create: () => ({ text: null }),
    accumulate: (joined, [value]) => append(joined, value as string),
    retract: neverRetracts,
    merge: (joined, later) => append(joined, later.text),
    value: ({ text: value }) => value,
    accumulatorType: nullable(stringShape),
    encode: ({ text: value }) => value,
    decode: (value) => ({ text: value as string | null }),
  };
}

/** The separator is a literal: it belongs to the call, not to the rows. */
const listSignature: Signature = (call) => {
  if (call.types.length === 2 && typeof call.constants[1] !== "string") {
    return { refusal: "The separator of LISTAGG is a text that is written there" };
  }
  return takes([text, text], returnsArgument(0), { optional: 1 })(call);
};

function collecting(element: SqlType): Accumulating<CountedValues> {
  const codec = new CountedValuesCodec([element]);
  return {
    create: () => codec.create(),
    accumulate: (counted, values) => {
      counted.add(values, 1);
    },
    retract: (counted, values) => {
      counted.add(values, -1);
    },
    merge: (counted, later) => counted.addAll(later),
    value: (counted) => counted.present().map(({ values, count }) => [values[0] as SqlValue, count]),
    accumulatorType: codec.type,
    encode: (counted) => codec.encode(counted),
    decode: (value) => codec.decode(value),
  };
}

export const listingFunctions: readonly AggregateFunction[] = [
  {
    name: "LISTAGG",
    usage: "LISTAGG([DISTINCT] text [, separator])",
    signatures: [listSignature],
    canRetract: true,
    prepare: ({ types: [type], constants: [, separator = ","], isRetracting }) =>
      isRetracting
        ? listing(
            type as SqlType,
            () => true,
            (values) => values.join(separator as string),
          )
        : joining(separator as string),
  },
  {
    name: "ARRAY_AGG",
    usage: "ARRAY_AGG([DISTINCT] value [IGNORE NULLS])",
    signatures: [takes([anyType], ({ types: [element] }) => element && nullable({ name: "ARRAY", element }))],
    canRetract: true,
    takesNulls: true,
    nullTreatments: ["IGNORE", "RESPECT"],
    prepare: ({ types: [type], options }) =>
      listing(
        type as SqlType,
        (value) => value !== null || options.nulls !== "IGNORE",
        (values) => values,
      ),
  },
  {
    name: "COLLECT",
    usage: "COLLECT([DISTINCT] value)",
    signatures: [
      takes([anyType], ({ types: [element] }) => element && notNull({ name: "MULTISET", element })),
    ],
    canRetract: true,
    hasValueOfNothing: true,
    prepare: ({ types: [element] }) => collecting(element as SqlType),
  },
];
