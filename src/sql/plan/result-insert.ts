/**
 * A query as an INSERT into what takes all of its changes.
 */
import type { InsertPlan, Relation } from "../bind/logical-plan.ts";

/** Returns what a query is planned as whose changes are read one after the other. */
export function resultInsert(input: Relation): InsertPlan {
  // A result demands nothing.
  const columns = input.fields.map(({ name, type }) => ({ name, type: { ...type, isNullable: true } }));
  const table = {
    name: "result",
    columns,
    primaryKey: [],
    partitionedBy: [],
    options: { connector: "changelog" },
  };
  return { table, input, isOverwrite: false };
}
