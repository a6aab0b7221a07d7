/**
 * Telling the coordinator that a shard has left idleness: its idle siblings then follow it again.
 *
 * A report that fails is made again by the next append or alarm.
 */
import type { Partition } from "../../engine/partition.ts";
import type { PartitionIdentity } from "../../engine/partition-types.ts";

export class ActivityReport {
  readonly #send: (identity: PartitionIdentity) => Promise<void>;
  #isMade = false;

  /** `send` resolves when the coordinator knows. */
  constructor(send: (identity: PartitionIdentity) => Promise<void>) {
    this.#send = send;
  }

  /** Tells of a shard that is active, once, where others could wait for it. */
  make({ identity, log }: Partition): void {
    if (log.isIdle) this.#isMade = false;
    const hasSiblings = identity.shardCount > 1 && !identity.inputs;
    if (log.isIdle || this.#isMade || !hasSiblings) return;
    this.#isMade = true;
    this.#send(identity).catch(() => {
      this.#isMade = false;
    });
  }
}
