/** Trees of SQL without their places in the text. */

/** Returns a copy without `start` and `end`, its fields in one order. */
export function withoutPlaces(tree: unknown): unknown {
  if (Array.isArray(tree)) return tree.map(withoutPlaces);
  if (typeof tree !== "object" || tree === null) return tree;
  const fields = Object.entries(tree).filter(([field, value]) => {
    return field !== "start" && field !== "end" && value !== undefined;
  });
  return Object.fromEntries(
    fields
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([field, value]) => [field, withoutPlaces(value)]),
  );
}
