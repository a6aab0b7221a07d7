/**
 * A task and the barriers of savepoints and splits: which have come, and whether it stands at one.
 *
 * Between stages a barrier comes by every channel, and behind it a channel brings nothing until it has come
 * by all (`log/decide-acceptance.ts`). So with the last of them the task has applied exactly what belongs to
 * the savepoint. It stands still there until its pages are pinned.
 *
 * A barrier that drains is the end of time for its run: it enters a shard as a max watermark would, for this
 * task alone. It goes on to the next stage behind all that this made due.
 *
 * At the barrier of a split what is pinned is what the new partition begins with; the task then lets go of
 * the keys that were taken away (`narrowing.ts`). The receivers of its outputs hear of the new partition from
 * it, in their order: their time is never ahead of what the new one may send.
 */
import { assert } from "../../base/assert.ts";
import { type Barrier, decodeBarrier } from "../log/barrier.ts";
import { channelOf } from "../log/channel-name.ts";
import { type LogRecord, RecordKind } from "../log/records.ts";
import { decodeMapChange } from "../log/split-records.ts";
import type { PartitionIdentity } from "../partition-types.ts";
import type { TaskPlan } from "../plan/task-plan.ts";
import { KeyFilter } from "../state/key-filter.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { Narrowing } from "./narrowing.ts";
import type { TaskOutput } from "./task-output.ts";
import type { TaskTables } from "./task-tables.ts";

type StoredBarrier = Pick<Checkpoint, "barred" | "savepoint" | "isStopped" | "keepBelow">;

export class TaskBarrier {
  readonly #run: number;
  readonly #plan: TaskPlan;
  #narrowing: Narrowing | undefined;
  // In the checkpoint.
  #channels: readonly string[];
  #savepoint: number | undefined;
  #isStopped: boolean | undefined;
  #keepBelow: number | undefined;

  constructor(run: number, plan: TaskPlan, { barred = [], savepoint, isStopped, keepBelow }: StoredBarrier) {
    this.#run = run;
    this.#plan = plan;
    this.#channels = barred;
    this.#savepoint = savepoint;
    this.#isStopped = isStopped;
    this.#keepBelow = keepBelow;
  }

  /** The savepoint at whose barrier the task stands. */
  get savepoint(): number | undefined {
    return this.#savepoint;
  }

  /** True from the barrier on with which the run ends. */
  get isStopped(): boolean {
    return this.#isStopped === true;
  }

  /** Goes on behind the barrier of a savepoint that was to end the run, and came to nothing. */
  goOn(): void {
    this.#isStopped = undefined;
  }

  /** True from the barrier of a split until no key is left that it has taken away. */
  get isDividing(): boolean {
    return this.#keepBelow !== undefined;
  }

  /** True while the task is to let go of keys, and may: they are pinned. */
  get isNarrowing(): boolean {
    return this.#keepBelow !== undefined && this.#savepoint === undefined;
  }

  /** True where a checkpoint would say something else than this one does. */
  differsFrom({ savepoint, isStopped, keepBelow }: StoredBarrier): boolean {
    const isHalfway = this.#narrowing !== undefined || isStopped !== this.#isStopped;
    return isHalfway || savepoint !== this.#savepoint || keepBelow !== this.#keepBelow;
  }

  get state(): StoredBarrier {
    const [barred, savepoint, isStopped] = [this.#channels, this.#savepoint, this.#isStopped];
    return { barred, savepoint, isStopped, keepBelow: this.#keepBelow };
  }

  /**
   * Takes in a barrier, or a map of the next stage, before anything else of its record. Returns true where
   * the task's time ends.
   */
  take({ kind, frame, mark, offset }: LogRecord, output: Pick<TaskOutput, "divide"> | undefined): boolean {
    if (kind === RecordKind.Map) {
      const change = decodeMapChange(frame);
      if (change.run === this.#run) output?.divide(offset, change);
    }
    if (kind !== RecordKind.Barrier) return false;
    const barrier = decodeBarrier(frame);
    if (!this.#concerns(barrier)) return false;
    if (mark) this.#channels = [...this.#channels, mark.channel];
    return barrier.drains === true && !mark;
  }

  /**
   * Ends a barrier's record, when all that it made due is done. The last one that was waited for goes on by
   * every edge; those of other runs are nothing.
   */
  complete(
    { offset, frame }: LogRecord,
    identity: Pick<PartitionIdentity, "generation">,
    output: Pick<TaskOutput, "sendBarrier" | "announce"> | undefined,
  ): void {
    const barrier = decodeBarrier(frame);
    if (!this.#concerns(barrier) || this.#channels.length < barrier.channels) return;
    assert(this.#keepBelow === undefined, "a task stands at one barrier at a time");
    const { channels: _, split, ...onward } = barrier;
    const { savepoint } = barrier;
    this.#channels = [];
    this.#savepoint = savepoint;
    if (barrier.stops) this.#isStopped = true;
    this.#keepBelow = split?.middle;
    if (split) output?.announce(offset, channelOf({ ...identity, shard: split.child }));
    else output?.sendBarrier(offset, onward);
  }

  /** The task goes on. */
  pass(): void {
    this.#savepoint = undefined;
  }

  /** Goes through about `cellsMax` cells of a task that `isNarrowing`. */
  narrow(tables: TaskTables, { keyGroups }: PartitionIdentity, cellsMax: number): void {
    assert(this.#keepBelow !== undefined, "a split has taken keys away");
    const kept = [keyGroups[0], this.#keepBelow] as const;
    this.#narrowing ??= new Narrowing(tables, new KeyFilter(this.#plan, kept));
    if (!this.#narrowing.step(cellsMax)) return;
    this.#narrowing = undefined;
    this.#keepBelow = undefined;
  }

  #concerns({ run }: Barrier): boolean {
    return run === 0 || run === this.#run;
  }
}
