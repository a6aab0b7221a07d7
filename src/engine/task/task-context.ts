/**
 * What a task has of its partition.
 */
import type { Kernel } from "../../kernel/kernel.ts";
import type { PageCache } from "../../kernel/page-cache.ts";
import type { PartitionLog } from "../log/partition-log.ts";
import type { PartitionIdentity } from "../partition-types.ts";
import type { Ports, SqlStorage } from "../ports.ts";
import type { PagePins } from "../state/page-pins.ts";

export interface TaskContext extends Partial<Pick<Ports, "functions" | "print">> {
  readonly sql: SqlStorage;
  readonly log: PartitionLog;
  readonly kernel: Kernel;
  readonly cache: PageCache;
  readonly pins: PagePins;
  /** Who the partition is now: columns, siblings and key groups change. */
  readonly identity: () => PartitionIdentity;
}
