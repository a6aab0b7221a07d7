/**
 * ALTER TABLE: what a change makes of a table.
 */
import { suggestName } from "../../base/suggest-name.ts";
import { inputsOf } from "../../interpreter/row-expression.ts";
import { bindScan, bindTableExpression } from "../bind/bind-scan.ts";
import type { FindFunction } from "../bind/user-function.ts";
import { formatExpression } from "../parse/format-query.ts";
import type { AlterTable, TableChange } from "../parse/statement-tree.ts";
import { notSupported, type SourceText, statementError } from "../parse/syntax-error.ts";
import type { QualifiedName } from "../parse/syntax-tree.ts";
import { defineColumns, keyOf } from "./define-table.ts";
import { isStreamTable, streamOf } from "./stream-of-table.ts";
import { storedColumns, type TableColumn, type TableDefinition } from "./table-definition.ts";

/** Returns the table as it is after the change. Throws `SQL_INVALID` or `SQL_NOT_SUPPORTED` at the place. */
export function alterTable(
  source: SourceText,
  table: TableDefinition,
  statement: AlterTable,
  functions: FindFunction,
): TableDefinition {
  const changed = applied(source, table, statement.change, statement, functions);
  bindScan(changed, functions);
  return changed;
}

function applied(
  source: SourceText,
  table: TableDefinition,
  change: TableChange,
  statement: AlterTable,
  functions: FindFunction,
): TableDefinition {
  switch (change.change) {
    case "set":
      return {
        ...table,
        options: {
          ...table.options,
          ...Object.fromEntries(change.options.map(({ key, value }) => [key, value])),
        },
      };
    case "reset": {
      const kept = Object.entries(table.options).filter(([key]) => !change.keys.includes(key));
      return { ...table, options: Object.fromEntries(kept) };
    }
    case "rename": {
      const name = change.to.parts.at(-1)?.name ?? table.name;
      // The stream keeps its name, which those who send events know.
      const stream = isStreamTable(table) && { stream: streamOf(table) };
      return { ...table, name, options: { ...table.options, ...stream } };
    }
    case "rename column": {
      const from = columnNamed(source, table, change.column);
      const to = change.to.parts.at(-1)?.name ?? "";
      const renamed = (name: string) => (name === from ? to : name);
      if (
        table.columns.some(
          ({ computed }) => computed !== undefined && columnsOf(computed, table, functions).includes(from),
        )
      ) {
        throw notSupported(source, statement, `another name for ${from}, which a computed column uses`);
      }
      return {
        ...table,
        columns: table.columns.map((column) => ({ ...column, name: renamed(column.name) })),
        primaryKey: table.primaryKey.map(renamed),
        partitionedBy: table.partitionedBy.map(renamed),
      };
    }
    default:
      return columnsChanged(source, table, change, statement, functions);
  }
}

function columnsChanged(
  source: SourceText,
  table: TableDefinition,
  change: TableChange,
  statement: AlterTable,
  functions: FindFunction,
): TableDefinition {
  switch (change.change) {
    case "add": {
      const added = defineColumns(source, change.definition, table.columns, functions);
      const twice = added.find(({ name }) => table.columns.some((column) => column.name === name));
      if (twice) throw statementError(source, statement, `${table.name} has a column ${twice.name} already`);
      return withRest(source, { ...table, columns: [...table.columns, ...added] }, change.definition);
    }
    case "modify": {
      const changed = defineColumns(source, change.definition, [], functions);
      const unknown = changed.find(({ name }) => !table.columns.some((column) => column.name === name));
      if (unknown)
        throw statementError(source, statement, `${table.name} has no column ${unknown.name} to modify`);
      const columns = table.columns.map(
        (column): TableColumn => changed.find(({ name }) => name === column.name) ?? column,
      );
      return withRest(source, { ...table, columns }, change.definition);
    }
    case "drop columns": {
      const names = change.columns.map((column) => columnNamed(source, table, column));
      const used = names.find((name) => table.primaryKey.includes(name) || table.watermark?.column === name);
      if (used !== undefined) {
        throw statementError(
          source,
          statement,
          `${used} is in the PRIMARY KEY or has the WATERMARK; drop that first`,
        );
      }
      const dependent = table.columns.find(
        ({ name, computed }) =>
          computed !== undefined &&
          !names.includes(name) &&
          columnsOf(computed, table, functions).some((each) => names.includes(each)),
      );
      if (dependent) {
        const { name, computed } = dependent;
        const message = `The column ${name} is calculated from it: ${computed}; drop that first`;
        throw statementError(source, statement, message);
      }
      return { ...table, columns: table.columns.filter(({ name }) => !names.includes(name)) };
    }
    case "drop primary key":
    case "drop constraint":
      return { ...table, primaryKey: [] };
    case "drop watermark": {
      const { watermark: _, ...rest } = table;
      return rest;
    }
    case "drop distribution": {
      const { distribution: _, ...rest } = table;
      return rest;
    }
    case "add distribution":
    case "modify distribution": {
      const { columns, buckets } = change.distribution;
      const named = columns.map(({ name }) => name);
      return { ...table, distribution: { columns: named, ...(buckets !== undefined && { buckets }) } };
    }
    default:
      throw notSupported(source, statement, `ALTER of a materialized table: ${change.change}`);
  }
}

/** The watermark and the key that a change may bring. */
function withRest(
  source: SourceText,
  table: TableDefinition,
  definition: Extract<TableChange, { change: "add" | "modify" }>["definition"],
): TableDefinition {
  const names = table.columns.map(({ name }) => name);
  const key = keyOf(source, definition, names);
  const { watermark } = definition;
  return {
    ...table,
    ...(key && { primaryKey: key }),
    ...(watermark && {
      watermark: {
        column: watermark.column.parts.at(-1)?.name ?? "",
        expression: formatExpression(watermark.expression),
      },
    }),
  };
}

/** The columns that an expression of a table is calculated from. */
function columnsOf(expression: string, table: TableDefinition, functions: FindFunction): string[] {
  const stored = storedColumns(table);
  return inputsOf(bindTableExpression(expression, stored, functions)).map(
    (index) => stored[index]?.name ?? "",
  );
}

function columnNamed(
  source: SourceText,
  { name, columns }: TableDefinition,
  { parts, ...span }: QualifiedName,
): string {
  const wanted = parts.at(-1)?.name ?? "";
  const names = columns.map((column) => column.name);
  if (names.includes(wanted)) return wanted;
  throw statementError(source, span, `${name} has no column ${wanted}${suggestName(wanted, names)}`);
}
