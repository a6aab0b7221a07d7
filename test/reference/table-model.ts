/**
 * Keyed tables and their accumulators the slow, obvious way: a Map from key to plain values.
 */
import { KIND_F64 } from "../../assembly/abi.ts";
import type { LaneValue } from "../../src/columnar/values.ts";
import type { CellValue } from "../../src/kernel/page-view.ts";
import type { AccumulatorSpec } from "../../src/kernel/table-layout.ts";

export interface ModelKey {
  readonly bytes: Uint8Array;
  readonly nulls: number;
  readonly hash: bigint;
}

interface ModelAccumulator {
  value: LaneValue;
  order: bigint;
}

interface ModelCell {
  readonly key: ModelKey;
  changed: bigint;
  accumulators: ModelAccumulator[];
}

/** Cells in the order in which they were inserted; a deleted key that comes back is a new cell. */
export class TableModel {
  readonly specs: readonly AccumulatorSpec[];
  readonly #cells = new Map<string, ModelCell>();

  constructor(specs: readonly AccumulatorSpec[]) {
    this.specs = specs;
  }

  get size(): number {
    return this.#cells.size;
  }

  /** Applies one row: `values` has one value per accumulator; undefined where COUNT counts every row. */
  update(
    key: ModelKey,
    values: readonly (LaneValue | undefined)[],
    row: { readonly order: bigint; readonly appendTime: bigint; readonly expireBefore: bigint },
  ): void {
    const cell = this.#cellOf(key);
    if (cell.changed < row.expireBefore) cell.accumulators = this.specs.map(newAccumulator);
    cell.changed = row.appendTime;
    this.specs.forEach((spec, index) => {
      const value = values[index];
      if (value !== null) apply(spec, cell.accumulators[index] as ModelAccumulator, value ?? 0n, row.order);
    });
  }

  /** Merges all cells of `source`; a merged cell gets `appendTime`, or keeps the later change of both. */
  merge(source: TableModel): void {
    for (const from of source.#cells.values()) {
      const to = this.#cellOf(from.key);
      if (from.changed > to.changed) to.changed = from.changed;
      this.specs.forEach((spec, index) => {
        const { value, order } = from.accumulators[index] as ModelAccumulator;
        if (value !== null) mergeInto(spec, to.accumulators[index] as ModelAccumulator, value, order);
      });
    }
  }

  deleteExpired(changedBefore: bigint): number {
    const expired = [...this.#cells].filter(([, cell]) => cell.changed < changedBefore);
    for (const [name] of expired) this.#cells.delete(name);
    return expired.length;
  }

  /** Deletes the cells whose hashes are not in [first, last] and are covered by a page of [from, next). */
  keepOnly(first: bigint, last: bigint, from = 0n, next?: bigint): number {
    const isCovered = (hash: bigint) => hash >= from && (next === undefined || hash < next);
    const gone = [...this.#cells].filter(
      ([, { key }]) => isCovered(key.hash) && (key.hash < first || key.hash > last),
    );
    for (const [name] of gone) this.#cells.delete(name);
    return gone.length;
  }

  /** Deletes the cells whose keys are not `kept` and are covered by a page of [from, next). */
  keepWhere(kept: (key: Uint8Array, nulls: number) => boolean, from = 0n, next?: bigint): number {
    const isCovered = (hash: bigint) => hash >= from && (next === undefined || hash < next);
    const gone = [...this.#cells].filter(([, { key }]) => isCovered(key.hash) && !kept(key.bytes, key.nulls));
    for (const [name] of gone) this.#cells.delete(name);
    return gone.length;
  }

  get(key: ModelKey): CellValue | undefined {
    const cell = this.#cells.get(nameOf(key));
    return cell && cellValue(cell);
  }

  /** Cells by the first hash bits that a page covers, in order of insertion. */
  cellsBetween(firstHash: bigint, nextHash: bigint | undefined): CellValue[] {
    return [...this.#cells.values()]
      .filter(({ key }) => key.hash >= firstHash && (nextHash === undefined || key.hash < nextHash))
      .map(cellValue);
  }

  #cellOf(key: ModelKey): ModelCell {
    const name = nameOf(key);
    let cell = this.#cells.get(name);
    if (!cell) {
      cell = { key, changed: -(2n ** 63n), accumulators: this.specs.map(newAccumulator) };
      this.#cells.set(name, cell);
    }
    return cell;
  }
}

/** The order of Java's Double.compare: -0 before 0, NaN behind everything. */
export function compareDoubles(left: number, right: number): number {
  if (left < right) return -1;
  if (left > right) return 1;
  const rank = (value: number) => (Number.isNaN(value) ? 2 : Object.is(value, -0) ? 0 : 1);
  return left === right || Number.isNaN(left) || Number.isNaN(right) ? rank(left) - rank(right) : 0;
}

function nameOf(key: ModelKey): string {
  return `${key.hash} ${key.nulls} ${Buffer.from(key.bytes).toString("hex")}`;
}

function cellValue(cell: ModelCell): CellValue {
  return {
    hash: cell.key.hash,
    changed: cell.changed,
    key: cell.key.bytes,
    keyNulls: cell.key.nulls,
    accumulators: cell.accumulators.map(({ value }) => value),
  };
}

function newAccumulator(spec: AccumulatorSpec): ModelAccumulator {
  return { value: spec.operation === "count" ? 0n : null, order: 0n };
}

function apply(spec: AccumulatorSpec, to: ModelAccumulator, value: LaneValue, order: bigint): void {
  if (spec.operation === "count") to.value = (to.value as bigint) + 1n;
  else mergeInto(spec, to, value, order);
}

function mergeInto(spec: AccumulatorSpec, to: ModelAccumulator, value: LaneValue, order: bigint): void {
  const old = to.value;
  if (old === null || (spec.operation === "count" && old === 0n)) {
    to.value = value;
    to.order = order;
    return;
  }
  switch (spec.operation) {
    case "count":
    case "sumDecimal":
      to.value = (old as bigint) + (value as bigint);
      break;
    case "sum":
      to.value =
        spec.kind === KIND_F64
          ? (old as number) + (value as number)
          : BigInt.asIntN(64, (old as bigint) + (value as bigint));
      break;
    case "min":
      if (compare(value, old) < 0) to.value = value;
      break;
    case "max":
      if (compare(value, old) > 0) to.value = value;
      break;
    case "first":
      if (order < to.order) Object.assign(to, { value, order });
      break;
    case "last":
      if (order >= to.order) Object.assign(to, { value, order });
      break;
  }
}

function compare(left: LaneValue, right: LaneValue): number {
  if (left instanceof Uint8Array) return Buffer.compare(left, right as Uint8Array);
  if (typeof left === "number") return compareDoubles(left, right as number);
  return (left as bigint) < (right as bigint) ? -1 : left === right ? 0 : 1;
}
