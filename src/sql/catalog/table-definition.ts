/**
 * Tables, views and functions as the catalog keeps them: plain JSON. Expressions and queries are kept as the
 * text that was written, and bound when they are used.
 */

import type { SqlType } from "../../interpreter/types/sql-type.ts";
import type { UserFunction } from "../../interpreter/user-functions.ts";

export interface TableDefinition {
  readonly name: string;
  readonly columns: readonly TableColumn[];
  readonly watermark?: { readonly column: string; readonly expression: string };
  /** Empty: none. */
  readonly primaryKey: readonly string[];
  readonly distribution?: { readonly columns: readonly string[]; readonly buckets?: number };
  readonly partitionedBy: readonly string[];
  readonly options: Readonly<Record<string, string>>;
  readonly comment?: string;
  /** Of a materialized table: what it shows. */
  readonly materialized?: Materialized;
}

/** The query whose rows a materialized table is, and the job that keeps it up to date. */
export interface Materialized {
  readonly query: string;
  readonly job: string;
  /** As it was written; rows are as fresh as the job makes them, which is fresher. */
  readonly freshness?: string;
}

export interface TableColumn {
  readonly name: string;
  readonly type: SqlType;
  /** What it is calculated from; absent for one that is stored. */
  readonly computed?: string;
  /** What the connector calls it; it is not written where it is virtual. */
  readonly metadata?: { readonly key: string; readonly isVirtual: boolean };
  readonly comment?: string;
}

export interface ViewDefinition {
  readonly name: string;
  /** Names for the columns of the query; empty: its own. */
  readonly columns: readonly string[];
  readonly query: string;
  readonly comment?: string;
}

/** What names mean while statements are bound. */
export interface Catalog {
  table(name: string): TableDefinition | undefined;
  view(name: string): ViewDefinition | undefined;
  /** What the worker registers for a function; throws SQL_INVALID where it has lost it. */
  readonly function: (name: string) => UserFunction | undefined;
  /** Of tables and views. */
  readonly names: readonly string[];
}

/** Columns whose values come from outside. */
export function storedColumns({ columns }: Pick<TableDefinition, "columns">): TableColumn[] {
  return columns.filter(({ computed }) => computed === undefined);
}

/** Columns that lie in the rows of a stream: those that are stored, and no metadata. */
export function streamColumns(table: Pick<TableDefinition, "columns">): TableColumn[] {
  return storedColumns(table).filter(({ metadata }) => !metadata);
}

/** Columns that INSERT writes. */
export function writtenColumns({ columns }: Pick<TableDefinition, "columns">): TableColumn[] {
  return columns.filter(({ computed, metadata }) => computed === undefined && !metadata?.isVirtual);
}

/** True where a table's rows may be taken back. */
export function isChangelog({ options }: TableDefinition): boolean {
  const mode = options["changelog-mode"];
  return mode !== undefined && mode.replaceAll(/\s/g, "") !== "I";
}
