/** Statements of a text over a catalog in memory: tables are made, INSERTs planned. */
import { bindInsert } from "../../src/sql/bind/bind-insert.ts";
import { bindQuery } from "../../src/sql/bind/bind-query.ts";
import type { InsertPlan } from "../../src/sql/bind/logical-plan.ts";
import type { SessionOptions } from "../../src/sql/bind/session-options.ts";
import { checkConnector } from "../../src/sql/catalog/connectors.ts";
import { defineTable } from "../../src/sql/catalog/define-table.ts";
import type { TableDefinition } from "../../src/sql/catalog/table-definition.ts";
import { optimize } from "../../src/sql/optimize/optimize.ts";
import { parseStatements } from "../../src/sql/parse/parse-statements.ts";

export interface PlannedText {
  readonly tables: ReadonlyMap<string, TableDefinition>;
  /** As they were bound. */
  readonly bound: readonly InsertPlan[];
  /** The same, optimized. */
  readonly inserts: readonly InsertPlan[];
}

/** Runs CREATE TABLE and plans INSERT INTO, also those of statement sets; `known` tables are there before. */
export function planText(
  text: string,
  options: SessionOptions = {},
  known: ReadonlyMap<string, TableDefinition> = new Map(),
): PlannedText {
  const tables = new Map(known);
  const catalog = {
    table: (name: string) => tables.get(name),
    view: () => undefined,
    function: () => undefined,
    names: [],
  };
  const source = { text };
  const bound: InsertPlan[] = [];
  for (const statement of parseStatements(text)) {
    if (statement.kind === "create table") {
      const name = statement.name.parts.at(-1)?.name ?? "";
      const table = defineTable(source, name, statement, catalog);
      checkConnector(table);
      tables.set(name, table);
    } else if (statement.kind === "insert" || statement.kind === "statement set") {
      const inserts = statement.kind === "insert" ? [statement] : statement.inserts;
      const context = {
        source,
        catalog,
        options,
        named: new Map(),
        views: [],
        numbers: { next: 1 },
        bindQuery,
      };
      bound.push(...inserts.map((insert) => bindInsert(insert, context)));
    }
  }
  return { tables, bound, inserts: bound.map((plan) => ({ ...plan, input: optimize(plan.input, options) })) };
}
