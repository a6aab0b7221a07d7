/**
 * Calls of a partition's tasks that failed and are made again, since the object started: to the partitions of
 * next stages and streams, and to the store of savepoints.
 */
import type { CallRetriesOfTask } from "../../engine/partition-types.ts";
import type { Clock } from "../../engine/ports.ts";

export class CallRetries {
  readonly #clock: Clock;
  /** By run. */
  readonly #byTask = new Map<number, CallRetriesOfTask>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Notes that a call failed, and why. */
  note(run: number, kind: "peers" | "blobs", message: string): void {
    const known = this.#byTask.get(run) ?? { peers: 0, blobs: 0 };
    const last = { at: this.#clock.now(), message };
    this.#byTask.set(run, { ...known, [kind]: known[kind] + 1, last });
  }

  /** As a part of the task's status; empty where none failed. */
  of(run: number): { readonly retries?: CallRetriesOfTask } {
    const retries = this.#byTask.get(run);
    return retries ? { retries } : {};
  }
}
