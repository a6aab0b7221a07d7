/**
 * Tells hubs what changed in the views of a partition.
 *
 * A call goes out in the turn that made the changes, or in the one that took the answer to the call before.
 * Only after a call that failed some time passes, longer each time.
 */
import type { Partition } from "../../engine/partition.ts";
import type { ChangeCall, EndedFollower } from "../../engine/partition-changes.ts";
import type { RpcResult } from "../../engine/partition-types.ts";
import type { Hubs } from "../subscriptions/hub-rpc.ts";
import { deadlineAfter, type WallClock } from "../wall-clock.ts";

/** After this a call counts as lost. */
const tellTimeoutMs = 10_000;

const backoffMsMin = 50;
const backoffMsMax = 10_000;

/** A hub that does not hear that it is over finds out by itself, when it looks after its partitions. */
const endAttempts = 5;

export class ChangeDelivery {
  readonly #hubs: Hubs | undefined;
  readonly #clock: WallClock;
  readonly #turn: (partition: Partition, work: () => void) => void;
  /** Calls that failed one after the other, by hub. */
  readonly #failures = new Map<string, number>();

  /** `turn` runs work in a turn of the partition, if it is still there, and then calls `send`. */
  constructor(
    hubs: Hubs | undefined,
    clock: WallClock,
    turn: (partition: Partition, work: () => void) => void,
  ) {
    this.#hubs = hubs;
    this.#clock = clock;
    this.#turn = turn;
  }

  /** Makes the calls that are to be made now. */
  send(partition: Partition): void {
    if (!this.#hubs) return;
    for (const call of partition.changes.take()) void this.#tell(this.#hubs, partition, call);
    for (const ended of partition.changes.takeEnded()) void this.#end(this.#hubs, ended, endAttempts);
  }

  /** Tells all hubs of a partition that goes. */
  endAll(partition: Partition): void {
    partition.changes.endAll();
    this.send(partition);
  }

  async #tell(hubs: Hubs, partition: Partition, call: ChangeCall): Promise<void> {
    const { follower, from, changes, next } = call;
    const told = { shard: partition.identity.shard, from, changes, next };
    const answer = await this.#answer(() => hubs.open(follower.hub).tell(told));
    this.#turn(partition, () => {
      if (partition.changes.settle(call, answer)) {
        this.#failures.delete(follower.hub);
        return;
      }
      const failures = this.#failures.get(follower.hub) ?? 0;
      this.#failures.set(follower.hub, failures + 1);
      const backoff = Math.min(backoffMsMax, backoffMsMin * 2 ** failures);
      this.#clock.after(backoff, () => this.#turn(partition, () => partition.changes.retry(call)));
    });
  }

  async #end(hubs: Hubs, ended: EndedFollower, attempts: number): Promise<void> {
    const answer = await this.#answer(() => hubs.open(ended.hub).end(ended.error));
    if (answer.ok || attempts <= 1) return;
    this.#clock.after(backoffMsMin, () => void this.#end(hubs, ended, attempts - 1));
  }

  /** What a hub answers, if it does in time. */
  async #answer<Value>(call: () => Promise<RpcResult<Value>>): Promise<RpcResult<Value> | { ok: false }> {
    const deadline = deadlineAfter(this.#clock, tellTimeoutMs);
    try {
      return (await Promise.race([call(), deadline.passed])) ?? { ok: false };
    } catch {
      return { ok: false };
    } finally {
      deadline.cancel();
    }
  }
}
