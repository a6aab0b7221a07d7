/**
 * The common shapes of signatures: which argument goes where, and what type the value has.
 */
import { canCastImplicitly } from "./cast/implicit-casts.ts";
import type { CallShape, Resolution, Signature } from "./scalar-function.ts";
import { mergeTypes } from "./types/merge-types.ts";
import { lengthMax, type SqlShape, type SqlType } from "./types/sql-type.ts";
import type { SqlValue } from "./values/sql-value.ts";

/** The type to which an argument is cast, or undefined where it is not taken. */
export type ArgumentRule = (type: SqlType, constant: SqlValue | undefined) => SqlType | undefined;

/** The type of the value. */
export type ResultRule = (call: CallShape) => SqlType | undefined;

interface Arity {
  /** How many of the last arguments may be left out. */
  readonly optional?: number;
  /** The last may come again and again. */
  readonly repeats?: true;
}

/** Takes arguments by rules in order. */
export function takes(rules: readonly ArgumentRule[], result: ResultRule, arity: Arity = {}): Signature {
  return (call) => {
    const { types, constants } = call;
    const fewest = rules.length - (arity.optional ?? 0);
    if (types.length < fewest || (types.length > rules.length && !arity.repeats)) return undefined;
    const taken: SqlType[] = [];
    for (const [index, type] of types.entries()) {
      const rule = rules[Math.min(index, rules.length - 1)];
      const as = rule?.(type, constants[index]);
      if (!as) return undefined;
      taken.push(as);
    }
    const type = result({ ...call, types: taken });
    return type && { types: taken, type };
  };
}

/** Takes any number of arguments (at least `fewest`) that have a type in common, and casts them to it. */
export function takesAlike(fewest: number, result: (common: SqlType, call: CallShape) => SqlType): Signature {
  return (call): Resolution | undefined => {
    const common = mergeTypes(call.types);
    if (call.types.length < fewest || !common) return undefined;
    const types = call.types.map(({ isNullable }) => ({ ...common, isNullable }));
    return { types, type: result(common, call) };
  };
}

// Results.

/** Null where an argument may be. */
export function returns(shape: SqlShape): ResultRule {
  return ({ types }) => ({ ...shape, isNullable: types.some(({ isNullable }) => isNullable) });
}

export function returnsNullable(shape: SqlShape): ResultRule {
  return () => ({ ...shape, isNullable: true });
}

export function returnsNotNull(shape: SqlShape): ResultRule {
  return () => ({ ...shape, isNullable: false });
}

/** The type of an argument; null where any argument may be. */
export function returnsArgument(index: number): ResultRule {
  return ({ types }) => {
    const type = types[index];
    return type && { ...type, isNullable: types.some(({ isNullable }) => isNullable) };
  };
}

// Arguments.

export const stringShape: SqlShape = Object.freeze({ name: "VARCHAR", length: lengthMax });
export const bytesShape: SqlShape = Object.freeze({ name: "VARBINARY", length: lengthMax });
export const booleanShape: SqlShape = Object.freeze({ name: "BOOLEAN" });
export const intShape: SqlShape = Object.freeze({ name: "INT" });
export const bigintShape: SqlShape = Object.freeze({ name: "BIGINT" });
export const doubleShape: SqlShape = Object.freeze({ name: "DOUBLE" });

/** An argument of one of these types as it is; NULL is taken as the first shape. */
export function oneOf(names: readonly SqlShape["name"][], ofNull: SqlShape): ArgumentRule {
  return (type) => {
    if (type.name === "NULL") return { ...ofNull, isNullable: true };
    return names.includes(type.name) ? type : undefined;
  };
}

/** An argument that is cast to `shape` where it can be implicitly. */
export function castTo(shape: SqlShape): ArgumentRule {
  return (type) => {
    const target = { ...shape, isNullable: type.isNullable };
    return canCastImplicitly(type, target) ? target : undefined;
  };
}

export const anyType: ArgumentRule = (type) => type;
export const text: ArgumentRule = oneOf(["CHAR", "VARCHAR"], stringShape);
export const bytes: ArgumentRule = oneOf(["BINARY", "VARBINARY"], bytesShape);
export const truth: ArgumentRule = oneOf(["BOOLEAN"], booleanShape);
export const wholeNumber: ArgumentRule = oneOf(["TINYINT", "SMALLINT", "INT", "BIGINT"], intShape);
/** TINYINT, SMALLINT and INT as INT. */
export const int: ArgumentRule = castTo(intShape);
export const bigint: ArgumentRule = castTo(bigintShape);
export const double: ArgumentRule = castTo(doubleShape);
export const numeric: ArgumentRule = oneOf(
  ["TINYINT", "SMALLINT", "INT", "BIGINT", "FLOAT", "DOUBLE", "DECIMAL"],
  intShape,
);
