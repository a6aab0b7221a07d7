import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ColumnBatch } from "../../../src/kernel/column-batch.ts";
import { Kernel } from "../../../src/kernel/kernel.ts";
import { newestTime } from "../../../src/kernel/newest-time.ts";
import { kernelBuilds } from "../../support/kernels.ts";

describe.each(kernelBuilds)("%s", (_name, module) => {
  test("the newest time of some rows is the largest of theirs", () => {
    const kernel = new Kernel(module);
    const times = fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), {
      minLength: 1,
      maxLength: 40,
    });
    fc.assert(
      fc.property(times, fc.array(fc.nat(), { maxLength: 20 }), (values, picks) => {
        const batch = new ColumnBatch(kernel.memory, [0], values.length);
        kernel.memory.i64(batch.lanesPointer(0), values.length).set(values);
        const rows = [...new Set(picks.map((pick) => pick % values.length))].sort((a, b) => a - b);
        const pointer = kernel.memory.allocate(4 * Math.max(1, rows.length));
        kernel.memory.u32(pointer, rows.length).set(rows);
        const newest = (all: readonly bigint[]) => [...all].sort((a, b) => (a < b ? 1 : -1))[0];
        expect(newestTime(kernel, batch, 0, { pointer: 0, count: values.length })).toBe(newest(values));
        if (rows.length > 0) {
          const chosen = rows.map((row) => values[row] as bigint);
          expect(newestTime(kernel, batch, 0, { pointer, count: rows.length })).toBe(newest(chosen));
        }
        kernel.memory.release(pointer);
        batch.release();
      }),
      { numRuns: 100 },
    );
  });
});
