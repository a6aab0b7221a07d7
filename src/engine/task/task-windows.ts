/**
 * Windows of one task: which tables a batch's rows go to, which windows fire, which close.
 *
 * Rows go to slices. When the watermark reaches a window's last millisecond it fires: its slices, or sums of
 * them that windows share, are merged into its result (a tumbling window's only slice is its result already).
 * Until lateness has passed, late rows change the result of a fired window directly, as well as its slice.
 * Then the window closes.
 *
 * Firing may take many turns: `cursor` says how far it came and is part of the checkpoint.
 *
 * Invariant: a window with end - 1 <= firedThrough has fired; nothing fires before its watermark, nothing
 * twice.
 */
import { assert } from "../../base/assert.ts";
import type { KeyedTable } from "../../kernel/keyed-table.ts";
import type { PageCache } from "../../kernel/page-cache.ts";
import type { PageView } from "../../kernel/page-view.ts";
import { Slices, type WindowGrid } from "../../kernel/slices.ts";
import { TableFamily } from "../state/window-directory.ts";
import {
  hasFired,
  isClosed,
  lastWindowEndOf,
  nextWindowEndOf,
  slicesOfWindow,
  windowStartOf,
} from "../windows/window-arithmetic.ts";
import type { OpenTable, TaskTables } from "./task-tables.ts";
import {
  type Merged,
  type MergePlace,
  type MergeSource,
  mergePages,
  placeBehind,
  WindowPartials,
} from "./window-partials.ts";

/** Where the firing of a window stands; of one that is being sent on the slice has no meaning. */
export interface FiringCursor extends MergePlace {
  readonly end: number;
  /** The window has fired, and its result is on its way to the next stage. */
  readonly isSending?: true;
}

/** What the windows of a task are. `sharesSums`: they fire by sums of slices, see `WindowPartials`. */
export interface WindowSettings {
  readonly grid: WindowGrid;
  readonly latenessMs: number;
  readonly sharesSums: boolean;
}

/** Sends one page of a result on; false where the next stage can take no more for now. */
export type SendPage = (page: PageView, end: bigint) => boolean;

/** Walks over the results of windows that have fired. */
export interface ResultWalk {
  /** Whether what fires now is walked over. */
  isWanted(): boolean;
  readonly sendPage: SendPage;
}

/** What firing a window counts besides its cells: an entry of the directory is a row in storage. */
const cellsPerWindow = 50;

/** Slices, and windows, that one step closes. */
const closedPerStepMax = 1000;

const minWindow = BigInt(Number.MIN_SAFE_INTEGER);
const maxWindow = BigInt(Number.MAX_SAFE_INTEGER);

export class TaskWindows {
  // Configuration.
  readonly grid: WindowGrid;
  readonly latenessMs: bigint;
  readonly #tables: TaskTables;
  readonly #walk: ResultWalk | undefined;
  // Rebuilt on open.
  readonly slices: Slices;
  /** Results of fired windows by window end, for late rows; unused by tumbling windows. */
  readonly results: Slices;
  readonly #partials: WindowPartials | undefined;
  /** Append time of the record being applied. */
  #appendTime = 0;
  // In the checkpoint.
  #firedThrough: bigint;
  #cursor: FiringCursor | undefined;

  constructor(
    cache: PageCache,
    tables: TaskTables,
    { grid, latenessMs, sharesSums }: WindowSettings,
    firedThrough: bigint,
    cursor: FiringCursor | undefined,
    walk?: ResultWalk,
  ) {
    this.#walk = walk;
    this.grid = grid;
    this.latenessMs = BigInt(latenessMs);
    this.#tables = tables;
    this.#firedThrough = firedThrough;
    this.#cursor = cursor;
    this.slices = new Slices(cache, grid, (start) => this.#openSlice(start).keyed);
    this.results = new Slices(cache, grid, (end) => this.#openFiredResult(end).keyed);
    this.#openLive();
    this.#partials = sharesSums ? new WindowPartials(tables, this.slices, grid) : undefined;
  }

  get firedThrough(): bigint {
    return this.#firedThrough;
  }

  get cursor(): FiringCursor | undefined {
    return this.#cursor;
  }

  /**
   * End of the last window that no record can change any more; the least safe integer before there is one.
   */
  get lastClosedEnd(): number {
    const end = this.#firedThrough + 1n - this.latenessMs;
    return Number(end < minWindow ? minWindow : end > maxWindow ? maxWindow : end);
  }

  /** Windows that hold a slice and have not fired, ascending by end. */
  openWindowEnds(): bigint[] {
    const ends: bigint[] = [];
    const starts = [...this.slices.starts(), ...(this.#partials?.starts() ?? [])];
    for (const start of starts.sort((a, b) => (a < b ? -1 : 1))) {
      const last = lastWindowEndOf(this.grid, start);
      let end = nextWindowEndOf(this.grid, start, this.#firedThrough);
      if (end === undefined || last === undefined) continue;
      // Ends ascend with starts and lie on one grid: what slices before this one share with it is listed.
      const listed = ends.at(-1);
      if (listed !== undefined && listed >= end) end = listed + this.grid.step;
      for (; end <= last; end += this.grid.step) ends.push(end);
    }
    return ends;
  }

  /** End of the earliest window that has not fired, undefined where no slice waits for one. */
  nextEnd(): bigint | undefined {
    const first = (starts: Iterable<bigint>) => {
      for (const start of starts) {
        const end = nextWindowEndOf(this.grid, start, this.#firedThrough);
        if (end !== undefined) return end;
      }
      return undefined;
    };
    const [end, folded] = [first(this.slices.starts()), first(this.#partials?.starts() ?? [])];
    return folded === undefined || (end !== undefined && end < folded) ? end : folded;
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
   * Fires what is due at `watermark`, merging about `cellsMax` cells, and closes what no row can change any
   * more. Returns true when nothing is left to do; call again otherwise, with the same watermark.
   */
  fire(watermark: bigint, cellsMax: number): boolean {
    let cells = 0;
    while (true) {
      if (this.#cursor?.isSending) {
        if (cells >= cellsMax) return false;
        const sent = this.#sendSome(this.#cursor, cellsMax - cells);
        if (sent === undefined) return false;
        cells += sent;
        continue;
      }
      const end = this.#cursor ? BigInt(this.#cursor.end) : this.nextEnd();
      if (end === undefined || !hasFired(end, watermark)) break;
      if (cells > 0 && (cells >= cellsMax || this.#tables.isFull)) return false;
      cells += this.grid.kind === "tumble" ? this.#fireTumble(end) : this.#mergeSome(end, cellsMax - cells);
    }
    this.#firedThrough = watermark > this.#firedThrough ? watermark : this.#firedThrough;
    this.#partials?.close(this.#firedThrough);
    return this.#close(watermark);
  }

  /**
   * Puts a part of an open window together for `use` to read: of each slice of the window that ends at `end`,
   * the page that covers `hash`. Complete are cells with hashes in [hash, nextHash). Nothing of it is kept.
   */
  readMerged<Value>(
    end: bigint,
    hash: bigint,
    use: (merged: KeyedTable, nextHash: bigint | undefined, pages: number) => Value,
  ): Value {
    const merged = this.#tables.temporary();
    try {
      let nextHash: bigint | undefined;
      let pages = 0;
      for (const slice of this.#slicesOf(end)) {
        const next = slice.pageAt(hash).nextHash;
        if (nextHash === undefined || (next !== undefined && next < nextHash)) nextHash = next;
        const failure = slice.mergePage(hash, merged);
        assert(failure === undefined, "what lies in a slice fits its result");
        pages++;
      }
      return use(merged, nextHash, pages);
    } finally {
      this.#tables.discard(merged);
    }
  }

  /** True when a record can still change the table of this entry, at the watermark that fired last. */
  isLive(family: number, window: number): boolean {
    const isOfSlices = family === TableFamily.Slice || family >= TableFamily.Folded;
    return isOfSlices || !isClosed(BigInt(window), this.#firedThrough, this.latenessMs);
  }

  release(): void {
    this.slices.release();
    this.results.release();
  }

  #fireTumble(end: bigint): number {
    const open = this.#tables.find(TableFamily.Result, Number(end));
    assert(open !== undefined, "a window that fires has a table");
    this.#tables.update(open, { firedAt: this.#appendTime, changedAt: this.#appendTime });
    this.#hasFired(end);
    return cellsPerWindow;
  }

  #hasFired(end: bigint): void {
    this.#firedThrough = end - 1n;
    const isWalked = this.#walk?.isWanted() === true;
    this.#cursor = isWalked ? { end: Number(end), slice: 0, hash: "0", isSending: true } : undefined;
  }

  /**
   * Sends pages of a fired window on; returns their cells, or undefined when the next stage has to catch up.
   */
  #sendSome({ end, slice, hash: from }: FiringCursor, cellsMax: number): number | undefined {
    const open = this.#tables.find(TableFamily.Result, end);
    assert(open !== undefined, "a window that was fired has a result");
    let hash: bigint | undefined = BigInt(`0x${from}`);
    let cells = 0;
    while (hash !== undefined && cells <= cellsMax) {
      const page: PageView = open.keyed.pageAt(hash);
      if (!this.#walk?.sendPage(page, BigInt(end))) return undefined;
      cells += page.cellCount + 1;
      hash = page.nextHash;
      this.#cursor =
        hash === undefined ? undefined : { end, slice, hash: hash.toString(16), isSending: true };
    }
    return cells;
  }

  #mergeSome(end: bigint, cellsMax: number): number {
    let cells = cellsPerWindow;
    for (const merged of this.#merge(end)) {
      cells += merged.cells;
      if (cells <= cellsMax && !this.#tables.isFull) continue;
      this.#cursor = { end: Number(end), ...placeBehind(merged) };
      return cells;
    }
    const result = this.#tables.find(TableFamily.Result, Number(end));
    assert(result !== undefined, "a window whose slices are merged has a result");
    this.#tables.update(result, { firedAt: this.#appendTime, changedAt: this.#appendTime });
    this.results.set(end, result.keyed);
    this.#hasFired(end);
    return cells;
  }

  /** Merges what is left of the window that ends at `end` into its result, a page with each step. */
  *#merge(end: bigint): Generator<Merged> {
    if (this.#partials) yield* this.#partials.prepare(end, this.#cursor);
    const from = windowStartOf(this.grid, end);
    const slices = this.slices.entries().filter(([start]) => start >= from && start < end);
    const begun = this.#cursor && this.#tables.find(TableFamily.Result, Number(end));
    // What is merged first comes first in the result: a suffix, unless there are slices before it.
    const suffix = begun || slices.length > 0 ? undefined : this.#partials?.takeSuffix(end);
    const { keyed } =
      begun ?? suffix ?? this.#tables.create(TableFamily.Result, Number(end), 0, this.#appendTime);
    const parts: MergeSource[] = [
      ...slices.map(([start, source]) => ({ start, source })),
      ...(this.#partials?.totalsOf(end) ?? []).map(
        ([start, source]) => ({ stage: "total", start, source }) as const,
      ),
    ];
    let place =
      this.#cursor?.stage === undefined || this.#cursor.stage === "total" ? this.#cursor : undefined;
    for (const part of parts) {
      if (place && !(place.stage === part.stage && place.slice === Number(part.start))) continue;
      yield* mergePages({ ...part, target: keyed }, place);
      place = undefined;
    }
  }

  /**
   * Lets go of windows that no late row can reach any more, and of slices whose last window closed, some at a
   * time. Returns true when none is left. Tables are in order of time: those to let go come first.
   */
  #close(watermark: bigint): boolean {
    const isDone = (end: bigint | undefined) =>
      end === undefined || isClosed(end, watermark, this.latenessMs);
    const closed = firstStarts(this.slices, (start) => isDone(lastWindowEndOf(this.grid, start)));
    this.slices.delete(...closed);
    if (this.grid.kind === "tumble") {
      for (const start of closed) this.#tables.dropValues(Number(start + this.grid.size));
      return closed.length < closedPerStepMax;
    }
    for (const start of closed) {
      const entry = this.#tables.find(TableFamily.Slice, Number(start))?.entry;
      if (entry) this.#tables.drop(entry);
    }
    const ended = firstStarts(this.results, isDone);
    this.results.delete(...ended);
    return closed.length < closedPerStepMax && ended.length < closedPerStepMax;
  }

  /** What there is of the slices of the window that ends at `end`, ascending. */
  #slicesOf(end: bigint): KeyedTable[] {
    return slicesOfWindow(this.grid, end).flatMap((start) =>
      [this.slices.get(start), this.#partials?.folded(start)].filter((table) => table !== undefined),
    );
  }

  /** The table of a slice that has none: those that rows can still reach are all open. */
  #openSlice(start: bigint): OpenTable {
    const open = this.#createSlice(start);
    const [loose, folded] = [this.slices.newest(), this.#partials?.newest()];
    const newest = loose && folded && loose[0] < folded[0] ? folded : (loose ?? folded);
    // A slice of late rows has few of them.
    open.keyed.begin(newest && newest[0] < start ? newest[1] : undefined);
    return open;
  }

  #createSlice(start: bigint): OpenTable {
    if (this.grid.kind !== "tumble") {
      return this.#tables.create(TableFamily.Slice, Number(start), 0, this.#appendTime);
    }
    const end = start + this.grid.size;
    const firedAt = hasFired(end, this.#firedThrough) ? this.#appendTime : 0;
    return this.#tables.create(TableFamily.Result, Number(end), firedAt, this.#appendTime);
  }

  /** The table of a fired window without a result; it is live as slices are. */
  #openFiredResult(end: bigint): OpenTable {
    return this.#tables.create(TableFamily.Result, Number(end), this.#appendTime, this.#appendTime);
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

/** The first starts that all are `wanted`, at most `closedPerStepMax`. */
function firstStarts(slices: Slices, wanted: (start: bigint) => boolean): bigint[] {
  const starts: bigint[] = [];
  for (const [start] of slices.entries()) {
    if (starts.length === closedPerStepMax || !wanted(start)) break;
    starts.push(start);
  }
  return starts;
}
