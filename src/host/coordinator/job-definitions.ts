/**
 * What a job is: steps over streams, or a dataflow, which SQL is made into. Both are started, saved and
 * restored alike; what differs is asked here.
 */
import { planDataflow } from "../../engine/plan/plan-dataflow.ts";
import type { SinkStreams } from "../../engine/plan/plan-sink.ts";
import { type DeployStage, type PlannedStage, planStages } from "../../engine/plan/plan-stages.ts";
import type { DataflowAnswer } from "../../protocol/answers.ts";
import type { DataflowDefinition } from "../../protocol/dataflow.ts";
import {
  type JobBody,
  type JobDefinition,
  jobBodyOf,
  sinksOfJob,
  sourcesOf,
} from "../../protocol/job-spec.ts";
import { stepNamesOf } from "../../protocol/step-inputs.ts";
import type { StreamDefinition } from "../../protocol/stream-spec.ts";

export type AnyJobDefinition = JobDefinition | DataflowDefinition;

/** With what a job begins. */
export interface JobStart extends Pick<JobDefinition, "fromSavepoint" | "allowNonRestoredState"> {
  /** The job goes unless its lease is renewed in time. */
  readonly isLeased?: boolean;
}

export function isDataflow(job: AnyJobDefinition): job is DataflowDefinition {
  return "stages" in job;
}

/** The names of the streams that a job reads, in the order of its first stages. */
export function sourceNamesOf(job: AnyJobDefinition): readonly string[] {
  if (!isDataflow(job)) return sourcesOf(job);
  return job.stages.flatMap(({ source }) => (source ? [source.stream] : []));
}

/** The names of the streams that a job reads, and of those that it writes to. */
export function streamNamesOf(job: AnyJobDefinition) {
  return { read: sourceNamesOf(job), written: sinkNamesOf(job) };
}

/** Each once. */
function sinkNamesOf(job: AnyJobDefinition): readonly string[] {
  if (!isDataflow(job)) return sinksOfJob(job);
  const sinks = job.stages.flatMap((stage) => stage.sinks);
  return [...new Set(sinks.flatMap((sink) => (sink.sink === "stream" ? [sink.stream] : [])))];
}

/** Plans a job; see `planStages` and `planDataflow`. */
export function planJobStages(
  job: AnyJobDefinition,
  sources: readonly StreamDefinition[],
  deploy: DeployStage,
  sinks: SinkStreams,
): PlannedStage[] {
  return isDataflow(job)
    ? planDataflow(job, sources, deploy, sinks)
    : planStages(job, sources, deploy, sinks);
}

/** The names under which stages keep state, in their order; undefined for one that keeps none. */
export function operatorNamesOf(
  job: AnyJobDefinition,
  planned: readonly PlannedStage[],
): (string | undefined)[] {
  if (isDataflow(job)) return planned.map(({ operator }) => operator);
  // Of those that keep state the first belongs to the first step, and so on.
  const names = stepNamesOf(job);
  return planned.map(({ plan }) => (plan.send ? undefined : names.shift()));
}

/**
 * The stage that keeps a view of a job: of steps the last one, or one by its `uid` or place; of a dataflow
 * the last that keeps a table, or one by its `uid`, place, or the table's name.
 */
export function stageOfView(
  job: AnyJobDefinition,
  stages: number,
  wanted: string | undefined,
): number | undefined {
  if (!isDataflow(job)) {
    const names = stepNamesOf(job);
    const step = names.findIndex((uid, number) => uid === wanted || String(number) === wanted);
    if (wanted !== undefined && step < 0 && !fills(job, wanted)) return undefined;
    return stages - names.length + (step < 0 ? names.length - 1 : step);
  }
  const kept = job.stages.flatMap(({ uid, sinks }, index) => {
    const table = sinks.find(({ sink }) => sink === "view" || sink === "changelog");
    return table ? [{ index, names: [uid, String(index), table.name] }] : [];
  });
  const found = wanted === undefined ? kept.at(-1) : kept.find(({ names }) => names.includes(wanted));
  return found?.index;
}

/** True where a job keeps the view that is a table of SQL of this name. */
export function fills(job: AnyJobDefinition, table: string): boolean {
  return tablesOf(job).includes(table);
}

/** The tables of SQL that a job keeps as views. */
export function tablesOf(job: AnyJobDefinition): readonly string[] {
  if (!isDataflow(job)) return job.sql?.view ? [job.sql.view.table] : [];
  const sinks = job.stages.flatMap((stage) => stage.sinks);
  return sinks.flatMap(({ sink, name }) => (sink === "view" ? [name] : []));
}

/** A definition as an answer shows it. */
export function shownDefinition(job: AnyJobDefinition): JobBody | DataflowAnswer {
  return isDataflow(job) ? { sql: job.sql, stages: job.stages.map(({ uid }) => uid) } : jobBodyOf(job);
}
