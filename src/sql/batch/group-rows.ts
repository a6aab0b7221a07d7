/**
 * The groups of an aggregation, and what is kept of the rows of each.
 *
 * What one has kept can be added to another: the values are those of all rows in turn, those of the other
 * behind its own. Only groups that have rows are kept; the one of an empty key, which may have none, is there
 * when values are asked for.
 */
import { type CompiledAggregate, compileAggregates } from "../../interpreter/compile-aggregate.ts";
import type { EvaluationContext } from "../../interpreter/scalar-function.ts";
import type { SqlType } from "../../interpreter/types/sql-type.ts";
import type { Row, SqlValue } from "../../interpreter/values/sql-value.ts";
import { encodeRow } from "../../interpreter/values/value-codec.ts";
import { toHex } from "../../interpreter/values/value-json.ts";
import type { AggregateRelation } from "../bind/logical-plan.ts";

interface Group {
  /** A value for each column of the key; null for those that the set leaves out. */
  readonly key: Row;
  readonly accumulators: readonly unknown[];
}

export class GroupRows {
  /** Of what is kept of a group: the number of its set, its key, its accumulators. */
  readonly keptTypes: readonly SqlType[];
  readonly #key: readonly number[];
  readonly #keyTypes: readonly SqlType[];
  readonly #sets: readonly (readonly number[])[];
  readonly #isNumbered: boolean;
  readonly #aggregates: readonly CompiledAggregate[];
  readonly #groups: readonly Map<string, Group>[];

  constructor({ key, sets, input, aggregates }: AggregateRelation, context: EvaluationContext) {
    this.#key = key;
    this.#keyTypes = key.map((column) => input.fields[column]?.type as SqlType);
    this.#sets = sets ?? [[...key.keys()]];
    this.#isNumbered = sets !== undefined;
    this.#aggregates = compileAggregates(aggregates, false, context);
    this.#groups = this.#sets.map(() => new Map());
    const accumulatorTypes = this.#aggregates.map(({ accumulating }) => accumulating.accumulatorType);
    this.keptTypes = [{ name: "INT", isNullable: false }, ...this.#keyTypes, ...accumulatorTypes];
  }

  /** How many groups have rows. */
  get count(): number {
    return this.#groups.reduce((sum, groups) => sum + groups.size, 0);
  }

  /** Any row may change the value of a group. */
  get isEnough(): boolean {
    return false;
  }

  add(rows: readonly Row[]): void {
    for (const row of rows) {
      const given = this.#aggregates.map(({ valuesOf }) => valuesOf(row));
      for (const [number, set] of this.#sets.entries()) {
        const key = this.#key.map((column, place) => (set.includes(place) ? (row[column] ?? null) : null));
        const { accumulators } = this.#group(number, key);
        for (const [index, values] of given.entries()) {
          if (values) this.#aggregates[index]?.accumulating.accumulate(accumulators[index], values);
        }
      }
    }
  }

  /** What is kept, to be merged elsewhere. */
  kept(): Row[] {
    return this.#groups.flatMap((groups, number) =>
      [...groups.values()].map(({ key, accumulators }): Row => {
        const encoded = this.#aggregates.map(({ accumulating }, index) =>
          accumulating.encode(accumulators[index]),
        );
        return [number, ...key, ...encoded];
      }),
    );
  }

  /** Adds what is kept of rows that come behind these. */
  merge(kept: readonly Row[]): void {
    const width = this.#key.length;
    for (const row of kept) {
      const { accumulators } = this.#group(Number(row[0]), row.slice(1, 1 + width));
      for (const [index, { accumulating }] of this.#aggregates.entries()) {
        const other = accumulating.decode(row[1 + width + index] as SqlValue);
        accumulating.merge(accumulators[index], other);
      }
    }
  }

  /** The rows of the aggregation: set by set, groups in the order in which they came. */
  rows(): Row[] {
    return this.#groups.flatMap((groups, number) => {
      const there = [...groups.values()];
      if (there.length === 0 && this.#sets[number]?.length === 0)
        there.push(this.#empty(this.#key.map(() => null)));
      return there.map(({ key, accumulators }): Row => {
        const values = this.#aggregates.map(({ accumulating }, index) =>
          accumulating.value(accumulators[index]),
        );
        return [...key, ...(this.#isNumbered ? [number] : []), ...values];
      });
    });
  }

  #group(number: number, key: Row): Group {
    const groups = this.#groups[number] as Map<string, Group>;
    const name = textOf(this.#keyTypes, key);
    const found = groups.get(name);
    if (found) return found;
    const group = this.#empty(key);
    groups.set(name, group);
    return group;
  }

  #empty(key: Row): Group {
    return { key, accumulators: this.#aggregates.map(({ accumulating }) => accumulating.create()) };
  }
}

/** A text that rows of such types share only where they are the same. */
export function textOf(types: readonly SqlType[], values: Row): string {
  return toHex(encodeRow(types, values));
}
