/**
 * DISTINCT: of rows with equal arguments one counts, until the last of them is taken back.
 */
import type { Accumulating } from "../aggregate-function.ts";
import type { SqlType } from "../types/sql-type.ts";
import type { Row, SqlValue } from "../values/sql-value.ts";
import { record } from "./accumulator-types.ts";
import { type CountedValues, CountedValuesCodec } from "./counted-values.ts";

interface Distinct {
  readonly seen: CountedValues;
  readonly inner: unknown;
}

/** Returns what accumulates each of different arguments, which have such types, once. */
export function distinctOf(inner: Accumulating, types: readonly SqlType[]): Accumulating<Distinct> {
  const codec = new CountedValuesCodec(types);
  const change = (state: Distinct, values: Row, by: number) => {
    const before = state.seen.countOf(values);
    if (before <= 0 && before + by > 0) inner.accumulate(state.inner, values);
    if (before > 0 && before + by <= 0) inner.retract(state.inner, values);
    state.seen.add(values, by);
  };
  return {
    create: () => ({ seen: codec.create(), inner: inner.create() }),
    accumulate: (state, values) => change(state, values, 1),
    retract: (state, values) => change(state, values, -1),
    merge: (state, later) => {
      for (const { values, count } of later.seen.all()) change(state, values, count);
    },
    value: (state) => inner.value(state.inner),
    accumulatorType: record({ seen: codec.type, inner: inner.accumulatorType }),
    encode: (state) => [codec.encode(state.seen), inner.encode(state.inner)],
    decode: (encoded) => {
      const [seen, state] = encoded as Row;
      return { seen: codec.decode(seen as SqlValue), inner: inner.decode(state as SqlValue) };
    },
  };
}
