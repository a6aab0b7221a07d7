/**
 * Cursors: where the next page begins, as text that callers hand back unread.
 */
import { EngineError } from "../../base/errors.ts";

/** Returns `place` (plain JSON) as text for an address. */
export function encodeCursor(place: readonly (string | number)[]): string {
  const text = btoa(JSON.stringify(place));
  return text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/**
 * Returns the place of a cursor whose parts are of the kinds of `shape`, numbers being whole; throws
 * QUERY_INVALID for any other text.
 */
export function decodeCursor<const Shape extends readonly ("string" | "number")[]>(
  cursor: string,
  shape: Shape,
): { [Index in keyof Shape]: Shape[Index] extends "string" ? string : number } {
  const place = parse(cursor);
  const fits =
    Array.isArray(place) &&
    place.length === shape.length &&
    shape.every((kind, index) =>
      kind === "number" ? Number.isSafeInteger(place[index]) : typeof place[index] === kind,
    );
  if (!fits) throw strangeCursor();
  return place as { [Index in keyof Shape]: Shape[Index] extends "string" ? string : number };
}

/** What is thrown for a cursor that names no place. */
export function strangeCursor(): EngineError {
  const message = "cursor: found one that no answer gave. Take the cursor of the page before, or none.";
  return new EngineError("QUERY_INVALID", { message });
}

function parse(cursor: string): unknown {
  try {
    return JSON.parse(atob(cursor.replaceAll("-", "+").replaceAll("_", "/")));
  } catch {
    return undefined;
  }
}
