/**
 * What tells two definitions of a job apart, in the words of its body.
 *
 * A job's definition never changes: its state was made by the first one.
 */
import { EngineError } from "../../base/errors.ts";
import { type JobBody, jobBodyOf } from "../../protocol/job-spec.ts";
import type { JobEntry } from "./catalog.ts";
import { type AnyJobDefinition, isDataflow } from "./job-definitions.ts";

/** Throws JOB_CONFLICT where a job is wanted with another definition. */
export function checkUnchanged({ name, definition }: JobEntry, wanted: AnyJobDefinition): void {
  if (JSON.stringify(definition) === JSON.stringify(wanted)) return;
  const difference = jobDifference(definition, wanted);
  const message = `Job "${name}" exists with another definition: ${difference}.`;
  throw new EngineError("JOB_CONFLICT", { message });
}

/** Names the first field in which the two differ, with both values. */
export function jobDifference(existing: AnyJobDefinition, wanted: AnyJobDefinition): string {
  if (isDataflow(existing) || isDataflow(wanted)) return "its SQL, or what is made of it, is another";
  const [was, wish] = [jobBodyOf(existing), jobBodyOf(wanted)];
  for (const field of Object.keys({ ...was, ...wish }) as (keyof JobBody)[]) {
    const [before, after] = [JSON.stringify(was[field]), JSON.stringify(wish[field])];
    if (before !== after) return `${field} is ${before ?? "absent"} and cannot become ${after ?? "absent"}`;
  }
  if (JSON.stringify(existing.sql) !== JSON.stringify(wanted.sql))
    return "it was made with another statement";
  return "their fields have another order";
}
