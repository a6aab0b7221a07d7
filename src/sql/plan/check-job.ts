/**
 * Plans a job to see that the engine takes it, and that its outputs have the types that SQL expects.
 */
import { assert } from "../../base/assert.ts";
import { formatType } from "../../columnar/schema.ts";
import { planStages } from "../../engine/plan/plan-stages.ts";
import type { SendTarget } from "../../engine/plan/task-plan.ts";
import { type JobDefinition, jobBodyOf, readJobDefinition } from "../../protocol/job-spec.ts";
import { streamOfTable } from "../catalog/stream-of-table.ts";
import type { TableDefinition } from "../catalog/table-definition.ts";

/** Returns the types of the job's outputs, by name; throws what putting the job would answer. */
export function plannedTypes(
  job: JobDefinition,
  source: TableDefinition,
  sink: TableDefinition | undefined,
): ReadonlyMap<string, string> {
  readJobDefinition(jobBodyOf(job));
  const sinks = new Map(
    [job.into ?? []].flat().flatMap((name) => {
      if (!sink) return [];
      const definition = streamOfTable(sink);
      return [[name, { definition, schemaVersion: 1, target: nowhere(definition.shards) }] as const];
    }),
  );
  const stages = planStages(job, [streamOfTable(source)], ({ shards }) => nowhere(shards), sinks);
  const last = stages.at(-1);
  assert(last, "a job has a stage");
  return new Map(last.plan.outputs.map(({ name, type }) => [name, formatType(type)]));
}

function nowhere(partitions: number): SendTarget {
  return { stream: "", generation: 0, mapVersion: 0, partitions };
}
