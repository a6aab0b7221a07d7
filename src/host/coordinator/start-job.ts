/**
 * Starts a job in the catalog: plans its stages, makes the streams between them, and notes whom to tell.
 */
import { channelOf } from "../../engine/partition-outputs.ts";
import { planStages } from "../../engine/plan/plan-stages.ts";
import type { JobDefinition } from "../../protocol/job-spec.ts";
import type { Catalog, JobEntry, JobStage, StreamEntry } from "./catalog.ts";
import { CommandDelivery } from "./command-delivery.ts";
import { planRestore } from "./restore-plan.ts";
import type { SavepointEntry } from "./savepoints.ts";

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
  if (saved) planRestore(saved, tryPlan(definition, source));
  const inner: StreamEntry[] = [];
  const planned = planStages(definition, source.definition, (input) => {
    const stored = { ...input, inputs: channelsFrom(inner.at(-1) ?? source) };
    const stream = catalog.addStream(`${name}/${inner.length + 1}`, stored, now);
    inner.push(stream);
    const { generation: made, mapVersion } = stream;
    return { stream: stream.name, generation: made, mapVersion, partitions: input.shards };
  });
  const streams = [source, ...inner];
  const stages = planned.map(({ plan }, index): JobStage => {
    return { generation: streams[index]?.generation ?? generation, plan };
  });
  const restore = saved && { restore: planRestore(saved, stages) };
  const job = catalog.addJob({ name, generation, definition, stages, createdAt: now, ...restore });
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
  return planned.map(({ plan }, index) => ({ generation: index === 0 ? source.generation : 0, plan }));
}

/** The channels that lead from the stream's partitions to one of the next stage. */
function channelsFrom({ generation, definition }: StreamEntry): string[] {
  return Array.from({ length: definition.shards }, (_, shard) => channelOf({ generation, shard }));
}
