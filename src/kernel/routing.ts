/**
 * Rows to shards: which rows of a batch go to which owner of their key group.
 */
import { assert } from "../base/assert.ts";
import { maxParallelism } from "../base/limits.ts";
import type { Kernel } from "./kernel.ts";
import type { Selection } from "./selection.ts";

export class RowRouter {
  readonly rowsMax: number;
  readonly #kernel: Kernel;
  readonly #block: number;
  readonly #shardCount: number;
  readonly #starts: number;
  readonly #rows: number;

  /** `shardByKeyGroup` names the shard, below `shardCount`, of each of the 1024 key groups. */
  constructor(kernel: Kernel, rowsMax: number, shardByKeyGroup: Uint16Array, shardCount: number) {
    assert(shardByKeyGroup.length === maxParallelism, "the shard map has an entry for every key group");
    assert(
      shardByKeyGroup.every((shard) => shard < shardCount),
      "the shard map names only shards that there are",
    );
    this.#kernel = kernel;
    this.rowsMax = rowsMax;
    this.#shardCount = shardCount;
    this.#block = kernel.memory.allocate(maxParallelism * 2 + (shardCount + 1) * 4 + rowsMax * 4);
    kernel.memory.u16(this.#block, maxParallelism).set(shardByKeyGroup);
    this.#starts = this.#block + maxParallelism * 2;
    this.#rows = this.#starts + (shardCount + 1) * 4;
  }

  /**
   * Returns one selection per shard, in shard order; rows keep their order.
   *
   * `hashes` is u64 per row (`KeyColumns.hashes`); 0 selects the rows 0..`rowCount`-1. The selections are
   * good until the next call.
   */
  route(hashes: number, selection: Selection | 0, rowCount: number): Selection[] {
    const count = selection === 0 ? rowCount : selection.count;
    assert(count <= this.rowsMax, "the router has room for the rows");
    const pointer = selection === 0 ? 0 : selection.pointer;
    const { exports, memory } = this.#kernel;
    exports.rowsRoute(hashes, pointer, count, this.#block, this.#shardCount, this.#starts, this.#rows);
    const starts = memory.u32(this.#starts, this.#shardCount + 1);
    return Array.from({ length: this.#shardCount }, (_, shard) => {
      const start = starts[shard] as number;
      return { pointer: this.#rows + start * 4, count: (starts[shard + 1] as number) - start };
    });
  }

  release(): void {
    this.#kernel.memory.release(this.#block);
  }
}
