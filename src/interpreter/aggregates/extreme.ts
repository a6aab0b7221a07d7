/**
 * MIN and MAX. Where rows may be taken back, all values are kept: the next one may be needed.
 */
import { type Accumulating, type AggregateFunction, neverRetracts } from "../aggregate-function.ts";
import { oneOf, returnsArgument, stringShape, takes } from "../signatures.ts";
import type { SqlShape, SqlType } from "../types/sql-type.ts";
import { comparisonOf } from "../values/compare-values.ts";
import type { Row, SqlValue } from "../values/sql-value.ts";
import { nullable } from "./accumulator-types.ts";
import { type CountedValues, CountedValuesCodec } from "./counted-values.ts";

/** Negative where the first value wins. */
type Contest = (one: SqlValue, other: SqlValue) => number;

/** Null where no row came yet. */
interface Best {
  value: SqlValue;
}

function ofAppended(type: SqlType, contest: Contest): Accumulating<Best> {
  const enter = (best: Best, value: SqlValue) => {
    if (value !== null && (best.value === null || contest(value, best.value) < 0)) best.value = value;
  };
  return {
    create: () => ({ value: null }),
    accumulate: (best, [value]) => enter(best, value as SqlValue),
    retract: neverRetracts,
    merge: (best, other) => enter(best, other.value),
    value: ({ value }) => value,
    accumulatorType: nullable(type),
    encode: ({ value }) => value,
    decode: (value) => ({ value }),
  };
}

/** The best is looked for when it is asked for, and only where it was taken back. */
interface Contenders {
  readonly counted: CountedValues;
  best: SqlValue;
  isKnown: boolean;
}

function ofChanging(type: SqlType, contest: Contest): Accumulating<Contenders> {
  const codec = new CountedValuesCodec([type]);
  const search = (contenders: Contenders): SqlValue => {
    if (!contenders.isKnown) {
      const values = contenders.counted.present().map(({ values: [value] }) => value as SqlValue);
      contenders.best =
        values.length === 0 ? null : values.reduce((one, next) => (contest(next, one) < 0 ? next : one));
      contenders.isKnown = true;
    }
    return contenders.best;
  };
  return {
    create: () => ({ counted: codec.create(), best: null, isKnown: true }),
    accumulate: (contenders, values: Row) => {
      const [value] = values as readonly [SqlValue];
      const isThere = contenders.counted.add(values, 1) >= 0;
      if (!isThere || !contenders.isKnown) return;
      if (contenders.best === null || contest(value, contenders.best) < 0) contenders.best = value;
    },
    retract: (contenders, values) => {
      const wasLast = contenders.counted.add(values, -1) === 1;
      if (wasLast) contenders.isKnown = false;
    },
    merge: (contenders, other) => {
      contenders.counted.addAll(other.counted);
      contenders.isKnown = false;
    },
    value: search,
    accumulatorType: codec.type,
    encode: ({ counted }) => codec.encode(counted),
    decode: (value) => ({ counted: codec.decode(value), best: null, isKnown: false }),
  };
}

/** What has an order and is no collection. */
const ordered: readonly SqlShape["name"][] = [
  "BOOLEAN",
  "TINYINT",
  "SMALLINT",
  "INT",
  "BIGINT",
  "FLOAT",
  "DOUBLE",
  "DECIMAL",
  "CHAR",
  "VARCHAR",
  "DATE",
  "TIME",
  "TIMESTAMP",
  "TIMESTAMP_LTZ",
];

function extreme(name: string, sign: 1 | -1): AggregateFunction {
  return {
    name,
    usage: `${name}(value)`,
    signatures: [takes([oneOf(ordered, stringShape)], returnsArgument(0))],
    canRetract: true,
    ignoresDistinct: true,
    prepare: ({ types: [type], isRetracting }) => {
      const compare = comparisonOf(type as SqlType);
      const contest: Contest = (one, other) => sign * compare(one, other);
      return isRetracting ? ofChanging(type as SqlType, contest) : ofAppended(type as SqlType, contest);
    },
  };
}

export const extremeFunctions: readonly AggregateFunction[] = [extreme("MIN", 1), extreme("MAX", -1)];
