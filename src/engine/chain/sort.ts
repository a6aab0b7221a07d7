/**
 * Rows in order: those of each time when it has passed; without a time all of them, at the end of the input.
 *
 * Rows wait by their arrival, in tables of so many milliseconds each. What is due at once may be more than
 * memory holds: it is gone through as often as that takes, each time for the next rows in order.
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

/** Rows that one pass finds; twice as many are in memory. */
export const sortedRowsMax = 16_384;

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
      const lateBy = Number(this.#progress - time);
      this.#late(row, `late: its time is ${lateBy} ms behind the watermark`, lateBy);
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
      const isWhole = span === continuousWindow || BigInt(span) + spanMs - 1n <= progress;
      const waits = yield* this.#send(span, !isWhole);
      if (waits) return;
      this.#rows.drop(span);
      this.#spans.remove(span);
    }
  }

  nextEnd(): bigint | undefined {
    const { first } = this.#spans;
    return first === undefined || first === continuousWindow ? undefined : BigInt(first) + 1n;
  }

  /** Sends the rows of a table that are due, in order. Returns whether others wait there still. */
  *#send(span: number, forgets: boolean): Generator<void, boolean> {
    for (let last: Slot<Row> | undefined; ; ) {
      const { rows, waits } = yield* this.#nextOf(span, last);
      for (const [index, slot] of rows.entries()) {
        const { group, value } = slot;
        if (forgets) this.#rows.put(slot, undefined);
        this.#emit({ kind: RowKind.Insert, group, values: value as Row });
        if (index % 512 === 511) yield;
      }
      if (rows.length < sortedRowsMax) return waits;
      // What is forgotten is not found again.
      last = forgets ? undefined : rows.at(-1);
    }
  }

  /** The first rows of a table, in order, that are due and behind `last`; and whether any is not due. */
  *#nextOf(
    span: number,
    last: Slot<Row> | undefined,
  ): Generator<void, { rows: Slot<Row>[]; waits: boolean }> {
    let waits = false;
    const found: Slot<Row>[] = [];
    const keepFirst = () => {
      found.sort((one, other) => this.#compare(one, other)).splice(sortedRowsMax);
    };
    for (const groups of this.#rows.groups([span])) {
      for (const [slot] of groups) {
        if (!slot?.value) continue;
        const isDue = this.#timeOf(slot.value) <= this.#progress;
        waits ||= !isDue;
        if (isDue && (!last || this.#compare(last, slot) < 0)) found.push(slot);
      }
      if (found.length >= 2 * sortedRowsMax) keepFirst();
      yield;
    }
    keepFirst();
    return { rows: found, waits };
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
