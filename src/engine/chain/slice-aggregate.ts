/**
 * Aggregates of windows that are made of slices: a row counts in one slice, whatever windows overlap there;
 * a window's slices are merged when it is over.
 *
 * A row is late when the last window of its slice is over: until then it counts in those that are not.
 */
import type { SqlType } from "../../interpreter/types/sql-type.ts";
import type { Row } from "../../interpreter/values/sql-value.ts";
import { decodeRow, encodeRow } from "../../interpreter/values/value-codec.ts";
import type { WindowAggregateOperator } from "../../protocol/dataflow.ts";
import { higherOf, minWatermark } from "../log/records.ts";
import { Aggregates, type Group } from "./aggregates.ts";
import { type ChainRow, type Emit, RowKind } from "./chain-row.ts";
import { areEqualRows, keyOf } from "./group-keys.ts";
import type { Operator, OperatorContext } from "./operator.ts";
import { PendingWindows } from "./pending-windows.ts";
import type { Slicing } from "./slicing.ts";
import type { Slot, StateTable } from "./state-table.ts";
import { propertiesOf, type Span } from "./window-properties.ts";
import type { WindowTimes } from "./window-times.ts";

const startType: SqlType = Object.freeze({ name: "BIGINT", isNullable: true });

export class SliceAggregate implements Operator {
  readonly #plan: WindowAggregateOperator;
  readonly #emit: Emit;
  readonly #late: OperatorContext["late"];
  readonly #times: WindowTimes;
  readonly #slicing: Slicing;
  readonly #aggregates: Aggregates;
  readonly #key: ReturnType<typeof keyOf>;
  /** Of the keys in state: the start of a window that rows bring, and the key. */
  readonly #keyTypes: readonly SqlType[];
  readonly #properties: (window: Span) => Row;
  readonly #latenessMs: bigint;
  readonly #state: StateTable<Group>;
  readonly #slices: PendingWindows;
  /** Rows are late by it. */
  #progress: bigint;
  /** Windows that are over have fired up to here. */
  #fired: bigint;

  constructor(plan: WindowAggregateOperator, context: OperatorContext, times: WindowTimes, slicing: Slicing) {
    this.#plan = plan;
    this.#emit = context.emit;
    this.#late = context.late;
    this.#times = times;
    this.#slicing = slicing;
    this.#aggregates = new Aggregates(plan.aggregates, plan.isRetracting, context.evaluation);
    this.#key = keyOf(plan.key, plan.keyTypes);
    this.#keyTypes = [startType, ...plan.keyTypes];
    this.#properties = propertiesOf(plan.properties, times, context.clock);
    this.#latenessMs = BigInt(plan.latenessMs);
    this.#state = context.state.table(this.#aggregates.codec);
    this.#slices = new PendingWindows(this.#state.windows());
    this.#progress = times.progress;
    // What was put together of partitions that were not equally far begins with the windows of those behind.
    this.#fired = times.leastRestored ?? this.#progress;
  }

  push(row: ChainRow): void {
    const slice = this.#slicing.sliceOf(row.values);
    if (slice === undefined) return;
    const last = this.#slicing.lastEndOf(slice);
    if (last - 1n + this.#latenessMs <= this.#progress) {
      const lateBy = Number(this.#progress - last + 1n);
      this.#late(row, `late: its window ended ${lateBy} ms before the watermark`, lateBy);
      return;
    }
    const start = this.#slicing.startIn(row.values) ?? null;
    const key = encodeRow(this.#keyTypes, [start, ...this.#key.valuesOf(row.values)]);
    const fired = this.#latenessMs > 0n ? this.#firedEndsOf(slice, row.group) : [];
    const before = fired.map((end) => this.#resultOf(row.group, key, end));
    const slot = this.#state.get(row.group, key, Number(slice));
    const group = slot.value ?? this.#aggregates.create();
    this.#aggregates.add(group, row);
    this.#state.put(slot, group);
    this.#slices.add(Number(slice));
    for (const [index, end] of fired.entries()) this.#sendChange(row.group, key, end, before[index]);
  }

  *advance(): Generator<void> {
    const { progress } = this.#times;
    for (let end = this.#nextEnd(); end !== undefined && end - 1n <= progress; end = this.#nextEnd()) {
      yield* this.#fire(end);
      this.#fired = end - 1n;
    }
    if (progress > this.#fired) this.#fired = progress;
    this.#progress = this.#fired;
    for (let slice = this.#slices.first; slice !== undefined; slice = this.#slices.first) {
      if (this.#slicing.lastEndOf(BigInt(slice)) - 1n + this.#latenessMs > this.#fired) break;
      this.#state.drop(slice);
      this.#slices.remove(slice);
    }
  }

  nextEnd(): bigint | undefined {
    const end = this.#times.isProcessing ? undefined : this.#nextEnd();
    return end === undefined ? undefined : this.#times.dueAt(end - 1n) + 1n;
  }

  nextDueAt(): number | undefined {
    const end = this.#times.isProcessing ? this.#nextEnd() : undefined;
    return end === undefined ? undefined : Number(this.#times.dueAt(end - 1n)) + 1;
  }

  openWindows(): number {
    return this.#slices.count;
  }

  /** End of the first window that has rows and has not fired. */
  #nextEnd(): bigint | undefined {
    let least: bigint | undefined;
    for (const slice of this.#slices.all()) {
      const end = this.#slicing.nextEndOf(BigInt(slice), this.#fired);
      if (end !== undefined && (least === undefined || end < least)) least = end;
      // Later slices have no earlier window that is not over.
      if (least !== undefined && BigInt(slice) >= least) break;
    }
    return least;
  }

  *#fire(end: bigint): Generator<void> {
    const [from, to] = this.#slicing.slicesOf(end);
    const slices = this.#slices.between(Number(from), Number(to));
    for (const groups of this.#state.groups(slices)) {
      for (const slots of groups) {
        const [first] = slots;
        const values = first && end - 1n > this.#firedOf(first.group) ? this.#valuesOf(slots) : undefined;
        if (first && values) this.#send(RowKind.Insert, first.group, first.key, end, values);
      }
      yield;
    }
  }

  /** The aggregates of a key over some slices; undefined where no row is left in them. */
  #valuesOf([first, ...others]: readonly Slot<Group>[]): Row | undefined {
    if (!first?.value) return undefined;
    // Merging changes both: what slices hold is needed again.
    const merged = others.length === 0 ? first.value : this.#aggregates.copy(first.value);
    for (const { value } of others) if (value) this.#aggregates.merge(merged, this.#aggregates.copy(value));
    return this.#plan.isRetracting && merged.rows <= 0 ? undefined : this.#aggregates.values(merged);
  }

  /** How far the windows of a key group have fired. */
  #firedOf(group: number): bigint {
    return higherOf(this.#fired, this.#times.restoredProgressOf(group) ?? minWatermark);
  }

  /** Windows of a slice that have fired and take late rows still. */
  #firedEndsOf(slice: bigint, group: number): bigint[] {
    const fired = this.#firedOf(group);
    const ends = this.#slicing.endsOf(slice);
    return ends.filter((end) => end - 1n <= fired && end - 1n + this.#latenessMs > fired);
  }

  #resultOf(group: number, key: Uint8Array, end: bigint): Row | undefined {
    const [from, to] = this.#slicing.slicesOf(end);
    const slices = this.#slices.between(Number(from), Number(to));
    const slots = slices.map((slice) => this.#state.get(group, key, slice));
    return this.#valuesOf(slots.filter(({ value }) => value !== undefined));
  }

  #sendChange(group: number, key: Uint8Array, end: bigint, was: Row | undefined): void {
    const is = this.#resultOf(group, key, end);
    if (was && is && areEqualRows(was, is)) return;
    if (was) this.#send(is ? RowKind.UpdateBefore : RowKind.Delete, group, key, end, was);
    if (is) this.#send(was ? RowKind.UpdateAfter : RowKind.Insert, group, key, end, is);
  }

  #send(kind: RowKind, group: number, stored: Uint8Array, end: bigint, values: Row): void {
    const [brought, ...key] = decodeRow(this.#keyTypes, stored);
    const start = this.#slicing.startOf(end) ?? (brought as bigint);
    this.#emit({ kind, group, values: [...key, ...values, ...this.#properties({ start, end })] });
  }
}
