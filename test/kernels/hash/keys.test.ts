/** The kernel's keys are those of `src/columnar/key-encoding.ts`, row by row. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { KIND_BYTES, KIND_F64, KIND_I64 } from "../../../assembly/abi.ts";
import { keyBytesMax } from "../../../src/base/limits.ts";
import { encodeKey, hashKey } from "../../../src/columnar/key-encoding.ts";
import { fillBatch } from "../../../src/kernel/fill-batch.ts";
import { Kernel } from "../../../src/kernel/kernel.ts";
import { KeyColumns } from "../../../src/kernel/keys.ts";
import type { Selection } from "../../../src/kernel/selection.ts";
import { type ColumnValues, columnsArbitrary } from "../../arbitraries/columns.ts";
import { fillSelection } from "../../support/fill-selection.ts";
import { kernelBuilds } from "../../support/kernels.ts";

const text = (value: string) => new TextEncoder().encode(value);

describe.each(kernelBuilds)("%s kernel", (_, module) => {
  const kernel = new Kernel(module);
  const { memory } = kernel;

  function keyAt(keys: KeyColumns, row: number) {
    const start = memory.view.getUint32(keys.keys + row * 8, true);
    const length = memory.view.getUint32(keys.keys + row * 8 + 4, true);
    return {
      bytes: memory.bytes.slice(start, start + length),
      nulls: memory.view.getUint16(keys.keyNulls + row * 2, true),
      hash: memory.view.getBigUint64(keys.hashes + row * 8, true),
    };
  }

  /** Builds the keys of `keyColumns` and compares the selected rows with the reference. */
  function check(
    columns: readonly ColumnValues[],
    keyColumns: readonly number[],
    rows: readonly number[] | 0,
  ): void {
    const all = columns[0]?.values.map((_value, row) => row) ?? [];
    const inUse = memory.bytesInUse;
    const filled = fillBatch(
      kernel,
      columns.map(({ kind }) => kind),
      columns.map(({ values }) => values),
    );
    const keys = new KeyColumns(kernel, Math.max(1, all.length));
    const selection: Selection | 0 = rows === 0 ? 0 : fillSelection(kernel, rows);
    keys.build(filled.batch, keyColumns, selection);
    const kinds = keyColumns.map((index) => (columns[index] as ColumnValues).kind);
    for (const row of rows === 0 ? all : rows) {
      const values = keyColumns.map((index) => columns[index]?.values[row] ?? null);
      const { bytes, nulls } = encodeKey(kinds, values);
      expect(keyAt(keys, row)).toEqual({ bytes: bytes.slice(), nulls, hash: hashKey(bytes, nulls) });
    }
    expect(keys.tooLong.count).toBe(0);
    if (selection !== 0) memory.release(selection.pointer);
    keys.release();
    filled.release();
    expect(memory.bytesInUse).toBe(inUse);
  }

  test("any key columns of any rows give the reference's bytes, nulls and hashes", () => {
    const cases = columnsArbitrary(30).chain((columns) => {
      const all = columns[0]?.values.map((_value, row) => row) ?? [];
      const order = fc.shuffledSubarray(
        columns.map((_column, index) => index),
        { minLength: 1 },
      );
      const rows = fc.oneof(fc.constant<0>(0), fc.subarray(all));
      return fc.tuple(fc.constant(columns), order, rows);
    });
    fc.assert(
      fc.property(cases, ([columns, order, rows]) => check(columns, order, rows)),
      { numRuns: 300 },
    );
  });

  test("one column of each kind, and no column at all", () => {
    check([{ kind: KIND_BYTES, values: [text("a"), null, text(""), text("abc")] }], [0], 0);
    check([{ kind: KIND_I64, values: [1n, null, 0n, -(2n ** 63n)] }], [0], 0);
    check([{ kind: KIND_F64, values: [1.5, null, -0, 0, Number.NaN, -Infinity] }], [0], 0);
    check([{ kind: KIND_I64, values: [1n, 2n] }], [], 0);
  });

  test("-0 is the key 0, and every NaN is one key", () => {
    const filled = fillBatch(kernel, [KIND_F64], [[0, -0, 1, 2]]);
    const lanes = filled.batch.lanesPointer(0);
    memory.view.setBigUint64(lanes + 16, 0x7ff8_0000_0000_0000n, true);
    memory.view.setBigUint64(lanes + 24, 0xffff_0000_0000_0001n, true);
    const keys = new KeyColumns(kernel, 4);
    keys.build(filled.batch, [0], 0);
    expect(keyAt(keys, 1)).toEqual(keyAt(keys, 0));
    expect(keyAt(keys, 3)).toEqual(keyAt(keys, 2));
    expect(keyAt(keys, 2)).not.toEqual(keyAt(keys, 0));
    keys.release();
    filled.release();
  });

  test("a key of one string refers to the string, without a copy", () => {
    const filled = fillBatch(kernel, [KIND_BYTES], [[text("user-1"), text("user-2")]]);
    const keys = new KeyColumns(kernel, 2);
    keys.build(filled.batch, [0], 0);
    const lanes = memory.u32(filled.batch.lanesPointer(0), 4);
    expect(memory.u32(keys.keys, 4)).toEqual(lanes);
    keys.release();
    filled.release();
  });

  test("keys that are too long are listed, the longest allowed is not", () => {
    const lengths = [1, keyBytesMax, keyBytesMax + 1, 3, 100_000];
    const values = lengths.map((length) => new Uint8Array(length).fill(65));
    const filled = fillBatch(kernel, [KIND_BYTES, KIND_I64], [values, [1n, 2n, 3n, 4n, 5n]]);
    const keys = new KeyColumns(kernel, 5);
    const tooLong = () => [...memory.u32(keys.tooLong.pointer, keys.tooLong.count)];
    keys.build(filled.batch, [0], 0);
    expect(tooLong()).toEqual([2, 4]);
    keys.build(filled.batch, [0, 1], 0);
    expect(tooLong()).toEqual([1, 2, 4]);
    const selection = fillSelection(kernel, [0, 4]);
    keys.build(filled.batch, [1, 0], selection);
    expect(tooLong()).toEqual([4]);
    keys.build(filled.batch, [1], 0);
    expect(tooLong()).toEqual([]);
    memory.release(selection.pointer);
    keys.release();
    filled.release();
  });
});
