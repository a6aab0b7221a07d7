/**
 * The optimizer: named passes in order, each from a relation to one that means the same.
 */
import { endlessScanOf, type Relation } from "../bind/logical-plan.ts";
import type { SessionOptions } from "../bind/session-options.ts";
import { aggregateInTwoPhases } from "./aggregate-in-two-phases.ts";
import { foldRelation } from "./fold-relation.ts";
import { mergeCalcs } from "./merge-calcs.ts";
import { pruneColumns } from "./prune-columns.ts";
import { pushFilters } from "./push-filters.ts";
import { splitDistinct } from "./split-distinct.ts";

export interface OptimizerPass {
  readonly name: string;
  readonly run: (relation: Relation, options: SessionOptions) => Relation;
}

export const optimizerPasses: readonly OptimizerPass[] = Object.freeze([
  { name: "fold constants", run: foldRelation },
  { name: "merge calcs", run: mergeCalcs },
  { name: "push filters down", run: pushFilters },
  { name: "split distinct", run: splitDistinct },
  { name: "merge calcs again", run: mergeCalcs },
  { name: "fold what was pushed", run: foldRelation },
  { name: "prune columns", run: pruneColumns },
  { name: "aggregate in two phases", run: aggregateInTwoPhases },
]);

/**
 * Returns what all passes make of a relation; `observe` sees what each made. What a session wants of jobs is
 * for relations that have no end: others are answered once.
 */
export function optimize(
  relation: Relation,
  options: SessionOptions,
  observe: (pass: OptimizerPass, made: Relation) => void = () => {},
): Relation {
  const wanted = endlessScanOf(relation, options) ? options : {};
  return optimizerPasses.reduce((current, pass) => {
    const made = pass.run(current, wanted);
    observe(pass, made);
    return made;
  }, relation);
}
