/**
 * The partition of an object: none before it was set up, and none where what it stored cannot be read.
 *
 * One that is damaged answers every call with what is wrong until its stream is deleted: an object that fails
 * to start could not even say so.
 */
import { EngineError, errorBodyOf, StorageFailure } from "../../base/errors.ts";
import type { AppendRequest, AppendResult } from "../../engine/log/records.ts";
import type { PartitionOptions } from "../../engine/open-jobs.ts";
import { Partition } from "../../engine/partition.ts";
import type { Handover } from "../../engine/partition-types.ts";
import type { Ports } from "../../engine/ports.ts";

export class OpenedPartition {
  readonly #ports: Ports;
  readonly #options: PartitionOptions;
  #partition: Partition | undefined;
  #damage: EngineError | undefined;

  constructor(ports: Ports, options: PartitionOptions) {
    this.#ports = ports;
    this.#options = options;
    if (!Partition.isStored(ports)) return;
    try {
      this.#partition = new Partition(ports, options);
    } catch (thrown) {
      if (thrown instanceof StorageFailure) throw thrown;
      this.#damage = damaged(thrown);
    }
  }

  /** Undefined where there is none to work with. */
  get partition(): Partition | undefined {
    return this.#partition;
  }

  /** Undefined before it was set up; throws what is wrong with one that is damaged. */
  get known(): Partition | undefined {
    if (this.#damage) throw this.#damage;
    return this.#partition;
  }

  /** Throws `MAP_STALE` where there is none. */
  get here(): Partition {
    if (this.known) return this.known;
    throw new EngineError("MAP_STALE", { message: "This partition was never set up, or was deleted." });
  }

  /** Makes the partition where there is none; see `Partition.open`. */
  open(handover: Handover | undefined): Partition {
    this.#partition = this.known ?? Partition.open(this.#ports, this.#options, handover);
    return this.#partition;
  }

  /** What appends are answered where there is no partition. */
  refuse(requests: readonly AppendRequest[]): AppendResult[] {
    if (!this.#damage) return Partition.refuse(requests);
    const error = errorBodyOf(this.#damage);
    return requests.map(() => ({ status: "refused", error }));
  }

  /** Storage was cleared. */
  forget(): void {
    this.#partition = undefined;
    this.#damage = undefined;
  }
}

function damaged(cause: unknown): EngineError {
  const { code, message, details } = errorBodyOf(cause);
  const remedy = "What was acknowledged lies on its disk; delete the stream to be rid of it.";
  return new EngineError(code, {
    message: `This shard cannot be opened: ${message} ${remedy}`,
    ...(details && { details }),
    cause,
  });
}
