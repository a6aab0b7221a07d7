/**
 * Rows as the logs of a simulated life hold them.
 */

import type { Schema } from "../../src/columnar/schema.ts";
import type { ColumnBatch } from "../../src/kernel/column-batch.ts";
import { isChanging, readsLate } from "./draw-branches.ts";
import type { JobPlan } from "./draw-life.ts";
import type { SentRow } from "./sent-requests.ts";

/** A row as a log holds it; one that only brings a watermark has no id. */
export type LoggedRow = Omit<SentRow, "id"> & { readonly id: number | undefined };

/** A row as the task with the view takes it: one of the source, or what several were added up to. */
export interface JobRow {
  readonly time: number;
  readonly key: string | null;
  /** For how many rows it stands; 0 for one that only brings a watermark. */
  readonly n: number;
  readonly total: number | null;
  readonly least: string | null;
  readonly first: number | null;
  readonly last: number | null;
}

/** What a job makes of a row of its source; a row that it filters counts for none. */
export function jobRowOf(job: JobPlan, row: LoggedRow): JobRow {
  const { id, time, amount, item } = row;
  const passes = id !== undefined && (job.amountMin === undefined || (amount ?? -1) >= job.amountMin);
  const ends = { first: id ?? null, last: id ?? null };
  return { time, key: row[job.key], n: passes ? 1 : 0, total: amount, least: item, ...ends };
}

/** The rows of a frame of the source. */
export function rowsOf(batch: ColumnBatch, schema: Schema): LoggedRow[] {
  const read = readerOf(batch, schema);
  return Array.from({ length: batch.rows }, (_, row) => ({
    time: read.number("time", row) ?? 0,
    user: read.text("user", row),
    id: read.number("id", row) ?? 0,
    amount: read.number("amount", row),
    item: read.text("item", row),
  }));
}

/**
 * Whether rows are added up before they go to a second stage: none are whose late ones a branch reads, or
 * whose distinct values count.
 */
export function isAddedUp(job: JobPlan): boolean {
  return job.twoPhase && !readsLate(job) && !job.hasDistinct;
}

/** The rows of a frame between two stages, each for itself or added up. */
export function sentRowsOf(job: JobPlan, batch: ColumnBatch, schema: Schema): JobRow[] {
  const read = readerOf(batch, schema);
  return Array.from({ length: batch.rows }, (_, row) => {
    const key = read.text(job.key, row);
    const time = read.number(job.isUnion ? "event.time" : "time", row) ?? 0;
    if (!isAddedUp(job)) {
      const [amount, item] = [read.number("amount", row), read.text("item", row)];
      const id = read.number("id", row);
      return { time, key, n: 1, total: amount, least: item, first: id, last: id };
    }
    return {
      ...{ time, key, n: read.number("count(*)", row) ?? 0, total: read.number("sum(amount)", row) },
      ...{ least: read.text("min(item)", row) },
      ...{ first: read.number("first(id)", row), last: read.number("last(id)", row) },
    };
  });
}

/**
 * The rows of a frame that leads to a job's second step: results, each for itself or added up. What is taken
 * back counts negative.
 */
export function resultRowsOf(job: JobPlan, batch: ColumnBatch, schema: Schema): JobRow[] {
  const read = readerOf(batch, schema);
  const { key, twoPhase = false, hasBounds = false } = job.step ?? {};
  const [count, n] = isChanging(job) ? ["$weight", "$signed n"] : [undefined, "n"];
  const number = (name: string, row: number) => read.number(twoPhase ? `sum(${name})` : name, row);
  return Array.from({ length: batch.rows }, (_, row) => {
    const results = count ? number(count, row) : twoPhase ? read.number("count(*)", row) : 1;
    return {
      time: job.window.kind === "none" ? 0 : (read.number("window_time", row) ?? 0),
      key: key === undefined ? null : key === "n" ? String(read.number(key, row)) : read.text(key, row),
      ...{ n: results ?? 0, total: number(n, row) },
      ...{ least: hasBounds ? read.text(job.key, row) : null, first: null, last: null },
    };
  });
}

export function readerOf(batch: ColumnBatch, { columns }: Schema) {
  const value = (name: string, row: number) => {
    const index = columns.findIndex((column) => column.name === name);
    if (index < 0) throw new Error(`there is no column ${name}`);
    return batch.value(index, row);
  };
  return {
    text: (name: string, row: number) => {
      const found = value(name, row);
      return found === null ? null : new TextDecoder().decode(found as Uint8Array);
    },
    number: (name: string, row: number) => {
      const found = value(name, row);
      return found === null ? null : Number(found);
    },
  };
}
