/**
 * Starts a job in the catalog: plans its stages, makes the streams between them, and notes whom to tell.
 */
import { EngineError } from "../../base/errors.ts";
import { jobsMax } from "../../base/limits.ts";
import type { SinkStreams } from "../../engine/plan/plan-sink.ts";
import type { PlannedStage } from "../../engine/plan/plan-stages.ts";
import type { Catalog, JobEntry, JobStage, StreamEntry } from "./catalog.ts";
import { checkRoom } from "./check-room.ts";
import { CommandDelivery } from "./command-delivery.ts";
import {
  type AnyJobDefinition,
  fills,
  type JobStart,
  operatorNamesOf,
  planJobStages,
  tablesOf,
} from "./job-definitions.ts";
import { planRestore } from "./restore-plan.ts";
import type { SavepointEntry } from "./savepoints.ts";
import { channelsFrom, shardCountOf } from "./shard-ranges.ts";

/** The run that stands for the stream itself in deliveries. */
export const streamRun = 0;

export interface NewJob {
  readonly name: string;
  readonly definition: AnyJobDefinition;
  /** The streams that it writes to. */
  readonly sinks: SinkStreams;
  /** The savepoint that it begins with. */
  readonly saved: SavepointEntry | undefined;
  readonly start: JobStart;
}

/**
 * Throws what planning throws, LIMIT_REACHED, JOB_CONFLICT and SAVEPOINT_UNFIT; then the catalog is as it
 * was.
 */
export function startJob(
  catalog: Catalog,
  sources: readonly StreamEntry[],
  { name, definition, sinks, saved, start }: NewJob,
  now: number,
): JobEntry {
  checkRoom("jobs", catalog.jobs().length, { jobsMax });
  checkUnfilled(catalog, definition);
  const read = sources.map((source) => source.definition);
  const shardsOf = new Map(sources.map((source) => [source.generation, shardCountOf(source)]));
  const restored = (stages: readonly JobStage[]) =>
    saved && planRestore(saved, stages, shardsOf, start.allowNonRestoredState ?? false);
  restored(tryPlan(definition, sources, sinks));
  const streams = [...sources];
  const planned = planJobStages(
    definition,
    read,
    (input, from) => {
      const inputs = from.flatMap((stage) => channelsFrom(streams[stage] as StreamEntry));
      const between = from.filter((stage) => stage >= sources.length);
      const idleTogether = between.map((stage) => (streams[stage] as StreamEntry).generation);
      const number = streams.length - sources.length + 1;
      const stream = catalog.addStream(`${name}/${number}`, { ...input, inputs, idleTogether }, now);
      streams.push(stream);
      const { generation, mapVersion } = stream;
      return { stream: stream.name, generation, mapVersion, partitions: input.shards };
    },
    sinks,
  );
  const stages = stagesOf(definition, planned, streams);
  const restore = restored(stages);
  const { generation } = streams[0] as StreamEntry;
  const job = catalog.addJob({
    ...{ name, generation, definition, stages, createdAt: now },
    ...(restore && { restore }),
  });
  const dueAt = CommandDelivery.dueAgainAt(now);
  for (const stream of streams.slice(sources.length)) catalog.addDeliveries(stream, streamRun, dueAt);
  for (const stream of streams) catalog.addDeliveries(stream, job.run, dueAt);
  return job;
}

/** The rows of a view lie with the one job that fills it. */
function checkUnfilled(catalog: Catalog, definition: AnyJobDefinition): void {
  const tables = tablesOf(definition);
  const twice = tables.find((table, index) => tables.indexOf(table) < index);
  if (twice !== undefined) {
    const message = `The job fills the view "${twice}" twice: make it one query, with UNION ALL.`;
    throw new EngineError("JOB_CONFLICT", { message });
  }
  for (const table of tables) {
    const other = catalog.jobs().find((job) => fills(job.definition, table));
    if (!other) continue;
    const message =
      `The job "${other.name}" fills the view "${table}", which has the rows of one job: ` +
      `STOP JOB '${other.name}' first, or insert into another table.`;
    throw new EngineError("JOB_CONFLICT", { message, details: { job: other.name } });
  }
}

/** The stages that a job would have, with nothing made for them. */
function tryPlan(
  definition: AnyJobDefinition,
  sources: readonly StreamEntry[],
  sinks: SinkStreams,
): JobStage[] {
  const read = sources.map((source) => source.definition);
  const streams: Pick<StreamEntry, "generation">[] = [...sources];
  const planned = planJobStages(
    definition,
    read,
    ({ shards }) => {
      const generation = -streams.length;
      streams.push({ generation });
      return { stream: "", generation, mapVersion: 0, partitions: shards };
    },
    sinks,
  );
  return stagesOf(definition, planned, streams);
}

function stagesOf(
  definition: AnyJobDefinition,
  planned: readonly PlannedStage[],
  streams: readonly Pick<StreamEntry, "generation">[],
): JobStage[] {
  const operators = operatorNamesOf(definition, planned);
  return planned.map(({ plan, from }, index): JobStage => {
    const operator = operators[index];
    const generation = streams[index]?.generation ?? 0;
    const place = { ...(operator !== undefined && { operator }), ...(from.length > 0 && { from }) };
    return { generation, plan, ...place };
  });
}
