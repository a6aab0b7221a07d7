/**
 * Maps and multisets.
 *
 * A key that comes again replaces the value and keeps its first place. Null is a key like any other.
 */
import {
  type CallShape,
  evaluationError,
  type Resolution,
  type ScalarFunction,
  type Signature,
} from "../scalar-function.ts";
import { mergeTypes } from "../types/merge-types.ts";
import type { SqlShape, SqlType } from "../types/sql-type.ts";
import { entriesOf, type MapEntry, type SqlValue } from "../values/sql-value.ts";
import { distinctOf } from "../values/value-set.ts";

type MapType = Extract<SqlType, { name: "MAP" }>;

/** Keys have a type in common, and values another. */
const mapOf: Signature = ({ types }: CallShape): Resolution | undefined => {
  if (types.length === 0 || types.length % 2 !== 0) return undefined;
  const [key, value] = [0, 1].map((side) => mergeTypes(types.filter((_type, index) => index % 2 === side)));
  if (!key || !value) return undefined;
  const taken = types.map((type, index) => ({
    ...(index % 2 === 0 ? key : value),
    isNullable: type.isNullable,
  }));
  return { types: taken, type: { name: "MAP", key, value, isNullable: false } };
};

const multisetOf: Signature = ({ types }: CallShape): Resolution | undefined => {
  const element = mergeTypes(types);
  if (types.length === 0 || !element) return undefined;
  const taken = types.map(({ isNullable }) => ({ ...element, isNullable }));
  return { types: taken, type: { name: "MULTISET", element, isNullable: false } };
};

/** Takes one map. */
function ofMap(result: (map: MapType) => SqlShape): Signature {
  return ({ types }) => {
    const [map] = types;
    if (types.length !== 1 || map?.name !== "MAP") return undefined;
    return { types, type: { ...result(map), isNullable: map.isNullable } };
  };
}

const keysAndValues: Signature = ({ types }) => {
  const [keys, values] = types;
  if (types.length !== 2 || keys?.name !== "ARRAY" || values?.name !== "ARRAY") return undefined;
  const isNullable = keys.isNullable || values.isNullable;
  return { types, type: { name: "MAP", key: keys.element, value: values.element, isNullable } };
};

const mapsAlike: Signature = ({ types }) => {
  const common = mergeTypes(types);
  if (common?.name !== "MAP") return undefined;
  return { types: types.map(({ isNullable }) => ({ ...common, isNullable })), type: common };
};

/** Makes a map of pairs, of which the last with a key counts. */
function mapMaker(keyType: SqlType): (entries: Iterable<MapEntry>) => readonly MapEntry[] {
  const keys = distinctOf(keyType);
  return (entries) => {
    const known = keys();
    const made: MapEntry[] = [];
    for (const entry of entries) {
      made[known.add(entry[0])] = entry;
    }
    return made;
  };
}

function keyTypeOf(type: SqlType): SqlType {
  if (type.name === "MAP") return type.key;
  return type.name === "MULTISET" ? type.element : type;
}

function* pairs(values: readonly SqlValue[]): Iterable<MapEntry> {
  for (let index = 0; index < values.length; index += 2) {
    yield [values[index] ?? null, values[index + 1] ?? null];
  }
}

const constructors: readonly ScalarFunction[] = [
  {
    name: "MAP",
    usage: "MAP[key, value, ...]",
    signatures: [mapOf],
    takesNulls: true,
    prepare: ({ type }) => {
      const make = mapMaker(keyTypeOf(type));
      return (...values) => make(pairs(values));
    },
  },
  {
    name: "MULTISET",
    usage: "MULTISET[value, ...]",
    signatures: [multisetOf],
    takesNulls: true,
    prepare: ({ type }) => {
      const known = distinctOf(keyTypeOf(type));
      return (...values) => {
        const places = known();
        const counted: [SqlValue, number][] = [];
        for (const value of values) {
          const place = places.add(value);
          counted[place] = [value, (counted[place]?.[1] ?? 0) + 1];
        }
        return counted;
      };
    },
  },
];

const parts: readonly ScalarFunction[] = [
  {
    name: "MAP_KEYS",
    usage: "MAP_KEYS(map)",
    signatures: [ofMap(({ key }) => ({ name: "ARRAY", element: key }))],
    prepare: () => (map) => entriesOf(map as SqlValue).map(([key]) => key),
  },
  {
    name: "MAP_VALUES",
    usage: "MAP_VALUES(map)",
    signatures: [ofMap(({ value }) => ({ name: "ARRAY", element: value }))],
    prepare: () => (map) => entriesOf(map as SqlValue).map(([, value]) => value),
  },
  {
    name: "MAP_ENTRIES",
    usage: "MAP_ENTRIES(map)",
    signatures: [
      ofMap(({ key, value }) => {
        const fields = [
          { name: "key", type: key },
          { name: "value", type: value },
        ];
        return { name: "ARRAY", element: { name: "ROW", fields, isNullable: true } };
      }),
    ],
    prepare: () => (map) => map as SqlValue,
  },
];

export const mapFunctions: readonly ScalarFunction[] = [
  ...constructors,
  ...parts,
  {
    name: "MAP_FROM_ARRAYS",
    usage: "MAP_FROM_ARRAYS(keys, values)",
    signatures: [keysAndValues],
    prepare: ({ type }) => {
      const make = mapMaker(keyTypeOf(type));
      return (given, others) => {
        const [keys, values] = [given as readonly SqlValue[], others as readonly SqlValue[]];
        if (keys.length !== values.length) {
          const lengths = `${keys.length} keys and ${values.length} values`;
          throw evaluationError(`MAP_FROM_ARRAYS takes arrays of the same length, and was given ${lengths}.`);
        }
        return make(keys.map((key, index): MapEntry => [key, values[index] ?? null]));
      };
    },
  },
  {
    name: "MAP_UNION",
    usage: "MAP_UNION(map, ...)",
    signatures: [mapsAlike],
    prepare: ({ type }) => {
      const make = mapMaker(keyTypeOf(type));
      return (...maps) => make(maps.flatMap(entriesOf));
    },
  },
];
