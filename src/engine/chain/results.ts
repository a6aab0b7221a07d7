/**
 * The tables of results that a chain keeps.
 *
 * A view has the last row of each key. A row that is taken back goes only where it is that one: what came for
 * its key meanwhile stays, in whatever order changes come. A row that no cell holds is rejected, and its key
 * has none: what was there is not so any more.
 *
 * A changelog has rows by their number, in tables of so many; each is named by its first number, as results
 * are by their window, so that they are read in the order in which they came, and dropped as a whole.
 */
import { accumulatorStringBytesMax, cellStringBytesMax, keyBytesMax } from "../../base/limits.ts";
import { encodeUtf8 } from "../../base/utf8.ts";
import { encodeKey, hashKey } from "../../columnar/key-encoding.ts";
import { compareValues, type LaneValue } from "../../columnar/values.ts";
import type { SqlValue } from "../../interpreter/values/sql-value.ts";
import type { ResultPlan } from "../plan/chain-plan.ts";
import { laneWriter } from "../plan/lane-values.ts";
import { continuousWindow, TableFamily } from "../state/window-directory.ts";
import type { ChangeKind } from "../task/change-types.ts";
import type { TaskTables } from "../task/task-tables.ts";
import type { ViewChanges } from "../task/view-changes.ts";
import type { ChainClock } from "./chain-clock.ts";
import { type ChainRow, isAdded, rowKindNames } from "./chain-row.ts";
import { counterCodec } from "./counters.ts";
import type { OperatorState } from "./operator-state.ts";
import type { ResultCells, ResultRow } from "./result-cells.ts";
import type { StateTable } from "./state-table.ts";

/** Where rows are kept. */
export interface Results {
  push(row: ChainRow): void;
  /** Rows that are not written yet. */
  readonly unwritten: number;
  write(): void;
  /** Lets go of what is kept no longer than until `changedBefore`. */
  expire(changedBefore: number): void;
}

interface KeptRow {
  readonly key: readonly LaneValue[];
  values: readonly LaneValue[] | undefined;
}

export class ViewResults implements Results {
  readonly #cells: ResultCells;
  readonly #tables: TaskTables;
  readonly #clock: ChainClock;
  readonly #keyOf: (row: ChainRow) => LaneValue[];
  readonly #valuesOf: (row: ChainRow) => LaneValue[];
  readonly #reject: (row: ChainRow, reason: string) => void;
  readonly #changes: ViewChanges;
  readonly #pending = new Map<string, KeptRow>();

  constructor(
    plan: ResultPlan,
    cells: ResultCells,
    tables: TaskTables,
    clock: ChainClock,
    reject: (row: ChainRow, reason: string) => void,
    changes: ViewChanges,
  ) {
    this.#reject = reject;
    this.#changes = changes;
    this.#cells = cells;
    this.#tables = tables;
    this.#clock = clock;
    const others = [...plan.types.keys()].filter((column) => !plan.key.includes(column));
    this.#keyOf = lanesOf(plan, plan.key);
    this.#valuesOf = lanesOf(plan, others);
  }

  get unwritten(): number {
    return this.#pending.size;
  }

  push(row: ChainRow): void {
    const key = this.#keyOf(row);
    const { bytes, nulls } = encodeKey(this.#cells.keyKinds, key);
    if (bytes.length > keyBytesMax) {
      if (isAdded(row)) this.#reject(row, `its key is longer than ${keyBytesMax} bytes`);
      return;
    }
    const name = `${nulls} ${String.fromCharCode(...bytes)}`;
    const known = this.#pending.get(name);
    const values = this.#valuesOf(row);
    const last = () => (known ? known.values : this.#stored(bytes, nulls));
    const kind = rowKindNames[row.kind] as ChangeKind;
    if (isAdded(row)) {
      const reason = whyTooLong(values);
      if (reason !== undefined) this.#reject(row, reason);
      const kept = reason === undefined ? values : undefined;
      if (this.#changes.isRecording)
        this.#changes.addRow({ key: bytes, keyNulls: nulls }, kind, last(), kept);
      this.#pending.set(name, { key, values: kept });
      return;
    }
    const was = last();
    if (!was || !areEqual(was, values)) return;
    this.#changes.addRow({ key: bytes, keyNulls: nulls }, kind, was, undefined);
    this.#pending.set(name, { key, values: undefined });
  }

  write(): void {
    if (this.#pending.size === 0) return;
    this.#cells.write(this.#table(), [...this.#pending.values()], this.#clock.appendTime);
    this.#pending.clear();
  }

  expire(): void {
    // Cells expire one by one: the task's retention sweeps them.
  }

  #stored(bytes: Uint8Array, nulls: number): readonly LaneValue[] | undefined {
    const open = this.#tables.find(TableFamily.Result, continuousWindow);
    return open?.keyed.lookup(bytes, nulls, hashKey(bytes, nulls))?.accumulators;
  }

  #table() {
    const found = this.#tables.find(TableFamily.Result, continuousWindow);
    return (found ?? this.#tables.create(TableFamily.Result, continuousWindow, 0, this.#clock.appendTime))
      .keyed;
  }
}

/** Rows of a table of a changelog. */
const segmentRows = 4096;

/** Their numbers are the upper bits of their hashes. */
const segmentShift = 52n;

export class ChangelogResults implements Results {
  readonly #cells: ResultCells;
  readonly #tables: TaskTables;
  readonly #clock: ChainClock;
  readonly #lanesOf: (row: ChainRow) => LaneValue[];
  readonly #kinds: readonly Uint8Array[];
  /** How many rows there were. */
  readonly #count: StateTable<number>;
  #next: number | undefined;
  readonly #pending: ResultRow[] = [];

  constructor(
    plan: ResultPlan,
    cells: ResultCells,
    tables: TaskTables,
    clock: ChainClock,
    state: OperatorState,
  ) {
    this.#cells = cells;
    this.#tables = tables;
    this.#clock = clock;
    this.#lanesOf = lanesOf(plan, [...plan.types.keys()]);
    this.#kinds = rowKindNames.map(encodeUtf8);
    this.#count = state.table(counterCodec);
  }

  get unwritten(): number {
    return this.#pending.length;
  }

  push(row: ChainRow): void {
    this.#next ??= this.#count.get(0, noBytes).value ?? 0;
    const sequence = this.#next++;
    this.#pending.push({
      key: [BigInt(sequence)],
      values: [this.#kinds[row.kind] as Uint8Array, ...this.#lanesOf(row)],
      hash: BigInt(sequence % segmentRows) << segmentShift,
    });
  }

  write(): void {
    if (this.#pending.length === 0) return;
    const { appendTime } = this.#clock;
    const segments = new Map<number, ResultRow[]>();
    for (const row of this.#pending.splice(0)) {
      const sequence = Number(row.key[0]);
      const first = sequence - (sequence % segmentRows);
      segments.set(first, [...(segments.get(first) ?? []), row]);
    }
    for (const [first, rows] of segments) {
      const found = this.#tables.find(TableFamily.Result, first);
      const open = found ?? this.#tables.create(TableFamily.Result, first, 0, appendTime);
      if (open.entry.changedAt !== appendTime) this.#tables.update(open, { changedAt: appendTime });
      this.#cells.write(open.keyed, rows, appendTime);
    }
    this.#count.put(this.#count.get(0, noBytes), this.#next);
  }

  expire(changedBefore: number): void {
    const { MAX_SAFE_INTEGER: end } = Number;
    const [oldest, another] = this.#tables.range(TableFamily.Result, 0, end, false, 2);
    // The last one is written to.
    if (oldest && another && oldest.changedAt < changedBefore) this.#tables.drop(oldest);
  }
}

const noBytes = new Uint8Array(0);

function lanesOf({ types }: ResultPlan, columns: readonly number[]) {
  const writers = types.map((type) => laneWriter(type, "text"));
  return ({ values }: ChainRow): LaneValue[] =>
    columns.map((column) => writers[column]?.(values[column] as SqlValue) ?? null);
}

/** Why no cell holds such values; undefined where one does. */
function whyTooLong(values: readonly LaneValue[]): string | undefined {
  const lengths = values.map((value) => (value instanceof Uint8Array ? value.length : 0));
  if (lengths.some((length) => length > accumulatorStringBytesMax)) {
    return `it has a text of more than ${accumulatorStringBytesMax} bytes`;
  }
  const bytes = lengths.reduce((sum, length) => sum + length, 0);
  return bytes > cellStringBytesMax ? `its texts have more than ${cellStringBytesMax} bytes` : undefined;
}

function areEqual(one: readonly LaneValue[], other: readonly LaneValue[]): boolean {
  return one.every((value, index) => compareValues(value, other[index] as LaneValue) === 0);
}
