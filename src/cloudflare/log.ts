/**
 * What operators read: one JSON line per event of interest, through the platform's console.
 */

/** Writes what a defect threw; the caller has answered INTERNAL. */
export function logDefect(place: string, thrown: unknown): void {
  const isError = thrown instanceof Error;
  const message = isError ? thrown.message : String(thrown);
  console.error(
    JSON.stringify({ level: "error", place, message, stack: isError ? thrown.stack : undefined }),
  );
}
