/**
 * What a task has in storage.
 */
import type { SqlStorage } from "../ports.ts";

/** Deletes all that a task stored; it must be closed. */
export function deleteStoredTask(sql: SqlStorage, task: number): void {
  for (const table of ["pages", "tables", "letters", "outbox", "checkpoints"]) {
    sql.run(`DELETE FROM ${table} WHERE task = ?`, task);
  }
}
