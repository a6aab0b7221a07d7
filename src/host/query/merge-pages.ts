/**
 * One page of a view from the pages of its shards.
 *
 * Every shard answers in the same order, so the merged page is a prefix of the whole: no row of a shard comes
 * before the last one that the shard gave. Rows with the same place stay together, since a cursor cannot
 * point between them.
 */
import type { ScanPosition, ViewPage, ViewRow, ViewScan } from "../../engine/partition-types.ts";
import { selectTop } from "../../engine/task/view-scan.ts";

export interface MergedPage {
  readonly rows: readonly ViewRow[];
  /** Behind which place the next page begins; undefined behind the last row. */
  readonly next: ScanPosition | undefined;
}

export function mergePages(pages: readonly ViewPage[], scan: ViewScan): MergedPage {
  const all = pages.flatMap(({ rows }) => rows);
  const ordered = all.sort((left, right) => comparePlaces(left.at, right.at, scan.newestFirst));
  if (scan.top) return { rows: selectTop(ordered, scan), next: undefined };
  const last = ordered[scan.limit - 1]?.at;
  const rows = last ? ordered.filter(({ at }) => comparePlaces(at, last, scan.newestFirst) <= 0) : ordered;
  const hasMore = rows.length < ordered.length || pages.some((page) => page.hasMore);
  return { rows, next: hasMore ? rows.at(-1)?.at : undefined };
}

/**
 * Windows newest (or oldest) first; in a window by hash. Hashes are sixteen hex digits, so text order is
 * theirs.
 */
function comparePlaces(left: ScanPosition, right: ScanPosition, newestFirst: boolean): number {
  if (left.window !== right.window) return newestFirst === left.window > right.window ? -1 : 1;
  if (left.hash === right.hash) return 0;
  return left.hash < right.hash ? -1 : 1;
}
