/**
 * Sets of values of one type: what is the same by SQL is in them once. Null is the same as null.
 */
import type { SqlType } from "../types/sql-type.ts";
import { type Comparison, comparisonOf, nullsLast } from "./compare-values.ts";
import type { SqlValue } from "./sql-value.ts";

export interface ValueSet {
  has(value: SqlValue): boolean;
  /** Returns the place of a value in the order in which values came first. */
  add(value: SqlValue): number;
}

/** Returns what makes empty sets of values of `type`. */
export function distinctOf(type: SqlType): () => ValueSet {
  if (!isComparedByParts(type)) return () => new PlainSet();
  const compare = nullsLast(comparisonOf(type));
  return () => new ComparedSet(compare);
}

/** Values that are lists or bytes are not the same by identity. */
function isComparedByParts({ name }: SqlType): boolean {
  return ["ARRAY", "MAP", "MULTISET", "ROW", "BINARY", "VARBINARY"].includes(name);
}

class PlainSet implements ValueSet {
  readonly #places = new Map<SqlValue, number>();

  has(value: SqlValue): boolean {
    return this.#places.has(value);
  }

  add(value: SqlValue): number {
    const place = this.#places.get(value) ?? this.#places.size;
    this.#places.set(value, place);
    return place;
  }
}

class ComparedSet implements ValueSet {
  readonly #compare: Comparison;
  readonly #values: SqlValue[] = [];

  constructor(compare: Comparison) {
    this.#compare = compare;
  }

  has(value: SqlValue): boolean {
    return this.#placeOf(value) >= 0;
  }

  add(value: SqlValue): number {
    const place = this.#placeOf(value);
    return place >= 0 ? place : this.#values.push(value) - 1;
  }

  #placeOf(value: SqlValue): number {
    return this.#values.findIndex((each) => this.#compare(each, value) === 0);
  }
}
