/**
 * What a savepoint says of one task besides its pages. Sealed JSON, bigints as text; fields are only added.
 *
 *   v1  first version
 */
import { EngineError } from "../../base/errors.ts";
import { readSealedJsonBytes } from "../log/sealed-json.ts";
import type { TaskPlan } from "../plan/task-plan.ts";
import type { TableEntry } from "../state/window-directory.ts";
import type { TaskCounts } from "../task/checkpoint.ts";
import type { StoredEdge } from "../task/output-edge.ts";
import type { StoredInputTime } from "../time/input-time.ts";

export interface TaskState {
  readonly version: 1;
  /** Key groups [first, end) whose keys the pages hold. */
  readonly keyGroups: readonly [number, number];
  readonly plan: TaskPlan;
  /** The barrier's: every record before it is in the savepoint. */
  readonly offset: number;
  readonly watermark: string;
  readonly firedThrough: string;
  readonly inputTime: StoredInputTime;
  /** Of a chain: of the last record. */
  readonly appendTime?: number;
  readonly counts: TaskCounts;
  /** Above every order by arrival that the pages hold. */
  readonly orderOffset: number;
  readonly tables: readonly TableEntry[];
  /** Parts that hold the pages. */
  readonly parts: number;
  /** The edges of which a receiver was split: where each leads, and the key groups of its receivers. */
  readonly divided?: readonly Pick<Required<StoredEdge>, "to" | "ranges">[];
}

/** What a task is restored from. */
export interface RestoredStates {
  /** The task of this shard, which may be one of `states`: where in the log it goes on. */
  readonly position: TaskState | undefined;
  readonly states: readonly TaskState[];
}

/** Throws `VERSION_UNKNOWN` or `STATE_CORRUPT`. */
export function readTaskState(bytes: Uint8Array): TaskState {
  const state = readSealedJsonBytes(bytes, damage);
  if (state.version === 1) return state as unknown as TaskState;
  if (!Number.isSafeInteger(state.version)) throw damage("it has no version");
  const found = `A task's state in a savepoint has version ${state.version}`;
  const message = `${found}; this release reads version 1.`;
  throw new EngineError("VERSION_UNKNOWN", { message });
}

function damage(what: string): EngineError {
  const message = `A task's state in a savepoint is damaged: ${what}. Restore another savepoint.`;
  return new EngineError("STATE_CORRUPT", { message });
}
