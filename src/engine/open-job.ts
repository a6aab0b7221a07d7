/**
 * A job with its task, open in memory: how far it is, and when its next checkpoint is due.
 */
import { backlogBytesMax } from "../base/limits.ts";
import type { PageCache } from "../kernel/page-cache.ts";
import type { PartitionLog } from "./log/partition-log.ts";
import { decideCheckpoint } from "./task/decide-checkpoint.ts";
import type { Task } from "./task/task.ts";
import { PastMoment } from "./time/past-moment.ts";

export class OpenJob {
  readonly run: number;
  readonly task: Task;
  readonly #log: PartitionLog;
  /** False until the job has applied all there was: only then does its backlog hold senders back. */
  hasCaughtUp: boolean;
  #checkpointAt: number;
  readonly #sinceCheckpoint = new PastMoment();
  isWritingAhead = false;
  #checkpointLogBytes: number;

  constructor(run: number, task: Task, log: PartitionLog, now: number) {
    this.run = run;
    this.task = task;
    this.#log = log;
    this.#checkpointAt = now;
    const lag = this.lagBytes;
    this.hasCaughtUp = lag <= backlogBytesMax;
    this.#checkpointLogBytes = log.counts.bytes - lag;
  }

  /** When its last checkpoint was, by the clock that says `now`. */
  checkpointAt(now: number): number {
    return this.#sinceCheckpoint.at(this.#checkpointAt, now);
  }

  /** Bytes of the log that the task has still to apply. */
  get lagBytes(): number {
    const next = this.task.appliedOffset + 1;
    return next >= this.#log.nextOffset ? 0 : this.#log.bytesAfter(next);
  }

  /**
   * True at a barrier while streams lack what was written to them before it: whoever goes on from there does
   * not send it again.
   */
  get isDelivering(): boolean {
    return this.task.savepoint !== undefined && this.task.output?.isDelivered === false;
  }

  /** True while the job, if it runs, has something to do. */
  get isBusy(): boolean {
    const { task } = this;
    if (this.isWritingAhead || task.tables.hasGarbage) return true;
    if (this.isDelivering) return false;
    return (
      task.savepoint !== undefined ||
      task.barrier.isNarrowing ||
      (!task.isHeldBack && task.appliedOffset + 1 < this.#log.nextOffset)
    );
  }

  /** Begins a checkpoint where one is due. */
  decide(now: number, isRunning: boolean, needsRoom: boolean, cache: PageCache): void {
    const { task } = this;
    if (this.isWritingAhead || task.isHalfway) return;
    const decision = decideCheckpoint({
      isDirty: task.isDirty,
      isRunning,
      isAtBarrier: task.savepoint !== undefined,
      sinceLastMs: now - this.checkpointAt(now),
      appliedBytes: this.#log.counts.bytes - this.lagBytes - this.#checkpointLogBytes,
      pendingLetterBytes: task.letters.pendingBytes,
      pendingChangeBytes: task.changes.pendingBytes,
      unwrittenTables: task.tables.unwrittenCount,
      dirtyBytes: cache.dirtyBytes,
      budgetBytes: cache.budgetBytes,
      needsRoom,
    });
    this.isWritingAhead = decision === "Due";
  }

  /** Goes on with the checkpoint; returns true when it is committed. */
  writeCheckpointSlice(bytesMax: number, now: number): boolean {
    if (!this.task.writeAhead(bytesMax, now)) return false;
    this.task.commit(now);
    this.isWritingAhead = false;
    this.#checkpointAt = now;
    this.#checkpointLogBytes = this.#log.counts.bytes - this.lagBytes;
    return true;
  }
}
