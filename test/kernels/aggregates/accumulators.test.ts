/** Accumulators one by one: dense loops without nulls, and the corners of their arithmetic. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { KIND_BYTES, KIND_F64, KIND_I64 } from "../../../assembly/abi.ts";
import { MiB } from "../../../src/base/limits.ts";
import type { LaneValue } from "../../../src/columnar/values.ts";
import { Kernel } from "../../../src/kernel/kernel.ts";
import { PageCache } from "../../../src/kernel/page-cache.ts";
import { type AccumulatorSpec, TableLayout } from "../../../src/kernel/table-layout.ts";
import { everyAccumulator, spread, tableRow } from "../../arbitraries/table-rows.ts";
import { TableModel } from "../../reference/table-model.ts";
import { kernelBuilds } from "../../support/kernels.ts";
import { applyRows, type TestRow } from "../../support/keyed-rows.ts";

function keyOf(number: number): TestRow["key"] {
  return { bytes: new TextEncoder().encode(`key-${number}`), nulls: 0, hash: spread(BigInt(number)) };
}

describe.each(kernelBuilds)("accumulators (%s)", (_, module) => {
  /** The accumulator's value after all `values` of one key in one batch. */
  function aggregate(
    spec: AccumulatorSpec,
    values: readonly LaneValue[],
    selection?: readonly number[],
  ): LaneValue {
    const kernel = new Kernel(module);
    const cache = new PageCache(kernel, { budgetBytes: MiB });
    const layout = new TableLayout(kernel.memory, [spec]);
    const table = cache.openTable(layout, () => undefined);
    const rows = values.map((value) => ({ key: keyOf(1), values: [value] }));
    const options = { appendTime: 1n, orderBase: 0n, ...(selection ? { selection } : {}) };
    expect(applyRows(kernel, layout, [spec], table, rows, options)).toBeUndefined();
    return table.lookup(keyOf(1).bytes, 0, keyOf(1).hash)?.accumulators[0] ?? null;
  }

  test("that cannot be null equal the model on columns without nulls", () => {
    const specs = everyAccumulator.map((spec) => ({ ...spec, nullable: false }));
    const zeros: LaneValue[] = specs.map((spec) => {
      const kind = "kind" in spec ? spec.kind : KIND_I64;
      return kind === KIND_I64 ? 0n : kind === KIND_F64 ? 0 : new Uint8Array();
    });
    const row = tableRow.map(({ key, values }) => ({
      key,
      values: values.map((value, index) => (value === null ? (zeros[index] as LaneValue) : value)),
    }));
    fc.assert(
      fc.property(fc.array(fc.array(row, { maxLength: 50 }), { minLength: 1, maxLength: 4 }), (batches) => {
        const kernel = new Kernel(module);
        const cache = new PageCache(kernel, { budgetBytes: 32 * MiB });
        const layout = new TableLayout(kernel.memory, specs);
        const table = cache.openTable(layout, () => undefined);
        const model = new TableModel(specs);
        batches.forEach((rows, index) => {
          const orderBase = BigInt(index) << 32n;
          cache.beginBatch();
          applyRows(kernel, layout, specs, table, rows, { appendTime: 1n, orderBase });
          for (const [number, { key, values }] of rows.entries()) {
            model.update(key, values, {
              order: orderBase + BigInt(number),
              appendTime: 1n,
              expireBefore: 0n,
            });
          }
        });
        expect(layout.presenceOffset).toBe(0);
        for (const { key } of batches.flat()) {
          expect(table.lookup(key.bytes, key.nulls, key.hash)).toEqual(model.get(key));
        }
      }),
      { numRuns: 40 },
    );
  });

  test("add integers as BIGINT does, decimals beyond 64 bits, and doubles in row order", () => {
    const greatest = 2n ** 63n - 1n;
    expect(aggregate({ operation: "sum", kind: KIND_I64 }, [greatest, 1n])).toBe(-(2n ** 63n));
    expect(aggregate({ operation: "sumDecimal" }, [greatest, greatest, 5n])).toBe(2n * greatest + 5n);
    expect(aggregate({ operation: "sumDecimal" }, [-greatest, -greatest, 1n])).toBe(-2n * greatest + 1n);
    const doubles = [0.1, 1e17, 0.2, -1e17, 0.3];
    expect(aggregate({ operation: "sum", kind: KIND_F64 }, doubles)).toBe(0.1 + 1e17 + 0.2 - 1e17 + 0.3);
    expect(aggregate({ operation: "sum", kind: KIND_F64 }, doubles, [3, 1, 0].sort())).toBe(
      0.1 + 1e17 - 1e17,
    );
  });

  test("order doubles as Java does: -0 below 0, NaN above everything", () => {
    const bounds = (values: number[]) =>
      (["min", "max"] as const).map((operation) => aggregate({ operation, kind: KIND_F64 }, values));
    expect(bounds([0, -0])).toEqual([-0, 0]);
    expect(bounds([1, Number.NaN, -1])).toEqual([-1, Number.NaN]);
    expect(bounds([Number.NaN])).toEqual([Number.NaN, Number.NaN]);
    expect(bounds([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY])).toEqual([
      Number.NEGATIVE_INFINITY,
      Number.POSITIVE_INFINITY,
    ]);
  });

  test("keep one bit pattern for NaN, whatever its sign and payload were", () => {
    const specs = (["sum", "min", "max"] as const).map(
      (operation) => ({ operation, kind: KIND_F64 }) as const,
    );
    const storedFor = (bits: bigint): Uint8Array => {
      const kernel = new Kernel(module);
      const cache = new PageCache(kernel, { budgetBytes: MiB });
      const layout = new TableLayout(kernel.memory, specs);
      const table = cache.openTable(layout, () => undefined);
      const value = new Float64Array(new BigUint64Array([bits]).buffer)[0] as number;
      applyRows(kernel, layout, specs, table, [{ key: keyOf(1), values: specs.map(() => value) }], {
        appendTime: 1n,
        orderBase: 0n,
      });
      return [...cache.dirtyPages()][0]?.bytes() as Uint8Array;
    };
    const canonical = storedFor(0x7ff8_0000_0000_0000n);
    for (const bits of [0xfff8_0000_0000_0000n, 0x7ff8_0000_0000_1234n])
      expect(storedFor(bits)).toEqual(canonical);
  });

  test("compare strings by their bytes and tell the empty one from none", () => {
    const utf8 = (text: string) => new TextEncoder().encode(text);
    const texts = ["b", "ba", "é", "", "Z"].map(utf8);
    expect(aggregate({ operation: "min", kind: KIND_BYTES }, texts)).toEqual(utf8(""));
    expect(aggregate({ operation: "max", kind: KIND_BYTES }, texts)).toEqual(utf8("é"));
    expect(aggregate({ operation: "min", kind: KIND_BYTES }, texts, [0, 1])).toEqual(utf8("b"));
    expect(aggregate({ operation: "max", kind: KIND_BYTES }, [null])).toBeNull();
    expect(aggregate({ operation: "last", kind: KIND_BYTES }, [utf8("x"), utf8(""), null])).toEqual(utf8(""));
    expect(aggregate({ operation: "first", kind: KIND_BYTES }, [null, utf8(""), utf8("x")])).toEqual(
      utf8(""),
    );
  });
});
