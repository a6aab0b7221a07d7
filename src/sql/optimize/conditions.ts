/**
 * Conditions as lists of what must all be true.
 */
import type { RowExpression } from "../../interpreter/row-expression.ts";

/** The parts of a condition that must all hold. */
export function partsOf(condition: RowExpression | undefined): RowExpression[] {
  if (!condition) return [];
  if (condition.node !== "call" || condition.function !== "AND") return [condition];
  return condition.arguments.flatMap(partsOf);
}

/** A condition of parts; undefined where there is none. */
export function conjunction(parts: readonly RowExpression[]): RowExpression | undefined {
  const all = parts.flatMap(partsOf);
  const [first] = all;
  if (all.length <= 1) return first;
  const isNullable = all.some(({ type }) => type.isNullable);
  return { node: "call", function: "AND", arguments: all, type: { name: "BOOLEAN", isNullable } };
}
