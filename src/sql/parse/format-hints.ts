/**
 * From trees back to text: hints.
 */
import { plainName, quoted } from "./format-names.ts";
import type { Hint } from "./syntax-tree.ts";

/** With a space before them; empty where there is none. */
export function formatHints(hints: readonly Hint[]): string {
  if (hints.length === 0) return "";
  const told = hints.map(({ name: written, options }) => {
    const name = plainName.test(written) ? written : `\`${written.replaceAll("`", "``")}\``;
    const list = options.map(({ key, value }) =>
      value === undefined ? quoted(key) : `${quoted(key)} = ${quoted(value)}`,
    );
    return list.length > 0 ? `${name}(${list.join(", ")})` : name;
  });
  return ` /*+ ${told.join(", ")} */`;
}
