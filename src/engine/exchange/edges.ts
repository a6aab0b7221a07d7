/**
 * Kinds of edges between two stages: which receivers a row goes to.
 *
 *   hash       the one that owns the key group of its key
 *   global     the only one
 *   broadcast  each
 *   rebalance  the next one in turn, whatever it holds
 *
 * Time, idleness and barriers go to every receiver by any edge. What a row's place decides is a function of
 * the record that brought it, so a replay sends it the same way.
 */
import type { Kernel } from "../../kernel/kernel.ts";
import type { Selection } from "../../kernel/selection.ts";
import type { KeyGroupRange } from "../shard-map.ts";

export type EdgeKind = "hash" | "global" | "broadcast" | "rebalance";

/** Key groups are the top bits of a hash; these are its upper 32. */
const keyGroupShift = 22;

/**
 * Writes for each selected row, in place of the hash of a key, one of the next receiver's key groups. The
 * turn of the first row goes by the record's `offset`, so that records of one row each are spread too.
 */
export function takeTurns(
  { memory }: Kernel,
  hashes: number,
  { pointer, count }: Selection,
  rows: number,
  ranges: readonly KeyGroupRange[],
  offset: number,
): void {
  const lanes = memory.u32(hashes, 2 * rows);
  const chosen = pointer === 0 ? undefined : memory.u32(pointer, count);
  for (let turn = 0; turn < count; turn++) {
    const [keyGroup] = ranges[(offset + turn) % ranges.length] as KeyGroupRange;
    lanes[2 * (chosen?.[turn] ?? turn) + 1] = keyGroup << keyGroupShift;
  }
}
