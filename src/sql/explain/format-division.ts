/**
 * A query that ends as people read it: what is evaluated where it was asked, and what the partitions of views
 * make of their rows for it.
 */
import { divide, type PartialQuery, scanOf } from "../batch/divide.ts";
import type { Relation } from "../bind/logical-plan.ts";
import { formatRelation } from "./format-relation.ts";

/** Returns a block for what is evaluated at once, and one for each part that partitions make. */
export function formatDivision(query: Relation): string {
  const { relation, parts } = divide(query);
  const named = new Map<Relation, string>();
  const blocks: string[] = [];
  for (const [part, partial] of parts) {
    const number = blocks.length + 1;
    named.set(part, `Merge(part=[${number}], of=[${scanOf(partial).table.name}])`);
    blocks.push(`Part ${number}, ${describe(partial)}\n${indented(formatRelation(part))}`);
  }
  const whole = `Answered at once\n${indented(formatRelation(relation, 0, named))}`;
  return [whole, ...blocks].join("\n\n");
}

function describe(partial: PartialQuery): string {
  const { relation, rows } = partial;
  const { name } = scanOf(partial).table;
  if (relation.node === "aggregate") return `on each partition of ${name}: sends its groups`;
  if (rows === Number.POSITIVE_INFINITY) return `on each partition of ${name}: sends its rows`;
  return `on each partition of ${name}: sends its first ${rows} rows`;
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, "  ");
}
