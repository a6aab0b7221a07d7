/**
 * What a restored task has counted: sums over the job are as they were, whatever its partitions and stages
 * are now.
 *
 * Counts are a partition's, not a key's. Whoever has its first key group now goes on with them; a shard goes
 * on with its own.
 */
import type { PartitionIdentity } from "../partition-types.ts";
import type { TaskPlan } from "../plan/task-plan.ts";
import type { TaskCounts } from "../task/checkpoint.ts";
import type { RestoredStates } from "./task-state.ts";

const none = { rows: 0, filtered: 0, late: 0, bad: 0 } as const satisfies TaskCounts;

export function countsOf(
  { position, states }: RestoredStates,
  plan: TaskPlan,
  { keyGroups: [first, end] }: Pick<PartitionIdentity, "keyGroups">,
): TaskCounts {
  // A shard that a split made goes on where another one was, and begins its counts anew.
  if (position && position.keyGroups[0] !== first) return none;
  if (position && states.includes(position)) return position.counts;
  const own = states.filter(({ keyGroups }) => keyGroups[0] >= first && keyGroups[0] < end);
  return own.map(({ counts }) => counts).reduce(added, ofShard(position, plan));
}

/** Of a shard's task that kept state, or will, what was filtered is counted where the state is. */
function ofShard(position: RestoredStates["position"], plan: TaskPlan): TaskCounts {
  if (!position) return none;
  const { counts } = position;
  if (!plan.send) return position.plan.send ? { ...none, filtered: counts.filtered } : none;
  return position.plan.send ? counts : { ...none, rows: counts.rows };
}

function added(one: TaskCounts, other: TaskCounts): TaskCounts {
  return {
    rows: one.rows + other.rows,
    filtered: one.filtered + other.filtered,
    late: one.late + other.late,
    bad: one.bad + other.bad,
  };
}
