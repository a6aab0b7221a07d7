/**
 * The cells that some of a batch's rows touch, each once: to see what they hold before and after an update.
 *
 * Good between `findCells` and the end of the batch. Updating may move cells: they are found by their rows,
 * whose addresses `updateAccumulator` corrects.
 */
import { CELL_CHANGED, PAGE_GARBAGE } from "../../assembly/abi.ts";
import { assert } from "../base/assert.ts";
import type { KeyedRows } from "./aggregates.ts";
import type { Kernel } from "./kernel.ts";
import { KeyedTable } from "./keyed-table.ts";
import { type CellValue, readCell } from "./page-view.ts";
import { isInHeap, type TableLayout } from "./table-layout.ts";

/**
 * Returns the rows whose cells are there before `findCells`, changed at `expireBefore` or later; in the same
 * batch as that.
 */
export function selectKnown(kernel: Kernel, rows: KeyedRows, expireBefore: bigint): Set<number> {
  const { memory, exports } = kernel;
  const { selection, count, keys, keyNulls, hashes, tables } = rows;
  const known = new Set<number>();
  for (let place = 0; place < count; place++) {
    const { view } = memory;
    const row = selection === 0 ? place : view.getUint32(selection + place * 4, true);
    const table = tables instanceof KeyedTable ? tables.pointer : view.getUint32(tables + row * 4, true);
    const key = view.getUint32(keys + row * 8, true);
    const length = view.getUint32(keys + row * 8 + 4, true);
    const nulls = view.getUint16(keyNulls + row * 2, true);
    const cell = exports.tableLookup(table, key, length, nulls, view.getBigUint64(hashes + row * 8, true));
    if (cell !== 0 && memory.view.getBigInt64(cell + CELL_CHANGED, true) >= expireBefore) known.add(row);
  }
  return known;
}

/** Of a cell that is to be deleted: no record was appended then. */
const longAgo = -(2n ** 63n);

/** Where the word of a value in the heap says how much room it holds. */
const heldOffset = 4;

export class TouchedCells {
  readonly #kernel: Kernel;
  readonly #layout: TableLayout;
  readonly #rows: KeyedRows;
  /** The first row of each cell. */
  readonly firstRows: readonly number[];

  /** Of the rows `only`, or of all; their cells have been found. */
  constructor(kernel: Kernel, layout: TableLayout, rows: KeyedRows, only?: readonly number[]) {
    this.#kernel = kernel;
    this.#layout = layout;
    this.#rows = rows;
    const { selection, count } = rows;
    const chosen = only ?? (selection === 0 ? undefined : kernel.memory.u32(selection, count));
    const firsts = new Map<number, number>();
    for (let place = 0; place < (chosen?.length ?? count); place++) {
      const row = chosen?.[place] ?? place;
      const cell = this.#cellOf(row);
      if (!firsts.has(cell)) firsts.set(cell, row);
    }
    this.firstRows = [...firsts.values()];
  }

  /** What the cells hold, in the order of their first rows. */
  read(): CellValue[] {
    const { memory, exports } = this.#kernel;
    return this.firstRows.map((row) => {
      const page = exports.tablePage(this.#tableOf(row), this.#hashOf(row));
      return readCell(memory, this.#layout, page, this.#cellOf(row));
    });
  }

  /** The 64-bit word of an accumulator of each cell. */
  words(accumulator: number): bigint[] {
    const offset = this.#layout.accumulators[accumulator]?.offset;
    assert(offset !== undefined, "the layout has the accumulator");
    const { view } = this.#kernel.memory;
    return this.firstRows.map((row) => view.getBigInt64(this.#cellOf(row) + offset, true));
  }

  /** Makes an accumulator as if it had seen no row. */
  reset(accumulator: number): void {
    const { memory, exports } = this.#kernel;
    const { view } = memory;
    const { presenceOffset } = this.#layout;
    const found = this.#layout.accumulators[accumulator];
    assert(found, "the layout has the accumulator");
    const { operation, offset, words, presenceBit } = found;
    const template = this.#layout.templatePointer + offset;
    for (const row of this.firstRows) {
      const cell = this.#cellOf(row);
      if (isInHeap(operation)) {
        const garbage = exports.tablePage(this.#tableOf(row), this.#hashOf(row)) + PAGE_GARBAGE;
        const held = view.getUint16(cell + offset + heldOffset, true);
        view.setUint32(garbage, view.getUint32(garbage, true) + held, true);
      }
      for (let at = 0; at < words * 8; at += 8) {
        view.setBigUint64(cell + offset + at, view.getBigUint64(template + at, true), true);
      }
      if (presenceBit === undefined) continue;
      const presence = view.getBigUint64(cell + presenceOffset, true);
      view.setBigUint64(cell + presenceOffset, presence & ~(1n << BigInt(presenceBit)), true);
    }
  }

  /** Deletes the cells at these places, which lie in one table. It ends the batch. */
  delete(places: readonly number[]): void {
    const { tables } = this.#rows;
    assert(tables instanceof KeyedTable, "cells are deleted from a table that all rows share");
    const rows = places.map((place) => this.firstRows[place] as number);
    const { view } = this.#kernel.memory;
    for (const row of rows) view.setBigInt64(this.#cellOf(row) + CELL_CHANGED, longAgo, true);
    const hashes = rows.map((row) => this.#hashOf(row));
    for (const hash of hashes) tables.deleteExpired(hash, longAgo + 1n);
  }

  #cellOf(row: number): number {
    return this.#kernel.memory.view.getUint32(this.#rows.cells + row * 4, true);
  }

  #hashOf(row: number): bigint {
    return this.#kernel.memory.view.getBigUint64(this.#rows.hashes + row * 8, true);
  }

  #tableOf(row: number): number {
    const { tables } = this.#rows;
    return tables instanceof KeyedTable
      ? tables.pointer
      : this.#kernel.memory.view.getUint32(tables + row * 4, true);
  }
}
