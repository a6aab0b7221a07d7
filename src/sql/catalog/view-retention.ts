/**
 * How long a table of the view connector keeps a row after its last change.
 */
import { parseDuration } from "../bind/session-options.ts";
import type { TableDefinition } from "./table-definition.ts";

/** What `retention` is where rows are never let go of. */
export const forever = "forever";

/** Where the table does not say. */
const retentionMsDefault = 7 * 86_400_000;

/** Returns it in milliseconds; null: forever. */
export function viewRetentionOf({ options: { retention } }: Pick<TableDefinition, "options">): number | null {
  if (retention === undefined) return retentionMsDefault;
  return retention === forever ? null : (parseDuration(retention) ?? null);
}
