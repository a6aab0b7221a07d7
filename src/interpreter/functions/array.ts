/**
 * Functions of arrays. Elements are counted from 1; where one is looked for, null is the same as null.
 */
import { canCastImplicitly } from "../cast/implicit-casts.ts";
import type { CallShape, Evaluator, ScalarFunction, Signature } from "../scalar-function.ts";
import {
  type ArgumentRule,
  castTo,
  int,
  intShape,
  returns,
  returnsArgument,
  stringShape,
  takes,
  text,
  truth,
} from "../signatures.ts";
import { mergeTypes } from "../types/merge-types.ts";
import { isText, type SqlShape, type SqlType } from "../types/sql-type.ts";
import { comparisonOf, nullsLast } from "../values/compare-values.ts";
import type { SqlValue } from "../values/sql-value.ts";
import { distinctOf } from "../values/value-set.ts";

type ArrayType = Extract<SqlType, { element: SqlType }>;
type Elements = readonly SqlValue[];

const array: ArgumentRule = (type) => (type.name === "ARRAY" ? type : undefined);
const textsShape: SqlShape = Object.freeze({
  name: "ARRAY",
  element: Object.freeze({ ...stringShape, isNullable: true }),
});

/** An array and a value that is cast to its elements' type, nullable or not. */
function withElement(result: (array: ArrayType, element: SqlType) => SqlType): Signature {
  return ({ types }: CallShape) => {
    const [within, value] = types;
    if (types.length !== 2 || within?.name !== "ARRAY" || !value) return undefined;
    if (!canCastImplicitly(value, within.element)) return undefined;
    const taken = { ...within.element, isNullable: value.isNullable || value.name === "NULL" };
    return { types: [within, taken], type: result(within, taken) };
  };
}

/** The same, where the value is looked for: text is not cut to the elements' length. */
function withSought(result: (array: ArrayType, element: SqlType) => SqlType): Signature {
  const signature = withElement(result);
  return (call) => {
    const resolution = signature(call);
    const [, sought] = call.types;
    if (!resolution || "refusal" in resolution || !sought || !isText(sought)) return resolution;
    return { ...resolution, types: [call.types[0] as SqlType, sought] };
  };
}

/** Arrays that have a type in common. */
function arraysAlike(fewest: number, most: number): Signature {
  return ({ types }) => {
    const common = mergeTypes(types);
    if (common?.name !== "ARRAY" || types.length < fewest || types.length > most) return undefined;
    return { types: types.map(({ isNullable }) => ({ ...common, isNullable })), type: common };
  };
}

/** Elements that have an order: no truth values, collections or rows. */
const ordered: ArgumentRule = (type) => {
  const unordered = ["ARRAY", "BOOLEAN", "MAP", "MULTISET", "NULL", "ROW"];
  return type.name === "ARRAY" && !unordered.includes(type.element.name) ? type : undefined;
};

function elementOf(type: SqlType | undefined): SqlType {
  return (type as ArrayType).element;
}

function sameElement(type: SqlType | undefined): (one: SqlValue, other: SqlValue) => boolean {
  const compare = nullsLast(comparisonOf(elementOf(type)));
  return (one, other) => compare(one, other) === 0;
}

/** Of array and value; null only where the array is. */
function search(
  name: "ARRAY_CONTAINS" | "ARRAY_REMOVE",
  result: (array: ArrayType) => SqlType,
  find: (elements: Elements, isSought: (element: SqlValue) => boolean) => SqlValue,
): ScalarFunction {
  return {
    name,
    usage: `${name}(array, element)`,
    signatures: [withSought(result)],
    takesNulls: true,
    prepare: ({ types: [type] }) => {
      const isSame = sameElement(type);
      return (within, sought) => {
        if (within === null) return null;
        return find(within as Elements, (each) => isSame(each, sought as SqlValue));
      };
    },
  };
}

function extension(
  name: "ARRAY_APPEND" | "ARRAY_PREPEND",
  extend: (elements: Elements, element: SqlValue) => Elements,
): ScalarFunction {
  const result = (within: ArrayType, { isNullable }: SqlType): SqlType => {
    const element = { ...within.element, isNullable: within.element.isNullable || isNullable };
    return { ...within, element };
  };
  return {
    name,
    usage: `${name}(array, element)`,
    signatures: [withElement(result)],
    takesNulls: true,
    prepare: () => (within, element) =>
      within === null ? null : extend(within as Elements, element as SqlValue),
  };
}

/** Of two arrays as sets, in the order of the first. */
function setOperation(
  name: "ARRAY_EXCEPT" | "ARRAY_INTERSECT" | "ARRAY_UNION",
  candidates: (one: Elements, other: Elements) => Elements,
  isKept: (isInOther: boolean) => boolean,
): ScalarFunction {
  return {
    name,
    usage: `${name}(array, array)`,
    signatures: [arraysAlike(2, 2)],
    prepare: ({ type }) => {
      const empty = distinctOf(elementOf(type));
      return (one, other) => {
        const others = empty();
        for (const each of other as Elements) others.add(each);
        const kept = candidates(one as Elements, other as Elements).filter((each) =>
          isKept(others.has(each)),
        );
        return distinct(kept, empty());
      };
    },
  };
}

function distinct(elements: Elements, known: ReturnType<ReturnType<typeof distinctOf>>): Elements {
  const kept: SqlValue[] = [];
  for (const each of elements) kept[known.add(each)] ??= each;
  return kept;
}

/** The first or the last in order, nulls aside. */
function extreme(name: "ARRAY_MAX" | "ARRAY_MIN", sign: 1 | -1): ScalarFunction {
  return {
    name,
    usage: `${name}(array)`,
    signatures: [takes([ordered], ({ types: [type] }) => ({ ...elementOf(type), isNullable: true }))],
    prepare: ({ types: [type] }) => {
      const compare = comparisonOf(elementOf(type));
      return (elements) => {
        let best: SqlValue = null;
        for (const each of elements as Elements) {
          if (each !== null && (best === null || compare(each, best) * sign > 0)) best = each;
        }
        return best;
      };
    },
  };
}

function sort(type: SqlType | undefined): Evaluator {
  const compare = comparisonOf(elementOf(type));
  return (elements, isAscending = true, areNullsFirst = isAscending) => {
    const known = (elements as Elements).filter((each) => each !== null);
    known.sort(isAscending ? compare : (one, other) => compare(other, one));
    const nulls = (elements as Elements).filter((each) => each === null);
    return areNullsFirst ? [...nulls, ...known] : [...known, ...nulls];
  };
}

/** From one place to another, both included; places below 0 are counted from the end. */
function slice(elements: Elements, from: number, to: number): Elements {
  const { length } = elements;
  const first = Math.max(1, from < 0 ? from + length + 1 : from);
  const last = to < 0 ? to + length + 1 : to === 0 ? 1 : to;
  return last < first ? [] : elements.slice(first - 1, last);
}

function join(elements: Elements, delimiter: string, ofNull: string | undefined): string {
  const texts = elements.flatMap((each) => each ?? ofNull ?? []);
  return texts.join(delimiter);
}

const wholes: readonly ScalarFunction[] = [
  {
    name: "ARRAY_CONCAT",
    usage: "ARRAY_CONCAT(array, ...)",
    signatures: [arraysAlike(1, Number.POSITIVE_INFINITY)],
    prepare:
      () =>
      (...arrays) =>
        (arrays as readonly Elements[]).flat(),
  },
  {
    name: "ARRAY_DISTINCT",
    usage: "ARRAY_DISTINCT(array)",
    signatures: [takes([array], returnsArgument(0))],
    prepare: ({ types: [type] }) => {
      const empty = distinctOf(elementOf(type));
      return (elements) => distinct(elements as Elements, empty());
    },
  },
  {
    name: "ARRAY_REVERSE",
    usage: "ARRAY_REVERSE(array)",
    signatures: [takes([array], returnsArgument(0))],
    prepare: () => (elements) => (elements as Elements).toReversed(),
  },
  {
    name: "ARRAY_JOIN",
    usage: "ARRAY_JOIN(array of texts, delimiter [, text of null])",
    signatures: [takes([castTo(textsShape), text, text], returns(stringShape), { optional: 1 })],
    prepare: () => (elements, delimiter, ofNull) =>
      join(elements as Elements, delimiter as string, ofNull as string | undefined),
  },
  {
    name: "ARRAY_SLICE",
    usage: "ARRAY_SLICE(array, from [, to])",
    signatures: [takes([array, int, int], returnsArgument(0), { optional: 1 })],
    prepare:
      () =>
      (elements, from, to = (elements as Elements).length) =>
        slice(elements as Elements, from as number, to as number),
  },
  {
    name: "ARRAY_SORT",
    usage: "ARRAY_SORT(array [, ascending [, nulls first]])",
    signatures: [takes([ordered, truth, truth], returnsArgument(0), { optional: 2 })],
    prepare: ({ types: [type] }) => sort(type),
  },
];

export const arrayFunctions: readonly ScalarFunction[] = [
  ...wholes,
  extension("ARRAY_APPEND", (elements, element) => [...elements, element]),
  extension("ARRAY_PREPEND", (elements, element) => [element, ...elements]),
  search(
    "ARRAY_CONTAINS",
    ({ isNullable }) => ({ name: "BOOLEAN", isNullable }),
    (elements, isSought) => elements.some(isSought),
  ),
  search(
    "ARRAY_REMOVE",
    (within) => within,
    (elements, isSought) => elements.filter((each) => !isSought(each)),
  ),
  {
    name: "ARRAY_POSITION",
    usage: "ARRAY_POSITION(array, element)",
    signatures: [
      withSought((within, { isNullable }) => ({ ...intShape, isNullable: within.isNullable || isNullable })),
    ],
    prepare: ({ types: [type] }) => {
      const isSame = sameElement(type);
      return (elements, sought) =>
        (elements as Elements).findIndex((each) => isSame(each, sought as SqlValue)) + 1;
    },
  },
  setOperation(
    "ARRAY_EXCEPT",
    (one) => one,
    (isInOther) => !isInOther,
  ),
  setOperation(
    "ARRAY_INTERSECT",
    (one) => one,
    (isInOther) => isInOther,
  ),
  setOperation(
    "ARRAY_UNION",
    (one, other) => [...one, ...other],
    () => true,
  ),
  extreme("ARRAY_MAX", 1),
  extreme("ARRAY_MIN", -1),
];
