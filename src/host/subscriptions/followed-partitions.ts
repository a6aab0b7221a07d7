/**
 * What a hub is surely told: by partition all changes, or those of some keys.
 */
import type { FollowAnswer } from "../../engine/partition-changes.ts";
import type { Subscription } from "./subscription.ts";

export class FollowedPartitions {
  /** Hashes of keys; undefined: all of them. */
  readonly #keys = new Map<number, Set<string> | undefined>();

  /** True where all is told that somebody wants. */
  have({ shards, key }: Pick<Subscription, "shards" | "key">): boolean {
    return shards.every((shard) => {
      const keys = this.#keys.get(shard);
      return keys ? key !== undefined && keys.has(key.hash) : this.#keys.has(shard);
    });
  }

  /** Notes that a partition has answered to one that asked for keys, or for all. */
  add(shard: number, keys: readonly string[] | undefined, { isOfAllKeys }: FollowAnswer): void {
    const known = this.#keys.get(shard);
    const isOfAll = isOfAllKeys || !keys || (this.#keys.has(shard) && !known);
    this.#keys.set(shard, isOfAll ? undefined : new Set([...(known ?? []), ...keys]));
  }

  delete(shard: number): void {
    this.#keys.delete(shard);
  }

  clear(): void {
    this.#keys.clear();
  }
}
