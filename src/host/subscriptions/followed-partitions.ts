/**
 * What a hub is surely told: by partition all changes, or those of some keys.
 */
import type { FollowAnswer } from "../../engine/partition-changes.ts";
import type { Subscription } from "./subscription.ts";

export class FollowedPartitions {
  /** Hashes of keys; undefined: all of them. */
  readonly #keys = new Map<number, Set<string> | undefined>();
  /** How often a partition was answered that nobody is left: it may forget what it is being asked for. */
  readonly #left = new Map<number, number>();

  /** True where all is told that somebody wants. */
  have({ shards, key }: Pick<Subscription, "shards" | "key">): boolean {
    return shards.every((shard) => {
      const keys = this.#keys.get(shard);
      return keys ? key !== undefined && keys.has(key.hash) : this.#keys.has(shard);
    });
  }

  /** Must be called before a partition is asked; give what it returns to `add`. */
  ask(shard: number): number {
    return this.#left.get(shard) ?? 0;
  }

  /** Notes that a partition has answered to one that asked for keys, or for all. */
  add(
    shard: number,
    keys: readonly string[] | undefined,
    { isOfAllKeys }: FollowAnswer,
    asked: number,
  ): void {
    if (asked !== this.ask(shard)) return;
    const known = this.#keys.get(shard);
    const isOfAll = isOfAllKeys || !keys || (this.#keys.has(shard) && !known);
    this.#keys.set(shard, isOfAll ? undefined : new Set([...(known ?? []), ...keys]));
  }

  /** Notes that a partition is answered that nobody is left. */
  leave(shard: number): void {
    this.#keys.delete(shard);
    this.#left.set(shard, this.ask(shard) + 1);
  }

  clear(): void {
    this.#keys.clear();
  }
}
