/**
 * EXPLAIN: what a query means, what each pass of the optimizer made of it, and how it runs.
 */
import { EngineError } from "../../base/errors.ts";
import { endlessScanOf, type InsertPlan, type Relation } from "../bind/logical-plan.ts";
import type { SessionOptions } from "../bind/session-options.ts";
import { optimize } from "../optimize/optimize.ts";
import { planDataflow } from "../plan/lower-insert.ts";
import { lowerToJob } from "../plan/lower-to-job.ts";
import { resultInsert } from "../plan/result-insert.ts";
import { adviceOnDataflow, adviceOnJob } from "./advise-on-state.ts";
import { formatDataflow } from "./format-dataflow.ts";
import { formatDivision } from "./format-division.ts";
import { formatJob } from "./format-job.ts";
import { formatRelation } from "./format-relation.ts";

/** Explains several INSERTs, which are one job. */
export function explainInserts(inserts: readonly InsertPlan[], options: SessionOptions): string {
  const parts = inserts.map(({ input }) => logicalParts(input, options));
  const optimized = inserts.map((insert) => ({ ...insert, input: optimize(insert.input, options) }));
  const choice = lowerToJob(optimized, options, "");
  const physical =
    "job" in choice
      ? `== Physical Plan ==\n${formatJob(choice.job)}${adviceOnJob(choice.job)}`
      : physicalPart(optimized, options, `Interpreted, because ${choice.why}\n\n`);
  return [...parts.flat(), physical].join("\n\n");
}

/** Explains a query: how it is answered where it ends, or else how its changes come. */
export function explainQuery(query: Relation, options: SessionOptions): string {
  const relation = optimize(query, options);
  const physical = endlessScanOf(relation, options)
    ? physicalPart([resultInsert(relation)], options)
    : `== Physical Plan ==\n${formatDivision(relation)}`;
  return [...logicalParts(query, options), physical].join("\n\n");
}

function logicalParts(relation: Relation, options: SessionOptions): string[] {
  const steps: string[] = [];
  let before = formatRelation(relation);
  const parts = [`== Logical Plan ==\n${before}`];
  optimize(relation, options, ({ name }, made) => {
    const after = formatRelation(made);
    steps.push(after === before ? `${name}: nothing to do` : `${name}:\n${after}`);
    before = after;
  });
  return [...parts, `== Optimized Plan ==\n${before}`, `== Optimizer Passes ==\n${steps.join("\n")}`];
}

/** A plan that ends, or that cannot run, is told instead. */
function physicalPart(inserts: readonly InsertPlan[], options: SessionOptions, first = ""): string {
  try {
    const dataflow = planDataflow(inserts, options, "");
    return `== Physical Plan ==\n${first}${formatDataflow(dataflow)}${adviceOnDataflow(dataflow)}`;
  } catch (thrown) {
    if (!(thrown instanceof EngineError)) throw thrown;
    return `== Physical Plan ==\n${thrown.message}`;
  }
}
