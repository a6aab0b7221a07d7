/**
 * Which operators of a chain keep state, and under which number.
 *
 * Between exchanges a stage is of one key, and an operator's place is its number. In the shards of a stream
 * all that is done to its rows is one stage: there only those that keep state count, so that a filter may
 * come or go and a savepoint still fits.
 */
import type { OperatorDefinition } from "../../protocol/dataflow.ts";
import type { ChainPlan } from "./chain-plan.ts";

/** True where an operator remembers rows of records before. */
export function keepsState({ operator }: OperatorDefinition): boolean {
  switch (operator) {
    case "calc":
    case "expand":
    case "unnest":
    case "local aggregate":
    case "constraint":
    case "drop update before":
      return false;
    default:
      return true;
  }
}

/** Returns the number of each operator's state, by place. */
export function statePlacesOf({ operators, kept }: Pick<ChainPlan, "operators" | "kept">): number[] {
  if (!kept) return operators.map((_, place) => place);
  let next = 0;
  return operators.map((operator) => (keepsState(operator) ? next++ : next));
}
