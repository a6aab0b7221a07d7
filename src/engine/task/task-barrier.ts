/**
 * A task and the barriers of savepoints: which have come, and whether it stands at one.
 *
 * Between stages a barrier comes by every channel, and behind it a channel brings nothing until it has come
 * by all (`log/decide-acceptance.ts`). So with the last of them the task has applied exactly what belongs to
 * the savepoint. It stands still there until its pages are copied.
 *
 * A barrier that drains is the end of time for its run: it enters a shard as a max watermark would, for this
 * task alone. It goes on to the next stage behind all that this made due.
 */
import type { Sender } from "../exchange/sender.ts";
import { decodeBarrier } from "../log/barrier.ts";
import type { LogRecord } from "../log/records.ts";
import type { PartitionIdentity } from "../partition-types.ts";
import type { Checkpoint } from "./checkpoint.ts";

export class TaskBarrier {
  readonly #run: number;
  // In the checkpoint.
  #channels: readonly string[];
  #savepoint: number | undefined;

  constructor(run: number, { barred = [], savepoint }: Pick<Checkpoint, "barred" | "savepoint">) {
    this.#run = run;
    this.#channels = barred;
    this.#savepoint = savepoint;
  }

  /** The savepoint at whose barrier the task stands. */
  get savepoint(): number | undefined {
    return this.#savepoint;
  }

  get state(): Pick<Checkpoint, "barred" | "savepoint"> {
    return { barred: this.#channels, savepoint: this.#savepoint };
  }

  /** Takes in a barrier, before anything else of its record. Returns true where the task's time ends. */
  meet({ frame, mark }: LogRecord): boolean {
    const { run, drains = false } = decodeBarrier(frame);
    if (run !== this.#run) return false;
    if (mark) this.#channels = [...this.#channels, mark.channel];
    return drains && !mark;
  }

  /**
   * Ends a barrier's record, when all that it made due is done. The last one that was waited for goes on to
   * the next stage, where it comes by the channels of all partitions of this one; those of other runs are
   * nothing.
   */
  complete(
    { offset, frame }: LogRecord,
    { shardCount }: Pick<PartitionIdentity, "shardCount">,
    sender: Pick<Sender, "sendBarrier"> | undefined,
  ): void {
    const barrier = decodeBarrier(frame);
    if (barrier.run !== this.#run || this.#channels.length < barrier.channels) return;
    this.#channels = [];
    this.#savepoint = barrier.savepoint;
    sender?.sendBarrier(offset, { ...barrier, channels: shardCount });
  }

  /** The task goes on. */
  pass(): void {
    this.#savepoint = undefined;
  }
}
