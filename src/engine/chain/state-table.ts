/**
 * State of an operator by key: (window, key) to a value, in keyed tables, one for each window.
 *
 * Values are read when they are asked for, changed in memory, and written at the end of the record, each
 * once. What was read stays in memory from record to record while it is little: it is a copy of what is
 * stored, so nothing depends on it.
 */
import { assert } from "../../base/assert.ts";
import type { KeyedTable } from "../../kernel/keyed-table.ts";
import type { CellValue } from "../../kernel/page-view.ts";
import { continuousWindow } from "../state/window-directory.ts";
import type { TaskTables } from "../task/task-tables.ts";
import { keyName } from "./group-keys.ts";
import {
  isFirstPiece,
  keyOfCell,
  readFrom,
  readState,
  type StateKey,
  type StateWrite,
  type StoredValue,
  stateKey,
} from "./state-cells.ts";

/** How values are stored. A change of the bytes is a change of a format. */
export interface ValueCodec<Value> {
  encode(value: Value): Uint8Array;
  decode(bytes: Uint8Array): Value;
}

/** A key with its value; change it by `StateTable.put`. */
export interface Slot<Value> {
  readonly window: number;
  readonly group: number;
  readonly key: Uint8Array;
  /** What a Map knows the key by. */
  readonly name: string;
  /** Undefined where there is none. */
  readonly value: Value | undefined;
  /** Append time of the record that wrote it last. */
  readonly changed: number;
}

interface OwnSlot<Value> extends Slot<Value> {
  readonly cell: StateKey;
  value: Value | undefined;
  changed: number;
  /** Pieces that are stored. */
  pieces: number;
  isDirty: boolean;
}

/** What a table has of its chain. */
export interface StateStore {
  readonly tables: TaskTables;
  readonly clock: { readonly appendTime: number };
  /** Writes to a table of a window. Returns how many pieces there are now of each value. */
  write(table: KeyedTable, writes: readonly StateWrite[]): number[];
}

/** Values in memory for which others are forgotten. */
const rememberedMax = 16_384;

export class StateTable<Value> {
  readonly family: number;
  readonly #store: StateStore;
  readonly #codec: ValueCodec<Value>;
  readonly #ttlMs: number | undefined;
  /** By window and key. */
  readonly #slots = new Map<number, Map<string, OwnSlot<Value>>>();
  #dirty = new Map<number, Set<OwnSlot<Value>>>();
  #remembered = 0;

  /** Values that were not written for `ttlMs` of append time are as if they were not there. */
  constructor(store: StateStore, family: number, codec: ValueCodec<Value>, ttlMs?: number) {
    this.#store = store;
    this.family = family;
    this.#codec = codec;
    this.#ttlMs = ttlMs;
  }

  /** The place of a key, with its value if it has one. */
  get(group: number, key: Uint8Array, window: number = continuousWindow): Slot<Value> {
    const cell = stateKey(group, key);
    const name = keyName(cell.bytes);
    const known = this.#slots.get(window)?.get(name);
    if (known) return this.#unexpired(known);
    const table = this.#store.tables.find(this.family, window);
    const stored = table && readState(table.keyed, cell);
    return this.#remember(this.#slot(window, cell, name, stored));
  }

  /** Sets the value of a slot; undefined: it has none any more. A value may be changed in place before. */
  put(given: Slot<Value>, value: Value | undefined): void {
    const slot = this.#own(given);
    slot.value = value;
    slot.changed = this.#store.clock.appendTime;
    if (slot.isDirty) return;
    if (value === undefined && slot.pieces === 0) return;
    slot.isDirty = true;
    const dirty = this.#dirty.get(slot.window);
    if (dirty) dirty.add(slot);
    else this.#dirty.set(slot.window, new Set([slot]));
    this.#open(slot.window);
  }

  /** Values that are to be written. */
  get dirtyCount(): number {
    let count = 0;
    for (const slots of this.#dirty.values()) count += slots.size;
    return count;
  }

  /** Writes what has changed. */
  flush(): void {
    for (const window of [...this.#dirty.keys()].sort((one, other) => one - other)) this.#flush(window);
  }

  /** Forgets what is in memory where that is much; all is written. */
  forgetMany(): void {
    assert(this.#dirty.size === 0, "what is forgotten is written");
    if (this.#remembered <= rememberedMax) return;
    this.#slots.clear();
    this.#remembered = 0;
  }

  /** All windows that have a table, ascending. */
  windows(): number[] {
    const { MIN_SAFE_INTEGER: from, MAX_SAFE_INTEGER: to } = Number;
    return this.#store.tables.range(this.family, from, to, false, to).map(({ window }) => window);
  }

  /** Drops all that there is of a window. */
  drop(window: number): void {
    this.#remembered -= this.#slots.get(window)?.size ?? 0;
    this.#slots.delete(window);
    this.#dirty.delete(window);
    const open = this.#store.tables.find(this.family, window);
    if (open) this.#store.tables.drop(open.entry);
  }

  /**
   * All values of some windows, page by page in the order of hashes: for each key the slots of those windows
   * that have it, in their order. Slots may be changed meanwhile.
   */
  *groups(windows: readonly number[] = [continuousWindow]): Generator<Slot<Value>[][]> {
    let hash: bigint | undefined = 0n;
    while (hash !== undefined) {
      for (const window of windows) this.#flush(window);
      const from: bigint = hash;
      const pages = windows.map((window) => this.#pageAt(window, from));
      hash = pages.reduce<bigint | undefined>((least, { nextHash }) => lesser(least, nextHash), undefined);
      const found = new Map<string, OwnSlot<Value>[]>();
      for (const [index, { cells }] of pages.entries()) {
        const window = windows[index] as number;
        for (const cell of cells) {
          if (cell.hash < from || (hash !== undefined && cell.hash >= hash)) continue;
          const slot = this.#slotOf(window, cell);
          if (slot.value === undefined) continue;
          const same = found.get(slot.name);
          if (same) same.push(slot);
          else found.set(slot.name, [slot]);
        }
      }
      yield [...found.values()].sort(([one], [other]) => (hashOf(one) < hashOf(other) ? -1 : 1));
    }
  }

  /**
   * Deletes what has expired from the page that covers `hash`, of a table without windows. Returns where the
   * next page begins.
   */
  sweep(hash: bigint): { readonly next: bigint | undefined; readonly cells: number } {
    const open = this.#store.tables.find(this.family, continuousWindow);
    if (!open || this.#ttlMs === undefined) return { next: undefined, cells: 0 };
    const { nextHash, cellCount } = open.keyed.pageAt(hash);
    open.keyed.deleteExpired(hash, BigInt(this.#store.clock.appendTime - this.#ttlMs));
    return { next: nextHash, cells: cellCount };
  }

  get hasTtl(): boolean {
    return this.#ttlMs !== undefined;
  }

  #flush(window: number): void {
    const dirty = this.#dirty.get(window);
    if (!dirty) return;
    this.#dirty.delete(window);
    const slots = [...dirty];
    const writes = slots.map(({ cell, value, pieces }): StateWrite => {
      return { cell, pieces, value: value === undefined ? undefined : this.#codec.encode(value) };
    });
    const pieces = this.#store.write(this.#open(window), writes);
    for (const [index, slot] of slots.entries()) {
      slot.isDirty = false;
      slot.pieces = pieces[index] ?? 0;
    }
  }

  #open(window: number): KeyedTable {
    const { tables, clock } = this.#store;
    return (tables.find(this.family, window) ?? tables.create(this.family, window, 0, clock.appendTime))
      .keyed;
  }

  #pageAt(window: number, hash: bigint): { cells: CellValue[]; nextHash: bigint | undefined } {
    const open = this.#store.tables.find(this.family, window);
    if (!open) return { cells: [], nextHash: undefined };
    const page = open.keyed.pageAt(hash);
    return { cells: [...page.cells()].filter(isFirstPiece), nextHash: page.nextHash };
  }

  #slotOf(window: number, found: CellValue): OwnSlot<Value> {
    const name = keyName(found.key);
    const known = this.#slots.get(window)?.get(name);
    if (known) return this.#unexpired(known);
    const open = this.#store.tables.find(this.family, window);
    assert(open, "a cell lies in a table");
    const stored = readFrom(open.keyed, found);
    return this.#slot(window, keyOfCell(found, stored), name, stored);
  }

  #slot(window: number, cell: StateKey, name: string, stored: StoredValue | undefined): OwnSlot<Value> {
    const { group, key } = cell;
    const slot = { window, group, key, cell, name, isDirty: false, pieces: stored?.pieces ?? 0 };
    const value = stored && this.#codec.decode(stored.value);
    return this.#unexpired({ ...slot, value, changed: stored?.changed ?? 0 });
  }

  #unexpired(slot: OwnSlot<Value>): OwnSlot<Value> {
    const { appendTime } = this.#store.clock;
    if (this.#ttlMs !== undefined && slot.changed + this.#ttlMs <= appendTime) slot.value = undefined;
    return slot;
  }

  /** The slot that is in memory for the key of `given`. */
  #own(given: Slot<Value>): OwnSlot<Value> {
    const slot = given as OwnSlot<Value>;
    return this.#slots.get(slot.window)?.get(slot.name) ?? this.#remember(slot);
  }

  #remember(slot: OwnSlot<Value>): OwnSlot<Value> {
    const slots = this.#slots.get(slot.window);
    if (slots) slots.set(slot.name, slot);
    else this.#slots.set(slot.window, new Map([[slot.name, slot]]));
    this.#remembered++;
    return slot;
  }
}

function hashOf(slot: { readonly cell: StateKey } | undefined): bigint {
  return slot?.cell.hash ?? 0n;
}

function lesser(one: bigint | undefined, other: bigint | undefined): bigint | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return one < other ? one : other;
}
