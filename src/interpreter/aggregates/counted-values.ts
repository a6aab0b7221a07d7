/**
 * Values, or tuples of such, and how often each is there: for what must know when the last of equal ones is
 * taken back. A count is below 0 where more were taken back than came yet.
 *
 * They keep the order in which they came, also when they are stored.
 */
import { encodeBase64 } from "../../base/base64.ts";
import { bigintShape } from "../signatures.ts";
import type { SqlType } from "../types/sql-type.ts";
import type { Row, SqlValue } from "../values/sql-value.ts";
import { encodeRow } from "../values/value-codec.ts";
import { listOf, notNull, record } from "./accumulator-types.ts";

/** What a Map tells apart as SQL does its values. */
export type ValueKey = string | number | bigint | boolean | null;

/** Returns what gives a tuple its key. Most single values are their own. */
export function keyOf(types: readonly SqlType[]): (values: Row) => ValueKey {
  const [only] = types;
  if (only && types.length === 1 && !encoded.has(only.name)) return ([value]) => value as ValueKey;
  return (values) => encodeBase64(encodeRow(types, values));
}

/** Types whose values a Map does not tell apart: 0 and -0 are the same to it, and equal lists are not. */
const encoded: ReadonlySet<string> = new Set([
  "FLOAT",
  "DOUBLE",
  "BINARY",
  "VARBINARY",
  "ARRAY",
  "MAP",
  "MULTISET",
  "ROW",
]);

export interface CountedTuple {
  readonly values: Row;
  count: number;
}

export class CountedValues {
  readonly #keyOf: (values: Row) => ValueKey;
  readonly #byKey = new Map<ValueKey, CountedTuple>();

  constructor(keyOf: (values: Row) => ValueKey) {
    this.#keyOf = keyOf;
  }

  countOf(values: Row): number {
    return this.#byKey.get(this.#keyOf(values))?.count ?? 0;
  }

  /** Adds to a tuple's count, which may be taking away; returns the count before. */
  add(values: Row, change: number): number {
    const key = this.#keyOf(values);
    const known = this.#byKey.get(key);
    const before = known?.count ?? 0;
    if (before + change === 0) this.#byKey.delete(key);
    else if (known) known.count += change;
    else this.#byKey.set(key, { values, count: change });
    return before;
  }

  addAll(other: CountedValues): void {
    for (const { values, count } of other.#byKey.values()) this.add(values, count);
  }

  /** All that have come, also those whose count is below 0. */
  all(): Iterable<CountedTuple> {
    return this.#byKey.values();
  }

  /** Those that are there. */
  present(): CountedTuple[] {
    return [...this.#byKey.values()].filter(({ count }) => count > 0);
  }
}

/** How counted tuples of such types are made and stored. */
export class CountedValuesCodec {
  readonly type: SqlType;
  readonly #keyOf: (values: Row) => ValueKey;

  constructor(types: readonly SqlType[]) {
    const fields = types.map((type, index) => [`value${index}`, type] as const);
    this.type = listOf(record({ ...Object.fromEntries(fields), count: notNull(bigintShape) }));
    this.#keyOf = keyOf(types);
  }

  create(): CountedValues {
    return new CountedValues(this.#keyOf);
  }

  encode(counted: CountedValues): SqlValue {
    return Array.from(counted.all(), ({ values, count }) => [...values, BigInt(count)]);
  }

  decode(value: SqlValue): CountedValues {
    const counted = this.create();
    for (const row of value as readonly Row[]) counted.add(row.slice(0, -1), Number(row.at(-1)));
    return counted;
  }
}
