/**
 * JSON from text that need not be any.
 */

/** Returns the JSON value that `text` holds, or undefined where it is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
