/**
 * How far back the jobs of a partition need its log: each from behind its last checkpoint on.
 */
import type { PartitionLog } from "./log/partition-log.ts";
import type { OpenJob } from "./open-job.ts";
import type { SqlStorage } from "./ports.ts";
import type { StoredJob } from "./stored-jobs.ts";
import { readCheckpoint } from "./task/checkpoint.ts";

/**
 * Returns the lowest offset that a job may still read. Jobs that do not run, or could not be opened, hold the
 * log only up to `heldBytesMax`.
 */
export function neededOffsetOf(
  stored: readonly StoredJob[],
  opened: ReadonlyMap<number, OpenJob>,
  { log, sql }: { readonly log: PartitionLog; readonly sql: SqlStorage },
  heldBytesMax: number,
): number {
  const needed = stored.flatMap(({ run, state }): number[] => {
    const job = opened.get(run);
    if (job) return state === "running" || job.lagBytes <= heldBytesMax ? [job.task.neededOffset] : [];
    const checkpoint = readCheckpoint(sql, run);
    if (!checkpoint || log.bytesAfter(checkpoint.offset + 1) > heldBytesMax) return [];
    return [checkpoint.offset + 1];
  });
  return Math.min(Number.MAX_SAFE_INTEGER, ...needed);
}
