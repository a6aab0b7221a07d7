/**
 * A view's rows as they are at one place among its changes, though they are read over many turns.
 *
 * Each page is of one moment. Before its rows come the changes since the page before, of rows that pages up
 * to that had; others will be read as they are then. So whoever puts everything onto nothing, in order, has
 * the view as it is at the place of the last page, and goes on with the changes from there.
 */
import type { ScanPosition, ViewScan } from "../partition-types.ts";
import { type ChangePlace, comparePlaces, type ViewChange } from "./change-types.ts";
import type { Task } from "./task.ts";
import { scanView } from "./view-scan.ts";

/** Rows that one page looks at. */
const rowsPerPage = 512;

/** Where a snapshot stands: how far it is in the view, and of which place that is. */
export interface SnapshotPosition {
  readonly after?: ScanPosition;
  readonly place: ChangePlace;
}

export interface SnapshotPage {
  readonly changes: readonly ViewChange[];
  /** Rows as JSON objects. */
  readonly rows: readonly string[];
  /** The moment that it shows. */
  readonly place: ChangePlace;
  /** Where the next page begins; absent on the last one. */
  readonly next?: SnapshotPosition;
}

/**
 * False while what the view holds is not what changes have told, since a record is not done; and after a
 * restart, until it is again as it was at `place`.
 */
export function isSettled(task: Task, place: ChangePlace | undefined): boolean {
  const { isRecording, head } = task.changes;
  return isRecording && !task.isHalfway && (!place || comparePlaces(head, place) >= 0);
}

/**
 * Reads the page behind `position`, of one key or of all; `now` decides what is expired. Throws
 * `CHANGES_GONE` where the page before is too long ago.
 */
export function readSnapshot(
  task: Task,
  key: (ViewScan["key"] & { readonly hash: string }) | undefined,
  position: SnapshotPosition | undefined,
  now: number,
): SnapshotPage {
  const { after, place = task.changes.head } = position ?? {};
  const since = task.changes.read(place, key && new Set([key.hash]));
  const changes = after ? since.changes.filter(({ window, hash }) => isWithin(window, hash, after)) : [];
  if (after && since.hasMore) {
    return { changes, rows: [], place: since.next, next: { after, place: since.next } };
  }
  const scan = { newestFirst: false, limit: rowsPerPage, isFinal: true, ...(after && { after }) };
  const found = scanView(task, { ...scan, ...(key && { key }) }, now);
  const told = found.rows.filter(({ at }) => isTold(task, at));
  const rows = told.map(({ values }) => JSON.stringify(values));
  const { head } = task.changes;
  const next = found.hasMore ? (found.resume ?? found.rows.at(-1)?.at) : undefined;
  return { changes, rows, place: head, ...(next && { next: { after: next, place: head } }) };
}

/** True where a place in the view is among the rows that pages have had. */
function isWithin(window: number, hash: string, after: ScanPosition): boolean {
  return window < after.window || (window === after.window && hash <= after.hash);
}

/** False for results of a window that is being walked over: their changes are still to come. */
function isTold({ windows }: Task, { window, hash }: ScanPosition): boolean {
  const cursor = windows?.cursor;
  if (!cursor?.isSending || cursor.end !== window) return true;
  return hash < cursor.hash.padStart(16, "0");
}
