/**
 * Whether a job can begin with a savepoint's state, and which partition of it takes what.
 */
import { EngineError } from "../../base/errors.ts";
import type { TaskPlan } from "../../engine/plan/task-plan.ts";
import { keyGroupsOf } from "../../engine/shard-map.ts";
import { savedTaskName } from "../blobs.ts";
import type { JobRestore, JobStage } from "./catalog.ts";
import type { SavepointEntry } from "./savepoints.ts";

/**
 * Returns what a job with `stages` restores from a savepoint. Throws SAVEPOINT_UNFIT naming what differs: the
 * source, the number of stages, or what one of them keeps.
 */
export function planRestore(entry: SavepointEntry, stages: readonly JobStage[]): JobRestore {
  const { savepoint, stages: saved } = entry;
  const refuse = (why: string): never => {
    throw new EngineError("SAVEPOINT_UNFIT", { message: `Savepoint ${savepoint} does not fit: ${why}.` });
  };
  if (entry.state !== "done") refuse("it is not complete");
  if (saved.length !== stages.length) refuse(`it has ${saved.length} stages, the job has ${stages.length}`);
  if (saved[0]?.generation !== stages[0]?.generation) refuse("it is of a job on another stream");
  for (const [index, { plan }] of stages.entries()) {
    const [was, wish] = [shapeOf(saved[index]?.plan ?? plan), shapeOf(plan)];
    for (const [part, before] of Object.entries(was)) {
      const after = wish[part as keyof typeof wish];
      if (before !== after) refuse(`${part} of stage ${index} was ${before} and would be ${after}`);
    }
  }
  return { savepoint, stages: saved.map(({ generation, shards }) => ({ generation, shards })) };
}

/** The tasks of a savepoint that a partition of a job takes its state from. */
export function sourcesOf(
  { savepoint, stages }: JobRestore,
  stage: number,
  shard: number,
  shards: number,
): string[] {
  const saved = stages[stage];
  if (!saved) return [];
  const name = (of: number) => savedTaskName(savepoint, saved.generation, of);
  if (stage === 0) return [name(shard)];
  const [first, end] = keyGroupsOf(shard, shards);
  return Array.from({ length: saved.shards }, (_, of) => of)
    .filter((of) => {
      const [otherFirst, otherEnd] = keyGroupsOf(of, saved.shards);
      return otherFirst < end && first < otherEnd;
    })
    .map(name);
}

/** What decides the bytes and the meaning of a task's state. */
function shapeOf({ key, window, accumulators, latenessMs, planVersion }: TaskPlan) {
  return {
    "the key": JSON.stringify(key.map(({ name, type }) => [name, type])),
    "the window": JSON.stringify(window),
    "what is aggregated": JSON.stringify(
      accumulators.map(({ operation, kind, wide, nullable }) => [operation, kind, wide, nullable]),
    ),
    "the allowed lateness": `${latenessMs} ms`,
    "the plan's version": String(planVersion),
  };
}
