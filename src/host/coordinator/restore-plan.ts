/**
 * Whether a job can begin with a savepoint's state, and which partition of it takes what.
 *
 * State is matched by the name of the operator that kept it, a step's `uid` or its place, and by its layout
 * (`engine/savepoint/state-layout.ts`). What of the savepoint finds no place is refused by name, or left out
 * where the job says so; an operator that finds no state begins empty. Where the sources are read on from is
 * part of every savepoint: the tasks of their shards say it.
 */
import { EngineError } from "../../base/errors.ts";
import type { RestoreSource } from "../../engine/partition-types.ts";
import { isChanging } from "../../engine/plan/stream-of-results.ts";
import type { TaskPlan } from "../../engine/plan/task-plan.ts";
import { stateDifferences } from "../../engine/savepoint/state-layout.ts";
import { evenRanges } from "../../engine/shard-map.ts";
import { savedTaskName } from "../blobs.ts";
import type { SavedStage } from "../savepoint-manifest.ts";
import { operatorsIn } from "../savepoint-reader.ts";
import type { JobRestore, JobStage, SavedPlace, StreamEntry } from "./catalog.ts";
import type { SavepointEntry } from "./savepoints.ts";
import { rangesOf } from "./shard-ranges.ts";

/** Saved state that the job does not go on with, and why. */
export interface NonRestored {
  readonly operator: string;
  readonly reason: string;
}

interface Matched {
  readonly restore: JobRestore;
  readonly nonRestored: readonly NonRestored[];
}

/**
 * Returns what a job with `stages` restores from a savepoint. Throws SAVEPOINT_UNFIT where it is of other
 * sources, and naming all state that finds no place, unless `allowNonRestored`.
 */
export function planRestore(
  entry: SavepointEntry,
  stages: readonly JobStage[],
  shardsOf: ReadonlyMap<number, number>,
  allowNonRestored: boolean,
): JobRestore {
  const { savepoint, stages: saved } = entry;
  if (entry.state !== "done") throw unfit(savepoint, "it is not complete");
  const [before, after] = [saved, stages].map((all) => String(sourcesOf(all).map(generationOf).sort()));
  if (before !== after) throw unfit(savepoint, "it is of a job on another stream, or on more or fewer");
  for (const { generation, shards } of sourcesOf(saved)) {
    const now = shardsOf.get(generation);
    if (shards === now) continue;
    throw unfit(savepoint, `its stream had ${shards} shards and was split into ${now} since`);
  }
  const { restore, nonRestored } = matchState(entry, stages, shardsOf);
  if (nonRestored.length === 0 || allowNonRestored) return restore;
  const list = nonRestored.map(({ operator, reason }) => `"${operator}": ${reason}`).join("; ");
  const message = `${list}. Change the job, or leave that state out with "allowNonRestoredState": true`;
  throw unfit(savepoint, message, { nonRestored });
}

/** What a partition of a job takes from a savepoint. */
export function sourceOf(
  { savepoint, sources, states }: JobRestore,
  stage: number,
  shard: number,
  stream: Pick<StreamEntry, "generation" | "definition">,
): RestoreSource {
  const nameIn = (place: SavedPlace, of: number) => savedTaskName(savepoint, place.generation, of);
  const source = sources.find(({ generation }) => generation === stream.generation);
  const position = source ? { position: nameIn(source, shard) } : {};
  const place = states[stage];
  if (!place) return { ...position, states: [] };
  if (place.generation === stream.generation) return { ...position, states: [nameIn(place, shard)] };
  const [first, end] = rangesOf(stream)[shard] ?? [0, 0];
  // The keys of a shard's task lie there by the distribution key: each may have any hash.
  const isAnywhere = sources.some(({ generation }) => generation === place.generation);
  const holding = (place.ranges ?? evenRanges(place.shards)).flatMap(([otherFirst, otherEnd], of) =>
    isAnywhere || (otherFirst < end && first < otherEnd) ? [nameIn(place, of)] : [],
  );
  return { ...position, states: holding };
}

function matchState(
  { savepoint, stages: saved }: SavepointEntry,
  stages: readonly JobStage[],
  shardsOf: ReadonlyMap<number, number>,
): Matched {
  const wanted = new Map(operatorsIn(stages).map(([stage, name]) => [name, stage]));
  const inShards = new Set(stages.flatMap(({ plan }) => plan.chain?.kept?.map(({ name }) => name) ?? []));
  const nonRestored: NonRestored[] = [];
  const found = new Map<number, SavedPlace>();
  for (const [stage, operator] of operatorsIn(saved)) {
    const index = wanted.get(operator);
    const [was, wish] = [saved[stage], stages[index ?? -1]];
    if (!was || index === undefined || !wish) {
      const reason = inShards.has(operator) ? whyNotMoved.intoShards : "the job has no such step";
      nonRestored.push({ operator, reason });
      continue;
    }
    const differences = stateDifferences(was.plan, wish.plan);
    const stuck =
      was.from && !wish.from ? whyNotInShards(wish.plan, shardsOf.get(wish.generation) ?? 1) : undefined;
    if (differences.length === 0 && stuck !== undefined) differences.push({ reason: stuck });
    for (const { name = operator, reason } of differences) {
      const isApart = name !== operator && wanted.has(name);
      nonRestored.push({ operator: name, reason: isApart ? whyNotMoved.outOfShards : reason });
    }
    if (differences.every(({ name }) => name !== undefined)) found.set(index, placeOf(was));
  }
  nonRestored.push(...leaveOutHalves(stages, found));
  const states = stages.map((_, index) => found.get(index) ?? null);
  return { restore: { savepoint, sources: sourcesOf(saved).map(placeOf), states }, nonRestored };
}

/**
 * Where a step takes back what it has sent of its results, the step behind it must have had them: both go on
 * with their state, or both begin empty. Takes the others out of `found`.
 */
function leaveOutHalves(stages: readonly JobStage[], found: Map<number, SavedPlace>): NonRestored[] {
  const nameOf = new Map(operatorsIn(stages));
  const pairs = stages.flatMap(({ plan }, stage) => {
    if (!isChanging(plan.window, plan.latenessMs)) return [];
    const results = (plan.edges ?? []).filter(({ of }) => of === "results");
    const readers = results.map(({ send }) => send.to.generation);
    return readers.map((reader) => [stage, stages.findIndex(({ generation }) => generation === reader)]);
  }) as (readonly [number, number])[];
  const leftOut: NonRestored[] = [];
  const halfOf = () => pairs.find(([stage, reader]) => found.has(stage) !== found.has(reader));
  for (let half = halfOf(); half !== undefined; half = halfOf()) {
    const [stage, reader] = half;
    const [kept, other] = found.has(stage) ? [stage, reader] : [reader, stage];
    found.delete(kept);
    const beside = `"${nameOf.get(other)}" beside it does not go on with its state`;
    const reason = `results that are taken back pass between them, and ${beside}`;
    leftOut.push({ operator: nameOf.get(kept) ?? "", reason });
  }
  return leftOut;
}

/** State moves into the shards only where rows of a key come to the shard that has the key's hash. */
function whyNotInShards({ key, routingKey }: TaskPlan, shards: number): string | undefined {
  const isByKey = routingKey.length === key.length && routingKey.every((at, index) => at === index);
  if (shards === 1 || isByKey) return undefined;
  const why = "it would run in the stream's shards, which are not distributed by its whole key";
  return `${why}; give it a "parallelism" other than ${shards}`;
}

/** State of SQL in a stream's shards is by other keys than that behind an exchange: it stays where it is. */
const whyNotMoved = Object.freeze({
  intoShards: "it had partitions of its own, and would be in the shards of a table that is DISTRIBUTED BY",
  outOfShards:
    "it was in the shards of a table that was DISTRIBUTED BY, and would have partitions of its own",
});

/** The stages in the shards of streams that people made. */
function sourcesOf<Stage extends Pick<JobStage, "from" | "generation">>(stages: readonly Stage[]): Stage[] {
  return stages.filter(({ from }) => from === undefined);
}

function generationOf({ generation }: { readonly generation: number }): number {
  return generation;
}

function placeOf({ generation, shards, ranges }: SavedStage): SavedPlace {
  return { generation, shards, ...(ranges && { ranges }) };
}

function unfit(savepoint: number, why: string, details?: Readonly<Record<string, unknown>>): EngineError {
  const message = `Savepoint ${savepoint} does not fit: ${why}.`;
  return new EngineError("SAVEPOINT_UNFIT", { message, ...(details && { details }) });
}
