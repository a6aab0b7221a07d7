/**
 * Reading a view: a task's results as rows, in the order (window, hash of the key).
 *
 * Fired windows are read from their results, open ones from their slices, merged for the occasion where
 * there are several: those rows are not final. Rows whose retention has passed are left out. A read changes
 * no state.
 *
 * One call does a bounded amount of work: over many windows without a row that is asked for it breaks off
 * and says where to go on.
 */
import { assert } from "../../base/assert.ts";
import { hashKey } from "../../columnar/key-encoding.ts";
import { compareJson } from "../../columnar/values.ts";
import type { KeyedTable } from "../../kernel/keyed-table.ts";
import type { CellValue } from "../../kernel/page-view.ts";
import type { ScanPosition, ViewRow, ViewScan } from "../partition-types.ts";
import { finishRow, hasRows } from "../plan/finish-row.ts";
import { continuousWindow, TableFamily } from "../state/window-directory.ts";
import { windowStartOf } from "../windows/window-arithmetic.ts";
import type { Task } from "./task.ts";
import type { TaskWindows } from "./task-windows.ts";

/** Results that are looked up in the directory at a time. */
const windowsPerRead = 256;

/** Pages that one call reads or merges, and windows that it passes, before it breaks off: bounds its turn. */
const pagesPerCallMax = 512;

const lastHash = (1n << 64n) - 1n;

export interface ScannedRows {
  readonly rows: ViewRow[];
  readonly hasMore: boolean;
  /** Set where the call broke off before it had `limit` rows: behind which place to go on. */
  readonly resume?: ScanPosition;
}

/** A window's cells with hashes in [hash asked for, nextHash), in no order; `pages` were read for them. */
interface Piece {
  readonly cells: readonly CellValue[];
  readonly nextHash: bigint | undefined;
  readonly pages: number;
}

type PieceAt = (hash: bigint) => Piece;

/** One window's rows. `firedAt` is 0 for an open one. */
interface Readable {
  readonly end: number;
  readonly firedAt: number;
  read<Value>(use: (pieceAt: PieceAt) => Value): Value;
}

/**
 * Returns up to `scan.limit` rows behind `scan.after`, and whether there may be more. `now` decides what is
 * expired.
 *
 * Rows that share the last one's place come with it, since a position cannot point between them.
 */
export function scanView(task: Task, scan: ViewScan, now: number): ScannedRows {
  const pass = new ScanPass(task, scan, now);
  let passed = scan.after;
  for (const readable of readables(task, scan)) {
    if (pass.pagesLeft <= 0) return pass.breakOff(passed);
    pass.pagesLeft--;
    const stoppedAt = startsWithin(task, scan, readable.end)
      ? readable.read((pieceAt) => pass.read(readable, pieceAt))
      : undefined;
    if (pass.rows.length > scan.limit) return { rows: cut(pass.rows, scan.limit), hasMore: true };
    if (stoppedAt !== undefined) return pass.breakOff(placeOf(readable.end, stoppedAt - 1n));
    passed = placeOf(readable.end, lastHash);
  }
  return { rows: pass.rows, hasMore: false };
}

/** One call of `scanView`: the rows found so far, and what work is left to it. */
class ScanPass {
  readonly rows: ViewRow[] = [];
  pagesLeft = pagesPerCallMax;
  readonly #task: Task;
  readonly #scan: ViewScan;
  readonly #now: number;

  constructor(task: Task, scan: ViewScan, now: number) {
    this.#task = task;
    this.#scan = scan;
    this.#now = now;
  }

  /** Adds a window's rows until there is one more than wanted. Returns where to go on if it broke off. */
  read(readable: Readable, pieceAt: PieceAt): bigint | undefined {
    const { key, after, limit } = this.#scan;
    const keyHash = key && hashKey(key.bytes, key.nulls);
    let hash = after?.window === readable.end ? BigInt(`0x${after.hash}`) + 1n : 0n;
    if (keyHash !== undefined) {
      if (keyHash < hash) return undefined;
      hash = keyHash;
    }
    while (hash <= lastHash) {
      const piece = pieceAt(hash);
      this.pagesLeft -= piece.pages;
      this.#add(readable, piece, hash);
      if (keyHash !== undefined || this.rows.length > limit || piece.nextHash === undefined) return undefined;
      if (this.pagesLeft <= 0) return piece.nextHash;
      hash = piece.nextHash;
    }
    return undefined;
  }

  breakOff(at: ScanPosition | undefined): ScannedRows {
    const isFull = this.rows.length >= this.#scan.limit;
    return { rows: this.rows, hasMore: true, ...(isFull || !at ? {} : { resume: at }) };
  }

  #add(readable: Readable, { cells, nextHash }: Piece, from: bigint): void {
    const within = cells.filter(({ hash }) => hash >= from && (nextHash === undefined || hash < nextHash));
    for (const cell of within.sort((a, b) => (a.hash < b.hash ? -1 : 1))) {
      const last = this.rows.at(-1)?.at;
      const sharesPlace = last?.window === readable.end && last.hash === hexOf(cell.hash);
      if (this.rows.length > this.#scan.limit && !sharesPlace) return;
      const row = rowOf(this.#task, readable, cell, this.#now);
      if (row) this.rows.push(row);
    }
  }
}
/**
 * Returns the `scan.limit` rows with the largest (smallest) value of `scan.top`, of the rows given so far
 * and of a page of a scan; rows without a value come last, and equal ones in scan order.
 */
export function selectTop(rows: readonly ViewRow[], scan: ViewScan): ViewRow[] {
  const { top, limit } = scan;
  if (!top) return rows.slice(0, limit);
  const sign = top.ascending ? 1 : -1;
  return [...rows]
    .sort((a, b) => {
      const [x, y] = [a.values[top.output] ?? null, b.values[top.output] ?? null];
      if (x === null || y === null) return x === y ? 0 : x === null ? 1 : -1;
      return sign * compareJson(x, y);
    })
    .slice(0, limit);
}

/** Reads a table in pieces of one page; of a scan for one key, only its cell. */
function piecesOf(table: KeyedTable, { key }: ViewScan): PieceAt {
  if (key) {
    return (hash) => {
      const cell = table.lookup(key.bytes, key.nulls, hash);
      return { cells: cell ? [cell] : [], nextHash: undefined, pages: 1 };
    };
  }
  return (hash) => {
    const page = table.pageAt(hash);
    return { cells: [...page.cells()], nextHash: page.nextHash, pages: 1 };
  };
}

/** The windows that a scan meets, in its order. */
function* readables(task: Task, scan: ViewScan): Generator<Readable> {
  const { windows, tables } = task;
  if (task.plan.chain?.result?.kind === "changelog") {
    const [from, to] = endRange(task, scan);
    for (const entry of entriesIn(task, from, to, scan.newestFirst)) {
      const read: Readable["read"] = (use) => tables.readEntry(entry, (table) => use(piecesOf(table, scan)));
      yield { end: entry.window, firedAt: 0, read };
    }
    return;
  }
  if (!windows) {
    const open = tables.find(TableFamily.Result, continuousWindow);
    if (open) yield { end: continuousWindow, firedAt: 0, read: (use) => use(piecesOf(open.keyed, scan)) };
    return;
  }
  const [from, to] = endRange(task, scan);
  const waiting = windows
    .openWindowEnds()
    .map(Number)
    .filter((end) => !scan.isFinal && end >= from && end <= to);
  if (scan.newestFirst) waiting.reverse();
  const isBefore = (a: number, b: number) => (scan.newestFirst ? a > b : a < b);
  for (const entry of firedEntries(task, from, to, scan.newestFirst)) {
    while (waiting[0] !== undefined && isBefore(waiting[0], entry.window))
      yield openWindow(task, waiting.shift() ?? 0, scan);
    yield {
      end: entry.window,
      firedAt: entry.firedAt,
      read: (use) => tables.readEntry(entry, (table) => use(piecesOf(table, scan))),
    };
  }
  for (const end of waiting) yield openWindow(task, end, scan);
}

/** Entries of fired windows in [from, to]. */
function* firedEntries(task: Task, from: number, to: number, isDescending: boolean) {
  for (const entry of entriesIn(task, from, to, isDescending)) if (entry.firedAt > 0) yield entry;
}

/** Entries of results in [from, to], read from the directory a few at a time. */
function* entriesIn(task: Task, from: number, to: number, isDescending: boolean) {
  let [low, high] = [from, to];
  while (low <= high) {
    const entries = task.tables.range(TableFamily.Result, low, high, isDescending, windowsPerRead);
    yield* entries;
    const last = entries.at(-1);
    if (!last || entries.length < windowsPerRead) return;
    if (isDescending) high = last.window - 1;
    else low = last.window + 1;
  }
}

function openWindow({ windows, tables }: Task, end: number, scan: ViewScan): Readable {
  assert(windows !== undefined, "only a job with windows has open ones");
  if (windows.grid.kind !== "tumble") {
    return { end, firedAt: 0, read: (use) => use((hash) => mergedPiece(windows, end, hash, scan)) };
  }
  const open = tables.find(TableFamily.Result, end);
  assert(open !== undefined, "a tumbling window that waits has its table");
  return { end, firedAt: 0, read: (use) => use(piecesOf(open.keyed, scan)) };
}

/** Merges as much of an open window's slices as their pages at `hash` all cover. */
function mergedPiece(windows: TaskWindows, end: number, hash: bigint, scan: ViewScan): Piece {
  return windows.readMerged(BigInt(end), hash, (merged, nextHash, pages) => {
    const pieceAt = piecesOf(merged, scan);
    const cells: CellValue[] = [];
    for (let at: bigint | undefined = hash; at !== undefined && at < (nextHash ?? lastHash + 1n); ) {
      const piece = pieceAt(at);
      cells.push(...piece.cells);
      at = piece.nextHash;
    }
    return { cells, nextHash, pages };
  });
}

/** The ends of the windows that a scan asks for, from its window range and its position. */
function endRange(task: Task, { windowFrom, windowTo, after, newestFirst }: ViewScan): [number, number] {
  const size = Number(task.windows?.grid.size ?? 0n);
  const isCumulate = task.windows?.grid.kind === "cumulate";
  let from = windowFrom === undefined ? Number.MIN_SAFE_INTEGER : windowFrom + (isCumulate ? 1 : size);
  let to = windowTo ?? Number.MAX_SAFE_INTEGER - 1;
  if (after && newestFirst) to = Math.min(to, after.window);
  if (after && !newestFirst) from = Math.max(from, after.window);
  return [from, to];
}

function rowOf(task: Task, { end, firedAt }: Readable, cell: CellValue, now: number): ViewRow | undefined {
  const { plan, windows } = task;
  if (!hasRows(plan, cell)) return undefined;
  const changedAt = Math.max(Number(cell.changed), firedAt);
  const isKept = !windows || firedAt > 0;
  if (isKept && plan.retentionMs !== null && changedAt + plan.retentionMs < now) return undefined;
  const window = windows && { start: windowStartOf(windows.grid, BigInt(end)), end: BigInt(end) };
  return { values: finishRow(plan, cell, window), final: firedAt > 0, at: placeOf(end, cell.hash) };
}

function placeOf(window: number, hash: bigint): ScanPosition {
  return { window, hash: hexOf(hash) };
}

function hexOf(hash: bigint): string {
  return hash.toString(16).padStart(16, "0");
}

/** Cumulating windows that end within the range may start before it. */
function startsWithin(task: Task, { windowFrom }: ViewScan, end: number): boolean {
  if (windowFrom === undefined || !task.windows) return true;
  return windowStartOf(task.windows.grid, BigInt(end)) >= windowFrom;
}

/** The first `limit` rows and those that share the last one's place. */
function cut(rows: ViewRow[], limit: number): ViewRow[] {
  const last = rows[limit - 1]?.at;
  return rows.filter(
    (row, index) => index < limit || (row.at.window === last?.window && row.at.hash === last.hash),
  );
}
