/** Rows of views as rows of tables. */
import { expect, test } from "vitest";
import type { ViewRow } from "../../../../src/engine/partition-types.ts";
import { rowsOfView } from "../../../../src/host/query/rows-of-view.ts";
import type { SqlType } from "../../../../src/interpreter/types/sql-type.ts";
import type { TableShape } from "../../../../src/protocol/table-shape.ts";

const int: SqlType = { name: "INT", isNullable: true };
const bigint: SqlType = { name: "BIGINT", isNullable: true };

const shape: TableShape = {
  table: "totals",
  isWindowed: true,
  columns: [
    { name: "two words", type: bigint, output: "key_0" },
    { name: "total", type: int, output: "total", narrow: true },
    { name: "wide", type: bigint, output: "total", narrow: true },
  ],
};

const table = scanOf(shape.columns);

function scanOf(columns: readonly { name: string; type: SqlType }[]) {
  return {
    fields: columns.map(({ name, type }) => ({ name, type })),
    columns: columns.map(({ name }) => name),
  };
}

function rowOf(values: ViewRow["values"], final: boolean): ViewRow {
  return { values, final, at: { window: 0, hash: "0000000000000000" } };
}

test("a declarative job's outputs are columns by the table's shape, and sums of INT wrap", () => {
  const rows = [
    rowOf({ key_0: "9007199254740993", total: 2_147_483_648 }, true),
    rowOf({ key_0: 1, total: "-9223372036854775807" }, true),
    rowOf({ key_0: 2, total: null }, true),
  ];
  expect(rowsOfView(rows, table, shape)).toEqual([
    [9_007_199_254_740_993n, -2_147_483_648, -2_147_483_648n],
    [1n, 1, 1n],
    [2n, null, null],
  ]);
});

test("rows of windows that are not over are none of the table", () => {
  const rows = [rowOf({ key_0: 1, total: 1 }, false)];
  expect(rowsOfView(rows, table, shape)).toEqual([]);
  expect(rowsOfView(rows, table, { ...shape, isWindowed: false })).toEqual([[1n, 1, 1n]]);
});

test("a dataflow's rows are those of the table, and what has no lane is text of JSON", () => {
  const types: SqlType[] = [
    { name: "DECIMAL", precision: 38, scale: 2, isNullable: true },
    { name: "TIMESTAMP", precision: 6, isNullable: true },
    { name: "ARRAY", element: int, isNullable: true },
    int,
  ];
  const row = { a: '{"integer":"-125"}', b: '{"integer":"1000"}', c: "[1,null]", d: 4 };
  const nothing = { a: null, b: null, c: null, d: null };
  const named = types.map((type, index) => ({ name: "abcd"[index] ?? "", type }));
  expect(rowsOfView([rowOf(row, false), rowOf(nothing, false)], scanOf(named), undefined)).toEqual([
    [-125n, 1000n, [1, null], 4],
    [null, null, null, null],
  ]);
});
