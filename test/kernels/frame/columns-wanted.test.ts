/** Readers that want less than a frame holds, or more: masks, newer and older schemas, small frames. */
import { describe, expect, test } from "vitest";
import { KIND_BYTES, KIND_F64, KIND_I64 } from "../../../assembly/abi.ts";
import type { Kind } from "../../../src/columnar/schema.ts";
import { fillBatch } from "../../../src/kernel/fill-batch.ts";
import { FrameDecoder, FrameEncoder } from "../../../src/kernel/frame-codec.ts";
import { Kernel } from "../../../src/kernel/kernel.ts";
import { labelOf, schemaOf, valuesOf } from "../../support/frames.ts";
import { kernelBuilds } from "../../support/kernels.ts";

const kinds: readonly Kind[] = [KIND_I64, KIND_F64, KIND_BYTES];
const text = (value: string) => new TextEncoder().encode(value);
const columns = [
  [1n, 2n],
  [0.5, null],
  [text("ab"), text("ac")],
];

describe.each(kernelBuilds)("%s kernel", (_, module) => {
  const kernel = new Kernel(module);
  const filled = fillBatch(kernel, kinds, columns);
  const [frame] = new FrameEncoder(kernel, schemaOf(kinds)).encode(
    labelOf(),
    filled.batch,
    { pointer: 0, count: 2 },
    [],
  ) as [Uint8Array];
  const decode = (schemaKinds: readonly Kind[], wanted: readonly number[] | "all") => {
    const decoded = new FrameDecoder(kernel).decode(frame, schemaOf(schemaKinds), wanted);
    const values = valuesOf(decoded.batch);
    const nullCounts = values.map((_values, index) => decoded.batch.nullCount(index));
    decoded.release();
    return { values, nullCounts };
  };

  test("columns that are not wanted are all null", () => {
    expect(decode(kinds, [2]).values).toEqual([[null, null], [null, null], columns[2]]);
    expect(decode(kinds, [0, 1]).values).toEqual([columns[0], columns[1], [null, null]]);
    expect(decode(kinds, []).values).toEqual([
      [null, null],
      [null, null],
      [null, null],
    ]);
    expect(decode(kinds, [2]).nullCounts).toEqual([2, 2, 0]);
  });

  test("columns that a newer schema appended are all null", () => {
    const { values, nullCounts } = decode([...kinds, KIND_I64, KIND_BYTES], "all");
    expect(values).toEqual([...columns, [null, null], [null, null]]);
    expect(nullCounts).toEqual([0, 1, 0, 2, 2]);
    expect(decode([...kinds, KIND_I64], [3]).values[3]).toEqual([null, null]);
  });

  test("columns that only a newer frame has are passed over", () => {
    expect(decode([KIND_I64], "all").values).toEqual([columns[0]]);
  });

  test("a column that is not wanted is not looked at", () => {
    const damaged = frame.slice();
    damaged[68] = 99;
    const { exports, memory } = kernel;
    const block = memory.allocate(damaged.length);
    memory.bytes.set(damaged, block);
    exports.frameSeal(block, damaged.length - 8);
    const sealed = memory.bytes.slice(block, block + damaged.length);
    memory.release(block);
    const decoded = new FrameDecoder(kernel).decode(sealed, schemaOf(kinds), [1, 2]);
    expect(valuesOf(decoded.batch).slice(1)).toEqual(columns.slice(1));
    decoded.release();
  });

  test("a small frame takes little memory", () => {
    const before = kernel.memory.bytesInUse;
    const decoded = new FrameDecoder(kernel).decode(frame, schemaOf(kinds), "all");
    expect(kernel.memory.bytesInUse - before).toBeLessThanOrEqual(1024);
    decoded.release();
    expect(kernel.memory.bytesInUse).toBe(before);
  });
});
