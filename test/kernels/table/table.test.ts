/**
 * Keyed tables against a Map: inserts, updates of every accumulator, expiry, deletion, merging, and the order
 * of cells.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { KIND_BYTES, KIND_I64 } from "../../../assembly/abi.ts";
import type { KeyedTable } from "../../../src/kernel/keyed-table.ts";
import { everyAccumulator, spread, type TableBatch, tableBatch } from "../../arbitraries/table-rows.ts";
import { TableModel } from "../../reference/table-model.ts";
import { kernelBuilds } from "../../support/kernels.ts";
import { applyRows, type TestRow } from "../../support/keyed-rows.ts";
import { expectEqual, mergeAll, openCache, sorted } from "../../support/tables.ts";

function rowsOf(batch: TableBatch): { rows: TestRow[]; selection: number[] | undefined } {
  const { rows, selected } = batch;
  if (!selected) return { rows, selection: undefined };
  return { rows, selection: rows.map((_, index) => index).filter(() => selected.next().value) };
}

describe.each(kernelBuilds)("keyed tables (%s)", (_, module) => {
  test("equal a Map after any batches, expiries and deletions", () => {
    const step = fc.record({
      batch: tableBatch,
      expireAge: fc.option(fc.bigInt({ min: 1n, max: 4n }), { nil: undefined }),
      deleteAge: fc.option(fc.bigInt({ min: 1n, max: 4n }), { freq: 3, nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 8, size: "max" }), (steps) => {
        const { kernel, cache, layout, open } = openCache(module);
        const table = open();
        const model = new TableModel(everyAccumulator);
        steps.forEach(({ batch, expireAge, deleteAge }, index) => {
          const appendTime = BigInt(index + 10);
          const expireBefore = expireAge === undefined ? 0n : appendTime - expireAge;
          const orderBase = BigInt(index) << 32n;
          const { rows, selection } = rowsOf(batch);
          cache.beginBatch();
          const options = { appendTime, expireBefore, orderBase, ...(selection ? { selection } : {}) };
          expect(applyRows(kernel, layout, everyAccumulator, table, rows, options)).toBeUndefined();
          for (const row of selection ?? rows.keys()) {
            const { key, values } = rows[row] as TestRow;
            model.update(key, values, { order: orderBase + BigInt(row), appendTime, expireBefore });
          }
          if (deleteAge !== undefined) {
            let deleted = 0;
            const hashes = [...table.pages()].map(({ firstHash }) => firstHash);
            for (const hash of hashes) deleted += table.deleteExpired(hash, appendTime - deleteAge);
            expect(deleted).toBe(model.deleteExpired(appendTime - deleteAge));
          }
        });
        expectEqual(table, model);
        for (const { batch } of steps) {
          for (const { key } of batch.rows) {
            expect(table.lookup(key.bytes, key.nulls, key.hash)).toEqual(model.get(key));
          }
        }
        cache.dropTable(table);
        expect([cache.bytes, cache.dirtyBytes, cache.dirtyPageCount]).toEqual([0, 0, 0]);
      }),
      { numRuns: 60 },
    );
  });

  test("of several slices are updated by row in one batch, as if each had been alone", () => {
    fc.assert(
      fc.property(
        fc.array(tableBatch, { minLength: 1, maxLength: 4 }),
        fc.infiniteStream(fc.nat(2)),
        (batches, picks) => {
          const { kernel, cache, layout, open } = openCache(module);
          const tables = [open(), open(), open()];
          const models = tables.map(() => new TableModel(everyAccumulator));
          batches.forEach(({ rows }, index) => {
            const pick = rows.map(() => picks.next().value);
            const orderBase = BigInt(index) << 32n;
            cache.beginBatch();
            const perRow = pick.map((number) => tables[number] as KeyedTable);
            applyRows(kernel, layout, everyAccumulator, perRow, rows, { appendTime: 5n, orderBase });
            rows.forEach(({ key, values }, row) => {
              const at = { order: orderBase + BigInt(row), appendTime: 5n, expireBefore: 0n };
              models[pick[row] as number]?.update(key, values, at);
            });
          });
          for (const [number, model] of models.entries()) expectEqual(tables[number] as KeyedTable, model);
        },
      ),
      { numRuns: 40 },
    );
  });

  test("merge page by page into what merging two Maps gives", () => {
    fc.assert(
      fc.property(fc.array(tableBatch, { minLength: 2, maxLength: 6 }), (batches) => {
        const { kernel, cache, layout, open } = openCache(module);
        const tables = [open(), open()] as const;
        const models = [new TableModel(everyAccumulator), new TableModel(everyAccumulator)] as const;
        batches.forEach(({ rows }, index) => {
          const side = index % 2 === 0 ? 0 : 1;
          const orderBase = BigInt(index) << 32n;
          cache.beginBatch();
          const appendTime = BigInt(index);
          applyRows(kernel, layout, everyAccumulator, tables[side], rows, { appendTime, orderBase });
          rows.forEach(({ key, values }, row) => {
            const at = { order: orderBase + BigInt(row), appendTime: BigInt(index), expireBefore: 0n };
            models[side].update(key, values, at);
          });
        });
        const [source, target] = tables;
        mergeAll(source, target);
        models[1].merge(models[0]);
        expect(sorted(target.cells())).toEqual(sorted(models[1].cellsBetween(0n, undefined)));
        expectEqual(source, models[0]);
      }),
      { numRuns: 40 },
    );
  });

  test("keep only the cells of a range of hashes, page by page, and take in more afterwards", () => {
    const bound = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    const range = fc.oneof(
      fc.tuple(bound, bound).map(([one, other]) => (one < other ? [one, other] : [other, one])),
      // A hash of many keys at either end.
      fc.constantFrom([0x8000_0000_0000_0001n, 0x8000_0000_0000_0001n], [0n, 1n], [2n, 2n ** 64n - 1n]),
    );
    fc.assert(
      fc.property(fc.array(tableBatch, { minLength: 2, maxLength: 6 }), range, (batches, [first, last]) => {
        const { kernel, cache, layout, open } = openCache(module);
        const table = open();
        const model = new TableModel(everyAccumulator);
        const half = Math.ceil(batches.length / 2);
        batches.forEach(({ rows }, index) => {
          if (index === half) {
            for (const { firstHash, nextHash } of [...table.pages()]) {
              const deleted = table.keepOnly(firstHash, first as bigint, last as bigint);
              expect(deleted).toBe(model.keepOnly(first as bigint, last as bigint, firstHash, nextHash));
            }
            expectEqual(table, model);
          }
          const [appendTime, orderBase] = [BigInt(index), BigInt(index) << 32n];
          cache.beginBatch();
          applyRows(kernel, layout, everyAccumulator, table, rows, { appendTime, orderBase });
          rows.forEach(({ key, values }, row) => {
            model.update(key, values, { order: orderBase + BigInt(row), appendTime, expireBefore: 0n });
          });
        });
        expectEqual(table, model);
      }),
      { numRuns: 60 },
    );
  });

  test("keep only the cells of chosen keys, page by page, and take in more afterwards", () => {
    const divisor = fc.integer({ min: 1, max: 4 });
    fc.assert(
      fc.property(fc.array(tableBatch, { minLength: 2, maxLength: 6 }), divisor, (batches, parts) => {
        const { kernel, cache, layout, open } = openCache(module);
        const table = open();
        const model = new TableModel(everyAccumulator);
        const half = Math.ceil(batches.length / 2);
        const isKept = (key: Uint8Array, nulls: number) =>
          (key.reduce((sum, byte) => sum + byte, nulls) + key.length) % parts === 0;
        batches.forEach(({ rows }, index) => {
          if (index === half) {
            for (const { firstHash, nextHash } of [...table.pages()]) {
              const deleted = table.keepWhere(firstHash, isKept);
              expect(deleted).toBe(model.keepWhere(isKept, firstHash, nextHash));
            }
            expectEqual(table, model);
          }
          const [appendTime, orderBase] = [BigInt(index), BigInt(index) << 32n];
          cache.beginBatch();
          applyRows(kernel, layout, everyAccumulator, table, rows, { appendTime, orderBase });
          rows.forEach(({ key, values }, row) => {
            model.update(key, values, { order: orderBase + BigInt(row), appendTime, expireBefore: 0n });
          });
        });
        expectEqual(table, model);
      }),
      { numRuns: 60 },
    );
  });

  test("keep every key of many that outgrow one page and report the row that does not fit", () => {
    const specs = [{ operation: "count" }, { operation: "max", kind: KIND_BYTES }] as const;
    const { kernel, cache, layout, open } = openCache(module, specs);
    const table = open();
    const row = (number: number, hash: bigint, value = "v"): TestRow => ({
      key: { bytes: new TextEncoder().encode(`key-${number}`), nulls: 0, hash },
      values: [undefined, new TextEncoder().encode(value)],
    });
    const apply = (rows: TestRow[]) =>
      applyRows(kernel, layout, specs, table, rows, { appendTime: 1n, orderBase: 0n });
    expect(
      apply(Array.from({ length: 20_000 }, (_, number) => row(number, spread(BigInt(number))))),
    ).toBeUndefined();
    expect([...table.cells()].length).toBe(20_000);
    expect(cache.statistics.pages).toBeGreaterThan(30);

    const long = "x".repeat(2049);
    expect(apply([row(1, spread(1n)), row(1, spread(1n), long)])).toEqual({ reason: "ValueTooLong", row: 1 });
    const longKey = { bytes: new TextEncoder().encode(long), nulls: 0, hash: 3n };
    expect(apply([{ key: longKey, values: [undefined, new Uint8Array()] }])).toEqual({
      reason: "KeyTooLong",
      row: 0,
    });
    const alike = Array.from({ length: 3000 }, (_, number) => row(number, 0x1234n));
    expect(apply(alike)).toMatchObject({ reason: "PageFull" });
  });

  test("do not know a key whose hash, null bits or bytes differ from those inserted", () => {
    const specs = [{ operation: "sum", kind: KIND_I64 }] as const;
    const { kernel, layout, open } = openCache(module, specs);
    const table = open();
    const bytes = new TextEncoder().encode("abc");
    const rows = [{ key: { bytes, nulls: 1, hash: 77n }, values: [5n] }];
    applyRows(kernel, layout, specs, table, rows, { appendTime: 1n, orderBase: 0n });
    expect(table.lookup(bytes, 1, 77n)?.accumulators).toEqual([5n]);
    expect(table.lookup(bytes, 0, 77n)).toBeUndefined();
    expect(table.lookup(bytes, 1, 78n)).toBeUndefined();
    // The same place and tag in the probe table.
    expect(table.lookup(bytes, 1, 77n + (1n << 40n))).toBeUndefined();
    expect(table.lookup(bytes.subarray(0, 2), 1, 77n)).toBeUndefined();
    expect(table.lookup(new TextEncoder().encode("abd"), 1, 77n)).toBeUndefined();
  });
});
