/**
 * Tables for tests of the kernel, and what holds them to their model.
 */
import { expect } from "vitest";
import { MiB } from "../../src/base/limits.ts";
import { Kernel } from "../../src/kernel/kernel.ts";
import type { KeyedTable } from "../../src/kernel/keyed-table.ts";
import { PageCache } from "../../src/kernel/page-cache.ts";
import type { CellValue } from "../../src/kernel/page-view.ts";
import { TableLayout } from "../../src/kernel/table-layout.ts";
import { everyAccumulator } from "../arbitraries/table-rows.ts";
import type { TableModel } from "../reference/table-model.ts";

/** A cache with room for all that a test puts into it, and tables of one layout. */
export function openCache(module: WebAssembly.Module, specs = everyAccumulator) {
  const kernel = new Kernel(module);
  const cache = new PageCache(kernel, { budgetBytes: 64 * MiB });
  const layout = new TableLayout(kernel.memory, specs);
  const open = () => cache.openTable(layout, () => undefined);
  return { kernel, cache, layout, open };
}

/** Cells by hash, null bits and key. */
export function sorted(cells: Iterable<CellValue>): CellValue[] {
  const nameOf = ({ hash, keyNulls, key }: CellValue) =>
    `${hash.toString(16).padStart(16, "0")} ${keyNulls} ${Buffer.from(key).toString("hex")}`;
  return [...cells].sort((left, right) => (nameOf(left) < nameOf(right) ? -1 : 1));
}

/**
 * Holds the table to the model: same cells, in order of insertion within their pages, in pages that leave no
 * gap.
 */
export function expectEqual(table: KeyedTable, model: TableModel): void {
  let next: bigint | undefined = 0n;
  let cells = 0;
  for (const page of table.pages()) {
    expect(page.firstHash).toBe(next);
    expect([...page.cells()]).toEqual(model.cellsBetween(page.firstHash, page.nextHash));
    cells += page.cellCount;
    next = page.nextHash;
  }
  expect(next).toBeUndefined();
  expect(cells).toBe(model.size);
}

/** Merges all pages of one table into another. */
export function mergeAll(source: KeyedTable, target: KeyedTable): void {
  for (const hash of [...source.pages()].map(({ firstHash }) => firstHash)) {
    expect(source.mergePage(hash, target)).toBeUndefined();
  }
}
