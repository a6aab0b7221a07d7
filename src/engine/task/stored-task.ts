/**
 * What a task has in storage.
 */
import { Outbox } from "../exchange/outbox.ts";
import { LetterBox } from "../letters/letter-box.ts";
import { Replays } from "../letters/replays.ts";
import type { SqlStorage } from "../ports.ts";
import { PageStore } from "../state/page-store.ts";
import { WindowDirectory } from "../state/window-directory.ts";
import { ChangeTable } from "./change-table.ts";
import { createCheckpointTable } from "./checkpoint.ts";
import { SkippedRecords } from "./skipped-records.ts";

/** Makes the tables in which tasks store what they have. */
export function createTaskTables(sql: SqlStorage): void {
  createCheckpointTable(sql);
  PageStore.createTables(sql);
  WindowDirectory.createTables(sql);
  LetterBox.createTables(sql);
  Replays.createTables(sql);
  ChangeTable.createTables(sql);
  Outbox.createTables(sql);
  SkippedRecords.createTables(sql);
}

/** Deletes all that a task stored; it must be closed. */
export function deleteStoredTask(sql: SqlStorage, task: number): void {
  const own = ["pages", "tables", "letters", "replayed", "changes", "outbox", "skipped", "checkpoints"];
  for (const table of own) {
    sql.run(`DELETE FROM ${table} WHERE task = ?`, task);
  }
}
