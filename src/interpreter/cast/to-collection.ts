/**
 * Casts between collections of a kind, and between rows: part by part. A null stays one.
 */
import type { EvaluationContext } from "../scalar-function.ts";
import type { SqlType } from "../types/sql-type.ts";
import { entriesOf, type MapEntry, type SqlValue } from "../values/sql-value.ts";
import { encodeValueJson } from "../values/value-json.ts";
import { type Cast, type FindCast, identity, nullSafe } from "./cast.ts";

export function castToCollection(
  from: SqlType,
  to: SqlType,
  context: EvaluationContext,
  find: FindCast,
): Cast | undefined {
  const part = (partFrom: SqlType, partTo: SqlType) => {
    const cast = find(partFrom, partTo, context);
    return cast && nullSafe(cast);
  };
  if (from.name === "ARRAY" && to.name === "ARRAY") {
    const cast = part(from.element, to.element);
    return cast && ((value) => (value as readonly SqlValue[]).map(cast));
  }
  if (from.name === "MAP" && to.name === "MAP") {
    const [key, value] = [part(from.key, to.key), part(from.value, to.value)];
    return key && value && castEntries(key, value, (_former, next) => next);
  }
  if (from.name === "MULTISET" && to.name === "MULTISET") {
    const element = part(from.element, to.element);
    return element && castEntries(element, identity, (former, next) => Number(former) + Number(next));
  }
  if (from.name !== "ROW" || to.name !== "ROW" || from.fields.length !== to.fields.length) return undefined;
  const casts = from.fields.map(({ type }, index) => part(type, to.fields[index]?.type ?? type));
  const isWhole = casts.every((cast) => cast !== undefined);
  if (!isWhole) return undefined;
  return (value) => casts.map((cast, index) => cast((value as readonly SqlValue[])[index] ?? null));
}

/** Keys that have become the same are one entry. */
function castEntries(
  castKey: Cast,
  castValue: Cast,
  unite: (former: SqlValue, next: SqlValue) => SqlValue,
): Cast {
  return (map) => {
    const entries = new Map<string, MapEntry>();
    for (const [key, value] of entriesOf(map)) {
      const [newKey, newValue] = [castKey(key), castValue(value)];
      const place = JSON.stringify(encodeValueJson(newKey));
      const former = entries.get(place);
      entries.set(place, [newKey, former ? unite(former[1], newValue) : newValue]);
    }
    return [...entries.values()];
  };
}
