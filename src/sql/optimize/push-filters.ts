/**
 * Push filters down: a condition is looked at as early as its columns are there, so that what it leaves out
 * is neither sent nor kept. Below a window it goes unless it is about the window, below an aggregation where
 * it is about the key alone, below UNNEST where it is about the row, and into all sides of a set operation.
 */
import { inputsOf, mapInputs, type RowExpression } from "../../interpreter/row-expression.ts";
import type { CalcRelation, Relation } from "../bind/logical-plan.ts";
import { conjunction, partsOf } from "./conditions.ts";
import { mapRelation, withInputs } from "./map-relation.ts";
import { isVolatile } from "./merge-calcs.ts";

export function pushFilters(relation: Relation): Relation {
  return mapRelation(relation, (each) => (each.node === "calc" && each.condition ? pushed(each) : each));
}

function pushed(calc: CalcRelation): Relation {
  const { input, condition, projection, fields } = calc;
  const parts = partsOf(condition);
  const movable = parts.map((part) => (isVolatile(part) ? undefined : movedBelow(part, input)));
  const below = movable.flatMap((part) => part ?? []);
  if (below.length === 0) return calc;
  const rest = conjunction(parts.filter((_, index) => !movable[index]));
  const narrowed = withInputs(input, (deeper) => {
    const added = conjunction(below);
    return added
      ? pushFilters({ node: "calc", input: deeper, condition: added, fields: deeper.fields })
      : deeper;
  });
  if (!rest && !projection) return { ...narrowed, fields };
  return {
    node: "calc",
    input: narrowed,
    ...(rest && { condition: rest }),
    ...(projection && { projection }),
    fields,
  };
}

/** A condition as it is over what `input` reads; undefined where it must stay above. */
function movedBelow(part: RowExpression, input: Relation): RowExpression | undefined {
  const columns = inputsOf(part);
  switch (input.node) {
    case "union":
    case "set":
    case "sort":
      return part;
    case "window":
    case "unnest": {
      // A session is of all rows of its key, be they wanted or not.
      const isSession = input.node === "window" && input.window.kind === "session";
      const own = input.input.fields.length;
      return isSession || columns.some((column) => column >= own) ? undefined : part;
    }
    case "aggregate": {
      const { key, sets } = input;
      // The global group has a result though no row is left.
      if (sets || key.length === 0) return undefined;
      if (columns.length === 0 || columns.some((column) => column >= key.length)) return undefined;
      const isOfWindow = columns.some((column) => input.input.fields[key[column] ?? 0]?.window);
      if (isOfWindow) return undefined;
      return mapInputs(part, (each) => ({ ...each, index: key[each.index] ?? 0 }));
    }
    default:
      return undefined;
  }
}
