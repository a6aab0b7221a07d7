/** Every selected row goes to the shard that owns its key group, and rows keep their order. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { keyGroupOf } from "../../../src/columnar/key-encoding.ts";
import { Kernel } from "../../../src/kernel/kernel.ts";
import { RowRouter } from "../../../src/kernel/routing.ts";
import { fillSelection } from "../../support/fill-selection.ts";
import { kernelBuilds } from "../../support/kernels.ts";

describe.each(kernelBuilds)("%s kernel", (_, module) => {
  const kernel = new Kernel(module);
  const { memory } = kernel;

  function check(
    hashes: readonly bigint[],
    shards: Uint16Array,
    shardCount: number,
    selected?: number[],
  ): void {
    const block = memory.allocate(Math.max(1, hashes.length) * 8);
    hashes.forEach((hash, row) => {
      memory.view.setBigUint64(block + row * 8, hash, true);
    });
    const router = new RowRouter(kernel, Math.max(1, hashes.length), shards, shardCount);
    const selection = selected ? fillSelection(kernel, selected) : 0;
    const routed = router.route(block, selection, hashes.length);
    const found = routed.map(({ pointer, count }) => [...memory.u32(pointer, count)]);
    const rows = selected ?? hashes.map((_hash, row) => row);
    const expected = Array.from({ length: shardCount }, (_none, shard) =>
      rows.filter((row) => shards[keyGroupOf(hashes[row] as bigint)] === shard),
    );
    expect(found).toEqual(expected);
    if (selection !== 0) memory.release(selection.pointer);
    router.release();
    memory.release(block);
  }

  test("any rows over any map", () => {
    const hashes = fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { maxLength: 200 });
    const cases = fc.tuple(hashes, fc.integer({ min: 1, max: 40 })).chain(([list, shardCount]) => {
      const all = list.map((_hash, row) => row);
      const map = fc.uint16Array({ min: 0, max: shardCount - 1, minLength: 1024, maxLength: 1024 });
      const selected = fc.option(fc.subarray(all), { nil: undefined });
      return fc.tuple(fc.constant(list), map, fc.constant(shardCount), selected);
    });
    fc.assert(fc.property(cases, (parameters) => check(...parameters)));
  });

  test("contiguous ranges, at their borders", () => {
    const shards = Uint16Array.from({ length: 1024 }, (_none, group) => group >> 8);
    const borders = [0n, 255n, 256n, 511n, 512n, 767n, 768n, 1023n].map((group) => group << 54n);
    const below = borders.map((hash) => hash | (2n ** 54n - 1n));
    check([...borders, ...below], shards, 4);
  });

  test("one shard takes every row", () => {
    check([1n, 2n ** 63n, 2n ** 64n - 1n], new Uint16Array(1024), 1);
  });

  test("a map that names a shard there is not is refused", () => {
    expect(() => new RowRouter(kernel, 1, new Uint16Array(1024).fill(4), 4)).toThrow(
      "only shards that there are",
    );
  });
});
