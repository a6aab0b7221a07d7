/**
 * Sends what a partition's tasks made to the partitions of the next stages.
 *
 * Nothing on this path waits for a clock: a call goes out in the turn that made its messages, or in the turn
 * that took the answer to the call before. Only after a call that failed some time passes, longer each time.
 */

import type { AppendResult } from "../../engine/log/records.ts";
import type { Partition } from "../../engine/partition.ts";
import type { OutputCall } from "../../engine/partition-outputs.ts";
import type { RpcResult } from "../../engine/partition-types.ts";
import { callShardBy, type Shards } from "../shards.ts";
import { type Deadline, deadlineAfter, type WallClock } from "../wall-clock.ts";
import type { CallRetries } from "./call-retries.ts";

/** A receiver may let its senders wait so long for the answer. */
export const creditWaitMs = 5_000;

/** After this a call counts as lost. */
const sendTimeoutMs = creditWaitMs + 10_000;

const backoffMsMin = 50;
const backoffMsMax = 5_000;

export class OutputDelivery {
  readonly #shards: Shards;
  readonly #retries: CallRetries;
  readonly #clock: WallClock;
  readonly #turn: (partition: Partition, work: () => void) => void;
  /** Calls that failed one after the other, by receiver. */
  readonly #failures = new Map<string, number>();

  /** `turn` runs work in a turn of the partition, if it is still there, and then calls `send`. */
  constructor(
    shards: Shards,
    clock: WallClock,
    retries: CallRetries,
    turn: (partition: Partition, work: () => void) => void,
  ) {
    this.#retries = retries;
    this.#shards = shards;
    this.#clock = clock;
    this.#turn = turn;
  }

  /** Makes the calls that are to be made now. */
  send(partition: Partition): void {
    const calls = partition.outputs.take(partition.identity);
    if (calls.length === 0) return;
    const deadline = deadlineAfter(this.#clock, sendTimeoutMs);
    const delivered = calls.map((call) => this.#deliver(partition, call, deadline));
    void Promise.all(delivered).finally(() => deadline.cancel());
  }

  async #deliver(partition: Partition, call: OutputCall, deadline: Deadline): Promise<void> {
    const { stream, generation } = call.to;
    const address = { stream, generation, shard: call.receiver };
    const sentAt = this.#clock.now();
    const requests = call.requests.map((request) => ({ ...request, sentAt }));
    const answer = await callShardBy(deadline, address, () => this.#shards.open(address).append(requests));
    const name = `${generation}/${call.receiver}`;
    this.#turn(partition, () => {
      if (partition.outputs.settle(call, answer)) {
        this.#failures.delete(name);
        return;
      }
      this.#retries.note(call.run, "peers", reasonOf(answer));
      const failures = this.#failures.get(name) ?? 0;
      this.#failures.set(name, failures + 1);
      const backoff = Math.min(backoffMsMax, backoffMsMin * 2 ** failures);
      this.#clock.after(backoff, () => this.#turn(partition, () => partition.outputs.retry(call)));
    });
  }
}

/** Why a call came to nothing. */
function reasonOf(answer: RpcResult<readonly AppendResult[]>): string {
  if (!answer.ok) return answer.error.message;
  const refused = answer.value.find((result) => result.status === "refused");
  return refused?.error.message ?? "Not all of it was taken.";
}
