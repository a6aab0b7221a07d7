/**
 * Statements that change the catalog: CREATE, ALTER and DROP.
 */
import { EngineError } from "../../base/errors.ts";
import { suggestName } from "../../base/suggest-name.ts";
import { type BindContext, simpleName } from "../../sql/bind/bind-context.ts";
import { bindQuery } from "../../sql/bind/bind-query.ts";
import { alterTable } from "../../sql/catalog/alter-table.ts";
import { checkConnector } from "../../sql/catalog/connectors.ts";
import { defineTable } from "../../sql/catalog/define-table.ts";
import { streamOfTable } from "../../sql/catalog/stream-of-table.ts";
import type { TableDefinition, ViewDefinition } from "../../sql/catalog/table-definition.ts";
import { formatQuery } from "../../sql/parse/format-query.ts";
import type {
  AlterTable,
  AlterView,
  CreateFunction,
  CreateTable,
  CreateView,
  Drop,
} from "../../sql/parse/statement-tree.ts";
import { notSupported, statementError } from "../../sql/parse/syntax-error.ts";
import { streamOf } from "../../sql/plan/staging.ts";
import type { Existing } from "../coordinator/sql-objects.ts";
import type { ReadCatalog } from "./read-catalog.ts";
import { ask, type SqlPorts } from "./sql-ports.ts";
import { done, type StatementResult } from "./statement-result.ts";

type Context = BindContext & { readonly catalog: ReadCatalog };

/** Runs CREATE TABLE. What `AS` gives its rows is the caller's. */
export async function createTable(
  statement: CreateTable,
  context: Context,
  ports: SqlPorts,
): Promise<{
  readonly table: TableDefinition;
  readonly isWritten: boolean;
  readonly answer: StatementResult;
}> {
  const { source, catalog } = context;
  const name = simpleName(source, statement.name);
  if (catalog.view(name)) throw statementError(source, statement.name, `There is a view ${name} already`);
  const table = tableFrom(statement, name, context);
  checkConnector(table);
  const { existing } = statement;
  if (catalog.table(name) && existing === "error") {
    throw statementError(
      source,
      statement.name,
      `There is a table ${name} already; say IF NOT EXISTS to keep it`,
    );
  }
  if (catalog.table(name) && existing === "keep") {
    return { table, isWritten: false, answer: done("CREATE TABLE", `Table ${name} is there already.`) };
  }
  await putTable(table, existing === "error" ? "error" : "replace", ports);
  return { table, isWritten: true, answer: done("CREATE TABLE", `Table ${name} is made.`) };
}

/** Stores a table, and makes or extends the stream that it is. */
async function putTable(table: TableDefinition, existing: Existing, ports: SqlPorts): Promise<void> {
  if (table.options.connector === "http") {
    const stream = streamOfTable(table);
    await ask(ports, (rpc) => rpc.putStream(streamOf(table), stream));
  }
  await ask(ports, (rpc) => rpc.putSqlObject({ kind: "table", definition: table }, existing));
}

/** The definition; of CREATE TABLE … AS its columns are those of the query. */
function tableFrom(statement: CreateTable, name: string, context: Context): TableDefinition {
  const { source, catalog } = context;
  if (!statement.query) return defineTable(source, name, statement, catalog);
  const { fields } = bindQuery(statement.query, context);
  const defined = defineTable(source, name, statement, catalog);
  if (defined.columns.length > 0) {
    throw notSupported(source, statement, "columns beside AS: the query names and types them");
  }
  return { ...defined, columns: fields.map((field) => ({ name: field.name, type: field.type })) };
}

export async function createView(
  statement: CreateView,
  context: Context,
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

export async function createFunction(
  statement: CreateFunction,
  { source }: Context,
  _ports: SqlPorts,
): Promise<StatementResult> {
  throw notSupported(source, statement, "functions of your own");
}

export async function alter(
  statement: AlterTable | AlterView,
  context: Context,
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
  const changed = alterTable(source, table, statement);
  checkConnector(changed);
  await putTable(changed, "replace", ports);
  if (changed.name !== name) await ask(ports, (rpc) => rpc.dropSqlObject("table", name));
  return done("ALTER TABLE", `Table ${changed.name} is changed.`);
}

async function alterView(
  statement: AlterView,
  name: string,
  context: Context,
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
export async function drop(statement: Drop, context: Context, ports: SqlPorts): Promise<StatementResult> {
  const { source, catalog } = context;
  const name = simpleName(source, statement.name);
  const what = statement.what === "MATERIALIZED TABLE" ? "TABLE" : statement.what;
  const kind = what.toLowerCase() as "table" | "view" | "function";
  const table = kind === "table" ? catalog.table(name) : undefined;
  const isStream = table?.options.connector === "http";
  if (table && isStream) {
    const gone = await ports.coordinator((rpc) => rpc.deleteStream(streamOf(table)));
    if (!gone.ok && gone.error.code !== "STREAM_NOT_FOUND") {
      throw new EngineError(gone.error.code, { message: gone.error.message });
    }
  }
  const wasThere = await ask(ports, (rpc) => rpc.dropSqlObject(kind, name));
  if (!wasThere && !isStream && !statement.ifExists) {
    const suggestion = suggestName(name, catalog.names);
    const message = `There is no ${kind} ${name}${suggestion}; say IF EXISTS where that is no error`;
    throw statementError(source, statement.name, message);
  }
  const isGone = wasThere || isStream;
  return done(`DROP ${statement.what}`, isGone ? `${name} is dropped.` : `There is no ${kind} ${name}.`);
}
