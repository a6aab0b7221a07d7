/**
 * Rows in order: those of each time when it has passed; without a time all of them, at the end of the input.
 *
 * Rows wait by their arrival, in tables of so many milliseconds each. What is due at once is put in order in
 * memory.
 */
import type { SqlType } from "../../interpreter/types/sql-type.ts";
import { comparisonOf } from "../../interpreter/values/compare-values.ts";
import type { Row, SqlValue } from "../../interpreter/values/sql-value.ts";
import { decodeRow, encodeRow } from "../../interpreter/values/value-codec.ts";
import type { SortField, SortOperator } from "../../protocol/dataflow.ts";
import { maxWatermark } from "../log/records.ts";
import { continuousWindow } from "../state/window-directory.ts";
import { type ChainRow, type Emit, RowKind } from "./chain-row.ts";
import { counterCodec, sequenceKey } from "./counters.ts";
import type { Operator, OperatorContext } from "./operator.ts";
import { PendingWindows } from "./pending-windows.ts";
import type { Slot, StateTable } from "./state-table.ts";
import { WindowTimes } from "./window-times.ts";

/** Milliseconds of one table. */
const spanMs = 1000n;

const noBytes = new Uint8Array(0);

export function openSort(plan: SortOperator, context: OperatorContext): Operator {
  return new Sort(plan, context);
}

class Sort implements Operator {
  readonly #times: WindowTimes | undefined;
  readonly #late: OperatorContext["late"];
  readonly #emit: Emit;
  readonly #clock: OperatorContext["clock"];
  readonly #order: (one: Row, other: Row) => number;
  readonly #rows: StateTable<Row>;
  readonly #arrivals: StateTable<number>;
  readonly #spans: PendingWindows;
  #progress: bigint;

  constructor(plan: SortOperator, { types, evaluation, clock, state, emit, late }: OperatorContext) {
    const { time } = plan;
    this.#times =
      time === undefined ? undefined : new WindowTimes({ column: time }, types, evaluation.timeZone, clock);
    this.#late = late;
    this.#emit = emit;
    this.#clock = clock;
    this.#order = orderOf(plan.order, plan.types);
    this.#rows = state.table({
      encode: (row: Row) => encodeRow(plan.types, row),
      decode: (bytes) => decodeRow(plan.types, bytes),
    });
    this.#arrivals = state.table(counterCodec);
    this.#spans = new PendingWindows(this.#rows.windows());
    this.#progress = clock.progress;
  }

  push(row: ChainRow): void {
    const time = this.#times?.instantIn(row.values);
    if (time !== undefined && time <= this.#progress) {
      this.#late(row, `late: its time is ${this.#progress - time} ms behind the watermark`);
      return;
    }
    const counter = this.#arrivals.get(row.group, noBytes);
    const arrival = counter.value ?? 0;
    this.#arrivals.put(counter, arrival + 1);
    const span = time === undefined ? continuousWindow : Number(floorTo(time));
    this.#rows.put(this.#rows.get(row.group, sequenceKey(arrival), span), row.values);
    this.#spans.add(span);
  }

  *advance(): Generator<void> {
    const { progress } = this.#clock;
    this.#progress = progress;
    for (let span = this.#spans.first; span !== undefined; span = this.#spans.first) {
      const isDue = span === continuousWindow ? progress === maxWatermark : BigInt(span) <= progress;
      if (!isDue) return;
      const rows: Slot<Row>[] = [];
      for (const groups of this.#rows.groups([span])) for (const [slot] of groups) if (slot) rows.push(slot);
      const due = rows.filter(({ value }) => this.#timeOf(value as Row) <= progress);
      yield* this.#send(due);
      if (due.length < rows.length) {
        for (const slot of due) this.#rows.put(slot, undefined);
        return;
      }
      this.#rows.drop(span);
      this.#spans.remove(span);
    }
  }

  nextEnd(): bigint | undefined {
    const { first } = this.#spans;
    return first === undefined || first === continuousWindow ? undefined : BigInt(first) + 1n;
  }

  *#send(due: readonly Slot<Row>[]): Generator<void> {
    const sorted = [...due].sort((one, other) => this.#compare(one, other));
    for (const [index, { group, value }] of sorted.entries()) {
      this.#emit({ kind: RowKind.Insert, group, values: value as Row });
      if (index % 512 === 511) yield;
    }
  }

  #compare(one: Slot<Row>, other: Slot<Row>): number {
    const [left, right] = [one.value as Row, other.value as Row];
    const [first, second] = [this.#timeOf(left), this.#timeOf(right)];
    if (first !== second) return first < second ? -1 : 1;
    return this.#order(left, right) || (sequenceIn(one) < sequenceIn(other) ? -1 : 1);
  }

  #timeOf(row: Row): bigint {
    return this.#times?.instantIn(row) ?? 0n;
  }
}

function sequenceIn({ key }: Slot<Row>): number {
  return new DataView(key.buffer, key.byteOffset, key.byteLength).getFloat64(0);
}

function orderOf(order: readonly SortField[], types: readonly SqlType[]) {
  const fields = order.map((field) => ({ ...field, compare: comparisonOf(types[field.column] as SqlType) }));
  return (one: Row, other: Row): number => {
    for (const { column, isDescending, areNullsFirst, compare } of fields) {
      const [left, right] = [one[column] as SqlValue, other[column] as SqlValue];
      if (left === null && right === null) continue;
      if (left === null || right === null) return (left === null) === areNullsFirst ? -1 : 1;
      const compared = compare(left, right);
      if (compared !== 0) return isDescending ? -compared : compared;
    }
    return 0;
  };
}

function floorTo(time: bigint): bigint {
  const rest = time % spanMs;
  return time - (rest < 0n ? rest + spanMs : rest);
}
