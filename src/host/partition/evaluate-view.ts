/**
 * A part of a query of SQL over the rows that one partition has of a view, over as many turns as it takes.
 *
 * One call goes through a bounded share of the rows and answers what it kept of them, with the place behind
 * which the next call goes on: nothing of a query is held here between calls, and a view may be of any size.
 * Each row has one place, and every turn checks the map: no row is taken twice, and after a split none of
 * another's.
 */
import { errorBodyOf } from "../../base/errors.ts";
import { MiB } from "../../base/limits.ts";
import type { RpcResult, ScanPosition, ViewPage, ViewRow, ViewScan } from "../../engine/partition-types.ts";
import type { UserFunctions } from "../../interpreter/user-functions.ts";
import type { TableShape } from "../../protocol/table-shape.ts";
import { type PartialQuery, scanOf } from "../../sql/batch/divide.ts";
import { PartialRows, rowsOfOne } from "../../sql/batch/partial-rows.ts";
import { rowsOfView } from "../query/rows-of-view.ts";

/** A part of a query as it is sent, with what evaluation depends on. Plain values. */
export interface SentQuery extends PartialQuery, Pick<ViewScan, "mapVersion" | "key" | "after"> {
  readonly shape: TableShape | undefined;
  readonly timeZone: string;
  /** The moment of the query, in ms. */
  readonly now: number;
}

export interface PartialAnswer {
  /** See `PartialRows`. */
  readonly kept: Uint8Array;
  /** Behind which place the next call goes on; absent where no row is left, or none is wanted. */
  readonly next?: ScanPosition;
}

/** Rows that one turn makes: interpreting one takes some microseconds. */
const rowsPerTurn = 1024;

/** What one call goes through at most: it is answered within its deadline, and the answer fits it. */
const turnsPerCall = 64;
const bytesPerCall = 8 * MiB;
const keptPerCall = 16_384;

/** `read` reads in one turn; `soon` runs work in a later one. */
export async function evaluateView(
  read: (page: ViewScan) => Promise<RpcResult<ViewPage>>,
  soon: (work: () => void) => void,
  query: SentQuery,
  functions: UserFunctions | undefined,
): Promise<RpcResult<PartialAnswer>> {
  const { mapVersion, key, shape, timeZone, now } = query;
  const moment = { processingTime: now, watermark: null, random: () => 0 };
  const limit = Math.max(1, Math.floor(rowsPerTurn / rowsOfOne(query)));
  const scan = {
    ...(mapVersion !== undefined && { mapVersion }),
    ...(key && { key }),
    newestFirst: true,
    limit,
  };
  try {
    const kept = new PartialRows(query, { timeZone, functions, moment });
    const table = scanOf(query);
    let [next, bytes] = [query.after, 0];
    for (let turn = 1; ; turn++) {
      const page = await read({ ...scan, ...(next && { after: next }) });
      if (!page.ok) return page;
      const { rows, hasMore, resume } = page.value;
      kept.add(rowsOfView(rows, table, shape));
      bytes += bytesOf(rows);
      next = hasMore ? (resume ?? rows.at(-1)?.at) : undefined;
      if (!next || kept.isEnough) return { ok: true, value: { kept: kept.encode() } };
      if (turn === turnsPerCall || bytes >= bytesPerCall || kept.count >= keptPerCall) {
        return { ok: true, value: { kept: kept.encode(), next } };
      }
      await new Promise<void>((resolve) => soon(resolve));
    }
  } catch (thrown) {
    return { ok: false, error: errorBodyOf(thrown) };
  }
}

/** About what rows take. */
function bytesOf(rows: readonly ViewRow[]): number {
  let bytes = 0;
  for (const { values } of rows) {
    for (const value of Object.values(values)) bytes += typeof value === "string" ? value.length : 8;
  }
  return bytes;
}
