/**
 * What names mean at a place of a query.
 */
import { suggestName } from "../../base/suggest-name.ts";
import type { RowExpression } from "../../interpreter/row-expression.ts";
import type { SqlType } from "../../interpreter/types/sql-type.ts";
import type { Call, Expression, Identifier, JsonCall } from "../parse/syntax-tree.ts";
import type { FindFunction } from "./user-function.ts";

/** A column that an expression may name. */
export interface ScopeColumn {
  readonly name: string;
  readonly type: SqlType;
  /** The table, or its alias, before the dot; undefined where it has no name. */
  readonly table?: string;
}

export interface Scope {
  /** Columns by their places in the row. */
  readonly columns: readonly ScopeColumn[];
  /** Finds functions that CREATE FUNCTION made. */
  readonly functions?: FindFunction;
  /** What a call means here beside a scalar function: an aggregate, the start of a window…. */
  readonly call?: (call: Call | JsonCall) => RowExpression | undefined;
  /** What a whole expression means here, because it was grouped by. */
  readonly known?: (expression: Expression) => RowExpression | undefined;
}

export type ColumnSearch =
  | { readonly found: "one"; readonly index: number; readonly used: number }
  | { readonly found: "several"; readonly name: string }
  | { readonly found: "none" };

/** Says what of a name is not there, and what is nearly it. */
export function unknownColumn({ columns }: Scope, [first, second]: readonly Identifier[]): string {
  const name = first?.name ?? "";
  const tables = columns.flatMap(({ table }) => (table === undefined ? [] : [table]));
  const names = columns.map((column) => column.name);
  if (!second) return `There is no column ${name}${suggestName(name, [...names, ...tables])}`;
  if (!tables.includes(name)) {
    return `There is no table or column ${name} here${suggestName(name, [...tables, ...names])}`;
  }
  const own = columns.flatMap((column) => (column.table === name ? [column.name] : []));
  return `${name} has no column ${second.name}${suggestName(second.name, own)}`;
}

/**
 * Looks a dotted name up: `a`, `t.a`, `a.field`, `t.a.field`. `used` says how many of its parts name the
 * column. Names are compared as they are written: Flink's are case-sensitive.
 */
export function findColumn({ columns }: Scope, parts: readonly Identifier[]): ColumnSearch {
  const [first, second] = parts;
  const byTable = second
    ? columns.flatMap(({ table, name }, index) =>
        table === first?.name && name === second.name ? [index] : [],
      )
    : [];
  const places =
    byTable.length > 0
      ? byTable
      : columns.flatMap(({ name }, index) => (name === first?.name ? [index] : []));
  const [index, another] = places;
  if (index === undefined) return { found: "none" };
  if (another !== undefined) return { found: "several", name: first?.name ?? "" };
  return { found: "one", index, used: byTable.length > 0 ? 2 : 1 };
}
