/**
 * A result for each key that changes with every row.
 *
 * Nothing is sent where the new result is the old one, unless state expires: what later operators made of it
 * must not expire before it. Distinct rows of what only comes are told once even so: who reads them takes
 * nothing back. Rows that take back what never came, or is forgotten, do nothing.
 */
import type { Row } from "../../interpreter/values/sql-value.ts";
import type { GroupAggregateOperator } from "../../protocol/dataflow.ts";
import { Aggregates, type Group } from "./aggregates.ts";
import { type ChainRow, type Emit, isAdded, RowKind } from "./chain-row.ts";
import { areEqualRows, keyOf } from "./group-keys.ts";
import type { Operator, OperatorContext } from "./operator.ts";
import type { Slot, StateTable } from "./state-table.ts";

/** A key that rows change, and what its result was before them. */
interface Change {
  readonly key: Row;
  readonly was: Row | undefined;
  /** With what is now. */
  slot: Slot<Group>;
}

export class GroupAggregate implements Operator {
  readonly #plan: GroupAggregateOperator;
  readonly #emit: Emit;
  readonly #aggregates: Aggregates;
  readonly #key: ReturnType<typeof keyOf>;
  readonly #state: StateTable<Group>;
  /** Of the record, by key, where changes are folded. */
  readonly #changes = new Map<string, Change>();

  constructor(plan: GroupAggregateOperator, { emit, state, evaluation }: OperatorContext) {
    this.#plan = plan;
    this.#emit = emit;
    this.#aggregates = new Aggregates(plan.aggregates, plan.isRetracting, evaluation);
    this.#key = keyOf(plan.key, plan.keyTypes);
    this.#state = state.table(this.#aggregates.codec, plan.ttlMs);
  }

  push(row: ChainRow): void {
    const key = this.#key.valuesOf(row.values);
    const slot = this.#state.get(row.group, this.#key.encode(key));
    const known = this.#changes.get(slot.name);
    if (!known && slot.value === undefined && !isAdded(row)) return;
    const was = known || slot.value === undefined ? known?.was : this.#aggregates.values(slot.value);
    const group = slot.value ?? this.#aggregates.create();
    if (this.#plan.addsParts) this.#aggregates.merge(group, this.#partOf(row));
    else this.#aggregates.add(group, row);
    this.#state.put(slot, group);
    if (!this.#plan.isFolding) this.#send({ key, was, slot });
    else if (known) known.slot = slot;
    else this.#changes.set(slot.name, { key, was, slot });
  }

  #partOf({ values }: ChainRow): Group {
    return this.#aggregates.decode(values.slice(this.#plan.key.length));
  }

  endRows(): void {
    for (const change of this.#changes.values()) this.#send(change);
    this.#changes.clear();
  }

  #send({ slot, key, was }: Change): void {
    const { sendsUpdateBefore, ttlMs, isRetracting, aggregates } = this.#plan;
    const { group, value } = slot;
    const emit = (kind: RowKind, values: Row) => this.#emit({ kind, group, values: [...key, ...values] });
    if (value === undefined || (isRetracting && value.rows <= 0)) {
      this.#state.put(slot, undefined);
      if (was) emit(RowKind.Delete, was);
      return;
    }
    const values = this.#aggregates.values(value);
    if (!was) {
      emit(RowKind.Insert, values);
      return;
    }
    const onlyComes = aggregates.length === 0 && !isRetracting;
    if ((ttlMs === undefined || onlyComes) && areEqualRows(was, values)) return;
    if (sendsUpdateBefore) emit(RowKind.UpdateBefore, was);
    emit(RowKind.UpdateAfter, values);
  }
}
