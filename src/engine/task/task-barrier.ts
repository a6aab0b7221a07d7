/**
 * A task and the barriers of savepoints: which have come, and whether it stands at one.
 *
 * Between stages a barrier comes by every channel, and behind it a channel brings nothing until it has come
 * by all (`log/decide-acceptance.ts`). So with the last of them the task has applied exactly what belongs to
 * the savepoint. It stands still there until its pages are copied.
 */
import { type Barrier, decodeBarrier } from "../log/barrier.ts";
import type { LogRecord } from "../log/records.ts";
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

  /**
   * Takes in a barrier. With the last one that was waited for it returns the barrier for the next stage,
   * where it comes by `senders` channels; those of other runs are nothing.
   */
  meet({ frame, mark }: LogRecord, senders: number): Barrier | undefined {
    const { run, savepoint, channels } = decodeBarrier(frame);
    if (run !== this.#run) return undefined;
    if (mark) this.#channels = [...this.#channels, mark.channel];
    if (this.#channels.length < channels) return undefined;
    this.#channels = [];
    this.#savepoint = savepoint;
    return { run, savepoint, channels: senders };
  }

  /** The task goes on. */
  pass(): void {
    this.#savepoint = undefined;
  }
}
