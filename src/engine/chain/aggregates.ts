/**
 * The aggregates of an operator together: what is kept of the rows of a group.
 *
 * In state it is a row: how many rows there are, then each accumulator.
 */
import {
  type CompiledAggregate,
  compileAggregates,
  groupTypesOf,
} from "../../interpreter/compile-aggregate.ts";
import type { EvaluationContext } from "../../interpreter/scalar-function.ts";
import type { SqlType } from "../../interpreter/types/sql-type.ts";
import type { Row, SqlValue } from "../../interpreter/values/sql-value.ts";
import { decodeRow, encodeRow } from "../../interpreter/values/value-codec.ts";
import type { AggregateCall } from "../../protocol/dataflow.ts";
import { type ChainRow, isAdded } from "./chain-row.ts";
import type { ValueCodec } from "./state-table.ts";

/** What is kept of a group. */
export interface Group {
  /** Rows that came, less those that were taken back. */
  rows: number;
  readonly accumulators: readonly unknown[];
}

export class Aggregates {
  readonly codec: ValueCodec<Group>;
  readonly #compiled: readonly CompiledAggregate[];

  constructor(calls: readonly AggregateCall[], isRetracting: boolean, context: EvaluationContext) {
    this.#compiled = compileAggregates(calls, isRetracting, context);
    const { types } = this;
    this.codec = {
      encode: (group) => encodeRow(types, this.encode(group)),
      decode: (bytes) => this.decode(decodeRow(types, bytes)),
    };
  }

  /** Types of `encode`'s row. */
  get types(): readonly SqlType[] {
    return groupTypesOf(this.#compiled);
  }

  create(): Group {
    return { rows: 0, accumulators: this.#compiled.map(({ accumulating }) => accumulating.create()) };
  }

  /** Takes a row in, or back. */
  add(group: Group, row: ChainRow): void {
    const isMore = isAdded(row);
    group.rows += isMore ? 1 : -1;
    for (const [index, { accumulating, valuesOf }] of this.#compiled.entries()) {
      const values = valuesOf(row.values);
      if (!values) continue;
      if (isMore) accumulating.accumulate(group.accumulators[index], values);
      else accumulating.retract(group.accumulators[index], values);
    }
  }

  /** Adds what is kept of rows that came after those of `group`; `other` is of no use afterwards. */
  merge(group: Group, other: Group): void {
    group.rows += other.rows;
    for (const [index, { accumulating }] of this.#compiled.entries()) {
      accumulating.merge(group.accumulators[index], other.accumulators[index]);
    }
  }

  /** Returns a copy that can be changed or merged. */
  copy(group: Group): Group {
    return this.codec.decode(this.codec.encode(group));
  }

  values({ accumulators }: Group): Row {
    return this.#compiled.map(({ accumulating }, index) => accumulating.value(accumulators[index]));
  }

  encode({ rows, accumulators }: Group): Row {
    return [
      BigInt(rows),
      ...this.#compiled.map(({ accumulating }, index) => accumulating.encode(accumulators[index])),
    ];
  }

  decode([rows, ...encoded]: Row): Group {
    const accumulators = this.#compiled.map(({ accumulating }, index) =>
      accumulating.decode(encoded[index] as SqlValue),
    );
    return { rows: Number(rows), accumulators };
  }
}
