/**
 * Which keys of a task lie in a range of key groups: for state that is divided between partitions.
 *
 * Rows come to a partition by the hash of its stream's distribution key. Where that is the task's key, a
 * cell's own hash tells; where the task's key has more columns, or in another order, only the values of those
 * that rows are routed by do. Cells of a chain's state have their key group in front of their key.
 */
import { maxParallelism } from "../../base/limits.ts";
import { decodeKey, encodeKey, hashKey, keyGroupOf } from "../../columnar/key-encoding.ts";
import { kindOf } from "../../columnar/schema.ts";
import type { KeyedTable } from "../../kernel/keyed-table.ts";
import type { TaskPlan } from "../plan/task-plan.ts";
import type { KeyGroupRange } from "../shard-map.ts";
import { isOfChain, type TableEntry } from "./window-directory.ts";

/** Bits of a hash below its key group. */
const keyGroupShift = 54n;

type FilteredTable = Pick<TableEntry, "family">;
type FilteredPlan = Pick<TaskPlan, "key" | "routingKey" | "chain">;

/** The key group that a cell of a chain's state bears. */
export function groupOfCell(key: Uint8Array): number {
  return ((key[0] ?? 0) << 8) | (key[1] ?? 0);
}

export class KeyFilter {
  readonly #plan: FilteredPlan;
  readonly #range: KeyGroupRange;

  constructor(plan: FilteredPlan, range: KeyGroupRange) {
    this.#plan = plan;
    this.#range = range;
  }

  /** The part of all hashes among which keys of the range lie: from, up to, in [0, 1]. */
  get hashShare(): readonly [number, number] {
    if (this.#plan.chain || this.#plan.routingKey.length === 0 || !this.#isByHash()) return [0, 1];
    return [this.#range[0] / maxParallelism, this.#range[1] / maxParallelism];
  }

  /** False where no cell with a hash from `firstHash` up to, not with, `nextHash` can be in the range. */
  mayHave(entry: FilteredTable, firstHash: bigint, nextHash: bigint | undefined): boolean {
    const { first, last } = this.#hashes();
    if (isOfChain(entry) || this.#isChangelog) return true;
    return !this.#isByHash() || (firstHash <= last && (nextHash === undefined || nextHash > first));
  }

  /** Deletes the cells of other keys from the page that covers `hash`; returns how many. */
  apply(entry: FilteredTable, table: KeyedTable, hash: bigint): number {
    const { first, last } = this.#hashes();
    if (isOfChain(entry)) return table.keepWhere(hash, (bytes) => this.#isKept(groupOfCell(bytes)));
    if (this.#isChangelog) return 0;
    if (this.#isByHash()) return table.keepOnly(hash, first, last);
    const { key, routingKey } = this.#plan;
    const kinds = key.map(({ type }) => kindOf(type));
    const routingKinds = routingKey.map((position) => kinds[position] as (typeof kinds)[number]);
    return table.keepWhere(hash, (bytes, nulls) => {
      const values = decodeKey(kinds, bytes, nulls);
      const routed = encodeKey(
        routingKinds,
        routingKey.map((position) => values[position] ?? null),
      );
      const group = keyGroupOf(hashKey(routed.bytes, routed.nulls));
      return this.#isKept(group);
    });
  }

  #isKept(group: number): boolean {
    return this.#range[0] <= group && group < this.#range[1];
  }

  /** Rows of a changelog are not kept by a key. */
  get #isChangelog(): boolean {
    return this.#plan.chain?.result?.kind === "changelog";
  }

  /** A task that rows are not routed to by key has all rows of its stream: its range is the whole. */
  #isByHash(): boolean {
    const { key, routingKey } = this.#plan;
    if (routingKey.length === 0) return true;
    return routingKey.length === key.length && routingKey.every((position, index) => position === index);
  }

  #hashes(): { readonly first: bigint; readonly last: bigint } {
    const [first, end] = this.#range;
    return { first: BigInt(first) << keyGroupShift, last: (BigInt(end) << keyGroupShift) - 1n };
  }
}
