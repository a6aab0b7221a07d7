/**
 * What operators read: one JSON line per event of interest, through the platform's console.
 */

import type { PrintedRow } from "../engine/ports.ts";
import type { AuditedAction } from "../protocol/audit.ts";

/** Writes a row of a table of the connector `print`. */
export function logRow({ table, text }: PrintedRow): void {
  console.log(JSON.stringify({ level: "info", place: `table ${table}`, message: text }));
}

/** Writes what a defect threw; the caller has answered INTERNAL. */
export function logDefect(place: string, thrown: unknown): void {
  const isError = thrown instanceof Error;
  const message = isError ? thrown.message : String(thrown);
  console.error(
    JSON.stringify({ level: "error", place, message, stack: isError ? thrown.stack : undefined }),
  );
}

/** Writes what should stand in the audit log, and could not be written there. */
export function logUnaudited(action: AuditedAction, reason: string): void {
  console.error(JSON.stringify({ level: "error", place: "audit log", message: reason, action }));
}
