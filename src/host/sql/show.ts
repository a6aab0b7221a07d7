/**
 * Statements that only tell: SHOW and DESCRIBE.
 */
import { suggestName } from "../../base/suggest-name.ts";
import { aggregateNames } from "../../interpreter/aggregates/built-in.ts";
import { functionNames } from "../../interpreter/functions/built-in.ts";
import { formatShape } from "../../interpreter/types/sql-type.ts";
import type { Row } from "../../interpreter/values/sql-value.ts";
import { simpleName } from "../../sql/bind/bind-context.ts";
import { bindQuery } from "../../sql/bind/bind-query.ts";
import { bindScan } from "../../sql/bind/bind-scan.ts";
import type { Field } from "../../sql/bind/logical-plan.ts";
import { formatTable, formatView } from "../../sql/catalog/format-table.ts";
import type { TableDefinition } from "../../sql/catalog/table-definition.ts";
import { parseStatements } from "../../sql/parse/parse-statements.ts";
import type { Describe, Show } from "../../sql/parse/statement-tree.ts";
import { notSupported, statementError } from "../../sql/parse/syntax-error.ts";
import type { QualifiedName } from "../../sql/parse/syntax-tree.ts";
import { describeFunction, showCreateFunction } from "./functions.ts";
import type { StatementContext } from "./read-catalog.ts";
import { ask, type SqlPorts } from "./sql-ports.ts";
import { type StatementResult, stringType, textFields, textResult } from "./statement-result.ts";

export async function show(
  statement: Show,
  context: StatementContext,
  ports: SqlPorts,
): Promise<StatementResult> {
  const { catalog, source } = context;
  const label = `SHOW ${statement.what}`;
  const listed = (column: string, names: readonly string[]) =>
    textResult(label, column, names.filter(patternOf(statement)).sort());
  switch (statement.what) {
    case "TABLES":
      return listed(
        "table name",
        [...catalog.tables, ...catalog.views].map(({ name }) => name),
      );
    case "MATERIALIZED TABLES":
      return listed(
        "materialized table name",
        catalog.tables.filter(({ materialized }) => materialized).map(({ name }) => name),
      );
    case "VIEWS":
      return listed(
        "view name",
        catalog.views.map(({ name }) => name),
      );
    case "FUNCTIONS":
    case "USER FUNCTIONS": {
      const own = catalog.functions.map(({ name }) => name);
      const names = [...functionNames(), ...aggregateNames()].filter((name) => /^[A-Z_0-9]+$/.test(name));
      return listed("function name", statement.what === "FUNCTIONS" ? [...own, ...names] : own);
    }
    case "JOBS": {
      const jobs = await ask(ports, (rpc) => rpc.jobs());
      return {
        statement: label,
        table: {
          fields: textFields("job", "status", "start time"),
          rows: jobs
            .filter(({ job }) => ports.caller.may(`query:${job}`))
            .map(({ job, state, createdAt }) => [job, state, createdAt]),
        },
      };
    }
    case "DATABASES":
    case "CURRENT DATABASE":
      return listed("database name", ["default_database"]);
    case "CATALOGS":
    case "CURRENT CATALOG":
      return listed("catalog name", ["default_catalog"]);
    case "CREATE FUNCTION":
      return showCreateFunction(statement, context);
    case "CREATE TABLE":
    case "CREATE MATERIALIZED TABLE":
      return showCreateTable(statement, context);
    case "CREATE VIEW": {
      const name = statement.of ? simpleName(source, statement.of) : "";
      const view = catalog.view(name);
      if (!view) throw unknown(statement.of, name, "view", context);
      return textResult(label, "result", [formatView(view)]);
    }
    case "COLUMNS":
      return { ...describeTable(tableNamed(statement.of, context), context), statement: label };
    default:
      throw notSupported(source, statement, label);
  }
}

function showCreateTable(statement: Show, context: StatementContext): StatementResult {
  const label = `SHOW ${statement.what}`;
  const table = tableNamed(statement.of, context);
  const right = table.materialized ? "SHOW CREATE MATERIALIZED TABLE" : "SHOW CREATE TABLE";
  if (label === right) return textResult(label, "result", [formatTable(table)]);
  const kind = table.materialized ? "a materialized table" : "a table";
  throw statementError(
    context.source,
    statement.of ?? statement,
    `${table.name} is ${kind}; say ${right} ${table.name}`,
  );
}

export function describe(statement: Describe, context: StatementContext): StatementResult {
  const { source, catalog } = context;
  const { name: named } = statement;
  if (statement.what === "FUNCTION" && typeof named !== "string") return describeFunction(named, context);
  if (statement.what !== "TABLE" || typeof named === "string") {
    throw notSupported(source, statement, `DESCRIBE ${statement.what}`);
  }
  const name = simpleName(source, named);
  const view = catalog.view(name);
  if (view) {
    const [parsed] = parseStatements(view.query);
    if (parsed?.kind !== "query") throw unknown(named, name, "view", context);
    const { fields } = bindQuery(parsed.query, {
      ...context,
      source: { text: view.query },
      named: new Map(),
    });
    const columns = fields.map((field, index) => ({ ...field, name: view.columns[index] ?? field.name }));
    return described(columns, () => [null, null, null]);
  }
  return describeTable(tableNamed(named, context), context);
}

function describeTable(table: TableDefinition, { catalog }: StatementContext): StatementResult {
  const { fields } = bindScan(table, catalog.function);
  return described(fields, ({ name }) => {
    const column = table.columns.find((each) => each.name === name);
    const { metadata, computed } = column ?? {};
    const key = table.primaryKey.includes(name) ? `PRI(${table.primaryKey.join(", ")})` : null;
    const extras =
      computed !== undefined ? `AS ${computed}` : metadata ? `METADATA FROM '${metadata.key}'` : null;
    return [key, extras, table.watermark?.column === name ? table.watermark.expression : null];
  });
}

function described(fields: readonly Field[], more: (field: Field) => Row): StatementResult {
  const names = ["name", "type", "null", "key", "extras", "watermark"];
  const boolean = { name: "BOOLEAN", isNullable: false } as const;
  return {
    statement: "DESCRIBE",
    table: {
      fields: names.map((name) => ({ name, type: name === "null" ? boolean : stringType })),
      rows: fields.map((field) => {
        const time = field.time === "event" ? " *ROWTIME*" : field.time === "processing" ? " *PROCTIME*" : "";
        return [field.name, `${formatShape(field.type)}${time}`, field.type.isNullable, ...more(field)];
      }),
    },
  };
}

function tableNamed(named: QualifiedName | undefined, context: StatementContext): TableDefinition {
  const name = named ? simpleName(context.source, named) : "";
  const table = context.catalog.table(name);
  if (!table) throw unknown(named, name, "table", context);
  return table;
}

function unknown(
  named: QualifiedName | undefined,
  name: string,
  what: string,
  { source, catalog }: StatementContext,
) {
  const span = named ?? { start: 0, end: 0 };
  return statementError(source, span, `There is no ${what} ${name}${suggestName(name, catalog.names)}`);
}

/** LIKE and ILIKE: % for any text, _ for a character. */
function patternOf({ pattern }: Show): (name: string) => boolean {
  if (!pattern) return () => true;
  const { text, operator, isNot } = pattern;
  const escaped = text
    .replaceAll(/[\\^$.*+?()[\]{}|/]/g, "\\$&")
    .replaceAll("%", ".*")
    .replaceAll("_", ".");
  const matcher = new RegExp(`^${escaped}$`, operator === "ILIKE" ? "is" : "s");
  return (name) => matcher.test(name) !== isNot;
}
