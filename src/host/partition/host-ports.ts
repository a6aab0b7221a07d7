/**
 * What surrounds a partition's host: timers, the alarm, storage to be cleared, and other objects.
 */
import type { PartitionIdentity } from "../../engine/partition-types.ts";
import type { Ports } from "../../engine/ports.ts";
import type { BlobStore } from "../blobs.ts";
import type { Shards } from "../shards.ts";
import type { Hubs } from "../subscriptions/hub-rpc.ts";

/** What the host asks of the platform besides the engine's ports. */
export interface HostPorts extends Ports {
  /** Runs `work` in a later turn of the event loop, behind the events that have come by then. */
  soon(work: () => void): void;
  /** Runs `work` after `ms`, unless the returned function is called before. */
  later(work: () => void, ms: number): () => void;
  /** Sets the object's one alarm, replacing an earlier setting. */
  setAlarm(at: number): void;
  clearStorage(): Promise<void>;
  /** Ends this object at once: what the turn wrote is dropped, and the next call meets a new one. */
  abort(reason: string): void;
  /** Notes that it starts anew for its clock; false where that did not help. Absent: it never does. */
  readonly mayStartAnew?: (sentAt: number) => boolean;
  /** The partitions of the next stages. */
  readonly shards: Shards;
  /** Who passes on what changes in views; absent where nobody follows any. */
  readonly hubs?: Hubs;
  /** Where savepoints lie; undefined where none are kept. */
  readonly blobs: BlobStore | undefined;
  /** Tells the coordinator that this shard has left idleness; resolves when it knows. */
  reportActive(identity: PartitionIdentity): Promise<void>;
}
