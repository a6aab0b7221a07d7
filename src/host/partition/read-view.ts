/**
 * Reads a page of a view over as many turns as it takes.
 */
import type { RpcResult, ViewPage, ViewRow, ViewScan } from "../../engine/partition-types.ts";
import { selectTop } from "../../engine/task/view-scan.ts";

/** Rows that a top-n read looks at in one turn. */
const topRowsPerTurn = 4096;

/**
 * `read` reads in one turn; `soon` runs work in a later one. It claims no more than its first rows reflect.
 */
export async function readView(
  read: (page: ViewScan) => Promise<RpcResult<ViewPage>>,
  soon: (work: () => void) => void,
  scan: ViewScan,
): Promise<RpcResult<ViewPage>> {
  let rows: readonly ViewRow[] = [];
  let first: ViewPage | undefined;
  let page: ViewScan = scan.top ? { ...withoutPlace(scan), limit: topRowsPerTurn } : scan;
  while (true) {
    const answer = await read(page);
    if (!answer.ok) return answer;
    const { resume, hasMore, ...found } = answer.value;
    first ??= answer.value;
    rows = scan.top ? selectTop([...rows, ...found.rows], scan) : [...rows, ...found.rows];
    const next = scan.top && hasMore ? (resume ?? found.rows.at(-1)?.at) : resume;
    if (!next) {
      const { watermark, appliedOffset } = first;
      return { ok: true, value: { rows, hasMore: hasMore && !scan.top, watermark, appliedOffset } };
    }
    page = { ...page, after: next, limit: scan.top ? topRowsPerTurn : scan.limit - rows.length };
    await new Promise<void>((resolve) => soon(resolve));
  }
}

/** A scan from its beginning. */
function withoutPlace({ after: _, ...scan }: ViewScan): ViewScan {
  return scan;
}
