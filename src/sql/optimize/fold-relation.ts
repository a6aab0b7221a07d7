/**
 * Fold constants: what can be calculated before there are rows is, in all expressions of a query.
 */
import type { RowExpression } from "../../interpreter/row-expression.ts";
import type { Relation } from "../bind/logical-plan.ts";
import { conjunction, partsOf } from "./conditions.ts";
import { foldConstants } from "./fold-constants.ts";
import { mapRelation } from "./map-relation.ts";

export function foldRelation(relation: Relation): Relation {
  return mapRelation(relation, folded);
}

function folded(relation: Relation): Relation {
  switch (relation.node) {
    case "values":
      return { ...relation, rows: relation.rows.map((row) => row.map(foldConstants)) };
    case "calc": {
      const { condition: written, projection, ...rest } = relation;
      const condition = foldCondition(written);
      return {
        ...rest,
        ...(condition && { condition }),
        ...(projection && { projection: projection.map(foldConstants) }),
      };
    }
    case "unnest":
      return { ...relation, collection: foldConstants(relation.collection) };
    case "aggregate":
      return {
        ...relation,
        aggregates: relation.aggregates.map((each) => ({
          ...each,
          arguments: each.arguments.map(foldConstants),
          ...(each.filter && { filter: foldConstants(each.filter) }),
        })),
      };
    default:
      return relation;
  }
}

/** What is always true says nothing. */
function foldCondition(condition: RowExpression | undefined): RowExpression | undefined {
  const parts = partsOf(condition && foldConstants(condition));
  return conjunction(parts.filter((part) => part.node !== "literal" || part.value !== true));
}
