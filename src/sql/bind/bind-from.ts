/**
 * What stands behind FROM: tables, views, queries, windows and UNNEST, with the names they go by.
 */
import { suggestName } from "../../base/suggest-name.ts";
import type { RowExpression } from "../../interpreter/row-expression.ts";
import { formatShape, type SqlType } from "../../interpreter/types/sql-type.ts";
import { connectors } from "../catalog/connectors.ts";
import type { ViewDefinition } from "../catalog/table-definition.ts";
import { parseStatements } from "../parse/parse-statements.ts";
import { notSupported, type SourceText, type Span, statementError } from "../parse/syntax-error.ts";
import type {
  Aliased,
  FunctionTable,
  Join,
  NamedTable,
  TableReference,
  Unnest,
} from "../parse/syntax-tree.ts";
import {
  type BindContext,
  type NamedRelation,
  namedAs,
  renamed,
  simpleName,
  withNames,
} from "./bind-context.ts";
import { ExpressionBinder } from "./bind-expression.ts";
import { bindScan } from "./bind-scan.ts";
import { boundTypeOf, readWindowCall, windowNameOf, windowShapeOf, windowTimeOf } from "./bind-window.ts";
import type { Field, Relation } from "./logical-plan.ts";

/** Returns what a table reference gives. Throws `SQL_INVALID` or `SQL_NOT_SUPPORTED` at its place. */
export function bindFrom(reference: TableReference, context: BindContext): NamedRelation {
  switch (reference.kind) {
    case "named table":
      return bindNamed(reference, context);
    case "derived table":
      return aliased(context.bindQuery(reference.query, context), reference, context.source);
    case "function table":
      return bindFunction(reference, context);
    case "unnest":
      return bindUnnest(reference, emptyRow, false, context);
    case "join":
      return bindJoin(reference, context);
  }
}

/** What a query without FROM reads: one row without columns. */
export const emptyRow: NamedRelation = Object.freeze({
  relation: Object.freeze({ node: "values", rows: [[]], fields: [] }) as Relation,
  columns: [],
});

function aliased(
  relation: Relation,
  { alias, columns, ...span }: Aliased,
  source: SourceText,
  name?: string,
): NamedRelation {
  return namedAs(renamed(source, relation, columns, span), alias?.name ?? name);
}

function bindNamed(reference: NamedTable, context: BindContext): NamedRelation {
  const { source, catalog, named } = context;
  if (reference.asOf) throw notSupported(source, reference, "FOR SYSTEM_TIME AS OF, which joins by time");
  const name = simpleName(source, reference.name);
  const query = reference.name.parts.length === 1 ? named.get(name) : undefined;
  if (query) return aliased(query, reference, source, name);
  const view = catalog.view(name);
  if (view) return aliased(bindView(view, context, reference), reference, source, name);
  const table = catalog.table(name);
  if (!table) {
    const suggestion = suggestName(name, [...catalog.names, ...named.keys()]);
    throw statementError(source, reference.name, `There is no table or view ${name}${suggestion}`);
  }
  const { connector = "" } = table.options;
  if (connectors[connector]?.canRead === false) {
    const message = `${name} has the connector '${connector}', which is only written`;
    throw statementError(source, reference.name, message);
  }
  const hinted = reference.hints.filter((hint) => hint.name.toUpperCase() === "OPTIONS");
  const options = hinted.flatMap((hint) => hint.options.map(({ key, value = "" }) => [key, value] as const));
  const scanned =
    options.length > 0 ? { ...table, options: { ...table.options, ...Object.fromEntries(options) } } : table;
  return aliased(bindScan(scanned, catalog.function), reference, source, name);
}

function bindView(view: ViewDefinition, context: BindContext, span: Span): Relation {
  const { name, query, columns } = view;
  if (context.views.includes(name)) {
    throw statementError(context.source, span, `The view ${name} reads itself`);
  }
  const [statement] = parseStatements(query);
  if (statement?.kind !== "query")
    throw statementError(context.source, span, `The view ${name} has no query`);
  const inner = { ...context, source: { text: query }, named: new Map(), views: [...context.views, name] };
  const relation = context.bindQuery(statement.query, inner);
  return columns.length > 0 ? withNames(relation, columns) : relation;
}

function bindFunction(reference: FunctionTable, context: BindContext): NamedRelation {
  const { source } = context;
  const { call } = reference;
  const name = windowNameOf(call);
  if (!name) return bindTableFunction(reference, emptyRow, false, context);
  const { data, time: timeColumn, sizes } = readWindowCall(source, call, name);
  if (data.orderBy.length > 0) throw statementError(source, data, `${name} takes no ORDER BY`);
  const input = bindData(data.table, context);
  const { fields } = input.relation;
  const { time, type } = windowTimeOf(source, timeColumn, fields, input.columns);
  const window = windowShapeOf(source, name, sizes, call);
  if (data.partitionBy.length > 0 && window.kind !== "session") {
    throw statementError(source, data, `${name} takes no PARTITION BY; only SESSION does`);
  }
  const binder = new ExpressionBinder(source, { columns: input.columns });
  const key = data.partitionBy.map((expression) => {
    const bound = binder.bind(expression);
    if (bound.node === "input") return bound.index;
    throw statementError(source, expression, "PARTITION BY takes columns here");
  });
  const number = context.numbers.next++;
  const attribute = "column" in time ? ("event" as const) : ("processing" as const);
  const instant = type.name === "TIMESTAMP_LTZ" ? "instant" : "timestamp";
  const by = attribute === "processing" ? attribute : instant;
  const added: Field[] = [
    { name: "window_start", type: boundTypeOf(), window: { bound: "start", number, by } },
    { name: "window_end", type: boundTypeOf(), window: { bound: "end", number, by } },
    {
      name: "window_time",
      type: { ...type, isNullable: false },
      time: attribute,
      window: { bound: "time", number, by },
    },
  ];
  const relation: Relation = {
    node: "window",
    input: input.relation,
    window,
    time,
    key,
    number,
    // What was event time is a timestamp like others behind the window: its own time goes on.
    fields: [...fields.map(({ time: _, ...field }) => field), ...added],
  };
  return aliased(relation, reference, source);
}

function bindData(
  table: NamedTable["name"] | Parameters<BindContext["bindQuery"]>[0],
  context: BindContext,
): NamedRelation {
  if ("kind" in table) return namedAs(context.bindQuery(table, context), undefined);
  const { start, end } = table;
  return bindNamed({ kind: "named table", name: table, hints: [], columns: [], start, end }, context);
}

/** Only what is made of each row of the left side is joined: UNNEST, and table functions. */
function bindJoin(join: Join, context: BindContext): NamedRelation {
  const { source } = context;
  const { left, right, type } = join;
  const isFunction = right.kind === "function table" && !windowNameOf(right.call);
  if (right.kind !== "unnest" && !isFunction)
    throw notSupported(source, join, `${type} JOIN of tables; UNNEST can be joined`);
  const what = isFunction ? "A table function" : "UNNEST";
  if (type !== "CROSS" && type !== "INNER" && type !== "LEFT") {
    throw statementError(source, join, `${what} is joined by CROSS JOIN or LEFT JOIN, not by ${type} JOIN`);
  }
  const { on } = join;
  const isTrue = !on || (on.kind === "literal" && on.type === "boolean" && on.text === "TRUE");
  if (join.isNatural || join.using || !isTrue) {
    const condition = `a condition for ${isFunction ? "a table function" : "UNNEST"} other than ON TRUE`;
    throw notSupported(source, join, `${condition}; write it in WHERE`);
  }
  const rows = bindFrom(left, context);
  const isLeft = type === "LEFT";
  if (right.kind === "unnest") return bindUnnest(right, rows, isLeft, context);
  return bindTableFunction(right as FunctionTable, rows, isLeft, context);
}

function bindUnnest(
  unnest: Unnest,
  left: NamedRelation,
  isLeft: boolean,
  { source, catalog }: BindContext,
): NamedRelation {
  const binder = new ExpressionBinder(source, { columns: left.columns, functions: catalog.function });
  const collection = binder.bind(unnest.operand);
  const elements = elementsOf(collection, source, unnest.operand);
  return withElements(
    left,
    { collection, elements, isLeft, hasOrdinality: unnest.hasOrdinality },
    unnest,
    source,
  );
}

/** What CREATE FUNCTION made: its rows are the elements of an array. */
function bindTableFunction(
  reference: FunctionTable,
  left: NamedRelation,
  isLeft: boolean,
  { source, catalog }: BindContext,
): NamedRelation {
  const { call } = reference;
  const name = call.name.parts.map((part) => part.name).join(".");
  const user = catalog.function(name);
  if (!user) {
    const known = "there are TUMBLE, HOP, CUMULATE and SESSION, and those that CREATE FUNCTION makes";
    throw notSupported(source, call, `the table function ${name}; ${known}`);
  }
  if (user.kind !== "table") {
    throw statementError(source, call, `${name} is a ${user.kind} function, and FROM takes those of tables`);
  }
  const binder = new ExpressionBinder(source, { columns: left.columns, functions: catalog.function });
  const given = call.arguments.map((argument) => binder.bind(argument));
  const collection = binder.callUser(name, user, given, call);
  const elements = elementsOf(collection, source, call);
  return withElements(left, { collection, elements, isLeft, hasOrdinality: false }, reference, source);
}

interface Elements {
  readonly collection: RowExpression;
  readonly elements: readonly Field[];
  readonly isLeft: boolean;
  readonly hasOrdinality: boolean;
}

/** Each row of the left side with each of its elements. */
function withElements(
  left: NamedRelation,
  { collection, elements, isLeft, hasOrdinality }: Elements,
  { alias, columns, ...span }: Aliased,
  source: SourceText,
): NamedRelation {
  const nullable = ({ type: of, ...rest }: Field): Field => {
    return { ...rest, type: isLeft ? { ...of, isNullable: true } : of };
  };
  const ordinal: Field = { name: "ORDINALITY", type: { name: "INT", isNullable: false } };
  const added = [...elements, ...(hasOrdinality ? [ordinal] : [])].map(nullable);
  const names = columns.map(({ name }) => name);
  if (names.length > 0 && names.length !== added.length) {
    const message = `The elements have ${added.length} columns, and ${names.length} names for them`;
    throw statementError(source, span, message);
  }
  const named = added.map((field, index) => ({ ...field, name: names[index] ?? field.name }));
  const relation: Relation = {
    node: "unnest",
    input: left.relation,
    collection,
    elementTypes: elements.map((field) => field.type),
    isLeft,
    hasOrdinality,
    fields: [...left.relation.fields, ...named],
  };
  const table = alias && { table: alias.name };
  const scope = named.map(({ name, type: of }) => ({ name, type: of, ...table }));
  return { relation, columns: [...left.columns, ...scope] };
}

/** The columns of an element: the fields of a ROW, key and value of a MAP, else one. */
function elementsOf({ type }: RowExpression, source: SourceText, span: Span): Field[] {
  const fieldsOf = (element: SqlType): Field[] => {
    if (element.name !== "ROW") return [{ name: "EXPR$0", type: element }];
    return element.fields.map((field) => {
      return {
        name: field.name,
        type: { ...field.type, isNullable: field.type.isNullable || element.isNullable },
      };
    });
  };
  switch (type.name) {
    case "ARRAY":
    case "MULTISET":
      return fieldsOf(type.element);
    case "MAP":
      return [
        { name: "KEY", type: type.key },
        { name: "VALUE", type: type.value },
      ];
    default:
      throw statementError(source, span, `UNNEST takes an ARRAY, MAP or MULTISET, not ${formatShape(type)}`);
  }
}
