/**
 * When to checkpoint a task: a pure function of what is known about it.
 */
import {
  checkpointIntervalMs,
  checkpointLogBytesMax,
  pendingChangesBytesMax,
  pendingLettersBytesMax,
  unwrittenTablesMax,
} from "../../base/limits.ts";

export interface CheckpointFactsNow {
  /** Something was applied since the last checkpoint. */
  readonly isDirty: boolean;
  /** A paused job applies nothing more: its dirty pages are written at once, to make room for others. */
  readonly isRunning: boolean;
  /** The task stands at a savepoint's barrier until what it has applied is committed. */
  readonly isAtBarrier: boolean;
  readonly sinceLastMs: number;
  /** Log bytes applied since the last checkpoint. */
  readonly appliedBytes: number;
  readonly pendingLetterBytes: number;
  readonly pendingChangeBytes: number;
  /** Tables that were made, changed or dropped since the last checkpoint. */
  readonly unwrittenTables: number;
  /** Bytes of dirty pages of all tasks, and the budget they share. */
  readonly dirtyBytes: number;
  readonly budgetBytes: number;
  /** Some task's next record made the page budget run out before: only a clean cache can take it. */
  readonly needsRoom: boolean;
}

export type CheckpointDecision = "None" | "Due";

/** Dirty pages cannot be evicted: beyond this share of the budget they are written. */
export const dirtyShareMax = 0.5;

export function decideCheckpoint(facts: CheckpointFactsNow): CheckpointDecision {
  if (!facts.isDirty) return "None";
  const isDue =
    facts.needsRoom ||
    facts.isAtBarrier ||
    !facts.isRunning ||
    facts.sinceLastMs >= checkpointIntervalMs ||
    facts.appliedBytes >= checkpointLogBytesMax ||
    facts.pendingLetterBytes >= pendingLettersBytesMax ||
    facts.pendingChangeBytes >= pendingChangesBytesMax ||
    facts.unwrittenTables >= unwrittenTablesMax ||
    facts.dirtyBytes >= facts.budgetBytes * dirtyShareMax;
  return isDue ? "Due" : "None";
}
