/**
 * What the parts of binding a query share.
 */
import type { Catalog } from "../catalog/table-definition.ts";
import { type SourceText, type Span, statementError } from "../parse/syntax-error.ts";
import type { Identifier, QualifiedName, Query } from "../parse/syntax-tree.ts";
import type { Field, Relation } from "./logical-plan.ts";
import type { ScopeColumn } from "./scope.ts";
import type { SessionOptions } from "./session-options.ts";

export interface BindContext {
  readonly source: SourceText;
  readonly catalog: Catalog;
  readonly options: SessionOptions;
  /** Queries that WITH gives a name. */
  readonly named: ReadonlyMap<string, Relation>;
  /** Views that are being bound, the outermost first: none may contain itself. */
  readonly views: readonly string[];
  readonly numbers: WindowNumbers;
  readonly bindQuery: (query: Query, context: BindContext) => Relation;
}

/** Gives each window of a statement a number. */
export interface WindowNumbers {
  next: number;
}

/** A relation and the names by which a query knows its columns. */
export interface NamedRelation {
  readonly relation: Relation;
  readonly columns: readonly ScopeColumn[];
}

/** The columns of a relation under one name. */
export function namedAs(relation: Relation, table: string | undefined): NamedRelation {
  const columns = relation.fields.map(({ name, type }) => ({
    name,
    type,
    ...(table !== undefined && { table }),
  }));
  return { relation, columns };
}

/** Databases and catalogs that a name may say, since there are no others. */
const defaultDatabase = "default_database";
const defaultCatalog = "default_catalog";

/** Returns the last part of a name; throws where it says another database than the one that there is. */
export function simpleName(source: SourceText, { parts, ...span }: QualifiedName): string {
  const names = parts.map(({ name }) => name);
  const [last = "", database = defaultDatabase, catalog = defaultCatalog] = [...names].reverse();
  if (database === defaultDatabase && catalog === defaultCatalog && names.length <= 3) return last;
  const where = names.slice(0, -1).join(".");
  const message = `There is no database ${where}; tables are in ${defaultDatabase}, which need not be said`;
  throw statementError(source, span, message);
}

/** Gives the columns of a relation other names. */
export function renamed(
  source: SourceText,
  relation: Relation,
  names: readonly Identifier[],
  span: Span,
): Relation {
  if (names.length === 0) return relation;
  if (names.length !== relation.fields.length) {
    const message = `There are ${relation.fields.length} columns, and ${names.length} names for them`;
    throw statementError(source, span, message);
  }
  return withNames(
    relation,
    names.map(({ name }) => name),
  );
}

export function withNames(relation: Relation, names: readonly string[]): Relation {
  const fields = relation.fields.map(
    (field, index): Field => ({ ...field, name: names[index] ?? field.name }),
  );
  return { ...relation, fields };
}
