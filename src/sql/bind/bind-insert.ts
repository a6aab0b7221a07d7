/**
 * INSERT INTO: the columns of a query become those of a table, by their places, cast where that loses
 * nothing.
 */
import { suggestName } from "../../base/suggest-name.ts";
import { canCastImplicitly } from "../../interpreter/cast/implicit-casts.ts";
import type { RowExpression } from "../../interpreter/row-expression.ts";
import { formatShape } from "../../interpreter/types/sql-type.ts";
import { connectors } from "../catalog/connectors.ts";
import { type TableDefinition, writtenColumns } from "../catalog/table-definition.ts";
import type { Insert } from "../parse/statement-tree.ts";
import { notSupported, type SourceText, statementError } from "../parse/syntax-error.ts";
import { type BindContext, simpleName } from "./bind-context.ts";
import { ExpressionBinder } from "./bind-expression.ts";
import { bindQuery } from "./bind-query.ts";
import { implicitCast } from "./implicit-cast.ts";
import type { InsertPlan, Relation } from "./logical-plan.ts";
import { project } from "./project.ts";

/** Returns what an INSERT does. Throws `SQL_INVALID` or `SQL_NOT_SUPPORTED` at the place. */
export function bindInsert(insert: Insert, context: BindContext): InsertPlan {
  const { source, catalog } = context;
  const name = simpleName(source, insert.into);
  const found = catalog.table(name);
  if (!found) {
    const what = catalog.view(name)
      ? `${name} is a view, and views are not written to; insert into a table`
      : `There is no table ${name}${suggestName(name, catalog.names)}`;
    throw statementError(source, insert.into, what);
  }
  if (found.materialized) {
    const message = `${name} is a materialized table: its query gives it its rows, and nothing else does`;
    throw statementError(source, insert.into, message);
  }
  const { connector = "" } = found.options;
  if (connectors[connector]?.canWrite === false) {
    const message = `${name} has the connector '${connector}', which is only read`;
    throw statementError(source, insert.into, message);
  }
  const own = writtenColumns(found).find(({ metadata }) => metadata);
  if (own) {
    const message = `The log gives ${name}.${own.name} its values; the table must say VIRTUAL of it`;
    throw statementError(source, insert.into, message);
  }
  const options = Object.fromEntries(insert.options.map(({ key, value }) => [key, value]));
  const table: TableDefinition = { ...found, options: { ...found.options, ...options } };
  const query = bindQuery(insert.query, context);
  const { onConflict, isOverwrite } = insert;
  return {
    table,
    input: asTable(query, insert, table, context),
    isOverwrite,
    ...(onConflict && { onConflict }),
  };
}

function asTable(query: Relation, insert: Insert, table: TableDefinition, { source }: BindContext): Relation {
  const columns = writtenColumns(table);
  const fixed = new Map(
    insert.partition.map(({ column, value }) => {
      const bound = new ExpressionBinder(source, { columns: [] }).bind(value);
      return [column.name, bound] as const;
    }),
  );
  const open = columns.filter(({ name }) => !fixed.has(name)).map(({ name }) => name);
  const targets =
    insert.columns.length > 0 ? insert.columns.map((each) => each.parts.at(-1)?.name ?? "") : open;
  checkTargets(source, insert, table);
  const unknown = insert.columns.find((each) => !open.includes(each.parts.at(-1)?.name ?? ""));
  if (unknown) {
    const name = unknown.parts.at(-1)?.name ?? "";
    const message = `${table.name} has no column ${name} that could be written${suggestName(name, open)}`;
    throw statementError(source, unknown, message);
  }
  if (query.fields.length !== targets.length) {
    const [has, takes] = [query.fields, targets].map(
      (some: readonly unknown[]) => `${some.length} column${some.length === 1 ? "" : "s"}`,
    );
    const message =
      `The query has ${has} and ${table.name} takes ${takes}: ${targets.join(", ")}; ` +
      `the query gives ${query.fields.map((field) => `${field.name} ${formatShape(field.type)}`).join(", ")}`;
    throw statementError(source, insert.query, message);
  }
  const bound = columns.map(({ name, type }): RowExpression => {
    const index = targets.indexOf(name);
    const field = query.fields[index];
    const value = fixed.get(name) ?? (field && ({ node: "input", index, type: field.type } as const));
    if (!value) {
      if (type.isNullable) return { node: "literal", value: null, type };
      const message = `${table.name} has a column ${name} that is NOT NULL, and nothing is written to it`;
      throw statementError(source, insert, message);
    }
    if (canCastImplicitly(value.type, type)) return implicitCast(value, type);
    const [from, to] = [value.type, type].map((each) => formatShape(each));
    const message =
      `Column ${name} of ${table.name} is ${to}, and the query gives ${from}; ` + `cast it: CAST(… AS ${to})`;
    throw statementError(source, insert.query, message);
  });
  if (insert.isOverwrite && table.options.connector === "http") {
    throw notSupported(source, insert, "INSERT OVERWRITE of a stream: what was appended stays");
  }
  return project(
    query,
    bound,
    columns.map(({ name }) => name),
  );
}

/** Columns are listed once, and the partition is of columns of the table. */
function checkTargets(source: SourceText, { columns, partition }: Insert, table: TableDefinition): void {
  const names = columns.map(({ parts }) => parts.at(-1)?.name ?? "");
  const twice = columns.find((_, index) => names.indexOf(names[index] ?? "") < index);
  if (twice)
    throw statementError(source, twice, `${twice.parts.at(-1)?.name} is listed twice; once is enough`);
  const written = writtenColumns(table).map(({ name }) => name);
  const unknown = partition.find(({ column }) => !written.includes(column.name));
  if (!unknown) return;
  const { name } = unknown.column;
  const message = `PARTITION: ${table.name} has no column ${name}${suggestName(name, written)}`;
  throw statementError(source, unknown.column, message);
}
