/**
 * Counted values the slow, obvious way: a Map of values per key.
 */
import type { LaneValue } from "../../src/columnar/values.ts";
import { compareDoubles } from "./table-model.ts";

type Counts = Map<string, { readonly value: bigint | number; count: bigint }>;

export class CountedValuesModel {
  readonly #values = new Map<string, Counts>();

  /** Adds a value as often as the weight says, or takes it away, as far as it is there. */
  update(key: string, value: LaneValue, weight: bigint): void {
    if (value === null || value instanceof Uint8Array) return;
    const counts: Counts = this.#values.get(key) ?? new Map();
    const name = Object.is(value, -0) ? "-0" : String(value);
    const count = (counts.get(name)?.count ?? 0n) + weight;
    if (count > 0n) counts.set(name, { value, count });
    else counts.delete(name);
    this.#values.set(key, counts);
  }

  clear(key: string): void {
    this.#values.delete(key);
  }

  bound(key: string, bound: "min" | "max"): bigint | number | null {
    const sign = bound === "min" ? 1 : -1;
    const values = [...(this.#values.get(key)?.values() ?? [])].map(({ value }) => value);
    return values.reduce<bigint | number | null>(
      (best, value) => (best === null || sign * compare(value, best) < 0 ? value : best),
      null,
    );
  }
}

function compare(left: bigint | number, right: bigint | number): number {
  if (typeof left === "number") return compareDoubles(left, right as number);
  return left < right ? -1 : left === right ? 0 : 1;
}
