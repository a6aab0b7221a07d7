/**
 * Comparisons of values that have a type in common.
 */
import type { CallShape, Resolution, ScalarFunction, Signature } from "../scalar-function.ts";
import { booleanShape } from "../signatures.ts";
import { mergeTypes } from "../types/merge-types.ts";
import type { SqlType } from "../types/sql-type.ts";
import { comparisonOf } from "../values/compare-values.ts";
import type { SqlValue } from "../values/sql-value.ts";

/** Both sides are cast to what they have in common. */
function comparedAs(isNullable: (types: readonly SqlType[]) => boolean): Signature {
  return ({ types }: CallShape): Resolution | undefined => {
    const common = mergeTypes(types);
    if (types.length !== 2 || !common) return undefined;
    return {
      types: types.map((type) => ({ ...common, isNullable: type.isNullable })),
      type: { ...booleanShape, isNullable: isNullable(types) },
    };
  };
}

const nullIfAny = comparedAs((types) => types.some(({ isNullable }) => isNullable));

function comparison(name: string, holds: (order: number) => boolean): ScalarFunction {
  return {
    name,
    usage: `value ${name} value`,
    signatures: [nullIfAny],
    prepare: ({ types: [type] }) => {
      const compare = comparisonOf(type as SqlType);
      return (one, other) => holds(compare(one as SqlValue, other as SqlValue));
    },
  };
}

/** Null is not distinct from null. */
function distinction(name: string, isNot: boolean): ScalarFunction {
  return {
    name,
    usage: `value ${name} value`,
    signatures: [comparedAs(() => false)],
    takesNulls: true,
    prepare: ({ types: [type] }) => {
      const compare = comparisonOf(type as SqlType);
      return (one, other) => {
        const isSame =
          one === null || other === null ? one === other : compare(one as SqlValue, other as SqlValue) === 0;
        return isSame === isNot;
      };
    },
  };
}

export const comparisonFunctions: readonly ScalarFunction[] = [
  comparison("=", (order) => order === 0),
  comparison("<>", (order) => order !== 0),
  comparison("<", (order) => order < 0),
  comparison("<=", (order) => order <= 0),
  comparison(">", (order) => order > 0),
  comparison(">=", (order) => order >= 0),
  distinction("IS DISTINCT FROM", false),
  distinction("IS NOT DISTINCT FROM", true),
];
