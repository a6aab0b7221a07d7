/**
 * Windows of one task: which tables a batch's rows go to, which windows fire, which close.
 *
 * Rows go to slices. When the watermark reaches a window's last millisecond it fires: its slices are merged into its
 * result (a tumbling window's only slice is its result already). Until lateness has passed, late rows change the result
 * of a fired window directly, as well as its slice. Then the window closes.
 *
 * Firing may take many turns: `cursor` says how far it came and is part of the checkpoint.
 *
 * Invariant: a window with end - 1 <= firedThrough has fired; nothing fires before its watermark, nothing twice.
 */
import { assert } from "../../base/assert.ts";
import type { PageCache } from "../../kernel/page-cache.ts";
import { Slices, type WindowGrid } from "../../kernel/slices.ts";
import { TableFamily } from "../state/window-directory.ts";
import {
  hasFired,
  isClosed,
  lastWindowEndOf,
  nextWindowEndOf,
  windowStartOf,
} from "../windows/window-arithmetic.ts";
import type { OpenTable, TaskTables } from "./task-tables.ts";

/** Where the merging of a window stands: the slice and the hash from which to go on. Bigints as text. */
export interface FiringCursor {
  readonly end: number;
  readonly slice: number;
  readonly hash: string;
}

const minWindow = BigInt(Number.MIN_SAFE_INTEGER);
const maxWindow = BigInt(Number.MAX_SAFE_INTEGER);

export class TaskWindows {
  // Configuration.
  readonly grid: WindowGrid;
  readonly latenessMs: bigint;
  readonly #tables: TaskTables;
  // Rebuilt on open.
  readonly slices: Slices;
  /** Results of fired windows by window end, for late rows; unused by tumbling windows. */
  readonly results: Slices;
  /** Append time of the record being applied. */
  #appendTime = 0;
  // In the checkpoint.
  #firedThrough: bigint;
  #cursor: FiringCursor | undefined;

  constructor(
    cache: PageCache,
    tables: TaskTables,
    grid: WindowGrid,
    latenessMs: number,
    firedThrough: bigint,
    cursor: FiringCursor | undefined,
  ) {
    this.grid = grid;
    this.latenessMs = BigInt(latenessMs);
    this.#tables = tables;
    this.#firedThrough = firedThrough;
    this.#cursor = cursor;
    this.slices = new Slices(cache, grid, (start) => this.#openSlice(start).keyed);
    this.results = new Slices(cache, grid, (end) => this.#openFiredResult(end).keyed);
    this.#openLive();
  }

  get firedThrough(): bigint {
    return this.#firedThrough;
  }

  get cursor(): FiringCursor | undefined {
    return this.#cursor;
  }

  /** End of the last window that no record can change any more; the least safe integer before there is one. */
  get lastClosedEnd(): number {
    const end = this.#firedThrough + 1n - this.latenessMs;
    return Number(end < minWindow ? minWindow : end > maxWindow ? maxWindow : end);
  }

  /** Windows that hold a slice and have not fired. */
  openWindowEnds(): bigint[] {
    const ends = new Set<bigint>();
    for (const [start] of this.slices.entries()) {
      let end = nextWindowEndOf(this.grid, start, this.#firedThrough);
      const last = lastWindowEndOf(this.grid, start);
      for (; end !== undefined && last !== undefined && end <= last; end += this.grid.step) ends.add(end);
    }
    return [...ends].sort((a, b) => (a < b ? -1 : 1));
  }

  /** End of the earliest window that has not fired, undefined where no slice waits for one. */
  nextEnd(): bigint | undefined {
    let next: bigint | undefined;
    for (const [start] of this.slices.entries()) {
      const end = nextWindowEndOf(this.grid, start, this.#firedThrough);
      if (end !== undefined && (next === undefined || end < next)) next = end;
    }
    return next;
  }

  /** Must be called before a record's rows are assigned or its watermark fires anything. */
  beginRecord(appendTime: number): void {
    this.#appendTime = appendTime;
  }

  /** Notes that late rows changed the result of the fired window that ends at `end`. */
  touchFired(end: bigint): void {
    const open = this.#tables.find(TableFamily.Result, Number(end));
    assert(open !== undefined, "a fired window that rows changed has its table");
    if (open.entry.changedAt !== this.#appendTime) this.#tables.update(open, { changedAt: this.#appendTime });
  }

  /**
   * Fires what is due at `watermark`, merging about `cellsMax` cells. Returns true when nothing is due any more; call
   * again otherwise, with the same watermark.
   */
  fire(watermark: bigint, cellsMax: number): boolean {
    let cells = 0;
    while (true) {
      const end = this.#cursor ? BigInt(this.#cursor.end) : this.nextEnd();
      if (end === undefined || !hasFired(end, watermark)) break;
      if (cells >= cellsMax) return false;
      cells += this.grid.kind === "tumble" ? this.#fireTumble(end) : this.#mergeSome(end, cellsMax - cells);
    }
    this.#firedThrough = watermark > this.#firedThrough ? watermark : this.#firedThrough;
    this.#close(watermark);
    return true;
  }

  /** Merges the slices of the window that ends at `end` into a table that the caller discards. */
  merged(end: bigint): ReturnType<TaskTables["temporary"]> {
    const target = this.#tables.temporary();
    for (const [start, slice] of this.slices.entries()) {
      if (start < windowStartOf(this.grid, end) || start >= end) continue;
      for (let hash: bigint | undefined = 0n; hash !== undefined; ) {
        const nextHash: bigint | undefined = slice.pageAt(hash).nextHash;
        slice.mergePage(hash, target);
        hash = nextHash;
      }
    }
    return target;
  }

  /** True when a record can still change the table of this entry, at the watermark that fired last. */
  isLive(family: TableFamily, window: number): boolean {
    return family === TableFamily.Slice || !isClosed(BigInt(window), this.#firedThrough, this.latenessMs);
  }

  release(): void {
    this.slices.release();
    this.results.release();
  }

  #fireTumble(end: bigint): number {
    const open = this.#tables.find(TableFamily.Result, Number(end));
    assert(open !== undefined, "a window that fires has a table");
    this.#tables.update(open, { firedAt: this.#appendTime, changedAt: this.#appendTime });
    this.#firedThrough = end - 1n;
    return 1;
  }

  #mergeSome(end: bigint, cellsMax: number): number {
    const target =
      this.#tables.find(TableFamily.Result, Number(end)) ??
      this.#tables.create(TableFamily.Result, Number(end), 0, this.#appendTime);
    let cells = 1;
    const from = this.#cursor;
    for (const [start, slice] of this.slices.entries()) {
      if (start < windowStartOf(this.grid, end) || start >= end) continue;
      if (from && start < BigInt(from.slice)) continue;
      let hash: bigint | undefined = from && start === BigInt(from.slice) ? BigInt(`0x${from.hash}`) : 0n;
      while (hash !== undefined) {
        if (cells > cellsMax) {
          this.#cursor = { end: Number(end), slice: Number(start), hash: hash.toString(16) };
          return cells;
        }
        const page: ReturnType<typeof slice.pageAt> = slice.pageAt(hash);
        const nextHash: bigint | undefined = page.nextHash;
        cells += page.cellCount;
        const failure = slice.mergePage(hash, target.keyed, BigInt(this.#appendTime));
        assert(failure === undefined, "what lies in a slice fits its result");
        hash = nextHash;
      }
    }
    this.#cursor = undefined;
    this.#tables.update(target, { firedAt: this.#appendTime, changedAt: this.#appendTime });
    this.results.set(end, target.keyed);
    this.#firedThrough = end - 1n;
    return cells;
  }

  /** Lets go of windows that no late row can reach any more, and of slices whose last window closed. */
  #close(watermark: bigint): void {
    const isTumble = this.grid.kind === "tumble";
    for (const [start] of [...this.slices.entries()]) {
      const last = lastWindowEndOf(this.grid, start);
      if (last !== undefined && !isClosed(last, watermark, this.latenessMs)) continue;
      this.slices.delete(start);
      const entry = isTumble ? undefined : this.#tables.find(TableFamily.Slice, Number(start))?.entry;
      if (entry) this.#tables.drop(entry);
    }
    if (isTumble) return;
    for (const [end] of [...this.results.entries()]) {
      if (isClosed(end, watermark, this.latenessMs)) this.results.delete(end);
    }
  }

  #openSlice(start: bigint): OpenTable {
    if (this.grid.kind !== "tumble") {
      return (
        this.#tables.find(TableFamily.Slice, Number(start)) ??
        this.#tables.create(TableFamily.Slice, Number(start), 0, this.#appendTime)
      );
    }
    const end = start + this.grid.size;
    const firedAt = hasFired(end, this.#firedThrough) ? this.#appendTime : 0;
    return (
      this.#tables.find(TableFamily.Result, Number(end)) ??
      this.#tables.create(TableFamily.Result, Number(end), firedAt, this.#appendTime)
    );
  }

  #openFiredResult(end: bigint): OpenTable {
    return (
      this.#tables.find(TableFamily.Result, Number(end)) ??
      this.#tables.create(TableFamily.Result, Number(end), this.#appendTime, this.#appendTime)
    );
  }

  #openLive(): void {
    const last = Number(maxWindow);
    for (const entry of this.#tables.range(TableFamily.Slice, -last, last, false, last)) {
      this.slices.set(BigInt(entry.window), this.#tables.openEntry(entry).keyed);
    }
    for (const entry of this.#tables.range(TableFamily.Result, this.lastClosedEnd, last, false, last)) {
      if (!this.isLive(entry.family, entry.window)) continue;
      const open = this.#tables.openEntry(entry);
      if (this.grid.kind === "tumble") this.slices.set(BigInt(entry.window) - this.grid.size, open.keyed);
      else if (entry.firedAt > 0) this.results.set(BigInt(entry.window), open.keyed);
    }
  }
}
