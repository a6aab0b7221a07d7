/**
 * Which operators of a chain keep state, and under which number.
 *
 * Between exchanges a stage is of one key, and an operator's place is its number. In the shards of a stream
 * all that is done to its rows is one stage: there state has names, and its number is the place of its name.
 */
import { assert } from "../../base/assert.ts";
import type { OperatorDefinition } from "../../protocol/dataflow.ts";
import type { ChainPlan } from "./chain-plan.ts";

/** State of an operator. */
export interface OperatorPlace {
  readonly name: string;
  readonly operator: number;
  readonly number: number;
}

/** Returns the state of a chain's operators; where it has no names, what comes first is the first. */
export function statePlacesOf({ operators, kept }: Pick<ChainPlan, "operators" | "kept">): OperatorPlace[] {
  const stateful = operators.flatMap((operator, place) => (keepsState(operator) ? [place] : []));
  return stateful.map((operator, index) => {
    if (!kept) return { name: `#${index}`, operator, number: operator };
    const number = kept.findIndex((each) => each.operator === operator);
    const { name } = kept[number] ?? {};
    assert(name !== undefined, "what keeps state in the shards of a stream has a name");
    return { name, operator, number };
  });
}

/** True where an operator remembers rows of records before. */
function keepsState(definition: OperatorDefinition): boolean {
  switch (definition.operator) {
    case "calc":
    case "expand":
    case "unnest":
    case "local aggregate":
    case "constraint":
    case "drop update before":
      return false;
    case "window assign":
      return definition.window.kind === "session";
    default:
      return true;
  }
}
