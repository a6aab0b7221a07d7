/**
 * The first rows by arrival. Where rows may be taken back, all are kept: one that is taken back makes room
 * for the next.
 */

import type { SqlType } from "../../interpreter/types/sql-type.ts";
import type { Row } from "../../interpreter/values/sql-value.ts";
import { decodeRow, encodeRow } from "../../interpreter/values/value-codec.ts";
import type { LimitOperator } from "../../protocol/dataflow.ts";
import { type ChainRow, type Emit, isAdded, RowKind } from "./chain-row.ts";
import { counterCodec, sequenceKey } from "./counters.ts";
import type { Operator, OperatorContext } from "./operator.ts";
import type { StateTable } from "./state-table.ts";

const noBytes = new Uint8Array(0);

export function openLimit(plan: LimitOperator, context: OperatorContext): Operator {
  return plan.isRetracting ? new ChangingLimit(plan, context) : openAppendedLimit(plan, context);
}

function openAppendedLimit({ offset, count }: LimitOperator, { state, emit }: OperatorContext): Operator {
  const counter = state.table(counterCodec);
  return {
    push: (row) => {
      const slot = counter.get(row.group, noBytes);
      const place = slot.value ?? 0;
      if (place >= offset + count) return;
      counter.put(slot, place + 1);
      if (place >= offset) emit(row);
    },
  };
}

/**
 * Numbers by arrival: of the first rows in order, of the next that may follow them, and of the next to come.
 */
interface Line {
  readonly first: readonly number[];
  readonly waiting: number;
  readonly next: number;
}

const number: SqlType = Object.freeze({ name: "DOUBLE", isNullable: false });
const numbers: SqlType = Object.freeze({ name: "ARRAY", isNullable: false, element: number });

function listCodec<Value>(
  toList: (value: Value) => readonly number[],
  of: (list: readonly number[]) => Value,
) {
  return {
    encode: (value: Value) => encodeRow([numbers], [toList(value)]),
    decode: (bytes: Uint8Array) => of(decodeRow([numbers], bytes)[0] as readonly number[]),
  };
}

class ChangingLimit implements Operator {
  readonly #plan: LimitOperator;
  readonly #emit: Emit;
  readonly #line: StateTable<Line>;
  /** Rows by number. */
  readonly #rows: StateTable<Row>;
  /** Numbers of equal rows, ascending. */
  readonly #places: StateTable<readonly number[]>;

  constructor(plan: LimitOperator, { state, emit }: OperatorContext) {
    this.#plan = plan;
    this.#emit = emit;
    this.#line = state.table(
      listCodec<Line>(
        ({ first, waiting, next }) => [waiting, next, ...first],
        ([waiting = 0, next = 0, ...first]) => ({ first, waiting, next }),
      ),
    );
    this.#rows = state.table({
      encode: (row: Row) => encodeRow(plan.types, row),
      decode: (bytes) => decodeRow(plan.types, bytes),
    });
    this.#places = state.table(
      listCodec<readonly number[]>(
        (list) => list,
        (list) => list,
      ),
    );
  }

  push(row: ChainRow): void {
    if (isAdded(row)) this.#add(row);
    else this.#takeBack(row);
  }

  #add({ group, values }: ChainRow): void {
    const slot = this.#line.get(group, noBytes);
    const { first, waiting, next } = slot.value ?? { first: [], waiting: 0, next: 0 };
    this.#rows.put(this.#rows.get(group, sequenceKey(next)), values);
    const places = this.#places.get(group, this.#nameOf(values));
    this.#places.put(places, [...(places.value ?? []), next]);
    const isIn = first.length < this.#plan.offset + this.#plan.count;
    this.#line.put(slot, {
      first: isIn ? [...first, next] : first,
      waiting: isIn ? next + 1 : waiting,
      next: next + 1,
    });
    if (isIn && first.length >= this.#plan.offset) this.#emit({ kind: RowKind.Insert, group, values });
  }

  /** Takes back the last of equal rows: others lie before it for good. */
  #takeBack({ group, values }: ChainRow): void {
    const places = this.#places.get(group, this.#nameOf(values));
    const number = places.value?.at(-1);
    if (number === undefined) return;
    const left = (places.value ?? []).slice(0, -1);
    this.#places.put(places, left.length === 0 ? undefined : left);
    this.#rows.put(this.#rows.get(group, sequenceKey(number)), undefined);
    const slot = this.#line.get(group, noBytes);
    const { first, waiting, next } = slot.value ?? { first: [], waiting: 0, next: 0 };
    const at = first.indexOf(number);
    if (at < 0) return;
    const rest = [...first.slice(0, at), ...first.slice(at + 1)];
    const found = this.#following(group, waiting, next);
    const moved = found === undefined ? rest : [...rest, found];
    this.#line.put(slot, { first: moved, waiting: found === undefined ? next : found + 1, next });
    const { offset } = this.#plan;
    // What stood before the limit's rows makes the first of them move out of it.
    const gone = at >= offset ? values : this.#rowOf(group, rest[offset - 1]);
    if (gone) this.#emit({ kind: RowKind.Delete, group, values: gone });
    const come = found !== undefined && moved.length > offset ? this.#rowOf(group, found) : undefined;
    if (come) this.#emit({ kind: RowKind.Insert, group, values: come });
  }

  /** The first number from `waiting` on of a row that is there. */
  #following(group: number, waiting: number, next: number): number | undefined {
    for (let number = waiting; number < next; number++) {
      if (this.#rows.get(group, sequenceKey(number)).value) return number;
    }
    return undefined;
  }

  #rowOf(group: number, number: number | undefined): Row | undefined {
    return number === undefined ? undefined : this.#rows.get(group, sequenceKey(number)).value;
  }

  #nameOf(values: Row): Uint8Array {
    return encodeRow(this.#plan.types, values);
  }
}
