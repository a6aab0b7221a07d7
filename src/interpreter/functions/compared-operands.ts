/**
 * What operands of a comparison are compared as, and how.
 *
 * Numbers have a type in common. Exact ones with a DECIMAL among them have none that holds all digits: they
 * stay as they are. So does text, of any length. Text that may equal a date, time or timestamp is read as
 * one, and what cannot be read equals none; where it may be before or after another value, it is cast. A
 * DOUBLE that is NaN is neither equal to anything nor below or above it, unlike in keys.
 */
import { EngineError } from "../../base/errors.ts";
import { canCast } from "../cast/explicit-casts.ts";
import { prepareCast } from "../cast/prepare-cast.ts";
import type { EvaluationContext } from "../scalar-function.ts";
import { asDecimal, mergeTypes } from "../types/merge-types.ts";
import type { SqlShape, SqlType } from "../types/sql-type.ts";
import { comparisonOf } from "../values/compare-values.ts";
import type { SqlValue } from "../values/sql-value.ts";

/** Negative, 0, positive, or NaN where none of these; null where it is not known. Operands are not null. */
export type Order = (one: SqlValue, other: SqlValue) => number | null;

const texts: ReadonlySet<string> = new Set(["CHAR", "VARCHAR"]);
const bytes: ReadonlySet<string> = new Set(["BINARY", "VARBINARY"]);
const times: ReadonlySet<string> = new Set(["DATE", "TIME", "TIMESTAMP", "TIMESTAMP_LTZ"]);
const numbers: ReadonlySet<string> = new Set("TINYINT SMALLINT INT BIGINT DECIMAL FLOAT DOUBLE".split(" "));
const collections: ReadonlySet<string> = new Set(["ARRAY", "MAP", "MULTISET", "ROW"]);

/** Whole numbers in text are larger than what they are compared with. */
const wideInteger: SqlType = Object.freeze({ name: "BIGINT", isNullable: true });

/**
 * Returns the types to which operands are cast to be compared; undefined where they cannot be. Text among
 * others is cast to what those have in common where `isTextCast`, and is left to `orderOf` where not.
 */
export function comparedTypes(
  types: readonly SqlType[],
  isTextCast: boolean,
): readonly SqlType[] | undefined {
  const known = types.filter(({ name }) => name !== "NULL");
  const others = known.filter(({ name }) => !texts.has(name));
  const hasText = others.length < known.length;
  if (others.length === 0 || (!hasText && isComparedAsItIs(others))) return types;
  if (hasText && others.some(({ name }) => bytes.has(name))) return undefined;
  const isTextKept = hasText && !isTextCast;
  if (isTextKept && !others.every(({ name }) => times.has(name))) return undefined;
  const areNumbers = others.every(({ name }) => numbers.has(name));
  const common = mergeTypes(hasText && areNumbers ? [...others, wideInteger] : others);
  if (!common || !known.every((type) => canCast(type, common))) return undefined;
  const varying = ofAnyLength(common);
  return types.map((type) =>
    isTextKept && texts.has(type.name) ? type : { ...varying, isNullable: type.isNullable },
  );
}

/** Collections are equal or not, and none is before another. */
export function hasOrder(types: readonly SqlType[]): boolean {
  return types.every(({ name }) => !collections.has(name));
}

/** Returns the order of values of two types that `comparedTypes` gave. */
export function orderOf(one: SqlType, other: SqlType, context: EvaluationContext): Order {
  if (texts.has(one.name) && times.has(other.name)) {
    const order = orderOf(other, one, context);
    return (left, right) => negated(order(right, left));
  }
  if (times.has(one.name) && texts.has(other.name)) {
    const [read, compare] = [prepareCast(other, one, context), comparisonOf(one)];
    return (left, right) => {
      const time = readable(read, right);
      return time === null ? null : compare(left, time);
    };
  }
  if (one.name === "FLOAT" || one.name === "DOUBLE") {
    return (left, right) => compareNumbers(left as number, right as number);
  }
  if (one.name === "DECIMAL" || other.name === "DECIMAL") return exactOrder(one, other);
  return comparisonOf(one);
}

function isComparedAsItIs(types: readonly SqlType[]): boolean {
  const hasDecimal = types.some(({ name }) => name === "DECIMAL");
  return (
    types.every(({ name }) => bytes.has(name)) ||
    (hasDecimal && types.every((type) => asDecimal(type) !== undefined))
  );
}

function exactOrder(one: SqlShape, other: SqlShape): Order {
  const [left, right] = [one, other].map((type) => asDecimal(type)?.scale ?? 0) as [number, number];
  const scale = Math.max(left, right);
  const [raisesOne, raisesOther] = [10n ** BigInt(scale - left), 10n ** BigInt(scale - right)];
  return (a, b) => {
    const difference = BigInt(a as bigint) * raisesOne - BigInt(b as bigint) * raisesOther;
    return difference < 0n ? -1 : difference > 0n ? 1 : 0;
  };
}

function compareNumbers(one: number, other: number): number {
  if (one === other) return 0;
  return one < other ? -1 : one > other ? 1 : Number.NaN;
}

function readable(read: (value: SqlValue) => SqlValue, text: SqlValue): SqlValue {
  try {
    return read(text);
  } catch (thrown) {
    if (thrown instanceof EngineError && thrown.code === "SQL_EVALUATION_FAILED") return null;
    throw thrown;
  }
}

function negated(order: number | null): number | null {
  return order === null ? null : -order;
}

/** A CHAR that is cast to a longer one is filled with spaces, which would then be compared. */
function ofAnyLength(type: SqlType): SqlType {
  switch (type.name) {
    case "CHAR":
      return { ...type, name: "VARCHAR" };
    case "BINARY":
      return { ...type, name: "VARBINARY" };
    case "ARRAY":
    case "MULTISET":
      return { ...type, element: ofAnyLength(type.element) };
    case "MAP":
      return { ...type, key: ofAnyLength(type.key), value: ofAnyLength(type.value) };
    case "ROW":
      return {
        ...type,
        fields: type.fields.map((field) => ({ ...field, type: ofAnyLength(field.type) })),
      };
    default:
      return type;
  }
}
