/**
 * Cells that move while they are used: pages grow and split in the middle of a batch, and of a merge. Every
 * row must reach the cell where it lies in the end.
 */
import { describe, expect, test } from "vitest";
import { KIND_BYTES, KIND_I64 } from "../../../assembly/abi.ts";
import { randomFrom } from "../../../bench/inputs/random.ts";
import type { KeyedTable } from "../../../src/kernel/keyed-table.ts";
import type { AccumulatorSpec } from "../../../src/kernel/table-layout.ts";
import { spread } from "../../arbitraries/table-rows.ts";
import { TableModel } from "../../reference/table-model.ts";
import { kernelBuilds } from "../../support/kernels.ts";
import { applyRows, type TestRow } from "../../support/keyed-rows.ts";
import { expectEqual, mergeAll, openCache } from "../../support/tables.ts";

const words: readonly AccumulatorSpec[] = [{ operation: "count" }, { operation: "sum", kind: KIND_I64 }];
const layouts = {
  "words alone": words,
  "values in the heap": [...words, { operation: "max", kind: KIND_BYTES }],
} satisfies Record<string, readonly AccumulatorSpec[]>;

type Random = () => number;

function drawRow(random: Random, keys: number): TestRow {
  const number = Math.floor(random() * keys);
  const bytes = new TextEncoder().encode(`key-${number}`);
  const value = new TextEncoder().encode("v".repeat(Math.floor(random() * 40)));
  return {
    key: { bytes, nulls: 0, hash: spread(BigInt(number)) },
    values: [undefined, BigInt(Math.floor(random() * 1000)), value],
  };
}

/** Draws rows, for each the number of its table. */
function drawRows(random: Random, count: number, keys: number, tables: number) {
  const rows = Array.from({ length: count }, () => drawRow(random, keys));
  return { rows, picks: rows.map(() => Math.floor(random() * tables)) };
}

const pagesOf = (table: KeyedTable) => [...table.pages()];

describe.each(kernelBuilds)("cells that move (%s)", (_, module) => {
  describe.each(Object.entries(layouts))("with %s", (_name, specs) => {
    /** Tables with their models, and batches for both. */
    function setUp(count: number) {
      const { kernel, cache, layout, open } = openCache(module, specs);
      const tables = Array.from({ length: count }, open);
      const models = tables.map(() => new TableModel(specs));
      let batch = 0n;
      const apply = (rows: readonly TestRow[], picks: readonly number[]) => {
        const [appendTime, orderBase] = [++batch, batch << 32n];
        const used = rows.map(({ key, values }) => ({ key, values: values.slice(0, specs.length) }));
        cache.beginBatch();
        const owners = picks.map((pick) => tables[pick] as KeyedTable);
        expect(applyRows(kernel, layout, specs, owners, used, { appendTime, orderBase })).toBeUndefined();
        used.forEach(({ key, values }, row) => {
          const at = { order: orderBase + BigInt(row), appendTime, expireBefore: 0n };
          models[picks[row] as number]?.update(key, values, at);
        });
      };
      const check = () => {
        for (const [index, table] of tables.entries()) expectEqual(table, models[index] as TableModel);
      };
      return { tables, models, apply, check, open };
    }

    test.each([
      ["one table", 1, 2000],
      ["one table of many pages", 1, 9000],
      ["three tables", 3, 1200],
    ])("rows of one batch reach their cells: %s", (_label, count, keys) => {
      const { apply, check } = setUp(count);
      const random = randomFrom(keys);
      for (const size of [70_000, 3000]) {
        const { rows, picks } = drawRows(random, size, keys, count);
        apply(rows, picks);
        check();
      }
    });

    test("a merge finds cells, inserts others, and goes on where it made their page move", () => {
      for (let seed = 1; seed <= 20; seed++) {
        const random = randomFrom(seed);
        const { tables, models, apply, check } = setUp(2);
        for (let round = 0; round < 3; round++) {
          // From all keys in both to hardly any.
          const [few, many] = [drawRows(random, 300, 3000, 2), drawRows(random, 1500 * seed, 200 * seed, 2)];
          const { rows, picks } = random() < 0.5 ? few : many;
          apply(rows, picks);
          mergeAll(tables[0] as KeyedTable, tables[1] as KeyedTable);
          models[1]?.merge(models[0] as TableModel);
          check();
        }
      }
    });

    test("a table that begins like another is large at once, and splits where it would anyway", () => {
      const { tables, apply, check, open } = setUp(4);
      const [model, plain, like, few] = tables as [KeyedTable, KeyedTable, KeyedTable, KeyedTable];
      const random = randomFrom(11);
      const fill = (count: number, keys: number, ...picks: number[]) => {
        const { rows } = drawRows(random, count, keys, 1);
        for (const pick of picks) {
          apply(
            rows,
            rows.map(() => pick),
          );
        }
      };
      fill(20_000, 2000, 0);
      like.begin(model);
      const isWords = specs === words;
      expect(pagesOf(like).map(({ byteLength }) => byteLength)).toEqual([isWords ? 32_768 : 1024]);
      fill(9000, 1500, 1, 2);
      fill(9000, 2500, 1, 2);
      check();
      const places = (table: KeyedTable) => pagesOf(table).map(({ firstHash }) => firstHash);
      expect(places(like)).toEqual(places(plain));

      // After fewer keys a table begins smaller, and behind one that is as new with half of that.
      fill(300, 60, 3);
      const [small, next] = [open(), open()];
      small.begin(few);
      const smallBytes = pagesOf(small).map(({ byteLength }) => byteLength);
      expect(smallBytes).toEqual([isWords ? 4096 : 1024]);
      next.begin(small);
      expect(pagesOf(next).map(({ byteLength }) => byteLength)).toEqual([isWords ? 2048 : 1024]);
    });
  });
});
