/**
 * CREATE TABLE: from what was written to what the catalog keeps. Everything that is wrong with a definition
 * is said here, at its place.
 */
import { suggestName } from "../../base/suggest-name.ts";
import { bindScan, bindTableExpression } from "../bind/bind-scan.ts";
import { resolveType } from "../bind/resolve-type.ts";
import type { FindFunction } from "../bind/user-function.ts";
import { formatExpression } from "../parse/format-query.ts";
import type {
  ColumnDefinition,
  CreateTable,
  KeyConstraint,
  Option,
  TableDefinition as Written,
} from "../parse/statement-tree.ts";
import { notSupported, type SourceText, type Span, statementError } from "../parse/syntax-error.ts";
import type { Identifier, QualifiedName } from "../parse/syntax-tree.ts";
import type { Catalog, TableColumn, TableDefinition } from "./table-definition.ts";

/**
 * Returns the table that a statement defines under `name`; `queried` are the columns that AS gives it. Throws
 * `SQL_INVALID` at the place.
 */
export function defineTable(
  source: SourceText,
  name: string,
  statement: CreateTable,
  catalog: Pick<Catalog, "table" | "names" | "function">,
  queried: readonly TableColumn[] = [],
): TableDefinition {
  const like = statement.like && likeTable(source, statement.like, catalog);
  const before = like?.columns ?? queried;
  const columns = [...before, ...defineColumns(source, statement.definition, before, catalog.function)];
  checkTwice(source, statement.definition.columns, columns);
  const names = columns.map((column) => column.name);
  const key = keyOf(source, statement.definition, names);
  const { watermark: written } = statement.definition;
  const watermark = written
    ? {
        column: written.column.parts.map((part) => part.name).join("."),
        expression: formatExpression(written.expression),
      }
    : like?.watermark;
  if (written) checkName(source, written.column, names, "WATERMARK is for");
  const distribution = statement.distribution
    ? {
        columns: statement.distribution.columns.map((column) =>
          named(source, column, names, "DISTRIBUTED BY"),
        ),
        ...(statement.distribution.buckets !== undefined && { buckets: statement.distribution.buckets }),
      }
    : like?.distribution;
  const primaryKey = key ?? like?.primaryKey ?? [];
  const partitionedBy = statement.partitionedBy.map((column) =>
    named(source, column, names, "PARTITIONED BY"),
  );
  const table: TableDefinition = {
    name,
    columns: columns.map((column) =>
      primaryKey.includes(column.name) ? { ...column, type: { ...column.type, isNullable: false } } : column,
    ),
    ...(watermark && { watermark }),
    primaryKey,
    ...(distribution && { distribution }),
    partitionedBy: partitionedBy.length > 0 ? partitionedBy : (like?.partitionedBy ?? []),
    options: { ...like?.options, ...optionsOf(source, statement.options ?? [], statement) },
    ...(statement.comment !== undefined && { comment: statement.comment }),
  };
  bindScan(table, catalog.function);
  return table;
}

/** Returns the columns that are written; computed ones get the types of their expressions. */
export function defineColumns(
  source: SourceText,
  { columns }: Written,
  before: readonly TableColumn[],
  functions: FindFunction,
): TableColumn[] {
  const stored = columns.filter(({ computed }) => computed === undefined);
  const known = [
    ...before.filter(({ computed }) => computed === undefined),
    ...stored.map((column) => storedColumn(source, column)),
  ];
  return columns.map((column): TableColumn => {
    const { name, computed, comment } = column;
    if (computed === undefined) return storedColumn(source, column);
    const text = formatExpression(computed);
    const { type } = bindTableExpression(text, known, functions);
    return { name: plainName(source, name), type, computed: text, ...(comment !== undefined && { comment }) };
  });
}

function storedColumn(source: SourceText, column: ColumnDefinition): TableColumn {
  const { name, type: written, metadata, comment } = column;
  const plain = plainName(source, name);
  if (!written) throw statementError(source, column, `The column ${plain} has no type`);
  const type = resolveType(source, written);
  return {
    name: plain,
    type,
    ...(metadata && { metadata: { key: metadata.key ?? plain, isVirtual: metadata.isVirtual } }),
    ...(comment !== undefined && { comment }),
  };
}

function plainName(source: SourceText, { parts, ...span }: QualifiedName): string {
  if (parts.length === 1) return parts[0]?.name ?? "";
  throw notSupported(source, span, "fields of a ROW in a definition; write the whole column");
}

/** Columns of PRIMARY KEY, behind one column or by itself; undefined where there is none. */
export function keyOf(
  source: SourceText,
  definition: Written,
  names: readonly string[],
): string[] | undefined {
  const found = [
    ...definition.constraints.map((constraint) => ({ constraint, own: undefined })),
    ...definition.columns.flatMap(({ constraint, name }) => (constraint ? [{ constraint, own: name }] : [])),
  ];
  const [first, second] = found;
  if (second) throw statementError(source, second.constraint, "A table has one PRIMARY KEY");
  if (!first) return undefined;
  const { constraint, own } = first;
  checkConstraint(source, constraint);
  if (own) return [own.parts.at(-1)?.name ?? ""];
  return constraint.columns.map((column) => named(source, column, names, "PRIMARY KEY"));
}

function checkConstraint(source: SourceText, constraint: KeyConstraint): void {
  if (constraint.constraint === "UNIQUE") throw notSupported(source, constraint, "UNIQUE; a PRIMARY KEY is");
  if (constraint.isEnforced === false) return;
  const message =
    "A PRIMARY KEY is NOT ENFORCED: streams are not looked through for rows with the same key; say so";
  throw statementError(source, constraint, message);
}

function named(source: SourceText, column: Identifier, names: readonly string[], clause: string): string {
  if (names.includes(column.name)) return column.name;
  const message = `${clause}: there is no column ${column.name}${suggestName(column.name, names)}`;
  throw statementError(source, column, message);
}

function checkName(
  source: SourceText,
  { parts, ...span }: QualifiedName,
  names: readonly string[],
  clause: string,
): void {
  const name = parts[0]?.name ?? "";
  if (names.includes(name)) return;
  throw statementError(
    source,
    span,
    `${clause} a column that is not there: ${name}${suggestName(name, names)}`,
  );
}

function checkTwice(
  source: SourceText,
  written: readonly ColumnDefinition[],
  all: readonly TableColumn[],
): void {
  const twice = all.find(({ name }, index) => all.findIndex((other) => other.name === name) < index);
  if (!twice) return;
  const place = written.findLast(({ name }) => name.parts.at(-1)?.name === twice.name);
  throw statementError(source, place ?? { start: 0, end: 0 }, `There are two columns ${twice.name}`);
}

/** Options by key; each once. */
export function optionsOf(
  source: SourceText,
  options: readonly Option[],
  span: Span,
): Record<string, string> {
  const read: Record<string, string> = {};
  for (const { key, value } of options) {
    if (Object.hasOwn(read, key)) throw statementError(source, span, `The option '${key}' is there twice`);
    read[key] = value;
  }
  return read;
}

/** What LIKE takes over of another table. */
function likeTable(
  source: SourceText,
  like: NonNullable<CreateTable["like"]>,
  catalog: Pick<Catalog, "table" | "names">,
): Omit<TableDefinition, "name"> {
  const name = like.source.parts.at(-1)?.name ?? "";
  const table = catalog.table(name);
  if (!table) {
    const message = `LIKE: there is no table ${name}${suggestName(name, catalog.names)}`;
    throw statementError(source, like.source, message);
  }
  const takes = (what: string) => {
    const said = like.options.findLast((option) => option.what === what || option.what === "ALL");
    return said === undefined || said.how !== "EXCLUDING";
  };
  const columns = table.columns.filter(
    ({ computed, metadata }) =>
      (computed === undefined || takes("GENERATED")) && (metadata === undefined || takes("METADATA")),
  );
  return {
    columns,
    ...(table.watermark && takes("WATERMARKS") && { watermark: table.watermark }),
    primaryKey: takes("CONSTRAINTS") ? table.primaryKey : [],
    ...(table.distribution && takes("DISTRIBUTION") && { distribution: table.distribution }),
    partitionedBy: takes("PARTITIONS") ? table.partitionedBy : [],
    options: takes("OPTIONS") ? table.options : {},
  };
}
