/**
 * Which rows of a log may go: the oldest that lie wholly below what any task needs, and outside of the
 * retention.
 */
import { MiB } from "../../base/limits.ts";
import type { LogRows, RowFacts } from "./log-rows.ts";

/** Most rows and bytes that go at once: freeing a row walks all of its pages. */
const trimRowsMax = 256;
const trimBytesMax = 64 * MiB;

/** How long and how much of what no task needs any more is kept. */
export interface Retention {
  readonly timeMs: number;
  readonly bytesMax: number;
}

export interface TrimFacts {
  /** Bytes of all rows that there are. */
  readonly kept: number;
  /** The lowest offset that any task may still read. */
  readonly needed: number;
  /** Rows appended up to this time, ms, are outside of the retention's time. */
  readonly expiry: number;
  readonly bytesMax: number;
}

/** `isCut`: there may be more than what goes at once. */
export function rowsToTrim(
  log: LogRows,
  { needed, expiry, bytesMax, ...facts }: TrimFacts,
): { readonly rows: readonly RowFacts[]; readonly isCut: boolean } {
  let { kept } = facts;
  const isOver = (row: RowFacts) =>
    row.offset + row.records <= needed && (row.appendTime <= expiry || kept > bytesMax);
  if (!log.first || !isOver(log.first)) return { rows: [], isCut: false };
  const rows: RowFacts[] = [];
  let bytes = 0;
  for (const row of log.oldest(trimRowsMax)) {
    if (!isOver(row)) return { rows, isCut: false };
    rows.push(row);
    kept -= row.bytes;
    bytes += row.bytes;
    if (bytes >= trimBytesMax) return { rows, isCut: true };
  }
  return { rows, isCut: rows.length === trimRowsMax };
}
