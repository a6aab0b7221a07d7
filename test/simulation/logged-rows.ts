/**
 * Rows as the logs of a simulated life hold them.
 */
import type { Schema } from "../../src/columnar/schema.ts";
import type { ColumnBatch } from "../../src/kernel/column-batch.ts";
import type { SentRow } from "./clients.ts";

/** A row as a log holds it; one that only brings a watermark has no id. */
export type LoggedRow = Omit<SentRow, "id"> & { readonly id: number | undefined };

/** The rows of a frame; a column that it does not have is null. */
export function rowsOf(batch: ColumnBatch, { columns }: Schema): LoggedRow[] {
  const indexOf = (name: string) => columns.findIndex((column) => column.name.split(".").includes(name));
  const value = (name: string, row: number) => {
    const index = indexOf(name);
    return index < 0 ? null : batch.value(index, row);
  };
  const text = (found: unknown) => (found === null ? null : new TextDecoder().decode(found as Uint8Array));
  const number = (found: unknown) => (found === null ? null : Number(found));
  return Array.from({ length: batch.rows }, (_, row) => ({
    time: Number(value("time", row)),
    user: text(value("user", row)),
    id: Number(value("id", row)),
    amount: number(value("amount", row)),
    item: text(value("item", row)),
  }));
}
