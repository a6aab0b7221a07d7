/**
 * Relations with other columns.
 */
import type { RowExpression } from "../../interpreter/row-expression.ts";
import type { SqlType } from "../../interpreter/types/sql-type.ts";
import { implicitCast } from "./implicit-cast.ts";
import type { Field, Relation } from "./logical-plan.ts";

/** Makes columns; what is a column of the input as it is keeps its attributes. */
export function project(
  input: Relation,
  bound: readonly RowExpression[],
  names: readonly string[],
): Relation {
  const fields = bound.map((expression, index): Field => {
    const name = names[index] ?? "";
    const { type } = expression;
    if (expression.node === "input") {
      const { time, window } = input.fields[expression.index] as Field;
      return { name, type, ...(time && { time }), ...(window && { window }) };
    }
    const isProcessing = expression.node === "call" && expression.function === "PROCTIME";
    return { name, type, ...(isProcessing && { time: "processing" as const }) };
  });
  const isSame =
    bound.length === input.fields.length &&
    bound.every((each, index) => each.node === "input" && each.index === index);
  return isSame ? { ...input, fields } : { node: "calc", input, projection: bound, fields };
}

/** The columns of a relation up to `count`. */
export function firstFields(input: Relation, count: number): Relation {
  const bound = input.fields
    .slice(0, count)
    .map(({ type }, index): RowExpression => ({ node: "input", index, type }));
  return project(
    input,
    bound,
    input.fields.map(({ name }) => name),
  );
}

/** The same columns as other types. */
export function castTo(relation: Relation, types: readonly SqlType[]): Relation {
  const bound = relation.fields.map(({ type }, index) =>
    implicitCast({ node: "input", index, type }, types[index] as SqlType),
  );
  if (bound.every(({ node }) => node === "input")) return relation;
  return project(
    relation,
    bound,
    relation.fields.map(({ name }) => name),
  );
}
