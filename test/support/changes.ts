/**
 * What changes add up to.
 */
import type { Row } from "../../src/interpreter/values/sql-value.ts";
import { inputsOfRelation, type Relation } from "../../src/sql/bind/logical-plan.ts";

/** Rows that are left when all changes were made, sorted. Throws where one takes back what is not there. */
export function contentOf(changes: readonly { readonly kind: string; readonly text: string }[]): string[] {
  const rows: string[] = [];
  for (const { kind, text } of changes) {
    const row = text.slice(2);
    if (kind === "+I" || kind === "+U") {
      rows.push(row);
      continue;
    }
    const place = rows.indexOf(row);
    if (place < 0) throw new Error(`${text} takes back what is not there`);
    rows.splice(place, 1);
  }
  return rows.sort();
}

/** A total of nothing is a row of a batch, and none of a stream, which has nothing to say yet. */
export function hasTotalOfNothing(
  relation: Relation,
  rowsOf: (relation: Relation) => readonly Row[],
): boolean {
  if (relation.node === "aggregate" && !relation.groupWindow) {
    const isTotal = relation.key.length === 0 || relation.sets?.some((set) => set.length === 0) === true;
    if (isTotal && rowsOf(relation.input).length === 0) return true;
  }
  return inputsOfRelation(relation).some((input) => hasTotalOfNothing(input, rowsOf));
}
