/**
 * Reading a view: a task's results as rows, in the order (window, hash of the key).
 *
 * Fired windows are read from their results, open ones from their slices, merged for the occasion where there are
 * several: those rows are not final. Rows whose retention has passed are left out. A read changes no state.
 */

import { hashKey } from "../../columnar/key-encoding.ts";
import { compareJson } from "../../columnar/values.ts";
import type { KeyedTable } from "../../kernel/keyed-table.ts";
import type { CellValue } from "../../kernel/page-view.ts";
import type { ScanPosition, ViewRow, ViewScan } from "../partition-types.ts";
import { finishRow } from "../plan/finish-row.ts";
import { continuousWindow, TableFamily } from "../state/window-directory.ts";
import { windowStartOf } from "../windows/window-arithmetic.ts";
import type { Task } from "./task.ts";

/** Results that are looked up in the directory at a time. */
const windowsPerRead = 256;

/** One window's rows as a table. `firedAt` is 0 for an open one. */
interface Readable {
  readonly end: number;
  readonly firedAt: number;
  read<Value>(use: (table: KeyedTable) => Value): Value;
}

/** Returns up to `scan.limit` rows behind `scan.after`, and whether there may be more. `now` decides what is expired. */
export function scanView(task: Task, scan: ViewScan, now: number): { rows: ViewRow[]; hasMore: boolean } {
  const rows: ViewRow[] = [];
  for (const readable of readables(task, scan)) {
    if (!startsWithin(task, scan, readable.end)) continue;
    const after = scan.after && scan.after.window === readable.end ? BigInt(`0x${scan.after.hash}`) : -1n;
    readable.read((table) => {
      for (const cell of cellsBehind(table, after, scan, scan.limit + 1 - rows.length)) {
        const row = rowOf(task, readable, cell, now);
        if (row) rows.push(row);
      }
    });
    if (rows.length > scan.limit) return { rows: cut(rows, scan.limit), hasMore: true };
  }
  return { rows, hasMore: false };
}

/**
 * Returns the `scan.limit` rows with the largest (smallest) value of `scan.top`, of the rows given so far and of a page
 * of a scan; rows without a value come last, and equal ones in scan order.
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

/** The cells of a table behind a hash, in hash order, about `count` of them: never a part of those with equal hashes. */
function* cellsBehind(table: KeyedTable, after: bigint, scan: ViewScan, count: number): Generator<CellValue> {
  if (scan.key) {
    const { bytes, nulls } = scan.key;
    const hash = hashKey(bytes, nulls);
    const cell = hash > after ? table.lookup(bytes, nulls, hash) : undefined;
    if (cell) yield cell;
    return;
  }
  let given = 0;
  let last = after;
  for (let hash: bigint | undefined = after + 1n; hash !== undefined && hash < 1n << 64n; ) {
    const page: ReturnType<typeof table.pageAt> = table.pageAt(hash);
    const cells = Array.from({ length: page.cellCount }, (_, index) => page.cell(index));
    const nextHash: bigint | undefined = page.nextHash;
    for (const cell of cells.filter((each) => each.hash > after).sort((a, b) => (a.hash < b.hash ? -1 : 1))) {
      if (given >= count && cell.hash !== last) return;
      yield cell;
      last = cell.hash;
      given++;
    }
    hash = nextHash;
  }
}

/** The windows that a scan meets, in its order. */
function* readables(task: Task, scan: ViewScan): Generator<Readable> {
  const { windows, tables } = task;
  if (!windows) {
    const open = tables.find(TableFamily.Result, continuousWindow);
    if (open) yield { end: continuousWindow, firedAt: 0, read: (use) => use(open.keyed) };
    return;
  }
  const [from, to] = endRange(task, scan);
  const waiting = windows
    .openWindowEnds()
    .map(Number)
    .filter((end) => end >= from && end <= to);
  if (scan.newestFirst) waiting.reverse();
  const isBefore = (a: number, b: number) => (scan.newestFirst ? a > b : a < b);
  for (const entry of firedEntries(task, from, to, scan.newestFirst)) {
    while (waiting[0] !== undefined && isBefore(waiting[0], entry.window))
      yield openWindow(task, waiting.shift() ?? 0);
    yield { end: entry.window, firedAt: entry.firedAt, read: (use) => tables.readEntry(entry, use) };
  }
  for (const end of waiting) yield openWindow(task, end);
}

/** Entries of fired windows in [from, to], read from the directory a few at a time. */
function* firedEntries(task: Task, from: number, to: number, isDescending: boolean) {
  let [low, high] = [from, to];
  while (low <= high) {
    const entries = task.tables.range(TableFamily.Result, low, high, isDescending, windowsPerRead);
    for (const entry of entries) if (entry.firedAt > 0) yield entry;
    const last = entries.at(-1);
    if (!last || entries.length < windowsPerRead) return;
    if (isDescending) high = last.window - 1;
    else low = last.window + 1;
  }
}

function openWindow(task: Task, end: number): Readable {
  const { windows, tables } = task;
  return {
    end,
    firedAt: 0,
    read: (use) => {
      if (windows?.grid.kind === "tumble") {
        const open = tables.find(TableFamily.Result, end);
        return use(open?.keyed ?? tables.temporary());
      }
      const merged = windows?.merged(BigInt(end)) ?? tables.temporary();
      const value = use(merged);
      tables.discard(merged);
      return value;
    },
  };
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
  const changedAt = Math.max(Number(cell.changed), firedAt);
  const isKept = !windows || firedAt > 0;
  if (isKept && plan.retentionMs !== null && changedAt + plan.retentionMs < now) return undefined;
  const window = windows && { start: windowStartOf(windows.grid, BigInt(end)), end: BigInt(end) };
  const at: ScanPosition = { window: end, hash: cell.hash.toString(16).padStart(16, "0") };
  return { values: finishRow(plan, cell, window), final: firedAt > 0, at };
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
