/**
 * Comparisons: = <> < <= > >=, IS DISTINCT FROM and IN.
 */
import type {
  CallShape,
  EvaluationContext,
  Resolution,
  ScalarFunction,
  Signature,
} from "../scalar-function.ts";
import { booleanShape } from "../signatures.ts";
import type { SqlType } from "../types/sql-type.ts";
import type { SqlValue } from "../values/sql-value.ts";
import { comparedTypes, hasOrder, type Order, orderOf } from "./compared-operands.ts";
import { overlapsFunctions } from "./overlaps.ts";

/** Takes operands that can be compared, two or more. */
function compares(
  what: "equality" | "order" | "membership",
  isNullable: (types: readonly SqlType[]) => boolean,
): Signature {
  return ({ types }: CallShape): Resolution | undefined => {
    const [first] = types;
    if (!first || types.length < 2 || (types.length > 2 && what !== "membership")) return undefined;
    if (what === "order" && !hasOrder(types)) return undefined;
    const isTextCast = what === "order" || (what === "membership" && !isText(first));
    const compared = comparedTypes(types, isTextCast);
    return compared && { types: compared, type: { ...booleanShape, isNullable: isNullable(types) } };
  };
}

function isText({ name }: SqlType): boolean {
  return name === "CHAR" || name === "VARCHAR";
}

const isAnyNullable = (types: readonly SqlType[]) => types.some(({ isNullable }) => isNullable);

function comparison(
  name: string,
  what: "equality" | "order",
  holds: (order: number) => boolean,
): ScalarFunction {
  return {
    name,
    usage: `value ${name} value`,
    signatures: [compares(what, isAnyNullable)],
    prepare: ({ types: [one, other], context }) => {
      const order = orderOf(one as SqlType, other as SqlType, context);
      return (left, right) => {
        const compared = order(left as SqlValue, right as SqlValue);
        return compared === null ? null : holds(compared);
      };
    },
  };
}

/** Null is not distinct from null. */
function distinction(name: string, isNot: boolean): ScalarFunction {
  return {
    name,
    usage: `value ${name} value`,
    signatures: [compares("equality", () => false)],
    takesNulls: true,
    prepare: ({ types: [one, other], context }) => {
      const order = orderOf(one as SqlType, other as SqlType, context);
      return (left, right) => {
        const isSame =
          left === null || right === null ? left === right : order(left as SqlValue, right as SqlValue) === 0;
        return isSame === isNot;
      };
    },
  };
}

/** Unknown where no value is equal and one of them is null. */
function membership(name: string): ScalarFunction {
  return {
    name,
    usage: `value ${name} (value, ...)`,
    signatures: [compares("membership", isAnyNullable)],
    takesNulls: true,
    prepare: ({ types, context }) => {
      const orders = ordersToFirst(types, context);
      return (value, ...list) => {
        if (value === null) return null;
        let isUnknown = false;
        for (const [index, each] of list.entries()) {
          const compared = each === null ? null : orders[index]?.(value as SqlValue, each);
          if (compared === 0) return true;
          if (compared === null) isUnknown = true;
        }
        return isUnknown ? null : false;
      };
    },
  };
}

function ordersToFirst(types: readonly SqlType[], context: EvaluationContext): Order[] {
  const [first, ...rest] = types;
  return rest.map((type) => orderOf(first as SqlType, type, context));
}

export const comparisonFunctions: readonly ScalarFunction[] = [
  comparison("=", "equality", (order) => order === 0),
  comparison("<>", "equality", (order) => order !== 0),
  comparison("<", "order", (order) => order < 0),
  comparison("<=", "order", (order) => order <= 0),
  comparison(">", "order", (order) => order > 0),
  comparison(">=", "order", (order) => order >= 0),
  distinction("IS DISTINCT FROM", false),
  distinction("IS NOT DISTINCT FROM", true),
  membership("IN"),
  ...overlapsFunctions,
];
