/**
 * What two lists of rows, as texts, have not in common.
 */

export function differenceOf(expected: readonly string[], found: readonly string[]): string[] {
  const left = new Map<string, number>();
  for (const text of expected) left.set(text, (left.get(text) ?? 0) + 1);
  for (const text of found) left.set(text, (left.get(text) ?? 0) - 1);
  return [...left].flatMap(([text, count]) => {
    if (count === 0) return [];
    return [`${count > 0 ? "lacks" : "has too much of"} ${text}`];
  });
}
