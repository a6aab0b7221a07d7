/**
 * Statements that change the catalog: CREATE, ALTER and DROP.
 */
import { EngineError, type ErrorBody } from "../../base/errors.ts";
import { suggestName } from "../../base/suggest-name.ts";
import { simpleName } from "../../sql/bind/bind-context.ts";
import { bindQuery } from "../../sql/bind/bind-query.ts";
import { alterTable } from "../../sql/catalog/alter-table.ts";
import { checkConnector } from "../../sql/catalog/connectors.ts";
import { defineTable } from "../../sql/catalog/define-table.ts";
import { isStreamTable, streamOf } from "../../sql/catalog/stream-of-table.ts";
import type { TableDefinition, ViewDefinition } from "../../sql/catalog/table-definition.ts";
import { formatQuery } from "../../sql/parse/format-query.ts";
import type { AlterTable, AlterView, CreateTable, CreateView, Drop } from "../../sql/parse/statement-tree.ts";
import { notSupported, type SourceText, type Span, statementError } from "../../sql/parse/syntax-error.ts";
import { checkChange, checkUnfilled } from "./check-change.ts";
import { createFilledTable } from "./create-filled-table.ts";
import { alterMaterializedTable, stopFilling } from "./materialized-tables.ts";
import { functionNamed, type StatementContext } from "./read-catalog.ts";
import { ask, type SqlPorts } from "./sql-ports.ts";
import { done, type StatementResult } from "./statement-result.ts";
import { storeTable } from "./store-table.ts";

export async function createTable(
  statement: CreateTable,
  context: StatementContext,
  ports: SqlPorts,
): Promise<StatementResult> {
  const { source, catalog } = context;
  const name = simpleName(source, statement.name);
  const { existing, isMaterialized, query } = statement;
  const label = isMaterialized ? "CREATE MATERIALIZED TABLE" : "CREATE TABLE";
  if (catalog.view(name)) throw statementError(source, statement.name, `There is a view ${name} already`);
  const there = catalog.table(name);
  if (there && existing === "keep") return done(label, `Table ${name} is there already.`);
  if (there && existing === "error") {
    const message = `There is a table ${name} already; say IF NOT EXISTS to keep it`;
    throw statementError(source, statement.name, message);
  }
  if (there && (isMaterialized || there.materialized)) {
    const kind = there.materialized ? "MATERIALIZED TABLE" : "TABLE";
    const what = `another query for ${name}, which is there; DROP ${kind} ${name} first`;
    throw notSupported(source, statement.name, what);
  }
  if (there && query) await checkUnfilled(there, statement.name, context, ports);
  if (query) return { ...(await createFilledTable(statement, query, context, ports)), statement: label };
  const table = defineTable(source, name, statement, catalog);
  checkConnector(table);
  if (there) await checkChange(there, table, statement.name, context, ports);
  await storeTable(table, existing === "error" ? "error" : "replace", ports);
  return done(label, `Table ${name} is made.`);
}

export async function createView(
  statement: CreateView,
  context: StatementContext,
  ports: SqlPorts,
): Promise<StatementResult> {
  const { source, catalog } = context;
  const name = simpleName(source, statement.name);
  const query = formatQuery(statement.query);
  const columns = statement.columns.map((column) => column.name.name);
  const { fields } = bindQuery(statement.query, context);
  if (columns.length > 0 && columns.length !== fields.length) {
    const message = `The view has ${columns.length} columns, and its query ${fields.length}`;
    throw statementError(source, statement, message);
  }
  if (catalog.table(name)) throw statementError(source, statement.name, `There is a table ${name} already`);
  const definition: ViewDefinition = {
    ...{ name, columns, query },
    ...(statement.comment !== undefined && { comment: statement.comment }),
  };
  const existing = statement.ifNotExists ? "keep" : "error";
  const isWritten = await ask(ports, (rpc) => rpc.putSqlObject({ kind: "view", definition }, existing));
  return done("CREATE VIEW", isWritten ? `View ${name} is made.` : `View ${name} is there already.`);
}

export async function alter(
  statement: AlterTable | AlterView,
  context: StatementContext,
  ports: SqlPorts,
): Promise<StatementResult> {
  const { source, catalog } = context;
  const name = simpleName(source, statement.name);
  if (statement.kind === "alter view") return alterView(statement, name, context, ports);
  const table = catalog.table(name);
  if (!table) {
    if (statement.ifExists) return done("ALTER TABLE", `There is no table ${name}.`);
    const message = `There is no table ${name}${suggestName(name, catalog.names)}`;
    throw statementError(source, statement.name, message);
  }
  if (table.materialized || statement.isMaterialized) {
    return alterMaterializedTable(statement, table, context, ports);
  }
  const changed = alterTable(source, table, statement, catalog.function);
  checkConnector(changed);
  if (changed.name !== name) checkFree(changed.name, statement, context);
  await checkChange(table, changed, statement, context, ports);
  await storeTable(changed, "replace", ports);
  if (changed.name !== name) await ask(ports, (rpc) => rpc.dropSqlObject("table", name));
  return done("ALTER TABLE", `Table ${changed.name} is changed.`);
}

/** A table does not take the name of another one. */
function checkFree(name: string, place: Span, { source, catalog }: StatementContext): void {
  const found = catalog.table(name) ? "table" : catalog.view(name) ? "view" : undefined;
  if (found) throw statementError(source, place, `There is a ${found} ${name} already; choose another name`);
}

async function alterView(
  statement: AlterView,
  name: string,
  context: StatementContext,
  ports: SqlPorts,
): Promise<StatementResult> {
  const { source, catalog } = context;
  const view = catalog.view(name);
  if (!view) {
    if (statement.ifExists) return done("ALTER VIEW", `There is no view ${name}.`);
    throw statementError(
      source,
      statement.name,
      `There is no view ${name}${suggestName(name, catalog.names)}`,
    );
  }
  const { change } = statement;
  if ("query" in change) {
    bindQuery(change.query, context);
    const definition = { ...view, query: formatQuery(change.query), columns: [] };
    await ask(ports, (rpc) => rpc.putSqlObject({ kind: "view", definition }, "replace"));
    return done("ALTER VIEW", `View ${name} is changed.`);
  }
  const to = simpleName(source, change.to);
  await ask(ports, (rpc) => rpc.putSqlObject({ kind: "view", definition: { ...view, name: to } }, "error"));
  await ask(ports, (rpc) => rpc.dropSqlObject("view", name));
  return done("ALTER VIEW", `View ${name} is called ${to}.`);
}

/** Drops; the stream of a table goes with it, and must not be in use. */
export async function drop(
  statement: Drop,
  context: StatementContext,
  ports: SqlPorts,
): Promise<StatementResult> {
  const { source, catalog } = context;
  const name = simpleName(source, statement.name);
  const what = statement.what === "MATERIALIZED TABLE" ? "TABLE" : statement.what;
  const kind = what.toLowerCase() as "table" | "view" | "function";
  const table = kind === "table" ? catalog.table(name) : undefined;
  if (table) checkDropped(table, statement, source);
  const isStream = table !== undefined && isStreamTable(table);
  if (table?.materialized) await stopFilling(table.materialized, ports);
  else if (table) await checkUnfilled(table, statement.name, context, ports);
  if (table && isStream) {
    const gone = await ports.coordinator((rpc) => rpc.deleteStream(streamOf(table)));
    if (!gone.ok && gone.error.code !== "STREAM_NOT_FOUND") {
      throw new EngineError(gone.error.code, { message: gone.error.message + remedyOf(gone.error) });
    }
  }
  const stored = kind === "function" ? (functionNamed(catalog.functions, name)?.name ?? name) : name;
  const wasThere = await ask(ports, (rpc) => rpc.dropSqlObject(kind, stored));
  if (!wasThere && !isStream && !statement.ifExists) {
    const suggestion = suggestName(
      name,
      kind === "function" ? catalog.functions.map((each) => each.name) : catalog.names,
    );
    const message = `There is no ${kind} ${name}${suggestion}; say IF EXISTS where that is no error`;
    throw statementError(source, statement.name, message);
  }
  const isGone = wasThere || isStream;
  return done(`DROP ${statement.what}`, isGone ? `${name} is dropped.` : `There is no ${kind} ${name}.`);
}

/** How the jobs are stopped that keep a stream in use. */
function remedyOf({ code, details }: ErrorBody): string {
  const jobs = code === "STREAM_IN_USE" && Array.isArray(details?.jobs) ? details.jobs : [];
  return jobs.length === 0 ? "" : ` First ${jobs.map((job) => `STOP JOB '${job}'`).join("; ")}.`;
}

function checkDropped(table: TableDefinition, { what, name }: Drop, source: SourceText): void {
  const found = table.materialized ? "MATERIALIZED TABLE" : "TABLE";
  if (found === what) return;
  const message = `${table.name} is a ${found.toLowerCase()}; say DROP ${found} ${table.name}`;
  throw statementError(source, name, message);
}
