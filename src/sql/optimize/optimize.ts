/**
 * The optimizer: named passes in order, each from a relation to one that means the same.
 */
import type { Relation } from "../bind/logical-plan.ts";
import { foldRelation } from "./fold-relation.ts";
import { mergeCalcs } from "./merge-calcs.ts";
import { pruneColumns } from "./prune-columns.ts";
import { pushFilters } from "./push-filters.ts";

export interface OptimizerPass {
  readonly name: string;
  readonly run: (relation: Relation) => Relation;
}

export const optimizerPasses: readonly OptimizerPass[] = Object.freeze([
  { name: "fold constants", run: foldRelation },
  { name: "merge calcs", run: mergeCalcs },
  { name: "push filters down", run: pushFilters },
  { name: "merge calcs again", run: mergeCalcs },
  { name: "fold what was pushed", run: foldRelation },
  { name: "prune columns", run: pruneColumns },
]);

/** Returns what all passes make of a relation; `observe` sees what each made. */
export function optimize(
  relation: Relation,
  observe: (pass: OptimizerPass, made: Relation) => void = () => {},
): Relation {
  return optimizerPasses.reduce((current, pass) => {
    const made = pass.run(current);
    observe(pass, made);
    return made;
  }, relation);
}
