/**
 * Order and equality of values of one type.
 */
import type { SqlType } from "../types/sql-type.ts";
import { entriesOf, type SqlValue } from "./sql-value.ts";

/** Negative, 0 or positive; neither value is null. */
export type Comparison = (one: SqlValue, other: SqlValue) => number;

/**
 * Returns the order of values of `type`: text by code points, bytes as unsigned, rows and arrays from the
 * left, nulls within them last. NaN is above all numbers, and equal to itself.
 */
export function comparisonOf(type: SqlType): Comparison {
  switch (type.name) {
    case "CHAR":
    case "VARCHAR":
      return (one, other) => compareText(one as string, other as string);
    case "BINARY":
    case "VARBINARY":
      return (one, other) => compareBytes(one as Uint8Array, other as Uint8Array);
    case "FLOAT":
    case "DOUBLE":
      return (one, other) => compareDoubles(one as number, other as number);
    case "ARRAY":
      return listComparison(() => type.element);
    case "ROW":
      return listComparison((index) => type.fields[index]?.type);
    case "MAP":
      return mapComparison(type.key, type.value);
    case "MULTISET":
      return mapComparison(type.element, { name: "INT", isNullable: false });
    default:
      return (one, other) =>
        (one as bigint) < (other as bigint) ? -1 : (one as bigint) > (other as bigint) ? 1 : 0;
  }
}

/** The same, where null is equal to null and above all else. */
export function nullsLast(compare: Comparison): Comparison {
  return (one, other) => {
    if (one === null || other === null) return Number(one === null) - Number(other === null);
    return compare(one, other);
  };
}

/** UTF-16 puts what lies beyond its first plane before the last of it; code points do not. */
function compareText(one: string, other: string): number {
  if (one === other) return 0;
  const shorter = Math.min(one.length, other.length);
  for (let index = 0; index < shorter; index++) {
    const [left, right] = [one.charCodeAt(index), other.charCodeAt(index)];
    if (left === right) continue;
    const areSurrogates = left >= 0xd800 && left <= 0xdfff !== (right >= 0xd800 && right <= 0xdfff);
    if (!areSurrogates) return left - right;
    return left >= 0xd800 && left <= 0xdfff ? 1 : -1;
  }
  return one.length - other.length;
}

function compareBytes(one: Uint8Array, other: Uint8Array): number {
  const shorter = Math.min(one.length, other.length);
  for (let index = 0; index < shorter; index++) {
    const difference = (one[index] ?? 0) - (other[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return one.length - other.length;
}

function compareDoubles(one: number, other: number): number {
  if (one < other) return -1;
  if (one > other) return 1;
  if (one === other) return 0;
  return Number(Number.isNaN(one)) - Number(Number.isNaN(other));
}

function listComparison(typeAt: (index: number) => SqlType | undefined): Comparison {
  const comparisons: Comparison[] = [];
  const at = (index: number): Comparison => {
    const known = comparisons[index];
    if (known) return known;
    const type = typeAt(index);
    const made = type ? nullsLast(comparisonOf(type)) : () => 0;
    comparisons[index] = made;
    return made;
  };
  return (one, other) => {
    const [left, right] = [one as readonly SqlValue[], other as readonly SqlValue[]];
    const shorter = Math.min(left.length, right.length);
    for (let index = 0; index < shorter; index++) {
      const difference = at(index)(left[index] ?? null, right[index] ?? null);
      if (difference !== 0) return difference;
    }
    return left.length - right.length;
  };
}

/** Maps have no order in SQL; this one is of their sorted pairs, so that equal maps are equal. */
function mapComparison(key: SqlType, value: SqlType): Comparison {
  const pairs = listComparison((index) => (index === 0 ? key : value));
  return (one, other) => {
    const [left, right] = [entriesOf(one), entriesOf(other)].map((entries) => [...entries].sort(pairs));
    const difference = (left?.length ?? 0) - (right?.length ?? 0);
    if (difference !== 0) return difference;
    for (const [index, entry] of (left ?? []).entries()) {
      const compared = pairs(entry, right?.[index] ?? null);
      if (compared !== 0) return compared;
    }
    return 0;
  };
}
