/**
 * What statements may see and do, by the scopes of whoever sends them.
 *
 * Reading needs `query:` of every stream and view that is read, those behind a view of SQL too, and of the
 * view itself. What is not allowed is not listed, and by its name it is refused. All that changes something
 * needs `admin`, and is noted in the audit log.
 */
import { errorBodyOf } from "../../base/errors.ts";
import { isStreamTable, streamOf } from "../../sql/catalog/stream-of-table.ts";
import type { TableDefinition } from "../../sql/catalog/table-definition.ts";
import type { Statement } from "../../sql/parse/statement-tree.ts";
import type { QualifiedName } from "../../sql/parse/syntax-tree.ts";
import type { Caller } from "../access/caller.ts";
import type { ReadCatalog } from "./read-catalog.ts";
import type { SqlPorts } from "./sql-ports.ts";

const readingKinds: ReadonlySet<Statement["kind"]> = new Set([
  ...(["query", "show", "describe", "explain"] as const),
  ...(["set", "reset", "use"] as const),
]);

/** Runs a statement, of those that change something only an administrator's. */
export async function runAllowed<Result>(
  statement: Statement,
  { caller, audit }: Pick<SqlPorts, "caller" | "audit">,
  run: () => Promise<Result>,
): Promise<Result> {
  if (readingKinds.has(statement.kind)) return await run();
  caller.demand("admin");
  const what = { action: `SQL ${statement.kind.toUpperCase()}`, target: targetOf(statement) };
  try {
    const result = await run();
    await audit({ ...what, status: 200 });
    return result;
  } catch (thrown) {
    await audit({ ...what, status: errorBodyOf(thrown).status });
    throw thrown;
  }
}

/** The catalog as the caller may see it. */
export function visibleCatalog(catalog: ReadCatalog, caller: Caller): ReadCatalog {
  if (caller.may("admin")) return catalog;
  const tables = catalog.tables.filter((table) => caller.may(`query:${resourceOf(table)}`));
  const views = catalog.views.filter(({ name }) => caller.may(`query:${name}`));
  return {
    ...catalog,
    ...{ tables, views, names: [...tables, ...views].map(({ name }) => name) },
    table: (name) => {
      const found = catalog.table(name);
      if (found) caller.demand(`query:${resourceOf(found)}`);
      return found;
    },
    view: (name) => {
      const found = catalog.view(name);
      if (found) caller.demand(`query:${name}`);
      return found;
    },
  };
}

/** Throws FORBIDDEN where the caller may not read one of the streams, or views. */
export function demandReading(caller: Caller, names: readonly string[]): void {
  for (const name of names) caller.demand(`query:${name}`);
}

/** The stream or the view in which a table's rows lie. */
function resourceOf(table: TableDefinition): string {
  return isStreamTable(table) ? streamOf(table) : table.name;
}

function targetOf(statement: Statement): string {
  switch (statement.kind) {
    case "insert":
      return nameOf(statement.into);
    case "statement set":
      return statement.inserts.map(({ into }) => nameOf(into)).join(" ");
    case "stop job":
      return statement.job;
    default:
      return "name" in statement && typeof statement.name === "object" ? nameOf(statement.name) : "";
  }
}

function nameOf({ parts }: QualifiedName): string {
  return parts.map(({ name }) => name).join(".");
}
