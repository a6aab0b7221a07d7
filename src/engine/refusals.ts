/**
 * Why a partition refuses what it is asked: its jobs are behind, their job has failed, it is being split, or
 * who asks does not know of all partitions.
 */
import { EngineError, type ErrorBody, errorBodyOf } from "../base/errors.ts";
import { backlogBytesMax, stageBacklogBytesMax } from "../base/limits.ts";
import type { AppendRequest } from "./log/records.ts";
import type { PartitionJobs } from "./partition-jobs.ts";
import type { PartitionIdentity } from "./partition-types.ts";

type Jobs = Pick<PartitionJobs, "backlogBytes" | "failure" | "unappliedBytes">;

/** The reason why all of `requests` are refused; undefined where each is judged by itself. */
export function refusalOf(
  requests: readonly AppendRequest[],
  identity: PartitionIdentity,
  jobs: Jobs,
): ErrorBody | undefined {
  if (identity.inputs) return refusalOfStage(requests, identity, jobs);
  return refusalOfBacklog("The stream's jobs are", jobs.backlogBytes, backlogBytesMax);
}

/** A job that failed in one of its stages takes nothing more: its senders fail with it. */
function refusalOfStage(
  requests: readonly AppendRequest[],
  { stream, shard }: PartitionIdentity,
  { failure, unappliedBytes }: Jobs,
): ErrorBody | undefined {
  if (failure) {
    const message = `The job failed in partition ${shard} of "${stream}": ${failure.message}`;
    return errorBodyOf(new EngineError("JOB_FAILED", { message }));
  }
  if (requests.some(({ link }) => !link)) {
    const message = `Partition ${shard} of "${stream}" takes only what other partitions send.`;
    return errorBodyOf(new EngineError("MAP_STALE", { message }));
  }
  return refusalOfBacklog("The job's next stage is", unappliedBytes, stageBacklogBytesMax);
}

function refusalOfBacklog(whose: string, backlog: number, bytesMax: number): ErrorBody | undefined {
  if (backlog <= bytesMax) return undefined;
  const message = `${whose} ${backlog} bytes behind; ${bytesMax} are allowed.`;
  return errorBodyOf(new EngineError("BACKLOG_FULL", { message, details: { backlog } }));
}

/** Who asks by an older map does not know of all partitions; absent: this one is all that is asked. */
export function checkMap(identity: PartitionIdentity, asked: number | undefined): void {
  const { mapVersion, mapVersionMin = mapVersion, shard, stream } = identity;
  if (asked === undefined || asked >= mapVersionMin) return;
  const message = `Partition ${shard} of "${stream}" has map version ${mapVersion}; ask by that.`;
  throw new EngineError("MAP_STALE", { message });
}

export function stillMoving({ shard, stream }: PartitionIdentity, job: string): EngineError {
  const message =
    `The state of "${job}" in partition ${shard} of "${stream}" is on its way from or to another one, ` +
    "since a partition is being split. Ask again in a moment.";
  return new EngineError("PARTITION_UNAVAILABLE", { message });
}
