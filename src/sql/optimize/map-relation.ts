/**
 * Trees of relations, changed from their leaves up.
 */
import type { Relation } from "../bind/logical-plan.ts";

/** Returns a relation with its inputs replaced. */
export function withInputs(relation: Relation, replace: (input: Relation) => Relation): Relation {
  switch (relation.node) {
    case "scan":
    case "values":
      return relation;
    case "union":
      return { ...relation, inputs: relation.inputs.map(replace) };
    case "set":
      return { ...relation, left: replace(relation.left), right: replace(relation.right) };
    default:
      return { ...relation, input: replace(relation.input) };
  }
}

/** Applies `change` to every relation, those that it reads first. */
export function mapRelation(relation: Relation, change: (relation: Relation) => Relation): Relation {
  return change(withInputs(relation, (input) => mapRelation(input, change)));
}
