/**
 * Collections: ARRAY[...], and what is said of arrays, maps and rows by their places.
 */
import { canCastImplicitly } from "../cast/implicit-casts.ts";
import { evaluationError, type Refusal, type ScalarFunction, type Signature } from "../scalar-function.ts";
import { intShape, takesAlike } from "../signatures.ts";
import { mergeTypes } from "../types/merge-types.ts";
import { isText, type SqlField, type SqlType } from "../types/sql-type.ts";
import { comparisonOf, nullsLast } from "../values/compare-values.ts";
import { entriesOf, type SqlValue } from "../values/sql-value.ts";

const wholeNumbers: readonly string[] = Object.freeze(["TINYINT", "SMALLINT", "INT", "BIGINT"]);

/** `array[i]`, from 1. Whether there is one is not known before: the value may always be null. */
const elementAt: Signature = ({ types: [array, index], constants: [, place] }) => {
  if (array?.name !== "ARRAY" || !index) return undefined;
  const isPlace = wholeNumbers.includes(index.name) || index.name === "NULL";
  if (!isPlace) return undefined;
  if ((typeof place === "number" || typeof place === "bigint") && place < 1) {
    return { refusal: `Elements of an ARRAY are counted from 1, and this is ${place}` };
  }
  const asked = index.name === "NULL" ? { ...intShape, isNullable: true } : index;
  return { types: [array, asked], type: { ...array.element, isNullable: true } };
};

/** `map[key]`: the key as the map's keys are, or both as what they have in common. */
const valueAt: Signature = ({ types: [map, key] }) => {
  if (map?.name !== "MAP" || !key) return undefined;
  const type = { ...map.value, isNullable: true };
  if (!isText(map.key) && canCastImplicitly(key, map.key)) {
    return { types: [map, { ...map.key, isNullable: key.isNullable }], type };
  }
  const common = mergeTypes([map.key, key]);
  if (!common) return undefined;
  const keys = { ...common, isNullable: map.key.isNullable };
  return {
    types: [
      { ...map, key: keys },
      { ...common, isNullable: key.isNullable },
    ],
    type,
  };
};

/** `row[1]` or `row['name']`: the field must be known before. */
const fieldAt: Signature = ({ types: [row, index], constants: [, asked] }) => {
  if (row?.name !== "ROW" || !index) return undefined;
  const field = row.fields[placeOf(row.fields, asked)];
  if (!field) return noField(row.fields);
  const isNullable = row.isNullable || field.type.isNullable;
  return { types: [row, index], type: { ...field.type, isNullable } };
};

function placeOf(fields: readonly SqlField[], asked: SqlValue | undefined): number {
  if (typeof asked === "number" || typeof asked === "bigint") return Number(asked) - 1;
  if (typeof asked !== "string") return -1;
  const exact = fields.findIndex(({ name }) => name === asked);
  if (exact >= 0) return exact;
  return fields.findIndex(({ name }) => name.toUpperCase() === asked.toUpperCase());
}

function noField(fields: readonly SqlField[]): Refusal {
  const names = fields.map(({ name }) => name).join(", ");
  return { refusal: `A field of a ROW is asked for by a literal: its name or its place (${names})` };
}

const sized: Signature = ({ types: [collection, ...more] }) => {
  const isSized = collection && ["ARRAY", "MAP", "MULTISET"].includes(collection.name);
  if (!isSized || more.length > 0) return undefined;
  return { types: [collection], type: { ...intShape, isNullable: collection.isNullable } };
};

const soleElement: Signature = ({ types: [collection, ...more] }) => {
  if (collection?.name !== "ARRAY" && collection?.name !== "MULTISET") return undefined;
  if (more.length > 0) return undefined;
  return { types: [collection], type: { ...collection.element, isNullable: true } };
};

function countOf(type: SqlType): (collection: SqlValue) => number {
  if (type.name !== "MULTISET") return (collection) => (collection as readonly SqlValue[]).length;
  return (multiset) => entriesOf(multiset).reduce((sum, [, count]) => sum + Number(count), 0);
}

export const collectionFunctions: readonly ScalarFunction[] = [
  {
    name: "ARRAY",
    usage: "ARRAY[value, ...]",
    signatures: [takesAlike(1, (element) => ({ name: "ARRAY", element, isNullable: false }))],
    takesNulls: true,
    prepare:
      () =>
      (...values) =>
        values,
  },
  {
    name: "ITEM",
    usage: "array[place], map[key] or row[field]",
    signatures: [elementAt, valueAt, fieldAt],
    takesNulls: true,
    prepare: ({ types: [collection], constants: [, asked] }) => {
      const type = collection as SqlType;
      if (type.name === "ROW") {
        const place = placeOf(type.fields, asked);
        return (row) => (row === null ? null : ((row as readonly SqlValue[])[place] ?? null));
      }
      if (type.name !== "MAP") {
        return (array, place) => {
          if (array === null || place === null) return null;
          return (array as readonly SqlValue[])[Number(place) - 1] ?? null;
        };
      }
      const compare = nullsLast(comparisonOf(type.key));
      return (map, key) => {
        if (map === null || key === null) return null;
        const entry = entriesOf(map as SqlValue).find(([each]) => compare(each, key as SqlValue) === 0);
        return entry?.[1] ?? null;
      };
    },
  },
  {
    name: "CARDINALITY",
    usage: "CARDINALITY(collection)",
    signatures: [sized],
    prepare: ({ types: [type] }) => countOf(type as SqlType) as (collection?: SqlValue) => number,
  },
  {
    name: "ELEMENT",
    usage: "ELEMENT(array)",
    signatures: [soleElement],
    prepare: ({ types: [type] }) => {
      const count = countOf(type as SqlType);
      const isArray = type?.name === "ARRAY";
      return (collection) => {
        const values = collection as readonly SqlValue[];
        if (count(values) > 1)
          throw evaluationError("ELEMENT takes an array of one element, and it has more.");
        return (isArray ? values[0] : entriesOf(values)[0]?.[0]) ?? null;
      };
    },
  },
];
