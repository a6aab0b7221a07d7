/**
 * The log of a partition between stages is trimmed as soon as its task has it in a checkpoint. So that a life
 * can be judged, the simulated platform keeps a copy of every row that is deleted, in the same turn.
 */
import type { SqlStorage, SqlValue } from "../../src/engine/ports.ts";

/** Makes the table that holds what was deleted. */
export const deletedLog = "CREATE TABLE IF NOT EXISTS deleted_log (offset INTEGER PRIMARY KEY, bytes BLOB)";

/** Storage that keeps what is deleted from the log. */
export function keepingLog(storage: SqlStorage): SqlStorage {
  const run = (statement: string, ...bindings: readonly SqlValue[]): SqlValue[][] => {
    if (statement === "DELETE FROM log WHERE offset < ?") {
      storage.run(deletedLog);
      storage.run(
        "INSERT OR IGNORE INTO deleted_log SELECT offset, bytes FROM log WHERE offset < ?",
        ...bindings,
      );
    }
    return storage.run(statement, ...bindings);
  };
  return { run, bytes: () => storage.bytes() };
}
