/**
 * Queries over the tables of `test/arbitraries/sql-select.ts`: bound, and evaluated over rows that are there.
 */
import { compileExpression } from "../../src/interpreter/compile-expression.ts";
import { stringShape } from "../../src/interpreter/signatures.ts";
import { formatSqlType, type SqlShape, type SqlType } from "../../src/interpreter/types/sql-type.ts";
import type { Row, SqlValue } from "../../src/interpreter/values/sql-value.ts";
import { evaluateRelation } from "../../src/sql/batch/evaluate-relation.ts";
import type { BindContext } from "../../src/sql/bind/bind-context.ts";
import { bindQuery } from "../../src/sql/bind/bind-query.ts";
import { implicitCast } from "../../src/sql/bind/implicit-cast.ts";
import type { Relation } from "../../src/sql/bind/logical-plan.ts";
import type { Catalog, TableDefinition } from "../../src/sql/catalog/table-definition.ts";
import { parseStatements } from "../../src/sql/parse/parse-statements.ts";
import { type SelectRow, type SelectType, selectTables } from "../arbitraries/sql-select.ts";
import { bindSql, stillContext } from "./evaluated.ts";

const shapes: Readonly<Record<SelectType, SqlShape>> = {
  int: { name: "INT" },
  decimal: { name: "DECIMAL", precision: 6, scale: 2 },
  double: { name: "DOUBLE" },
  text: stringShape,
  boolean: { name: "BOOLEAN" },
  date: { name: "DATE" },
  timestamp: { name: "TIMESTAMP", precision: 3 },
};

function tableOf(name: "t" | "u"): TableDefinition {
  return {
    name,
    columns: selectTables[name].map(({ name: column, type, isNullable }) => {
      return { name: column, type: { ...shapes[type], isNullable } };
    }),
    ...(name === "t" && { watermark: { column: "m", expression: "m" } }),
    primaryKey: [],
    partitionedBy: [],
    options: { connector: "view" },
  };
}

const tables = { t: tableOf("t"), u: tableOf("u") };

/** The columns of a table as CREATE TABLE takes them; rows of `t` come in the order of their time. */
export function schemaOf(name: "t" | "u"): string[] {
  const columns = tables[name].columns.map(({ name: column, type }) => `${column} ${formatSqlType(type)}`);
  return name === "t" ? [...columns, "WATERMARK FOR m AS m"] : columns;
}

const catalog: Catalog = {
  table: (name) => tables[name as "t" | "u"],
  view: () => undefined,
  function: () => undefined,
  names: ["t", "u"],
};

export function boundQuery(sql: string): Relation {
  const [statement] = parseStatements(sql);
  if (statement?.kind !== "query") throw new Error("no query");
  const context: BindContext = {
    ...{ source: { text: sql }, catalog, options: {}, bindQuery },
    ...{ named: new Map(), views: [], numbers: { next: 1 } },
  };
  return bindQuery(statement.query, context);
}

/** Values of rows as they are written. */
export function rowsIn(table: "t" | "u", rows: readonly SelectRow[]): Row[] {
  return rows.map((row) =>
    row.map((text, index) => {
      const type = tables[table].columns[index]?.type as SqlType;
      return text === null ? null : compileExpression(implicitCast(bindSql(text), type), stillContext)([]);
    }),
  );
}

/** The rows of a relation, over rows of all stored columns of each table. */
export function evaluatedRelation(
  relation: Relation,
  rows: Readonly<Record<"t" | "u", readonly Row[]>>,
): readonly Row[] {
  return evaluateRelation(relation, {
    ...stillContext,
    rowsOf: (each) => {
      if (each.node !== "scan") return undefined;
      const { table, columns } = each;
      const places = columns.map((name) => table.columns.findIndex((column) => column.name === name));
      return rows[table.name as "t" | "u"].map((row) => places.map((place) => row[place] as SqlValue));
    },
  });
}
