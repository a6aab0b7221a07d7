/**
 * Merge calcs: two that follow each other are one, whose expressions are put into each other.
 *
 * An expression that the upper one uses several times, and that is more than a column, is calculated as often
 * then: it stays apart where it is volatile, since each use would see another value.
 */
import { isVolatileCall } from "../../interpreter/functions/built-in.ts";
import { mapInputs, type RowExpression, walkExpression } from "../../interpreter/row-expression.ts";
import type { CalcRelation, Relation } from "../bind/logical-plan.ts";
import { conjunction } from "./conditions.ts";
import { mapRelation } from "./map-relation.ts";

export function mergeCalcs(relation: Relation): Relation {
  return mapRelation(relation, (each) => {
    if (each.node !== "calc" || each.input.node !== "calc") return each;
    return merged(each, each.input) ?? each;
  });
}

function merged(upper: CalcRelation, lower: CalcRelation): CalcRelation | undefined {
  const made = lower.projection;
  const expressions = [...(upper.projection ?? []), ...(upper.condition ? [upper.condition] : [])];
  if (made && expressions.some((each) => usesVolatile(each, made))) return undefined;
  const moved = (expression: RowExpression) =>
    made ? mapInputs(expression, (input) => made[input.index] ?? input) : expression;
  const condition = conjunction([
    ...(lower.condition ? [lower.condition] : []),
    ...(upper.condition ? [moved(upper.condition)] : []),
  ]);
  const projection = upper.projection?.map(moved) ?? made;
  return {
    node: "calc",
    input: lower.input,
    ...(condition && { condition }),
    ...(projection && { projection }),
    fields: upper.fields,
  };
}

function usesVolatile(expression: RowExpression, made: readonly RowExpression[]): boolean {
  let found = false;
  walkExpression(expression, (part) => {
    if (part.node === "input" && isVolatile(made[part.index])) found = true;
  });
  return found;
}

export function isVolatile(expression: RowExpression | undefined): boolean {
  let found = false;
  if (!expression) return false;
  walkExpression(expression, (part) => {
    if (part.node === "call" && isVolatileCall(part)) found = true;
  });
  return found;
}
