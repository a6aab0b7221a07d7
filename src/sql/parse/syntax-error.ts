/**
 * What is wrong with a text, said at its place: line, column, the line itself with a caret below.
 */
import { EngineError } from "../../base/errors.ts";

/** A text that is parsed. */
export interface SourceText {
  readonly text: string;
}

/** A part of a text, in UTF-16 units. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Columns of the line that are shown around the place. */
const shownMax = 80;

/** Returns the error for a text that is not SQL; `message` has no full stop. */
export function syntaxError(source: SourceText, span: Span, message: string): EngineError {
  return errorAt("SQL_SYNTAX", source, span, message);
}

/** Returns the error for what Flink knows and Millrace does not; `what` is its name. */
export function notSupported(source: SourceText, span: Span, what: string): EngineError {
  return errorAt("SQL_NOT_SUPPORTED", source, span, `Not supported: ${what}`);
}

/** Returns the error for what is SQL and cannot be; `message` has no full stop. */
export function statementError(source: SourceText, span: Span, message: string): EngineError {
  return errorAt("SQL_INVALID", source, span, message);
}

/** Returns an error of SQL with the place of its statement, where it has no place of its own. */
export function withPlace(error: unknown, source: SourceText, span: Span): unknown {
  if (!(error instanceof EngineError) || !error.code.startsWith("SQL_")) return error;
  if (error.details?.line !== undefined) return error;
  const { line, column } = placeOf(source, span.start);
  return new EngineError(error.code, {
    message: `In the statement at line ${line}, column ${column}: ${error.message}`,
    details: { ...error.details, line, column, start: span.start, end: span.end },
  });
}

function errorAt(
  code: "SQL_SYNTAX" | "SQL_NOT_SUPPORTED" | "SQL_INVALID",
  source: SourceText,
  span: Span,
  message: string,
): EngineError {
  const { line, column } = placeOf(source, span.start);
  return new EngineError(code, {
    message: `${message}, at line ${line}, column ${column}.\n${snippetOf(source, span)}`,
    details: { line, column, start: span.start, end: span.end },
  });
}

/** Line and column of a place, from 1. */
export function placeOf(
  { text }: SourceText,
  at: number,
): { readonly line: number; readonly column: number } {
  const before = text.slice(0, at);
  return { line: before.split("\n").length, column: at - before.lastIndexOf("\n") };
}

/** The line of a place, shortened, and carets below it. */
function snippetOf({ text }: SourceText, { start, end }: Span): string {
  const from = text.lastIndexOf("\n", start - 1) + 1;
  const lineEnd = text.indexOf("\n", start);
  const line = text.slice(from, lineEnd === -1 ? text.length : lineEnd);
  const shift = Math.max(0, Math.min(start - from - shownMax / 2, line.length - shownMax));
  const shown = line.slice(shift, shift + shownMax).replaceAll("\t", " ");
  const width = Math.max(1, Math.min(end, from + line.length) - start);
  const carets = "^".repeat(Math.min(width, shift + shownMax - (start - from)));
  return `  ${shown}\n  ${" ".repeat(start - from - shift)}${carets}`;
}
