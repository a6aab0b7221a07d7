/**
 * Counted values the slow, obvious way: a list of rows per key.
 */
import type { LaneValue } from "../../src/columnar/values.ts";
import { compareDoubles } from "./table-model.ts";

type Value = Exclude<LaneValue, null>;

/** Rows of a key with their weights, in the order in which they came. */
type Rows = { readonly value: Value; count: bigint }[];

export class CountedValuesModel {
  readonly #rows = new Map<string, Rows>();

  /**
   * Adds a value as often as the weight says, or takes it away, the earliest first, as far as it is there.
   * Returns 1 where the key had no such value, -1 where it has none any more, else 0.
   */
  update(key: string, value: LaneValue, weight: bigint): -1 | 0 | 1 {
    if (value === null || weight === 0n) return 0;
    const rows: Rows = this.#rows.get(key) ?? [];
    this.#rows.set(key, rows);
    const isEqual = (row: Rows[number]) => compare(row.value, value) === 0;
    const had = rows.some(isEqual);
    if (weight > 0n) rows.push({ value, count: weight });
    for (let left = -weight; left > 0n; left--) {
      const first = rows.find(isEqual);
      if (!first) break;
      first.count--;
      if (first.count === 0n) rows.splice(rows.indexOf(first), 1);
    }
    const has = rows.some(isEqual);
    return had === has ? 0 : has ? 1 : -1;
  }

  clear(key: string): void {
    this.#rows.delete(key);
  }

  bound(key: string, bound: "min" | "max" | "first" | "last"): LaneValue {
    const values = (this.#rows.get(key) ?? []).map(({ value }) => value);
    if (bound === "first") return values[0] ?? null;
    if (bound === "last") return values.at(-1) ?? null;
    const sign = bound === "min" ? 1 : -1;
    return values.reduce<LaneValue>(
      (best, value) => (best === null || sign * compare(value, best) < 0 ? value : best),
      null,
    );
  }
}

function compare(left: Value, right: Value): number {
  if (typeof left === "number") return compareDoubles(left, right as number);
  if (left instanceof Uint8Array) return Buffer.compare(left, right as Uint8Array);
  return left < (right as bigint) ? -1 : left === right ? 0 : 1;
}
