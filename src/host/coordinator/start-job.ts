/**
 * Starts a job in the catalog: plans its stages, makes the streams between them, and notes whom to tell.
 */
import { type PlannedStage, planStages } from "../../engine/plan/plan-stages.ts";
import type { JobDefinition } from "../../protocol/job-spec.ts";
import type { Catalog, JobEntry, JobStage, StreamEntry } from "./catalog.ts";
import { CommandDelivery } from "./command-delivery.ts";
import { operatorsOf, planRestore } from "./restore-plan.ts";
import type { SavepointEntry } from "./savepoints.ts";
import { shardCountOf } from "./shard-ranges.ts";
import { channelsFrom } from "./splits.ts";

/** The run that stands for the stream itself in deliveries. */
export const streamRun = 0;

export interface NewJob {
  readonly name: string;
  readonly definition: JobDefinition;
  /** The savepoint that it begins with. */
  readonly saved: SavepointEntry | undefined;
}

/** Throws what planning throws, and SAVEPOINT_UNFIT; then the catalog is as it was. */
export function startJob(
  catalog: Catalog,
  source: StreamEntry,
  { name, definition, saved }: NewJob,
  now: number,
): JobEntry {
  const { generation } = source;
  const restored = (stages: readonly JobStage[]) =>
    saved && planRestore(saved, stages, shardCountOf(source), definition.allowNonRestoredState ?? false);
  restored(tryPlan(definition, source));
  const inner: StreamEntry[] = [];
  const planned = planStages(definition, source.definition, (input) => {
    const stored = { ...input, inputs: channelsFrom(inner.at(-1) ?? source) };
    const stream = catalog.addStream(`${name}/${inner.length + 1}`, stored, now);
    inner.push(stream);
    const { generation: made, mapVersion } = stream;
    return { stream: stream.name, generation: made, mapVersion, partitions: input.shards };
  });
  const streams = [source, ...inner];
  const stages = stagesOf(definition, planned, (index) => streams[index]?.generation ?? generation);
  const restore = restored(stages);
  const job = catalog.addJob({
    ...{ name, generation, definition, stages, createdAt: now },
    ...(restore && { restore }),
  });
  const dueAt = CommandDelivery.dueAgainAt(now);
  for (const stream of inner) catalog.addDeliveries(stream, streamRun, dueAt);
  for (const stream of streams) catalog.addDeliveries(stream, job.run, dueAt);
  return job;
}

/** The stages that a job would have, with nothing made for them. */
function tryPlan(definition: JobDefinition, source: StreamEntry): JobStage[] {
  const nowhere = { stream: "", generation: 0, mapVersion: 0 };
  const planned = planStages(definition, source.definition, ({ shards }) => {
    return { ...nowhere, partitions: shards };
  });
  return stagesOf(definition, planned, (index) => (index === 0 ? source.generation : 0));
}

/** Of those that keep state the first belongs to the first step, and so on. */
function stagesOf(
  definition: JobDefinition,
  planned: readonly PlannedStage[],
  generationOf: (stage: number) => number,
): JobStage[] {
  const operators = operatorsOf(definition);
  return planned.map(({ plan }, index): JobStage => {
    const operator = plan.send ? undefined : operators.shift();
    return { generation: generationOf(index), plan, ...(operator !== undefined && { operator }) };
  });
}
