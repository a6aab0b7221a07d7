/**
 * What tells two definitions of a job apart, in the words of its body.
 *
 * A job's definition never changes: its state was made by the first one.
 */
import { type JobBody, type JobDefinition, jobBodyOf } from "../../protocol/job-spec.ts";

/** Names the first field in which the two differ, with both values. */
export function jobDifference(existing: JobDefinition, wanted: JobDefinition): string {
  const [was, wish] = [jobBodyOf(existing), jobBodyOf(wanted)];
  for (const field of Object.keys({ ...was, ...wish }) as (keyof JobBody)[]) {
    const [before, after] = [JSON.stringify(was[field]), JSON.stringify(wish[field])];
    if (before !== after) return `${field} is ${before ?? "absent"} and cannot become ${after ?? "absent"}`;
  }
  if (JSON.stringify(existing.sql) !== JSON.stringify(wanted.sql))
    return "it was made with another statement";
  return "their fields have another order";
}
