/**
 * What a worker must know of a job to read one of its views: where the stage that keeps it is, and by which
 * stages rows come there, since a token has to be followed through all of them.
 */
import { assert } from "../../base/assert.ts";
import type { JobEntry, StreamEntry } from "./catalog.ts";
import type { JobFacts, StageBefore, StagePartitions } from "./coordinator-rpc.ts";
import { type AnyJobDefinition, isDataflow } from "./job-definitions.ts";
import { stagePartitionsOf } from "./stream-facts.ts";

/** `streams` are those that the stages read, stage by stage. */
export function jobFactsOf(
  view: string,
  { job, stage }: { readonly job: JobEntry; readonly stage: number },
  streams: readonly StreamEntry[],
): JobFacts {
  const partitions = streams.map(stagePartitionsOf);
  const [own, plan] = [partitions[stage], job.stages[stage]?.plan];
  assert(own && plan, "every stage of a job reads a stream");
  return {
    view,
    job: job.name,
    run: job.run,
    ...own,
    plan,
    ...shapeOf(job.definition),
    before: edgesBefore(job.stages, stage, partitions),
  };
}

/**
 * The edges that lead to a stage, through others or not, in the order of those that send: every stage is
 * behind those that send to it.
 */
function edgesBefore(
  stages: JobEntry["stages"],
  stage: number,
  partitions: readonly StagePartitions[],
): StageBefore[] {
  const reached = new Set([stage]);
  const edges: { readonly from: number; readonly to: number }[] = [];
  for (let to = stage; to >= 0; to--) {
    for (const from of reached.has(to) ? (stages[to]?.from ?? []) : []) {
      reached.add(from);
      edges.push({ from, to });
    }
  }
  return edges
    .sort((one, other) => one.from - other.from || one.to - other.to)
    .flatMap(({ from, to }) => {
      const own = partitions[from];
      return own ? [{ ...own, to: partitions[to]?.generation ?? 0 }] : [];
    });
}

/** How the rows of a table are made of those of the job's view, where they are not the same. */
function shapeOf(job: AnyJobDefinition): Pick<JobFacts, "shape"> {
  return !isDataflow(job) && job.sql?.view ? { shape: job.sql.view } : {};
}
