/**
 * What a worker must know of a job to read one of its views: where the stage that keeps it is, and by which
 * stages rows come there, since a token has to be followed through all of them.
 */
import { assert } from "../../base/assert.ts";
import type { JobEntry, StreamEntry } from "./catalog.ts";
import type { JobFacts, StageBefore, StagePartitions } from "./coordinator-rpc.ts";
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
    before: stagesBefore(job.stages, stage, partitions),
  };
}

/** Every stage is behind those that send to it. */
function stagesBefore(
  stages: JobEntry["stages"],
  stage: number,
  partitions: readonly StagePartitions[],
): StageBefore[] {
  const to = partitions[stage]?.generation ?? 0;
  return (stages[stage]?.from ?? []).flatMap((from) => {
    const own = partitions[from];
    return own ? [...stagesBefore(stages, from, partitions), { ...own, to }] : [];
  });
}
