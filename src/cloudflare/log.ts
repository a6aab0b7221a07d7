/**
 * What operators read: one JSON line per event of interest, through the platform's console.
 *
 * No line holds a body, a header or a query string: they may hold secrets.
 */
import type { PrintedRow } from "../engine/ports.ts";
import type { AuditedAction } from "../protocol/audit.ts";

/** In the order of their weight. */
const levels = ["info", "warn", "error"] as const;

export type LogLevel = (typeof levels)[number];

export interface LogLine {
  readonly level: LogLevel;
  readonly place: string;
  readonly [member: string]: unknown;
}

/** What is logged where a deployment does not say. */
const defaultLevel: LogLevel = "error";

/** Whether lines of a level are written by a deployment that says `from`, its `MILLRACE_LOG`. */
export function isLogged(level: LogLevel, from: string | undefined): boolean {
  const least = levels.find((each) => each === from) ?? defaultLevel;
  return levels.indexOf(level) >= levels.indexOf(least);
}

export function writeLog(line: LogLine): void {
  const text = JSON.stringify({ time: new Date().toISOString(), ...line });
  if (line.level === "error") console.error(text);
  else console.log(text);
}

/** Writes a row of a table of the connector `print`. */
export function logRow({ table, text }: PrintedRow): void {
  console.log(JSON.stringify({ level: "info", place: `table ${table}`, message: text }));
}

/** Writes what a defect threw; the caller has answered INTERNAL. */
export function logDefect(place: string, thrown: unknown, requestId?: string): void {
  const isError = thrown instanceof Error;
  const message = isError ? thrown.message : String(thrown);
  const stack = isError ? thrown.stack : undefined;
  writeLog({ level: "error", place, requestId, message, stack });
}

/** Writes what should stand in the audit log, and could not be written there. */
export function logUnaudited(action: AuditedAction, reason: string): void {
  console.error(JSON.stringify({ level: "error", place: "audit log", message: reason, action }));
}
