/**
 * CREATE TABLE … AS and CREATE MATERIALIZED TABLE: a table whose columns a query gives, and what fills it.
 *
 * All that planning could refuse is refused before anything is made.
 */
import { type BindContext, simpleName } from "../../sql/bind/bind-context.ts";
import { bindQuery } from "../../sql/bind/bind-query.ts";
import { endlessScanOf, type Relation } from "../../sql/bind/logical-plan.ts";
import { checkConnector } from "../../sql/catalog/connectors.ts";
import { defineTable } from "../../sql/catalog/define-table.ts";
import type { Catalog, TableDefinition } from "../../sql/catalog/table-definition.ts";
import { optimize } from "../../sql/optimize/optimize.ts";
import { formatInterval } from "../../sql/parse/format-names.ts";
import { formatQuery } from "../../sql/parse/format-query.ts";
import type { CreateTable, Insert } from "../../sql/parse/statement-tree.ts";
import { notSupported, statementError } from "../../sql/parse/syntax-error.ts";
import type { Query } from "../../sql/parse/syntax-tree.ts";
import { keysOfQuery } from "../../sql/plan/lower-insert.ts";
import { nameOfJob, type PreparedInsert, prepareInsert, runInsert } from "./insert.ts";
import { checkContinuous } from "./materialized-tables.ts";
import { ask, type SqlPorts } from "./sql-ports.ts";
import type { StatementResult } from "./statement-result.ts";
import { storeTable } from "./store-table.ts";

/** Makes a table that is not there, or is to be replaced. */
export async function createFilledTable(
  statement: CreateTable,
  query: Query,
  context: BindContext,
  ports: SqlPorts,
): Promise<StatementResult> {
  const { table, prepared } = planFilledTable(statement, query, context);
  const { options } = context;
  const existing = statement.existing === "error" ? "error" : "replace";
  if (!statement.isMaterialized) {
    await storeTable(table, existing, ports);
    return await runInsert(prepared, options, ports);
  }
  const job = await nameOfJob(table.name, options, ports);
  const { freshness } = statement;
  const materialized = {
    ...{ query: formatQuery(query), job },
    ...(freshness && { freshness: formatInterval(freshness) }),
  };
  await storeTable({ ...table, materialized }, existing, ports);
  try {
    return await runInsert(prepared, options, ports, job);
  } catch (thrown) {
    await ask(ports, (rpc) => rpc.dropSqlObject("table", table.name));
    throw thrown;
  }
}

/** The table that such a statement makes, and the INSERT that fills it. */
export function planFilledTable(
  statement: CreateTable,
  query: Query,
  context: BindContext,
): { readonly table: TableDefinition; readonly prepared: PreparedInsert } {
  const table = tableOf(statement, optimize(bindQuery(query, context), context.options), context);
  checkConnector(table);
  const { name, start, end } = statement;
  const facts = { kind: "insert", isOverwrite: false, options: [], partition: [], columns: [] } as const;
  const insert: Insert = { ...facts, into: name, query, start, end };
  const inner = { ...context, catalog: withTable(context.catalog, table) };
  return { table, prepared: prepareInsert([insert], inner) };
}

/** The definition: the columns of the query, and what is written beside them. */
function tableOf(statement: CreateTable, relation: Relation, context: BindContext): TableDefinition {
  const { source, catalog } = context;
  const { definition, isMaterialized } = statement;
  const stored = definition.columns.find(({ computed }) => computed === undefined || isMaterialized);
  if (stored) throw notSupported(source, stored, "columns beside AS: the query names and types them");
  const queried = relation.fields.map(({ name, type }) => ({ name, type }));
  const table = defineTable(source, simpleName(source, statement.name), statement, catalog, queried);
  if (!isMaterialized) return table;
  checkContinuous(statement, table, context);
  if (!endlessScanOf(relation, context.options)) {
    throw notSupported(source, statement, "a materialized table of rows that end, of VALUES or views");
  }
  const options = { connector: "view", ...table.options };
  const primaryKey =
    table.primaryKey.length > 0 ? table.primaryKey : inferredKey(statement, relation, context);
  return { ...table, options, primaryKey };
}

/** The columns by which the query's rows are known. */
function inferredKey(statement: CreateTable, relation: Relation, { source, options }: BindContext): string[] {
  const key = keysOfQuery(relation, options).find(({ length }) => length > 0);
  if (key) return key.map((column) => relation.fields[column]?.name ?? "");
  const name = simpleName(source, statement.name);
  const message =
    `The rows of ${name} are known by no columns of its query; name those that tell them apart: ` +
    `CREATE MATERIALIZED TABLE ${name} (PRIMARY KEY (…) NOT ENFORCED) AS …`;
  throw statementError(source, statement.name, message);
}

function withTable(catalog: Catalog, table: TableDefinition): Catalog {
  return {
    table: (name) => (name === table.name ? table : catalog.table(name)),
    view: (name) => catalog.view(name),
    function: catalog.function,
    names: [...catalog.names, table.name],
  };
}
