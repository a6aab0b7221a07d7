/**
 * A part of a query of SQL over the rows that one partition has of a table, over as many turns as it takes.
 *
 * One call goes through a bounded share of the rows and answers what it kept of them, with the place behind
 * which the next call goes on: nothing of a query is held here between calls, and a table may be of any size.
 * Each row has one place, and every turn checks the map: no row is taken twice, and after a split none of
 * another's.
 */
import { errorBodyOf } from "../../base/errors.ts";
import { MiB } from "../../base/limits.ts";
import type { LogPlace } from "../../engine/log/read-frames.ts";
import type { RpcResult, ScanPosition, ViewScan } from "../../engine/partition-types.ts";
import type { UserFunctions } from "../../interpreter/user-functions.ts";
import type { Row } from "../../interpreter/values/sql-value.ts";
import type { TableShape } from "../../protocol/table-shape.ts";
import type { PartialQuery } from "../../sql/batch/divide.ts";
import { PartialRows, rowsOfOne } from "../../sql/batch/partial-rows.ts";

/** A part of a query as it is sent, with what evaluation depends on. Plain values. */
export interface SentQuery<Place = ReadPlace> extends PartialQuery, Pick<ViewScan, "mapVersion" | "key"> {
  readonly shape?: TableShape | undefined;
  readonly timeZone: string;
  /** The moment of the query, in ms. */
  readonly now: number;
  readonly after?: Place;
}

/** Where a call broke off: in a view, or in a log. */
export type ReadPlace = ScanPosition | LogPlace;

export interface PartialAnswer<Place = ReadPlace> {
  /** See `PartialRows`. */
  readonly kept: Uint8Array;
  /** Where the next call goes on; absent where no row is left, or none is wanted. */
  readonly next?: Place;
}

/** What is read in one turn. */
export interface ReadPage<Place> {
  /** Of the table. */
  readonly rows: readonly Row[];
  readonly bytes: number;
  /** Absent at the end. */
  readonly next: Place | undefined;
}

/** Rows that one turn makes: interpreting one takes some microseconds. */
const rowsPerTurn = 1024;

/** What one call goes through at most: it is answered within its deadline, and the answer fits it. */
const turnsPerCall = 64;
const bytesPerCall = 8 * MiB;
const keptPerCall = 16_384;

/** `read` reads some rows, about `limit`, in one turn; `soon` runs work in a later one. */
export async function evaluatePart<Place>(
  read: (after: Place | undefined, limit: number) => Promise<RpcResult<ReadPage<Place>>>,
  soon: (work: () => void) => void,
  query: SentQuery<Place>,
  functions: UserFunctions | undefined,
): Promise<RpcResult<PartialAnswer<Place>>> {
  const { timeZone, now } = query;
  const moment = { processingTime: now, watermark: null, random: () => 0 };
  const limit = Math.max(1, Math.floor(rowsPerTurn / rowsOfOne(query)));
  const laterTurn = () => new Promise<void>((resolve) => soon(resolve));
  try {
    const kept = new PartialRows(query, { timeZone, functions, moment });
    let [next, bytes, turns] = [query.after, 0, 0];
    while (true) {
      const page = await read(next, limit);
      if (!page.ok) return page;
      const { rows } = page.value;
      turns++;
      for (let row = 0; row < rows.length && !kept.isEnough; row += limit) {
        if (row > 0) {
          await laterTurn();
          turns++;
        }
        kept.add(rows.slice(row, row + limit));
      }
      bytes += page.value.bytes;
      ({ next } = page.value);
      if (!next || kept.isEnough) return { ok: true, value: { kept: kept.encode() } };
      if (turns >= turnsPerCall || bytes >= bytesPerCall || kept.count >= keptPerCall) {
        return { ok: true, value: { kept: kept.encode(), next } };
      }
      await laterTurn();
    }
  } catch (thrown) {
    return { ok: false, error: errorBodyOf(thrown) };
  }
}
